package diag_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/diag"
)

// TestLocate: where the text of a fix is found, and when it is not.
func TestLocate(t *testing.T) {
	const text = "kind: Tést\r\nvalue: ${tes + schema.test + test} # test\nlast: a a"
	for name, c := range map[string]struct {
		line, column int
		old          string
		want         [2]int // columns; none where the fix is dropped
	}{
		"at the position":               {1, 7, "Tést", [2]int{7, 11}},
		"behind the position":           {2, 25, "test", [2]int{30, 34}},
		"no part of a word":             {2, 8, "te", [2]int{}},
		"a part of a path":              {2, 8, "test", [2]int{23, 27}},
		"the only one before":           {2, 40, "tes", [2]int{10, 13}},
		"one of several before":         {3, 10, "a", [2]int{}},
		"not there":                     {1, 1, "toast", [2]int{}},
		"behind the end of the line":    {1, 30, "kind", [2]int{}},
		"no such line":                  {9, 1, "kind", [2]int{}},
		"of a build, and without lines": {0, 0, "kind", [2]int{}},
		"insert":                        {3, 7, "", [2]int{7, 7}},
	} {
		t.Run(name, func(t *testing.T) {
			fix := diag.Replace(c.old, "new")
			if c.old == "" {
				fix = diag.Insert("new")
			}
			list := diag.List{{Pos: diag.Position{File: "a", Line: c.line, Column: c.column}, Fix: fix}}
			var want *diag.Fix
			if c.want[1] > 0 {
				want = &diag.Fix{Title: fix.Title, Edits: []diag.Edit{{
					Position: diag.Position{File: "a", Line: c.line, Column: c.want[0]}, EndLine: c.line, EndColumn: c.want[1], Text: "new", Old: c.old,
				}}}
			}
			got := list.Locate(func(string) []byte { return []byte(text) })
			if diff := cmp.Diff(want, got[0].Fix); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if list[0].Fix != fix || fix.Edits[0].EndLine != 0 {
				t.Error("the list itself has changed")
			}
			list[0].Sensitive = true
			if got := list.Locate(func(string) []byte { return []byte(text) }); got[0].Fix != nil {
				t.Error("a finding about a Secret has a fix")
			}
		})
	}
}
