// Package lookup collects the objects that expressions may read in addition to
// the instance: the observed objects of a cluster, and the objects of the input
// that external references name.
package lookup

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/definition"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/internal/source"
	"github.com/krowave/krowave/render/object"
)

// Objects are objects to look up, and the digest of their documents.
type Objects struct {
	*expand.Observed
	Digest string
}

// Observed collects the observed objects of a cluster.
func Observed(docs []*source.Document) (Objects, diag.List) {
	var diags diag.List
	var objects []expand.Live
	digests := []any{"observed"}
	first := map[string]*source.Document{}
	for _, d := range docs {
		if d.GVK.Empty() {
			continue // reported
		}
		id := strings.Join([]string{d.APIVersion(), d.Kind(), cmp.Or(d.Namespace(), "default"), d.Name()}, " ")
		switch other := first[id]; {
		case d.Name() == "":
			diags.Errorf(d.Start(), "observed-object", "an observed object needs a name: %s", d.Title())
			continue
		case other != nil:
			diags.Add(diag.Diagnostic{
				Severity: diag.Error, Rule: "observed-duplicate", Pos: d.Start(), Object: d.Title(),
				Message: fmt.Sprintf("%s is observed twice: here and in %s", d.Title(), other.Start()),
				Hint:    "keep the newer one",
				Related: []diag.Related{{Position: other.Start(), Message: "the other"}},
			})
			continue
		}
		first[id] = d
		warnOfSecret(d, &diags)
		objects = append(objects, expand.Live{Object: d.Object, At: d.Start()})
		digests = append(digests, d.Digest)
	}
	return Objects{expand.NewObserved(objects), cache.Digest(digests...)}, diags
}

// warnOfSecret warns of a Secret's values in the clear: observed objects are
// files, which are meant to be committed.
func warnOfSecret(d *source.Document, diags *diag.List) {
	if !object.IsSecret(d.Object) {
		return
	}
	for _, key := range object.SecretFields() {
		if values, _ := d.Object[key].(map[string]any); len(values) > 0 {
			diags.Add(diag.Diagnostic{
				Severity: diag.Warning, Rule: "observed-secret", Pos: d.KeyPosition(diag.Path{key}), Object: d.Title(), Sensitive: true,
				Message: "an observed Secret contains values: everyone who can read this file can see them",
				Hint:    "keep the file out of the repository, or remove the values",
			})
			return
		}
	}
}

// FromInput collects the objects of the input that external references may name:
// what is applied beside an instance is what kro would read, as far as Git tells.
// Objects without a namespace are in the given one.
func FromInput(set *definition.Set, docs []*source.Document, namespace string) Objects {
	if !refersToNames(set) {
		return Objects{}
	}
	var objects []expand.Live
	digests := []any{"input"}
	for _, d := range docs {
		if d.GVK.Empty() || object.IsRGDKind(d.GVK) || set.Defines(d.GVK) || set.IsNative(d.GVK) {
			continue
		}
		obj := d.Object
		if d.Namespace() == "" && namespace != "default" {
			obj = object.WithNamespace(obj, namespace)
		}
		objects = append(objects, expand.Live{Object: obj, At: d.Start()})
		digests = append(digests, d.Digest)
	}
	return Objects{expand.NewObserved(objects), cache.Digest(digests...)}
}

// refersToNames reports whether a node of a graph refers to an object by name.
func refersToNames(set *definition.Set) bool {
	for _, g := range set.All() {
		for _, n := range g.Nodes {
			if n.Type.IsExternal() && !n.Type.Selects() {
				return true
			}
		}
	}
	return false
}
