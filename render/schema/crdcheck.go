package schema

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"

	"github.com/krowave/krowave/render/diag"
)

// CheckCRD says why the API server would refuse to create a CRD (S2.8): no
// problems, no refusal. crd is not changed.
func CheckCRD(crd *apiextensionsv1.CustomResourceDefinition) []Problem {
	var out []Problem
	for i := range crd.Spec.Versions {
		if v := &crd.Spec.Versions[i]; v.Schema != nil && v.Schema.OpenAPIV3Schema != nil {
			at := diag.Path{"spec", "versions", i, "schema", "openAPIV3Schema"}
			out = invalidJSON(out, at, v.Schema.OpenAPIV3Schema)
		}
	}
	if len(out) > 0 {
		return out // nothing that is not JSON reaches the API server
	}
	// The API server sees what survives encoding.
	raw, err := json.Marshal(crd)
	if err != nil {
		return []Problem{{Rule: RuleCRD, Message: err.Error()}}
	}
	received := &apiextensionsv1.CustomResourceDefinition{}
	if err := json.Unmarshal(raw, received); err != nil {
		return []Problem{{Rule: RuleCRD, Message: err.Error()}}
	}
	setDefaults(received)
	internal := &apiextensions.CustomResourceDefinition{}
	if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(received, internal, nil); err != nil {
		return []Problem{{Rule: RuleCRD, Message: err.Error()}}
	}
	internal.Status.StoredVersions = nil
	for _, v := range internal.Spec.Versions {
		if v.Storage { // recorded on creation, before validation
			internal.Status.StoredVersions = []string{v.Name}
		}
	}
	errs := crdvalidation.ValidateCustomResourceDefinition(context.Background(), internal)
	if len(errs) == 0 {
		return nil
	}
	var obj map[string]any
	if json.Unmarshal(raw, &obj) != nil {
		obj = nil
	}
	for _, e := range errs {
		// the library keeps a schema that all versions share at the top
		if rest, ok := strings.CutPrefix(e.Field, "spec.validation."); ok {
			e.Field = "spec.versions[0].schema." + rest
		}
	}
	return problemsOf(errs, obj, RuleCRD)
}

// invalidJSON finds defaults, enum values and examples that are no JSON: kro
// copies the text of a default as it was written (S2.6).
func invalidJSON(out []Problem, at diag.Path, p *apiextensionsv1.JSONSchemaProps) []Problem {
	if p == nil {
		return out
	}
	check := func(raw []byte, steps ...any) {
		if len(raw) > 0 && !json.Valid(raw) {
			text := string(raw)
			out = append(out, Problem{Path: at.With(steps...), Rule: RuleCRD,
				Message: "value " + quoteValue(text) + " is not valid JSON: write it as JSON text"})
		}
	}
	if p.Default != nil {
		check(p.Default.Raw, "default")
	}
	if p.Example != nil {
		check(p.Example.Raw, "example")
	}
	for i := range p.Enum {
		check(p.Enum[i].Raw, "enum", i)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Properties)) {
		c := p.Properties[name]
		out = invalidJSON(out, at.With("properties", name), &c)
	}
	if p.Items != nil {
		out = invalidJSON(out, at.With("items"), p.Items.Schema)
	}
	if p.AdditionalProperties != nil {
		out = invalidJSON(out, at.With("additionalProperties"), p.AdditionalProperties.Schema)
	}
	return out
}
