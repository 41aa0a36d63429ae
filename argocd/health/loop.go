package health

import (
	"fmt"
	"maps"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
)

// comprehension translates the loop that a macro such as exists stands for.
func (t *translator) comprehension(c ast.ComprehensionExpr) (string, error) {
	if c.HasIterVar2() {
		return "", notCarried("a loop with two variables is not translated")
	}
	if t.isOptional(c.IterRange()) {
		return "", notCarried("a loop over an optional is not translated; use orValue([])")
	}
	over, err := t.lua(c.IterRange())
	if err != nil {
		return "", err
	}
	// Inner loops may hide the variables of outer ones.
	outer := t.names
	defer func() { t.names = outer }()
	t.loops++
	item, result := fmt.Sprintf("x%d", t.loops), fmt.Sprintf("r%d", t.loops)
	if helper, condition := search(c); helper != "" {
		t.names = with(outer, c.IterVar(), item)
		lua, err := t.lua(condition)
		return fmt.Sprintf("%s(%s, function(%s) return %s end)", helper, over, item, lua), err
	}
	return t.fold(c, over, item, result)
}

// with returns names and one more.
func with(names map[string]string, cel, lua string) map[string]string {
	out := maps.Clone(names)
	out[cel] = lua
	return out
}

// search recognises exists and all, which are most loops, and returns the
// helper and their condition.
func search(c ast.ComprehensionExpr) (helper string, condition ast.Expr) {
	if c.LoopStep().Kind() != ast.CallKind || c.Result().Kind() != ast.IdentKind || c.Result().AsIdent() != c.AccuVar() ||
		c.AccuInit().Kind() != ast.LiteralKind {
		return "", nil
	}
	step := c.LoopStep().AsCall()
	if len(step.Args()) != 2 || step.Args()[0].Kind() != ast.IdentKind || step.Args()[0].AsIdent() != c.AccuVar() {
		return "", nil
	}
	switch {
	case step.FunctionName() == operators.LogicalOr && c.AccuInit().AsLiteral() == types.False:
		return "any", step.Args()[1]
	case step.FunctionName() == operators.LogicalAnd && c.AccuInit().AsLiteral() == types.True:
		return "every", step.Args()[1]
	}
	return "", nil
}

// fold translates any other loop: map, filter, exists_one, cel.bind.
func (t *translator) fold(c ast.ComprehensionExpr, over, item, result string) (string, error) {
	init, err := t.lua(c.AccuInit())
	if err != nil {
		return "", err
	}
	t.names = with(t.names, c.AccuVar(), result)
	end, err := t.lua(c.Result())
	if err != nil {
		return "", err
	}
	t.names = with(t.names, c.IterVar(), item)
	goOn, err := t.condition(c.LoopCondition())
	if err != nil {
		return "", err
	}
	step, err := t.lua(c.LoopStep())
	if err != nil {
		return "", err
	}
	params := result + ", " + item
	lua := fmt.Sprintf("fold(%s, %s, function(%s) return %s end, function(%s) return %s end)", over, init, params, goOn, params, step)
	if end != result {
		lua = fmt.Sprintf("(function(%s) return %s end)(%s)", result, end, lua)
	}
	return lua, nil
}

// condition translates the condition of a loop, which CEL writes itself:
// constants in the loops that reach fold.
func (t *translator) condition(e ast.Expr) (string, error) {
	if e.Kind() == ast.LiteralKind {
		return literal(e)
	}
	return "", notCarried("this loop has no counterpart in Lua")
}
