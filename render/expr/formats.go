package expr

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
)

// FormatCalls returns the offsets of values of the variable root that are times,
// durations or bytes and that a function or an operator takes. dyn() hides the type, so
// that it is not one of them.
func FormatCalls(checked *cel.Ast, root string) []int {
	a := checked.NativeRep()
	at := newPlaces(checked.Source().Content(), a)
	var out []int
	ast.PreOrderVisit(a.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || e.AsCall().FunctionName() == "dyn" {
			return
		}
		call := e.AsCall()
		args := call.Args()
		if call.IsMemberFunction() {
			args = append([]ast.Expr{call.Target()}, args...)
		}
		for _, arg := range args {
			if isFormat(a.GetType(arg.ID())) && rootOf(arg) == root {
				out = append(out, at.start(arg))
			}
		}
	}))
	return out
}

func isFormat(t *types.Type) bool {
	switch t.Kind() {
	case types.TimestampKind, types.DurationKind, types.BytesKind:
		return true
	}
	return false
}

// rootOf is the variable that a chain of fields begins with; empty for anything else.
func rootOf(e ast.Expr) string {
	for e.Kind() == ast.SelectKind && !e.AsSelect().IsTestOnly() {
		e = e.AsSelect().Operand()
	}
	if e.Kind() == ast.IdentKind {
		return e.AsIdent()
	}
	return ""
}
