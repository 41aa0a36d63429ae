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

// trackingID is the annotation with which Argo CD marks its objects.
const trackingID = "argocd.argoproj.io/tracking-id"

// workarounds finds those of a node.
func workarounds(n *typedNode) []KroArgoWorkaround {
	var out []KroArgoWorkaround
	owners, _ := mapAt(n.template, "metadata")["ownerReferences"].([]any)
	for i := range owners {
		at := diag.Path{"metadata", "ownerReferences", i}
		if n.reads(at, "uid", []string{SchemaVar, "metadata", "uid"}) {
			out = append(out, KroArgoWorkaround{Path: at, What: "an ownerReference with the instance's uid"})
		}
	}
	at := diag.Path{"metadata", "annotations", trackingID}
	if n.reads(at, trackingID, []string{SchemaVar, "metadata", "annotations"}) {
		out = append(out, KroArgoWorkaround{Path: at, What: "the instance's " + trackingID})
	}
	return out
}

// reads reports whether the field of the given name at or below a path of the
// template reads a path of the instance.
func (n *typedNode) reads(at diag.Path, name string, path []string) bool {
	return slices.ContainsFunc(n.checked.fields, func(f field[typedExpr]) bool {
		return isBelow(f.path, at) && f.path[len(f.path)-1] == any(name) && slices.ContainsFunc(f.expr.reads, func(r expr.Read) bool {
			return len(r.Path) >= len(path) && slices.Equal(r.Path[:len(path)], path)
		})
	})
}

// isBelow reports whether a path is at or below another one.
func isBelow(path, above diag.Path) bool {
	return len(path) >= len(above) && slices.Equal([]any(path[:len(above)]), []any(above))
}
