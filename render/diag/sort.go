package diag

import (
	"cmp"
	"reflect"
	"slices"
)

// Sorted returns the findings by file, line, column, rule and message, without
// exact duplicates and with texts cut and clean; the receiver is not changed.
func (l List) Sorted() List {
	out := slices.Clone(l)
	for i, d := range out {
		out[i] = d.Inert()
	}
	slices.SortStableFunc(out, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Message, b.Message),
			// The rest only makes equal lines come out in one order.
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Object, b.Object),
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Hint, b.Hint),
			slices.CompareFunc(a.Related, b.Related, compareRelated),
		)
	})
	return slices.CompactFunc(out, func(a, b Diagnostic) bool { return reflect.DeepEqual(a, b) })
}

func compareRelated(a, b Related) int {
	return cmp.Or(
		cmp.Compare(a.Position.File, b.Position.File),
		cmp.Compare(a.Position.Line, b.Position.Line),
		cmp.Compare(a.Position.Column, b.Position.Column),
		cmp.Compare(a.Message, b.Message),
	)
}
