package expr

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
)

// Check type-checks a parsed expression in env and returns the checked AST, or
// every error. It may rewrite ast, which must not be checked again.
func Check(env *cel.Env, parsed *cel.Ast) (*cel.Ast, []*Error) {
	checked, iss := env.Check(parsed)
	if iss.Err() == nil {
		return checked, nil
	}
	errs := fromIssues(parsed.Source().Content(), iss, CheckError)
	if len(errs) == len(iss.Errors()) {
		x := newExplainer(env, parsed)
		for i, e := range iss.Errors() {
			errs[i] = x.explain(e.ExprID, errs[i])
		}
	}
	return nil, errs
}

// ProgramOptions configure a Program. The zero value is the default.
type ProgramOptions struct {
	Text      string // what the user wrote; part of errors and of IsPending (default: the CEL source)
	CostLimit uint   // steps of all loops of one evaluation (default: DefaultCostLimit)
	SizeLimit int    // of the result, in bytes (default: 32 MiB)
	OmitEmpty bool   // an optional without a value gives Omit, not null
}

// Program is an expression ready to evaluate. It is immutable and safe for
// concurrent use.
type Program struct {
	plan    cel.Program
	env     *cel.Env
	checked *cel.Ast
	text    string
	size    int
	cost    uint
	tracked bool // has a loop or a binding, so that its cost is not bounded by its length
	guarded bool
	omit    bool
}

// NewProgram plans a checked expression.
func NewProgram(env *cel.Env, checked *cel.Ast, opts ProgramOptions) (*Program, error) {
	p := &Program{env: env, checked: checked, text: opts.Text, size: opts.SizeLimit, omit: opts.OmitEmpty}
	if p.text == "" {
		p.text = checked.Source().Content()
	}
	if p.size <= 0 {
		p.size = maxSize
	}
	if p.cost = opts.CostLimit; p.cost == 0 {
		p.cost = DefaultCostLimit
	}
	p.tracked, p.guarded = shape(checked.NativeRep())
	var err error
	if p.plan, _, err = p.planned(); err != nil {
		return nil, err
	}
	return p, nil
}

// planned plans the expression, and returns the AST that it is planned from.
func (p *Program) planned(plan ...cel.ProgramOption) (cel.Program, *ast.AST, error) {
	a := p.checked.NativeRep()
	if p.tracked {
		a = ast.Copy(a)
		sortRanges(a)
		//lint:ignore SA1019 the replacement declares functions in the environment; this binds one for one program
		plan = append(plan, cel.Functions(sortedRangeOverload()), cel.InterruptCheckFrequency(p.cost))
	}
	if p.guarded {
		overloads, err := guards()
		if err != nil {
			return nil, nil, err
		}
		//lint:ignore SA1019 the replacement declares functions in the environment; this binds them for one program
		plan = append(plan, cel.Functions(overloads...))
	}
	out, err := p.env.PlanProgram(a, plan...)
	if err != nil {
		return nil, nil, fmt.Errorf("plan %q: %w", p.text, err)
	}
	return out, a, nil
}

// shape reports whether an expression has a comprehension, and whether it calls
// a guarded function. Addition needs its guard beside comprehensions only: what
// it makes without them is no longer than the expression has terms.
func shape(a *ast.AST) (folds, guarded bool) {
	ast.PreOrderVisit(a.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.ComprehensionKind:
			folds, guarded = true, true
		case ast.CallKind:
			name := e.AsCall().FunctionName()
			guarded = guarded || name != "_+_" && isGuarded(name)
		}
	}))
	return folds, guarded
}

// Eval evaluates the expression with the variables vars, a map[string]any or a
// cel.Activation. The result is a JSON value that the caller owns (string, bool,
// int64, float64, nil, map[string]any, []any), with Omit where omit() was used or
// OmitEmpty asks for it.
// Every error but that of a done context is an *EvalError.
func (p *Program) Eval(ctx context.Context, vars any) (out any, err error) {
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, &EvalError{Text: p.text, Err: fmt.Errorf("internal error: %v", r)}
		}
	}()
	v, err := p.EvalValue(ctx, vars)
	if err != nil {
		return nil, err
	}
	if o, ok := v.(*types.Optional); ok && p.omit && !o.HasValue() {
		return Omit{}, nil
	}
	out, size, err := toJSON(v, p.size)
	if err == nil {
		if over := budgetOf(ctx).Charge(int64(size)); over != nil {
			err = over
		}
	}
	if err != nil {
		return nil, &EvalError{Text: p.text, Err: err}
	}
	return out, nil
}

// EvalValue is Eval without the conversion, for conditions and booleans.
func (p *Program) EvalValue(ctx context.Context, vars any) (v ref.Val, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	v, _, err = p.run(p.plan, vars, budgetOf(ctx))
	if err == nil {
		return v, nil
	}
	if errors.Is(err, interpreter.InterruptError{}) {
		err = &LimitError{
			Reason: fmt.Sprintf("the CEL cost of the expression exceeds %d", p.cost),
			Advice: "make the lists that the expression reads smaller, or raise --cel-cost-limit",
		}
	}
	return nil, &EvalError{Text: p.text, Err: err, Offset: p.place(err)}
}

// place is where in the source an evaluation failed.
func (p *Program) place(err error) int {
	if e := (*types.Err)(nil); errors.As(err, &e) {
		at := newPlaces(p.checked.Source().Content(), p.checked.NativeRep())
		if failed := at.byID[e.NodeID()]; failed != nil {
			return at.start(failed)
		}
	}
	return 0
}

// spent returns a context that is done.
var spent = sync.OnceValue(func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
})
