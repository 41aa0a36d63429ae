// Package outline reads the kinds of a definition without admission or
// compilation. It takes an RGD or a CRD, and returns a Definition with the kind
// that it defines and the kinds that it uses. It is for code that chooses files
// before a render.
//
//	d, ok := outline.Read(obj) // defines App of group kro.run, uses Deployment
package outline

import (
	"regexp"
	"slices"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
)

// Definition is the outline of an RGD or CRD. What is missing or wrong is "".
type Definition struct {
	Name          string // of the RGD or CRD
	Kind          k8sschema.GroupVersionKind
	ClusterScoped bool

	// IsRGD tells an RGD from a CRD, of which Kind has no version, since it may
	// serve several, and which uses no kinds.
	IsRGD   bool
	Renders []k8sschema.GroupVersionKind // kinds of templates, in order
	Refers  []k8sschema.GroupVersionKind // kinds of external references, in order
}

// Read reads an RGD or a CRD; false for any other object.
func Read(obj map[string]any) (Definition, bool) {
	spec := object.Map(obj, "spec")
	out := Definition{Name: object.Name(obj)}
	switch kind := object.GVK(obj); {
	case object.IsCRDKind(kind):
		out.Kind.Group, out.Kind.Kind = object.Text(spec, "group"), object.Text(object.Map(spec, "names"), "kind")
		out.ClusterScoped = object.Text(spec, "scope") == "Cluster"
		return out, true
	case !object.IsRGDKind(kind):
		return Definition{}, false
	}
	out.IsRGD, out.Kind = true, Kind(obj)
	out.ClusterScoped = object.Text(object.Map(spec, "schema"), "scope") == "Cluster"
	for _, item := range object.List(spec, "resources") {
		resource, _ := item.(map[string]any)
		out.Renders = add(out.Renders, object.Map(resource, "template"))
		out.Refers = add(out.Refers, object.Map(resource, "externalRef"))
	}
	return out, true
}

func add(kinds []k8sschema.GroupVersionKind, obj map[string]any) []k8sschema.GroupVersionKind {
	if kind := object.GVK(obj); kind.Kind != "" {
		return append(kinds, kind)
	}
	return kinds
}

// Kind returns the kind that an object defines where an RGD says so.
func Kind(rgd map[string]any) k8sschema.GroupVersionKind {
	schema := object.Map(rgd, "spec", "schema")
	kind := k8sschema.GroupVersionKind{
		Group: object.Text(schema, "group"), Version: object.Text(schema, "apiVersion"), Kind: object.Text(schema, "kind"),
	}
	if kind.Group == "" {
		kind.Group = object.RGDGroup
	}
	return kind
}

// Uses lists the kinds that the definition renders or refers to.
func (d Definition) Uses() []k8sschema.GroupVersionKind { return slices.Concat(d.Renders, d.Refers) }

var namedKind = regexp.MustCompile(`(?m)\bkind:\s*["']?([A-Za-z0-9]+)`)

// NamedKinds are the kinds that a text names which cannot be read as YAML, in
// order: what it may define, or have instances of.
func NamedKinds(text []byte) []string {
	var out []string
	for _, m := range namedKind.FindAllSubmatch(text, -1) {
		out = append(out, string(m[1]))
	}
	return out
}

// IsNearlyRGD reports whether a kind is that of RGDs, in whatever group, or a
// misspelling of it.
func IsNearlyRGD(kind string) bool {
	return kind == object.RGDKind || diag.Closest(kind, []string{object.RGDKind}) != ""
}
