package policycheck

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/apiserver/pkg/cel/library"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
)

// environments has the API server's functions and the variables of admission
// policies, and old and instance beside them.
var environments = sync.OnceValues(func() (*cel.Env, error) {
	set := environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion())
	var vars []cel.EnvOption
	for _, name := range variableNames[:len(variableNames)-1] { // authorizer has a type of its own
		vars = append(vars, cel.Variable(name, cel.DynType))
	}
	vars = append(vars, cel.Variable("authorizer", library.AuthorizerType), cel.Variable("authorizer.requestResource", library.ResourceCheckType))
	set, err := set.Extend(environment.VersionedOptions{IntroducedVersion: environment.DefaultCompatibilityVersion(), EnvOptions: vars})
	if err != nil {
		return nil, fmt.Errorf("the environment of policies: %w", err)
	}
	return set.Env(environment.StoredExpressions)
})

// program is one compiled expression.
type program struct {
	cel.Program
	text  string
	reads []string // of what only a cluster has: request.userInfo, authorizer
	// namespace says that the expression reads the Namespace, which Git may have.
	namespace bool
}

// title names the expression in a message.
func (p *program) title() string { return fmt.Sprintf("the expression %q", diag.Line(p.text)) }

// newProgram compiles an expression of a type, of any when that is nil.
func newProgram(text string, want *cel.Type) (*program, error) {
	env, err := environments()
	if err != nil {
		return nil, err
	}
	checked, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		return nil, fmt.Errorf("does not compile: %s", firstIssue(text, issues))
	}
	if got := checked.OutputType(); want != nil && !got.IsExactType(want) && !got.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("must be of type %s and is of type %s", want, got)
	}
	p, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize, cel.OptTrackCost), cel.CostLimit(celconfig.PerCallLimit),
		cel.CostTracking(&library.CostEstimator{}), cel.InterruptCheckFrequency(celconfig.CheckFrequency))
	if err != nil {
		return nil, fmt.Errorf("does not compile: %w", err)
	}
	out := &program{Program: p, text: text}
	out.findReads(checked)
	return out, nil
}

// firstIssue is the first mistake of an expression, in one line.
func firstIssue(source string, issues *cel.Issues) string {
	first := issues.Errors()[0]
	message, remedy := expr.Syntax(source, strings.TrimSuffix(first.Message, " (in container '')"))
	if remedy.Hint != "" {
		message += "; " + remedy.Hint
	} else if name, ok := strings.CutPrefix(message, "undeclared reference to '"); ok {
		if like := diag.Closest(strings.TrimSuffix(name, "'"), variableNames); like != "" {
			message += "; did you mean " + like + "?"
		}
	}
	return fmt.Sprintf("column %d: %s", first.Location.Column()+1, diag.Line(message))
}

// variableNames are what an expression may read.
var variableNames = []string{"object", "oldObject", "old", "instance", "params", "request", "namespaceObject", "variables", "authorizer"}

// findReads notes what the expression reads that no file has, or not every one.
func (p *program) findReads(checked *cel.Ast) {
	add := func(name string) {
		if !slices.Contains(p.reads, name) {
			p.reads = append(p.reads, name)
		}
	}
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.IdentKind:
			switch e.AsIdent() {
			case "authorizer", "authorizer.requestResource":
				add("authorizer")
			case "namespaceObject":
				p.namespace = true
			}
		case ast.SelectKind:
			of := e.AsSelect()
			if name := of.FieldName(); of.Operand().Kind() == ast.IdentKind && of.Operand().AsIdent() == "request" && (name == "userInfo" || name == "options" || name == "uid") {
				add("request." + name)
			}
		}
	}))
}

// isTrue evaluates a condition.
func (p *program) isTrue(ctx context.Context, vars map[string]any) (bool, error) {
	value, _, err := p.ContextEval(ctx, vars)
	if err != nil {
		return false, err
	}
	b, ok := value.Value().(bool)
	if !ok {
		return false, fmt.Errorf("must be true or false and is of type %s", value.Type())
	}
	return b, nil
}

// value evaluates an expression; an error is a value that makes every expression
// fail which reads it.
func (p *program) value(ctx context.Context, vars map[string]any) any {
	value, _, err := p.ContextEval(ctx, vars)
	if err != nil {
		return types.WrapErr(err)
	}
	return value
}
