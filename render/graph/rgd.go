package graph

import (
	"encoding/json"
	"maps"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

// RGD is a ResourceGraphDefinition as the API server would store it, with the
// document that it came from (S1.2).
type RGD struct {
	Name string
	GVK  k8sschema.GroupVersionKind // of its instances

	ClusterScoped  bool
	Spec           map[string]any // SimpleSchema
	Types          map[string]any // SimpleSchema
	Status         map[string]any // expression tree
	PrinterColumns []apiextensionsv1.CustomResourceColumnDefinition
	ShortNames     []string
	Categories     []string
	Labels         map[string]string // of the generated CRD
	Annotations    map[string]string
	Resources      []Resource

	Doc *manifest.Document
}

// Resource is one entry of spec.resources.
type Resource struct {
	ID          string
	Template    map[string]any // nil when the entry has no template
	External    map[string]any // the externalRef as an object; nil when there is none
	Selector    any            // externalRef.metadata.selector
	HasName     bool           // externalRef.metadata.name is there
	HasSelector bool
	ForEach     []ForEach
	ReadyWhen   []string
	IncludeWhen []string
}

// ForEach is one dimension of a collection.
type ForEach struct {
	Name string
	Text string
}

// decodeRGD reads a stored ResourceGraphDefinition, whose shape admission has
// proved.
func decodeRGD(stored map[string]any, doc *manifest.Document) *RGD {
	spec := mapAt(stored, "spec")
	s := mapAt(spec, "schema")
	meta := mapAt(s, "metadata")
	r := &RGD{
		Name:          stringAt(mapAt(stored, "metadata"), "name"),
		GVK:           k8sschema.GroupVersionKind{Group: stringAt(s, "group"), Version: stringAt(s, "apiVersion"), Kind: stringAt(s, "kind")},
		ClusterScoped: stringAt(s, "scope") == "Cluster",
		Spec:          mapAt(s, "spec"),
		Types:         mapAt(s, "types"),
		Status:        mapAt(s, "status"),
		ShortNames:    stringsAt(s, "shortNames"),
		Categories:    stringsAt(s, "categories"),
		Labels:        stringMapAt(meta, "labels"),
		Annotations:   stringMapAt(meta, "annotations"),
		Doc:           doc,
	}
	if cols, ok := s["additionalPrinterColumns"]; ok {
		// Admission has checked the shape, so a round trip cannot lose anything.
		if raw, err := json.Marshal(cols); err == nil {
			_ = json.Unmarshal(raw, &r.PrinterColumns)
		}
	}
	for _, item := range listAt(spec, "resources") {
		if m, ok := item.(map[string]any); ok {
			r.Resources = append(r.Resources, decodeResource(m))
		}
	}
	return r
}

func decodeResource(m map[string]any) Resource {
	r := Resource{
		ID:          stringAt(m, "id"),
		Template:    mapAt(m, "template"),
		ReadyWhen:   stringsAt(m, "readyWhen"),
		IncludeWhen: stringsAt(m, "includeWhen"),
	}
	for _, d := range listAt(m, "forEach") {
		entry, _ := d.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(entry)) {
			text, _ := entry[name].(string)
			r.ForEach = append(r.ForEach, ForEach{Name: name, Text: text})
		}
	}
	if ext := mapAt(m, "externalRef"); ext != nil {
		r.External, r.Selector, r.HasName, r.HasSelector = decodeExternalRef(ext)
	}
	return r
}

// decodeExternalRef returns the object that an externalRef stands for: only
// apiVersion, kind and metadata's name, namespace and selector (S1.7).
func decodeExternalRef(ext map[string]any) (obj map[string]any, selector any, hasName, hasSelector bool) {
	in := mapAt(ext, "metadata")
	meta := map[string]any{}
	for _, key := range []string{"name", "namespace"} {
		if v := stringAt(in, key); v != "" {
			meta[key] = v
		}
	}
	selector, hasSelector = in["selector"]
	if hasSelector {
		meta["selector"] = selector
	}
	obj = map[string]any{"metadata": meta}
	for _, key := range []string{"apiVersion", "kind"} {
		if v, ok := ext[key]; ok {
			obj[key] = v
		}
	}
	return obj, selector, stringAt(in, "name") != "", hasSelector
}

// resourcePath is the path of resource i in the RGD's document.
func resourcePath(i int) diag.Path { return diag.Path{"spec", "resources", i} }

func mapAt(m map[string]any, key string) map[string]any {
	v, _ := m[key].(map[string]any)
	return v
}

func listAt(m map[string]any, key string) []any {
	v, _ := m[key].([]any)
	return v
}

func stringAt(m map[string]any, key string) string {
	v, _ := m[key].(string)
	return v
}

func stringsAt(m map[string]any, key string) []string {
	var out []string
	for _, v := range listAt(m, key) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func stringMapAt(m map[string]any, key string) map[string]string {
	in := mapAt(m, key)
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]string, len(in))
	for k, v := range in {
		out[k], _ = v.(string)
	}
	return out
}
