package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// DecodeCRD reads a CustomResourceDefinition, with the API server's defaults.
func DecodeCRD(obj map[string]any) (*apiextensionsv1.CustomResourceDefinition, error) {
	if v := obj["apiVersion"]; v != "apiextensions.k8s.io/v1" {
		return nil, fmt.Errorf("custom resource definition has apiVersion %v: convert it to apiextensions.k8s.io/v1", v)
	}
	if k := obj["kind"]; k != "CustomResourceDefinition" {
		return nil, fmt.Errorf("object is a %v, not a CustomResourceDefinition", k)
	}
	raw, err := json.Marshal(obj)
	if err != nil {
		return nil, err
	}
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := json.Unmarshal(raw, crd); err != nil {
		return nil, fmt.Errorf("custom resource definition: %w", err)
	}
	switch {
	case crd.Spec.Group == "":
		return nil, errors.New("custom resource definition has no spec.group")
	case crd.Spec.Names.Kind == "" || crd.Spec.Names.Plural == "":
		return nil, errors.New("custom resource definition needs spec.names.kind and spec.names.plural")
	case len(crd.Spec.Versions) == 0:
		return nil, errors.New("custom resource definition has no spec.versions")
	}
	setDefaults(crd)
	return crd, nil
}

func setDefaults(crd *apiextensionsv1.CustomResourceDefinition) {
	apiextensionsv1.SetDefaults_CustomResourceDefinition(crd)
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&crd.Spec)
}

// kindOfCRD builds the kind that one version of a CRD serves.
func kindOfCRD(crd *apiextensionsv1.CustomResourceDefinition, v *apiextensionsv1.CustomResourceDefinitionVersion) *Kind {
	k := &Kind{
		GVK:        schema.GroupVersionKind{Group: crd.Spec.Group, Version: v.Name, Kind: crd.Spec.Names.Kind},
		Plural:     crd.Spec.Names.Plural,
		Namespaced: crd.Spec.Scope == apiextensionsv1.NamespaceScoped,
		OwnStatus:  v.Subresources != nil && v.Subresources.Status != nil,
		Schema:     &Schema{Type: "object"},
		aliases:    strings.Join(append([]string{crd.Spec.Names.Singular}, crd.Spec.Names.ShortNames...), " "),
	}
	s, err := structuralOf(v)
	if err != nil {
		k.Err = fmt.Errorf("custom resource definition %s, version %s: %w", crd.Name, v.Name, err)
		return k
	}
	k.Schema = published(s) // with defaults as written
	if k.structural, err = withPrunedDefaults(s); err != nil {
		k.structural, k.Err = nil, fmt.Errorf("custom resource definition %s, version %s: %w", crd.Name, v.Name, err)
	}
	return k
}

// structuralOf returns the structural schema of a version, or why it has none.
func structuralOf(v *apiextensionsv1.CustomResourceDefinitionVersion) (*structuralschema.Structural, error) {
	if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
		return nil, errors.New("no schema.openAPIV3Schema")
	}
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v.Schema.OpenAPIV3Schema, internal, nil); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	s, err := structuralschema.NewStructural(internal)
	if err != nil {
		return nil, fmt.Errorf("schema is not structural: %w", err)
	}
	if errs := structuralschema.ValidateStructural(nil, s); len(errs) > 0 {
		return nil, fmt.Errorf("schema is not structural: %w", errs[0])
	}
	return s, nil
}

// withPrunedDefaults returns a copy of s with defaults as the server applies them.
func withPrunedDefaults(s *structuralschema.Structural) (*structuralschema.Structural, error) {
	out := s.DeepCopy()
	if err := defaulting.PruneDefaults(out); err != nil {
		return nil, err
	}
	return out, nil
}

// published turns the schema of a CRD into what the API server publishes for it
// as OpenAPI v3: apiVersion, kind and metadata are added at the root and to
// embedded resources (S5.1).
func published(s *structuralschema.Structural) *Schema {
	out := fromStructural(s)
	addTypeAndMeta(out)
	return out
}

func addTypeAndMeta(s *Schema) {
	if s.Properties == nil {
		s.Properties = map[string]*Schema{}
	}
	s.Properties["apiVersion"] = &Schema{Type: "string"}
	s.Properties["kind"] = &Schema{Type: "string"}
	s.Properties["metadata"] = ObjectMeta()
}

func fromStructural(s *structuralschema.Structural) *Schema {
	if s == nil {
		return nil
	}
	out := &Schema{
		Type: s.Type, Description: s.Description, Nullable: s.Nullable,
		Default: s.Default.Object, HasDefault: s.Default.Object != nil,
		PreserveUnknown: s.XPreserveUnknownFields, IntOrString: s.XIntOrString,
		EmbeddedResource: s.XEmbeddedResource, ListMapKeys: s.XListMapKeys,
		Items: fromStructural(s.Items),
	}
	if s.XListType != nil {
		out.ListType = *s.XListType
	}
	if s.Properties != nil {
		out.Properties = make(map[string]*Schema, len(s.Properties))
		for name := range s.Properties {
			p := s.Properties[name]
			out.Properties[name] = fromStructural(&p)
		}
	}
	if a := s.AdditionalProperties; a != nil {
		out.HasAdditional = true
		out.AdditionalProperties = fromStructural(a.Structural)
		out.AdditionalAllowed = a.Bool || a.Structural != nil
	}
	addValueValidation(out, s.ValueValidation)
	if s.XIntOrString && len(out.AnyOf) == 0 && !wrapsIntOrString(s) {
		out.AnyOf = []Branch{{Types: []string{"integer"}}, {Types: []string{"string"}}}
	}
	if s.XEmbeddedResource {
		addTypeAndMeta(out)
		for _, name := range []string{"kind", "apiVersion"} {
			if !slices.Contains(out.Required, name) {
				out.Required = append(slices.Clip(out.Required), name)
			}
		}
	}
	return out
}

// wrapsIntOrString recognises allOf: [anyOf: [integer, string]], to which the
// API server adds no second anyOf.
func wrapsIntOrString(s *structuralschema.Structural) bool {
	if s.ValueValidation == nil || len(s.ValueValidation.AllOf) == 0 {
		return false
	}
	first := s.ValueValidation.AllOf[0].AnyOf
	return len(first) == 2 && first[0].ForbiddenGenerics.Type == "integer" && first[1].ForbiddenGenerics.Type == "string"
}

func addValueValidation(out *Schema, v *structuralschema.ValueValidation) {
	if v == nil {
		return
	}
	out.Format, out.Pattern, out.Required = v.Format, v.Pattern, v.Required
	out.Minimum, out.Maximum = v.Minimum, v.Maximum
	out.MinLength, out.MaxLength, out.MinItems, out.MaxItems = v.MinLength, v.MaxLength, v.MinItems, v.MaxItems
	for _, e := range v.Enum {
		out.Enum = append(out.Enum, e.Object)
	}
	out.OneOf, out.AnyOf = branchesOf(v.OneOf), branchesOf(v.AnyOf)
}

func branchesOf(list []structuralschema.NestedValueValidation) []Branch {
	var out []Branch
	for _, n := range list {
		b := Branch{HasRequired: len(n.Required) > 0, HasNot: n.Not != nil}
		if n.ForbiddenGenerics.Type != "" {
			b.Types = []string{n.ForbiddenGenerics.Type}
		}
		out = append(out, b)
	}
	return out
}
