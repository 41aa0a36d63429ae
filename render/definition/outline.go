package definition

import (
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/object"
)

// Outline is what a definition says about kinds, read without admission or
// compilation: for whoever has to choose files before there is a render. What is
// missing or wrong is "".
type Outline struct {
	Name          string // of the RGD or CRD
	Kind          k8sschema.GroupVersionKind
	ClusterScoped bool

	// IsRGD tells an RGD from a CRD, of which Kind has no version, since it may
	// serve several, and which uses no kinds.
	IsRGD bool
	Uses  []k8sschema.GroupVersionKind // of templates and external references, in order
}

// ReadOutline reads an RGD or a CRD; false for any other object.
func ReadOutline(obj map[string]any) (Outline, bool) {
	spec := object.Map(obj, "spec")
	out := Outline{Name: object.Name(obj)}
	switch kind := object.GVK(obj); {
	case object.IsCRDKind(kind):
		out.Kind.Group, out.Kind.Kind = object.Text(spec, "group"), object.Text(object.Map(spec, "names"), "kind")
		out.ClusterScoped = object.Text(spec, "scope") == "Cluster"
		return out, true
	case !object.IsRGDKind(kind):
		return Outline{}, false
	}
	out.IsRGD = true
	out.Kind = outlineKind(obj)
	out.ClusterScoped = object.Text(object.Map(spec, "schema"), "scope") == "Cluster"
	for _, item := range object.List(spec, "resources") {
		resource, _ := item.(map[string]any)
		for _, key := range []string{"template", "externalRef"} {
			if used := object.GVK(object.Map(resource, key)); used.Kind != "" {
				out.Uses = append(out.Uses, used)
			}
		}
	}
	return out, true
}

// outlineKind is the kind that an RGD says it defines.
func outlineKind(rgd map[string]any) k8sschema.GroupVersionKind {
	schema := object.Map(object.Map(rgd, "spec"), "schema")
	kind := k8sschema.GroupVersionKind{
		Group: object.Text(schema, "group"), Version: object.Text(schema, "apiVersion"), Kind: object.Text(schema, "kind"),
	}
	if kind.Group == "" {
		kind.Group = object.RGDGroup
	}
	return kind
}
