package render

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// observe reads the objects of a cluster. Nil files mean that nothing is known
// of it.
func (r *renderer) observe(files []manifest.File) {
	if files == nil {
		return
	}
	var objects []expand.Live
	first := map[string]*document{}
	for _, d := range r.decode(files) {
		if d.gvk.Empty() {
			continue // reported
		}
		id := strings.Join([]string{d.APIVersion(), d.Kind(), cmp.Or(d.Namespace(), "default"), d.Name()}, " ")
		switch other := first[id]; {
		case d.Name() == "":
			r.out.Diagnostics.Errorf(d.Start(), "observed-object", "an observed object needs a name: %s", d.Title())
			continue
		case other != nil:
			r.out.Diagnostics.Add(diag.Diagnostic{
				Severity: diag.Error, Rule: "observed-duplicate", Pos: d.Start(), Object: d.Title(),
				Message: fmt.Sprintf("%s is observed twice: here and in %s", d.Title(), other.Start()),
				Hint:    "keep the newer one",
				Related: []diag.Related{{Position: other.Start(), Message: "the other"}},
			})
			continue
		}
		first[id] = d
		r.warnOfSecret(d)
		objects = append(objects, expand.Live{Object: d.Object, At: d.Start()})
		r.worldKey = cache.Digest(r.worldKey, r.docKeys[d.Document])
	}
	r.limits.Observed = expand.NewObserved(objects)
}

// warnOfSecret warns of a Secret's values in the clear: observed objects are
// files, which are meant to be committed.
func (r *renderer) warnOfSecret(d *document) {
	if !object.IsSecret(d.Object) {
		return
	}
	for _, key := range object.SecretFields() {
		if values, _ := d.Object[key].(map[string]any); len(values) > 0 {
			r.out.Diagnostics.Add(diag.Diagnostic{
				Severity: diag.Warning, Rule: "observed-secret", Pos: d.KeyPosition(diag.Path{key}), Object: d.Title(), Sensitive: true,
				Message: "an observed Secret holds its values: whoever reads this file has them",
				Hint:    "keep the file out of the repository, or leave the values out",
			})
			return
		}
	}
}

// given lets external references find the objects of the input that they name:
// what is applied beside an instance is what kro would read, as far as Git tells.
func (r *renderer) given(docs documents) {
	if !r.hasExternal() {
		return
	}
	var objects []expand.Live
	for _, list := range [][]*document{docs.objects, docs.definitions} {
		for _, d := range list {
			if d.gvk.Empty() || d.is(rgdKind) || r.isInstance(d) {
				continue
			}
			obj := d.Object
			if d.Namespace() == "" && r.namespace() != "default" {
				obj = object.WithNamespace(obj, r.namespace())
			}
			objects = append(objects, expand.Live{Object: obj, At: d.Start()})
			r.worldKey = cache.Digest(r.worldKey, "given", r.docKeys[d.Document])
		}
	}
	r.limits.FromInput = expand.NewObserved(objects)
}

func (r *renderer) hasExternal() bool {
	for _, g := range r.out.Graphs {
		for _, n := range g.Nodes {
			if n.Type.IsExternal() && !n.Type.Selects() {
				return true
			}
		}
	}
	return false
}
