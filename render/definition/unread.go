package definition

import (
	"fmt"
	"sync"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/internal/source"
	"github.com/krowave/krowave/render/outline"
)

// maxUnread is how many files one finding names.
const maxUnread = 3

// unread is what could not be read. Each text is searched for a kind once.
type unread struct {
	all    []outline.Unread
	byKind sync.Map
}

// mayDefine lists what could not be read and may define a kind: what should be
// there first.
func (n *unread) mayDefine(kind string) []outline.Unread {
	if len(n.all) == 0 {
		return nil
	}
	if known, ok := n.byKind.Load(kind); ok {
		return known.([]outline.Unread)
	}
	var out, absent []outline.Unread
	for _, u := range n.all {
		switch {
		case u.Absent:
			absent = append(absent, u)
		case u.MayDefine(kind):
			out = append(out, u)
		}
	}
	if out = append(out, absent...); len(out) > maxUnread {
		out = out[:maxUnread]
	}
	n.byKind.Store(kind, out)
	return out
}

// strayUnread reports an object of a kind that nothing defines as far as that can
// be known: to hand over a bare instance would let a GitOps tool delete what it
// rendered before. What a checkout lacks on purpose is only a warning.
func (s *Set) strayUnread(doc *source.Document, unread []outline.Unread) diag.List {
	if len(unread) == 0 || !outline.MayBeCustom(doc.GVK.Group) || s.hasCRD(doc.GVK.GroupKind()) {
		return nil
	}
	first := unread[0]
	d := diag.Diagnostic{
		Severity: diag.Error, Rule: "definition-unread", Pos: doc.Position(diag.Path{"kind"}), Object: doc.Title(),
		Message: fmt.Sprintf("nothing defines %s %s in what can be read, but %s may: %s", doc.APIVersion(), doc.Kind(), first.Name, first.Reason),
		Hint: fmt.Sprintf("make it readable; if it does not define %s, leave it out with exclude in krowave.yaml or --exclude, or look up the CRD that does with --crds or crds in krowave.yaml",
			doc.Kind()),
		Missing: doc.GVK.GroupKind().String(),
	}
	if first.Absent || s.compile.Lenient {
		d.Severity = diag.Warning
		d.Message += "; the object is passed through"
		d.Hint += fmt.Sprintf("; if only RGDs define kinds of %s, name it in instanceGroups in krowave.yaml, so that this is an error", doc.GVK.Group)
	}
	for _, u := range unread[1:] {
		d.Related = append(d.Related, diag.Related{Position: diag.Position{File: u.Name, Line: 1, Column: 1}, Message: "may define it, too: " + u.Reason})
	}
	return diag.List{d}
}
