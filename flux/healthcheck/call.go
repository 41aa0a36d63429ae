package healthcheck

import (
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
)

// loops are the macros of Flux's environment that bind their first argument.
var loops = map[string]bool{
	"all": true, "exists": true, "exists_one": true, "existsOne": true, "filter": true, "map": true,
	"optMap": true, "optFlatMap": true,
}

func (r *rewriter) call(c ast.CallExpr, vars scope) (ast.Expr, error) {
	name, args := c.FunctionName(), c.Args()
	switch {
	case name == "has" && len(args) == 1 && !c.IsMemberFunction():
		return r.has(args[0], vars)
	case name == operators.OptSelect || name == operators.OptIndex:
		return r.optional(c, vars)
	case name == operators.Index && r.isSelf(args[0], vars):
		if field, ok := text(args[1]); ok {
			return r.field(field)
		}
	case name == operators.In && r.isSelf(args[1], vars):
		if field, ok := text(args[0]); ok {
			return r.present(field)
		}
	case name == operators.LogicalAnd:
		return r.and(args, vars)
	case c.IsMemberFunction() && loops[name] && len(args) >= 2 && args[0].Kind() == ast.IdentKind:
		return r.loop(c, vars)
	}
	rewritten, err := r.all(args, vars)
	if err != nil {
		return nil, err
	}
	if !c.IsMemberFunction() {
		return r.factory.NewCall(0, name, rewritten...), nil
	}
	target, err := r.rewrite(c.Target(), vars)
	if err != nil {
		return nil, err
	}
	return r.factory.NewMemberCall(0, name, target, rewritten...), nil
}

// has translates has(self.field), and has(a.b) of everything else.
func (r *rewriter) has(arg ast.Expr, vars scope) (ast.Expr, error) {
	if arg.Kind() != ast.SelectKind {
		return nil, notCarried("the argument of has() is not a field")
	}
	s := arg.AsSelect()
	if r.isSelf(s.Operand(), vars) {
		return r.present(s.FieldName())
	}
	operand, err := r.rewrite(s.Operand(), vars)
	if err != nil {
		return nil, err
	}
	return r.factory.NewCall(0, "has", r.factory.NewSelect(0, operand, s.FieldName())), nil
}

// present translates has(self.field).
func (r *rewriter) present(name string) (ast.Expr, error) {
	r.soft[name] = true
	field, err := r.field(name)
	switch {
	case err != nil:
		return nil, err
	case r.presence == denied && name == r.absent:
		return r.factory.NewLiteral(0, types.False), nil
	case r.presence == assumed:
		return r.factory.NewLiteral(0, types.True), nil
	}
	return r.factory.NewCall(0, operators.Equals, field, r.factory.CopyExpr(field)), nil
}

// optional translates self.?field, and a.?b of everything else.
func (r *rewriter) optional(c ast.CallExpr, vars scope) (ast.Expr, error) {
	f, args := r.factory, c.Args()
	if name, ok := r.optionalField(f.NewCall(0, c.FunctionName(), args...), vars); ok {
		field, err := r.field(name)
		if err != nil {
			return nil, err
		}
		if r.presence == denied && name == r.absent {
			return f.NewMemberCall(0, "none", f.NewIdent(0, "optional")), nil
		}
		return f.NewMemberCall(0, "of", f.NewIdent(0, "optional"), field), nil
	}
	if name, ok := r.optionalField(args[0], vars); ok && r.presence != denied {
		// self.?a.?b: a field that is there is as good as an optional of it.
		field, err := r.field(name)
		if err != nil {
			return nil, err
		}
		rest, err := r.rewrite(args[1], vars)
		return f.NewCall(0, c.FunctionName(), field, rest), err
	}
	rewritten, err := r.all(args, vars)
	return f.NewCall(0, c.FunctionName(), rewritten...), err
}

// and leaves out operands that are true, which has() may have become.
func (r *rewriter) and(args []ast.Expr, vars scope) (ast.Expr, error) {
	rewritten, err := r.all(args, vars)
	if err != nil {
		return nil, err
	}
	out := rewritten[0]
	for _, e := range rewritten[1:] {
		switch {
		case isTrue(out):
			out = e
		case !isTrue(e):
			out = r.factory.NewCall(0, operators.LogicalAnd, out, e)
		}
	}
	return out, nil
}

func isTrue(e ast.Expr) bool { return e.Kind() == ast.LiteralKind && e.AsLiteral() == types.True }

// loop translates a macro. Its variable gets another name where it has that of a
// field which Flux has a variable for.
func (r *rewriter) loop(c ast.CallExpr, vars scope) (ast.Expr, error) {
	target, err := r.rewrite(c.Target(), vars)
	if err != nil {
		return nil, err
	}
	was := c.Args()[0].AsIdent()
	now := was
	for now != was && r.taken[now] || r.isField(c.Args()[1:], now) {
		now += "_"
	}
	rest, err := r.all(c.Args()[1:], vars.with(was, now))
	if err != nil {
		return nil, err
	}
	args := append([]ast.Expr{r.factory.NewIdent(0, now)}, rest...)
	return r.factory.NewMemberCall(0, c.FunctionName(), target, args...), nil
}

// isField reports whether the expressions read a top-level field of that name.
func (r *rewriter) isField(in []ast.Expr, name string) bool {
	found := false
	for _, e := range in {
		ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
			var operand ast.Expr
			var field string
			switch {
			case e.Kind() == ast.SelectKind:
				operand, field = e.AsSelect().Operand(), e.AsSelect().FieldName()
			case e.Kind() == ast.CallKind && len(e.AsCall().Args()) == 2:
				operand = e.AsCall().Args()[0]
				field, _ = text(e.AsCall().Args()[1])
			default:
				return
			}
			found = found || field == name && operand.Kind() == ast.IdentKind && operand.AsIdent() == r.self
		}))
	}
	return found
}
