package health

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"

	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/schema"
)

// reason says why an expression is not translated.
type reason struct{ text string }

func (r reason) Error() string { return r.text }

func notCarried(format string, args ...any) error { return reason{fmt.Sprintf(format, args...)} }

// translate turns a readyWhen expression about the variable self, of the given
// schema, into a Lua expression about the parameter self. The error is a reason.
func translate(source, self string, kind *schema.Schema) (string, error) {
	parsed, errs := expr.ParseAST(source)
	if errs != nil {
		return "", notCarried("%s", errs[0].Message)
	}
	known := schema.NewTypes(map[string]*schema.Schema{self: kind})
	env, err := expr.Typed(known, known.Variables())
	if err != nil {
		return "", err
	}
	checked, errs := expr.Check(env, parsed)
	if errs != nil {
		return "", notCarried("%s", errs[0].Message)
	}
	t := &translator{ast: checked.NativeRep(), names: map[string]string{self: "self"}}
	lua, err := t.lua(t.ast.Expr())
	if err == nil && isOptional(checked.OutputType()) {
		lua = "value(" + lua + ")" // none is not ready
	}
	return lua, err
}

// translator writes one expression. Every CEL expression becomes a Lua
// expression that yields a value in each case, errors included, so that the
// order of evaluation does not matter.
type translator struct {
	ast   *ast.AST
	names map[string]string // CEL variable -> Lua variable
	loops int
}

func (t *translator) typeOf(e ast.Expr) *types.Type { return t.ast.GetType(e.ID()) }

func isOptional(typ *cel.Type) bool {
	return typ.Kind() == types.OpaqueKind && typ.TypeName() == "optional_type"
}

// isOptional reports whether the value of e is an optional. The checker calls
// a[?b] of an unknown a dynamic.
func (t *translator) isOptional(e ast.Expr) bool {
	if isOptional(t.typeOf(e)) {
		return true
	}
	switch {
	case e.Kind() == ast.SelectKind && !e.AsSelect().IsTestOnly():
		return t.isOptional(e.AsSelect().Operand())
	case e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.OptIndex:
		return true
	case e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Index:
		return t.isOptional(e.AsCall().Args()[0])
	}
	return false
}

func (t *translator) lua(e ast.Expr) (string, error) {
	if typ := t.typeOf(e); isOptional(typ) && isOptional(typ.Parameters()[0]) {
		return "", notCarried("an optional in an optional has no counterpart in Lua")
	}
	switch e.Kind() {
	case ast.IdentKind:
		if name, ok := t.names[e.AsIdent()]; ok {
			return name, nil
		}
		return "", notCarried("%s has no counterpart in Lua", e.AsIdent())
	case ast.LiteralKind:
		return literal(e)
	case ast.SelectKind:
		return t.selection(e)
	case ast.CallKind:
		return t.call(e)
	case ast.ListKind:
		return t.list(e.AsList())
	case ast.MapKind:
		return "", notCarried("a map literal is supported only after in")
	case ast.ComprehensionKind:
		return t.comprehension(e.AsComprehension())
	}
	return "", notCarried("this kind of expression has no counterpart in Lua")
}

func literal(e ast.Expr) (string, error) {
	switch v := e.AsLiteral().(type) {
	case types.String:
		return quote(string(v)), nil
	case types.Bool:
		return strconv.FormatBool(bool(v)), nil
	case types.Int:
		return number(v)
	case types.Uint:
		return number(v)
	case types.Double:
		return number(v)
	case types.Null:
		return "NULL", nil
	}
	return "", notCarried("a %s literal has no counterpart in Lua", e.AsLiteral().Type().TypeName())
}

// calls translates each of the expressions and joins them as arguments of a
// helper.
func (t *translator) calls(helper string, args ...ast.Expr) (string, error) {
	out := make([]string, len(args))
	for i, arg := range args {
		var err error
		if out[i], err = t.lua(arg); err != nil {
			return "", err
		}
	}
	return helper + "(" + strings.Join(out, ", ") + ")", nil
}

// selection translates a.b and has(a.b). Below an optional every selection is
// an optional one.
func (t *translator) selection(e ast.Expr) (string, error) {
	s := e.AsSelect()
	switch {
	case s.IsTestOnly():
		operand, err := t.lua(s.Operand())
		return "has(" + operand + ", " + quote(s.FieldName()) + ")", err
	case t.isOptional(s.Operand()):
		operand, err := t.lua(s.Operand())
		return "opt(" + operand + ", " + quote(s.FieldName()) + ")", err
	}
	return t.path(e)
}

// path translates a.b["c"][0] to one call of at.
func (t *translator) path(e ast.Expr) (string, error) {
	var keys []string
	for {
		var operand ast.Expr
		var key string
		switch {
		case e.Kind() == ast.SelectKind && !e.AsSelect().IsTestOnly():
			operand, key = e.AsSelect().Operand(), quote(e.AsSelect().FieldName())
		case e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Index:
			var err error
			operand = e.AsCall().Args()[0]
			if key, err = t.lua(e.AsCall().Args()[1]); err != nil {
				return "", err
			}
		}
		if operand == nil || t.isOptional(operand) {
			break
		}
		keys, e = append([]string{key}, keys...), operand
	}
	root, err := t.lua(e)
	return "at(" + strings.Join(append([]string{root}, keys...), ", ") + ")", err
}

func (t *translator) list(l ast.ListExpr) (string, error) {
	if len(l.OptionalIndices()) > 0 {
		return "", notCarried("an optional element of a list literal is not supported")
	}
	for _, e := range l.Elements() {
		if t.isOptional(e) {
			return "", notCarried("an optional in a list has no counterpart in Lua")
		}
	}
	return t.calls("list", l.Elements()...)
}

// keys translates a map literal after in: a set of texts.
func (t *translator) keys(m ast.MapExpr) (string, error) {
	var b strings.Builder
	b.WriteString("{")
	for i, entry := range m.Entries() {
		key, value := entry.AsMapEntry().Key(), entry.AsMapEntry().Value()
		text, ok := key.AsLiteral().(types.String)
		if !ok || value.Kind() != ast.LiteralKind || entry.AsMapEntry().IsOptional() {
			return "", notCarried("a map literal must have strings as keys and literals as values")
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "[%s] = true", quote(string(text)))
	}
	return b.String() + "}", nil
}
