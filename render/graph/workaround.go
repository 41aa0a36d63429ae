package graph

import (
	"slices"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
)

// KroArgoWorkaround is a part of a template that kro's documentation tells Argo CD users to
// write and that has no meaning once a GitOps tool applies the objects itself:
// an owner reference with the instance's uid, or the instance's tracking id
// copied to its objects. Rendered as they stand, the first is refused by the API
// server and the second makes Argo CD disown the object.
type KroArgoWorkaround struct {
	Path diag.Path // in the template, of the list item or the annotation
	What string
}

// trackingID is the annotation by which Argo CD knows its objects.
const trackingID = "argocd.argoproj.io/tracking-id"

// workarounds finds the workarounds of a node and marks their fields.
func workarounds(n *Node) []KroArgoWorkaround {
	var out []KroArgoWorkaround
	meta, _ := n.Template["metadata"].(map[string]any)
	owners, _ := meta["ownerReferences"].([]any)
	for i := range owners {
		at := diag.Path{"metadata", "ownerReferences", i}
		if n.mark(at, "uid", []string{SchemaVar, "metadata", "uid"}) {
			out = append(out, KroArgoWorkaround{Path: at, What: "an ownerReference with the instance's uid"})
		}
	}
	at := diag.Path{"metadata", "annotations", trackingID}
	if n.mark(at, trackingID, []string{SchemaVar, "metadata", "annotations"}) {
		out = append(out, KroArgoWorkaround{Path: at, What: "the instance's " + trackingID})
	}
	return out
}

// mark marks the fields at and below a path as a workaround when the one of the
// given name reads what is given.
func (n *Node) mark(at diag.Path, name string, read []string) bool {
	var below []*Field
	found := false
	for _, f := range n.Fields {
		if len(f.Path) < len(at) || !slices.Equal([]any(f.Path[:len(at)]), []any(at)) {
			continue
		}
		below = append(below, f)
		if f.Path[len(f.Path)-1] == any(name) {
			found = found || slices.ContainsFunc(f.Expr.Reads, func(r expr.Read) bool {
				return len(r.Path) >= len(read) && slices.Equal(r.Path[:len(read)], read)
			})
		}
	}
	if found {
		for _, f := range below {
			f.Workaround = true
		}
	}
	return found
}
