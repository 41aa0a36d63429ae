package expr

import (
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
)

// MapOrder reports whether the value of an expression depends on the order in
// which a map is walked: a list is made of the map and neither sorted nor used
// in a way in which its order does not count. offset is that of the map, in
// bytes of the CEL source.
func MapOrder(checked *cel.Ast) (offset int, depends bool) {
	a := checked.NativeRep()
	o := mapOrder{a.GetType}
	cause := o.visit(a.Expr(), nil)
	if cause == nil {
		return 0, false
	}
	return newPlaces(checked.Source().Content(), a).start(cause), true
}

type mapOrder struct {
	types func(id int64) *types.Type
}

// ordered is a variable of a macro, and the map that its value is ordered by.
type ordered struct {
	name  string
	cause ast.Expr
	outer *ordered
}

// visit returns the map by whose order the value of e is ordered; nil when
// there is none.
func (o mapOrder) visit(e ast.Expr, scope *ordered) ast.Expr {
	switch e.Kind() {
	case ast.IdentKind:
		for s := scope; s != nil; s = s.outer {
			if s.name == e.AsIdent() {
				return s.cause
			}
		}
	case ast.SelectKind:
		if s := e.AsSelect(); !s.IsTestOnly() {
			return o.visit(s.Operand(), scope)
		}
	case ast.CallKind:
		return o.call(e.AsCall(), scope)
	case ast.ComprehensionKind:
		return o.loop(e.AsComprehension(), scope)
	case ast.ListKind:
		return o.first(e.AsList().Elements(), scope)
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			if cause := o.visit(entry.AsMapEntry().Value(), scope); cause != nil {
				return cause
			}
		}
	case ast.StructKind:
		for _, field := range e.AsStruct().Fields() {
			if cause := o.visit(field.AsStructField().Value(), scope); cause != nil {
				return cause
			}
		}
	}
	return nil
}

func (o mapOrder) first(list []ast.Expr, scope *ordered) ast.Expr {
	for _, e := range list {
		if cause := o.visit(e, scope); cause != nil {
			return cause
		}
	}
	return nil
}

func (o mapOrder) call(call ast.CallExpr, scope *ordered) ast.Expr {
	name, args := call.FunctionName(), call.Args()
	switch {
	case name == operators.In && len(args) == 2:
		return o.visit(args[0], scope)
	case ignoresOrder(name):
		return nil
	}
	if call.IsMemberFunction() {
		if cause := o.visit(call.Target(), scope); cause != nil {
			return cause
		}
	}
	return o.first(args, scope)
}

// ignoresOrder reports whether a function gives the same for a list in any order.
func ignoresOrder(name string) bool {
	switch name {
	case "sort", "size", "hasValue", "sum", "min", "max", "math.@max", "math.@min":
		return true
	}
	return strings.HasPrefix(name, "sets.") || strings.Contains(name, "sortBy")
}

// loop follows a macro. One that makes a list hands on the order of its range;
// one that makes a map or a boolean does not. cel.bind is a loop over nothing.
func (o mapOrder) loop(c ast.ComprehensionExpr, scope *ordered) ast.Expr {
	if c.IterRange().Kind() == ast.ListKind && c.IterRange().AsList().Size() == 0 {
		return o.visit(c.Result(), &ordered{c.AccuVar(), o.visit(c.AccuInit(), scope), scope})
	}
	if c.AccuInit().Kind() == ast.ListKind {
		if o.types(c.IterRange().ID()).Kind() == types.MapKind {
			return c.IterRange()
		}
		if cause := o.visit(c.IterRange(), scope); cause != nil {
			return cause
		}
	}
	in := &ordered{name: c.AccuVar(), outer: &ordered{name: c.IterVar(), outer: scope}}
	if c.HasIterVar2() {
		in = &ordered{name: c.IterVar2(), outer: in}
	}
	return o.visit(c.LoopStep(), in)
}
