package healthcheck

import (
	"fmt"
	"math"
	"strings"

	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/parser"

	fluxcel "github.com/fluxcd/pkg/runtime/cel"

	"github.com/krowave/krowave/render/schema"
)

// reason says why an expression is not translated.
type reason struct{ text string }

func (r reason) Error() string { return r.text }

func notCarried(format string, args ...any) error { return reason{fmt.Sprintf(format, args...)} }

// translate turns a readyWhen expression about the variable self, of the given
// schema, into an expression about the object's top-level fields. The error is a
// reason.
func translate(source, self string, kind *schema.Schema) (string, error) {
	parsed, err := parse(source)
	if err != nil {
		return "", err
	}
	r := &rewriter{self: self, factory: ast.NewExprFactory(), roots: map[string]bool{}, soft: map[string]bool{}, taken: identifiers(parsed)}
	for _, presence := range []presence{assumed, compared} {
		r.presence = presence
		rewritten, err := r.rewrite(parsed, nil)
		if err != nil {
			return "", err
		}
		text, err := inFlux(rewritten, r.roots, kind)
		if err != nil {
			return "", err
		}
		waits, err := r.waits(parsed, rewritten)
		if err != nil || waits {
			return text, err
		}
	}
	return "", notCarried("it can be true while the object has no %s, and Flux cannot evaluate an absent field", strings.Join(sortedKeys(r.soft), " and no "))
}

// inFlux checks an expression in Flux's environment and returns its text.
func inFlux(e ast.Expr, roots map[string]bool, kind *schema.Schema) (string, error) {
	text, err := print(e)
	if err != nil {
		return "", err
	}
	optional, err := check(text, sortedKeys(roots), kind)
	if err != nil {
		return "", err
	}
	if optional {
		text = "(" + text + ").orValue(false)" // none is not ready
	}
	if _, err := fluxcel.NewExpression(text); err != nil {
		return "", notCarried("Flux cannot read it: %s", oneLine(err.Error()))
	}
	return text, nil
}

// parse reads an expression without expanding macros, so that it can be printed
// again.
func parse(source string) (ast.Expr, error) {
	p, err := parser.NewParser(parser.EnableOptionalSyntax(true))
	if err != nil {
		return nil, fmt.Errorf("making a CEL parser: %w", err)
	}
	parsed, errs := p.Parse(common.NewTextSource(source))
	if len(errs.GetErrors()) > 0 {
		return nil, notCarried("%s", errs.GetErrors()[0].Message)
	}
	return parsed.Expr(), nil
}

// print writes an expression in one line.
func print(e ast.Expr) (string, error) {
	text, err := parser.Unparse(e, ast.NewSourceInfo(nil), parser.WrapOnColumn(math.MaxInt32))
	if err != nil {
		return "", notCarried("it cannot be written down: %v", err)
	}
	return text, nil
}

func identifiers(e ast.Expr) map[string]bool {
	out := map[string]bool{}
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.IdentKind {
			out[e.AsIdent()] = true
		}
	}))
	return out
}

// presence says what becomes of has(self.field). Flux has no variable to ask,
// but an expression about an absent field is an error, for which it waits.
type presence int

const (
	assumed  presence = iota // true: what else is read of the field fails without it
	compared                 // field == field, which fails without it
	denied                   // false, to see what follows without the field
)

// rewriter replaces self by the object's top-level fields.
type rewriter struct {
	self     string
	factory  ast.ExprFactory
	presence presence
	absent   string          // the field that is denied
	roots    map[string]bool // fields that are read
	soft     map[string]bool // those whose absence the expression looks at
	taken    map[string]bool // names of the expression
}

// scope holds loop variables and what they are called now.
type scope map[string]string

func (s scope) with(name, now string) scope {
	out := scope{name: now}
	for k, v := range s {
		if k != name {
			out[k] = v
		}
	}
	return out
}

var errWhole = notCarried("it uses the whole object, of which Flux knows only the top-level fields")

func (r *rewriter) rewrite(e ast.Expr, vars scope) (ast.Expr, error) {
	f := r.factory
	switch e.Kind() {
	case ast.IdentKind:
		return r.ident(e.AsIdent(), vars)
	case ast.SelectKind:
		return r.selection(e, vars)
	case ast.CallKind:
		return r.call(e.AsCall(), vars)
	case ast.ListKind:
		items, err := r.all(e.AsList().Elements(), vars)
		return f.NewList(0, items, e.AsList().OptionalIndices()), err
	case ast.MapKind:
		var entries []ast.EntryExpr
		for _, entry := range e.AsMap().Entries() {
			m := entry.AsMapEntry()
			pair, err := r.all([]ast.Expr{m.Key(), m.Value()}, vars)
			if err != nil {
				return nil, err
			}
			entries = append(entries, f.NewMapEntry(0, pair[0], pair[1], m.IsOptional()))
		}
		return f.NewMap(0, entries), nil
	case ast.LiteralKind:
		return f.CopyExpr(e), nil
	}
	return nil, notCarried("this kind of expression has no counterpart in Flux")
}

func (r *rewriter) all(list []ast.Expr, vars scope) ([]ast.Expr, error) {
	out := make([]ast.Expr, len(list))
	for i, e := range list {
		var err error
		if out[i], err = r.rewrite(e, vars); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *rewriter) ident(name string, vars scope) (ast.Expr, error) {
	if now, ok := vars[name]; ok {
		return r.factory.NewIdent(0, now), nil
	}
	if name == r.self {
		return nil, errWhole
	}
	return r.factory.NewIdent(0, name), nil
}

// isSelf reports whether e is the object itself.
func (r *rewriter) isSelf(e ast.Expr, vars scope) bool {
	if e.Kind() != ast.IdentKind || e.AsIdent() != r.self {
		return false
	}
	_, bound := vars[r.self]
	return !bound
}

// field is a top-level field as Flux names it.
func (r *rewriter) field(name string) (ast.Expr, error) {
	if !nameable(name) {
		return nil, notCarried("Flux has no variable for the field %s, which is not a valid CEL name", name)
	}
	r.roots[name] = true
	return r.factory.NewIdent(0, name), nil
}

func (r *rewriter) selection(e ast.Expr, vars scope) (ast.Expr, error) {
	s := e.AsSelect()
	if r.isSelf(s.Operand(), vars) {
		return r.field(s.FieldName())
	}
	if name, ok := r.optionalField(s.Operand(), vars); ok && r.presence != denied {
		root, err := r.field(name)
		if err != nil {
			return nil, err
		}
		return r.factory.NewCall(0, operators.OptSelect, root, r.factory.NewLiteral(0, types.String(s.FieldName()))), nil
	}
	operand, err := r.rewrite(s.Operand(), vars)
	if err != nil {
		return nil, err
	}
	return r.factory.NewSelect(0, operand, s.FieldName()), nil
}

// optionalField returns the field of self.?field and self[?"field"].
func (r *rewriter) optionalField(e ast.Expr, vars scope) (string, bool) {
	if e.Kind() != ast.CallKind {
		return "", false
	}
	c := e.AsCall()
	if c.FunctionName() != operators.OptSelect && c.FunctionName() != operators.OptIndex || !r.isSelf(c.Args()[0], vars) {
		return "", false
	}
	name, ok := text(c.Args()[1])
	if ok {
		r.soft[name] = true
	}
	return name, ok
}

func text(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}
