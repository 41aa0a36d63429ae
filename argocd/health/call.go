package health

import (
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
)

// call translates operators and functions.
func (t *translator) call(e ast.Expr) (string, error) {
	c := e.AsCall()
	args := c.Args()
	if c.IsMemberFunction() {
		args = append([]ast.Expr{c.Target()}, args...)
	}
	switch name := c.FunctionName(); name {
	case operators.LogicalAnd:
		return t.calls("both", args...)
	case operators.LogicalOr:
		return t.calls("either", args...)
	case operators.LogicalNot:
		return t.calls("negate", args...)
	case operators.Conditional:
		return t.calls("pick", args...)
	case operators.Equals, operators.NotEquals:
		return t.equality(name, args)
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return t.order(name, args)
	case operators.Add:
		return t.sum(e, args)
	case operators.In:
		return t.within(args)
	case operators.Index:
		if t.isOptional(args[0]) {
			return t.calls("opt", args...)
		}
		return t.path(e)
	case operators.OptIndex, operators.OptSelect:
		return t.calls("opt", args...)
	case "size":
		return t.size(args[0], "size")
	default:
		return t.function(name, args)
	}
}

// function translates what has a name. Methods of optionals are those of CEL
// only when their target is known to be one.
func (t *translator) function(name string, args []ast.Expr) (string, error) {
	onOptional := len(args) > 0 && t.isOptional(args[0])
	switch {
	case (name == "orValue" || name == "or") && len(args) == 2 && onOptional:
		return t.calls("or_value", args...)
	case name == "hasValue" && onOptional:
		return t.calls("has_value", args...)
	case name == "value" && onOptional:
		return t.calls("value", args...)
	case name == "optional.none":
		return "NONE", nil
	case (name == "optional.of" || name == "dyn") && len(args) == 1:
		return t.lua(args[0])
	}
	return "", notCarried("%s has no counterpart in the Lua that Argo CD runs", displayName(name))
}

func displayName(name string) string {
	if op, ok := operators.FindReverse(name); ok && op != "" {
		return "the operator " + op
	}
	return name + "()"
}

// equality translates == and !=. Lists and maps are refused: Lua cannot tell an
// empty list from an empty map. So is == null, which Lua cannot tell from an
// absent field; != null is the same for both.
func (t *translator) equality(name string, args []ast.Expr) (string, error) {
	for i, arg := range args {
		typ := t.typeOf(arg)
		switch {
		case t.isOptional(arg):
			return "", notCarried("optionals cannot be compared in Lua; use orValue()")
		case typ.Kind() == types.ListKind || typ.Kind() == types.MapKind || typ.Kind() == types.StructKind:
			return "", notCarried("lists and maps cannot be compared in Lua")
		case typ.Kind() == types.NullTypeKind && name == operators.Equals && !hasNull(args[1-i]):
			return "", notCarried("Lua cannot distinguish null from an absent field; use has() or != null")
		}
	}
	// size(x) == 0 asks for emptiness, which Lua can tell of a text too.
	lua, err := t.comparison("eq", args[0], args[1], isLiteral(args[0], 0) || isLiteral(args[1], 0))
	if name == operators.NotEquals {
		lua = "negate(" + lua + ")"
	}
	return lua, err
}

func hasNull(e ast.Expr) bool {
	found := false
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		found = found || e.Kind() == ast.LiteralKind && e.AsLiteral() == types.NullValue
	}))
	return found
}

// order translates <, <=, > and >= to lt.
func (t *translator) order(name string, args []ast.Expr) (string, error) {
	for _, arg := range args {
		switch t.typeOf(arg).Kind() {
		case types.TimestampKind, types.DurationKind:
			return "", notCarried("date and time values cannot be compared in Lua")
		case types.BytesKind:
			return "", notCarried("bytes cannot be compared in Lua")
		}
	}
	a, b := args[0], args[1]
	if name == operators.Greater || name == operators.LessEquals {
		a, b = b, a
	}
	// a < b asks for emptiness in 0 < size(x), size(x) < 1.
	lua, err := t.comparison("lt", a, b, isLiteral(a, 0) || isLiteral(b, 1))
	if name == operators.LessEquals || name == operators.GreaterEquals {
		lua = "negate(" + lua + ")"
	}
	return lua, err
}

// comparison calls a helper with two operands. With empty, a size among them is
// asked for emptiness only.
func (t *translator) comparison(helper string, a, b ast.Expr, empty bool) (string, error) {
	side := func(e ast.Expr) (string, error) {
		if empty && e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "size" {
			args := e.AsCall().Args()
			if e.AsCall().IsMemberFunction() {
				args = []ast.Expr{e.AsCall().Target()}
			}
			return t.size(args[0], "size_or_bytes")
		}
		return t.lua(e)
	}
	left, err := side(a)
	if err != nil {
		return "", err
	}
	right, err := side(b)
	return helper + "(" + left + ", " + right + ")", err
}

func isLiteral(e ast.Expr, n types.Int) bool {
	return e.Kind() == ast.LiteralKind && e.AsLiteral() == n
}

func (t *translator) size(of ast.Expr, helper string) (string, error) {
	switch t.typeOf(of).Kind() {
	case types.StringKind:
		if helper == "size" {
			return "", notCarried("size() of a string counts characters, which Lua cannot; only a comparison with 0 is translated")
		}
	case types.BytesKind:
		return "", notCarried("the size of bytes has no counterpart in Lua")
	}
	return t.calls(helper, of)
}

// sum translates + on texts, whole numbers and lists. Lua cannot tell 1 from
// 1.0, but CEL refuses to add them.
func (t *translator) sum(e ast.Expr, args []ast.Expr) (string, error) {
	for _, arg := range args {
		switch k := t.typeOf(arg).Kind(); k {
		case types.StringKind, types.IntKind, types.DynKind, types.ListKind:
		default:
			return "", notCarried("+ on %s is not translated", t.typeOf(arg))
		}
	}
	if t.typeOf(e).Kind() == types.ListKind {
		return t.calls("cat", args...)
	}
	return t.calls("add", args...)
}

func (t *translator) within(args []ast.Expr) (string, error) {
	if t.isOptional(args[0]) || t.isOptional(args[1]) {
		return "", notCarried("optionals cannot be compared in Lua; use orValue()")
	}
	if args[1].Kind() != ast.MapKind {
		return t.calls("within", args...)
	}
	key, err := t.lua(args[0])
	if err != nil {
		return "", err
	}
	keys, err := t.keys(args[1].AsMap())
	return "within(" + key + ", " + keys + ")", err
}
