package schema

import (
	"maps"
	"slices"
	"sync"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kfield "k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/krowave/krowave/render/diag"
)

// Validator says why an API server would refuse objects: those of CRDs with the
// API server's own code, those of Kubernetes by the published schema. It is
// immutable and safe for concurrent use.
type Validator struct {
	catalog   *Catalog
	admitters map[schema.GroupVersionKind]func() (*Admitter, error)
}

// NewValidator returns a validator of the kinds of a catalog. crds are the
// definitions behind its custom kinds, later ones last as in Catalog.With.
func NewValidator(catalog *Catalog, crds []*apiextensionsv1.CustomResourceDefinition) *Validator {
	v := &Validator{catalog: catalog, admitters: map[schema.GroupVersionKind]func() (*Admitter, error){}}
	for _, crd := range crds {
		for _, version := range crd.Spec.Versions {
			gvk := schema.GroupVersionKind{Group: crd.Spec.Group, Version: version.Name, Kind: crd.Spec.Names.Kind}
			v.admitters[gvk] = sync.OnceValues(func() (*Admitter, error) { return NewAdmitter(crd, version.Name) })
		}
	}
	return v
}

// Validate checks an object. known is false for a kind without a schema. An
// object of a namespaced kind that names no namespace is taken to be in
// namespace.
func (v *Validator) Validate(obj map[string]any, namespace string) (problems []Problem, known bool) {
	apiVersion, _ := obj["apiVersion"].(string)
	kind, _ := obj["kind"].(string)
	gvk := schema.FromAPIVersionAndKind(apiVersion, kind)
	obj = named(obj)
	if build, ok := v.admitters[gvk]; ok {
		a, err := build()
		if err != nil {
			return nil, false // the CRD itself is reported
		}
		return admissible(a, obj, namespace), true
	}
	k, ok := v.catalog.Lookup(gvk)
	if !ok || !k.Builtin {
		return nil, false
	}
	problems = checkBuiltin(k, obj)
	return append(problems, checkMetadata(k, obj, namespace, problems)...), true
}

// named gives an object of a generated name one, as the API server does before
// it looks further.
func named(obj map[string]any) map[string]any {
	meta, _ := obj["metadata"].(map[string]any)
	prefix, _ := meta["generateName"].(string)
	if name, _ := meta["name"].(string); name != "" || prefix == "" {
		return obj
	}
	obj, meta = maps.Clone(obj), maps.Clone(meta)
	meta["name"], obj["metadata"] = prefix+"x", meta
	return obj
}

func admissible(a *Admitter, obj map[string]any, namespace string) []Problem {
	_, pruned, problems := a.Admit(obj, namespace)
	for _, field := range pruned {
		problems = append(problems, Problem{
			Path: pathOf(field, obj), Rule: RuleUnknownField, Message: "field " + field + " is not in the schema of " + a.gvk.Kind,
		})
	}
	return problems
}

// checkMetadata applies the rules of names, labels and annotations, unless
// metadata has a problem already.
func checkMetadata(k *Kind, obj map[string]any, namespace string, found []Problem) []Problem {
	meta, ok := obj["metadata"].(map[string]any)
	if !ok {
		return []Problem{{Path: diag.Path{"metadata", "name"}, Rule: RuleMetadata, Message: "a value is required: name or generateName is required"}}
	}
	if slices.ContainsFunc(found, func(p Problem) bool { return len(p.Path) > 0 && p.Path[0] == "metadata" }) {
		return nil
	}
	u := &unstructured.Unstructured{Object: map[string]any{"metadata": copyObject(meta)}}
	switch {
	case !k.Namespaced:
		unstructured.RemoveNestedField(u.Object, "metadata", "namespace")
	case u.GetNamespace() == "":
		u.SetNamespace(namespace)
	}
	errs := metavalidation.ValidateObjectMetaAccessor(u, k.Namespaced, nameRule(k.GVK), kfield.NewPath("metadata"))
	return problemsOf(errs, obj, RuleMetadata)
}

// nameRule is what the API server takes for a name: a DNS subdomain, but for
// the few kinds whose names are only path segments.
func nameRule(gvk schema.GroupVersionKind) metavalidation.ValidateNameFunc {
	switch {
	case gvk.Group == "rbac.authorization.k8s.io", gvk.Kind == "ClusterTrustBundle":
		return func(name string, prefix bool) []string {
			if prefix {
				return content.IsPathSegmentPrefix(name)
			}
			return content.IsPathSegmentName(name)
		}
	case gvk.Group == "" && gvk.Kind == "Namespace":
		return metavalidation.ValidateNamespaceName
	}
	return metavalidation.NameIsDNSSubdomain
}
