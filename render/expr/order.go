package expr

import (
	"cmp"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/functions"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// sortedRange is the name of a function that only sortRanges can call: CEL has
// no syntax for it.
const sortedRange = "@sorted_range"

// sortRanges makes every comprehension of a checked AST visit the keys of a map
// in sorted order, by a call around its range (S4.4). cel-go visits them in Go's
// random map order, and a map literal or an instance would render differently
// from one run to the next.
func sortRanges(a *ast.AST) {
	var folds []ast.Expr
	ast.PreOrderVisit(a.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		// A list literal is never a map; cel.bind ranges over an empty one.
		if e.Kind() == ast.ComprehensionKind && e.AsComprehension().IterRange().Kind() != ast.ListKind {
			folds = append(folds, e)
		}
	}))
	id, fac := ast.MaxID(a), ast.NewExprFactory()
	for _, e := range folds {
		id++
		c := e.AsComprehension()
		call := fac.NewCall(id, sortedRange, c.IterRange())
		a.SetType(id, a.GetType(c.IterRange().ID()))
		a.SetReference(id, ast.NewFunctionReference(sortedRange))
		e.SetKindCase(fac.NewComprehensionTwoVar(e.ID(), call, c.IterVar(), c.IterVar2(), c.AccuVar(),
			c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()))
	}
}

func sortedRangeOverload() *functions.Overload {
	return &functions.Overload{Operator: sortedRange, Unary: func(v ref.Val) ref.Val {
		if m, ok := v.(traits.Mapper); ok {
			return sortedMap{m}
		}
		return v
	}}
}

// sortedMap is a map that comprehensions visit in the order of its keys.
type sortedMap struct{ traits.Mapper }

// Iterator serves comprehensions with one variable.
func (m sortedMap) Iterator() traits.Iterator {
	return types.NewRefValList(types.DefaultTypeAdapter, sortedKeys(m.Mapper)).Iterator()
}

// Fold serves comprehensions with two variables.
func (m sortedMap) Fold(f traits.Folder) {
	for _, k := range sortedKeys(m.Mapper) {
		if !f.FoldEntry(k, m.Get(k)) {
			return
		}
	}
}

// compareKeys orders map keys: by type, then by value.
func compareKeys(a, b ref.Val) int {
	switch a := a.(type) {
	case types.String:
		if b, ok := b.(types.String); ok {
			return cmp.Compare(a, b)
		}
	case types.Int:
		if b, ok := b.(types.Int); ok {
			return cmp.Compare(a, b)
		}
	case types.Uint:
		if b, ok := b.(types.Uint); ok {
			return cmp.Compare(a, b)
		}
	case types.Double:
		if b, ok := b.(types.Double); ok {
			return cmp.Compare(a, b)
		}
	}
	if c := cmp.Compare(a.Type().TypeName(), b.Type().TypeName()); c != 0 {
		return c
	}
	return cmp.Compare(types.Format(a), types.Format(b))
}
