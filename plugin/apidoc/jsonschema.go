package apidoc

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
)

// SchemaFile is the name of the JSON schema of an RGD's instances below a
// directory of schemas: GROUP/kind_version.json, as kubeconform looks them up.
func SchemaFile(g *graph.Graph) string {
	kind := g.RGD.GVK
	return fmt.Sprintf("%s/%s_%s.json", kind.Group, strings.ToLower(kind.Kind), kind.Version)
}

// JSONSchema is the JSON schema of an RGD's instances as people write them: what
// has a default may be missing, and a field that the RGD does not have is
// refused. It is of draft-07, which editors and kubeconform read.
func JSONSchema(g *graph.Graph) ([]byte, error) {
	of := schemaWriter{secrets: compare.SecretInputs(g)}
	apiVersion, kind := g.RGD.GVK.ToAPIVersionAndKind()
	properties := map[string]any{
		"apiVersion": map[string]any{"type": "string", "enum": []any{apiVersion}},
		"kind":       map[string]any{"type": "string", "enum": []any{kind}},
		"metadata":   metadataSchema(),
	}
	for _, v := range g.CRD.Spec.Versions {
		if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
			continue
		}
		for name, p := range v.Schema.OpenAPIV3Schema.Properties {
			if properties[name] == nil {
				properties[name] = of.schema(&p, []string{name})
			}
		}
	}
	text, err := json.MarshalIndent(map[string]any{
		"$schema":  "http://json-schema.org/draft-07/schema#",
		"$comment": "Made by krowave schema. Do not edit.",
		"title":    kind, "description": "An instance of ResourceGraphDefinition " + g.RGD.Name + ".",
		"type": "object", "required": []any{"apiVersion", "kind", "metadata"}, "properties": properties, "additionalProperties": false,
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("the schema of %s: %w", g.RGD.Name, err)
	}
	return append(text, '\n'), nil
}

// metadataSchema is that of an object's metadata.
func metadataSchema() map[string]any {
	text, number := map[string]any{"type": "string"}, map[string]any{"type": "integer"}
	texts := map[string]any{"type": "object", "additionalProperties": text}
	return map[string]any{"type": "object", "additionalProperties": false, "properties": map[string]any{
		"name": text, "generateName": text, "namespace": text, "labels": texts, "annotations": texts,
		"finalizers":      map[string]any{"type": "array", "items": text},
		"ownerReferences": map[string]any{"type": "array", "items": map[string]any{"type": "object"}},
		"managedFields":   map[string]any{"type": "array", "items": map[string]any{"type": "object"}},
		"uid":             text, "resourceVersion": text, "selfLink": text, "creationTimestamp": map[string]any{"type": []any{"string", "null"}},
		"deletionTimestamp": text, "generation": number, "deletionGracePeriodSeconds": number,
	}}
}

// schemaWriter turns OpenAPI schemas into JSON schemas.
type schemaWriter struct{ secrets [][]string }

// schema is the JSON schema of a value.
func (w schemaWriter) schema(s *apiextensionsv1.JSONSchemaProps, steps []string) map[string]any {
	out := map[string]any{}
	w.values(out, s, steps)
	bounds(out, s)
	w.fields(out, s, steps)
	for name, list := range map[string][]apiextensionsv1.JSONSchemaProps{"allOf": s.AllOf, "anyOf": s.AnyOf, "oneOf": s.OneOf} {
		var branches []any
		for i := range list {
			branch := w.schema(&list[i], steps)
			if len(list[i].Properties) > 0 { // a condition about some of the fields
				delete(branch, "additionalProperties")
			}
			branches = append(branches, branch)
		}
		if branches != nil {
			out[name] = branches
		}
	}
	if s.Not != nil {
		not := w.schema(s.Not, steps)
		delete(not, "additionalProperties")
		out["not"] = not
	}
	if s.XIntOrString && out["anyOf"] == nil {
		out["anyOf"] = []any{map[string]any{"type": "integer"}, map[string]any{"type": "string"}}
	}
	if s.Nullable {
		allowNull(out)
	}
	return out
}

// allowNull lets a value be null, too.
func allowNull(out map[string]any) {
	if text, ok := out["type"].(string); ok {
		out["type"] = []any{text, "null"}
	}
	if enum, ok := out["enum"].([]any); ok && !slices.Contains(enum, nil) {
		out["enum"] = append(slices.Clone(enum), nil)
	}
	if list, ok := out["anyOf"].([]any); ok {
		out["anyOf"] = append(slices.Clone(list), map[string]any{"type": "null"})
	}
}

// values adds what a schema says of any value: type, default, enum, words.
func (w schemaWriter) values(out map[string]any, s *apiextensionsv1.JSONSchemaProps, steps []string) {
	if s.Type != "" && !s.XIntOrString {
		out["type"] = s.Type
	}
	for name, text := range map[string]string{"title": s.Title, "description": s.Description, "format": s.Format, "pattern": s.Pattern} {
		if text != "" {
			out[name] = text
		}
	}
	if s.Default != nil && !w.isSecret(steps) {
		out["default"] = json.RawMessage(s.Default.Raw)
	}
	var enum []any
	for _, e := range s.Enum {
		enum = append(enum, json.RawMessage(e.Raw))
	}
	if enum != nil {
		out["enum"] = enum
	}
	var rules []string
	for _, v := range s.XValidations {
		if v.Message != "" {
			rules = append(rules, v.Message)
		} else {
			rules = append(rules, v.Rule)
		}
	}
	if len(rules) > 0 { // JSON schema cannot ask them
		out["$comment"] = "The API server also checks: " + strings.Join(rules, "; ")
	}
}

// isSecret reports whether a Secret is made of a field, of one around it or of
// one inside of it.
func (w schemaWriter) isSecret(steps []string) bool {
	return slices.ContainsFunc(w.secrets, func(secret []string) bool {
		secret = slices.DeleteFunc(slices.Clone(secret), func(step string) bool { return step == expr.Item })
		n := min(len(secret), len(steps))
		return slices.Equal(secret[:n], steps[:n])
	})
}

// bounds adds those of numbers, strings, lists and objects.
func bounds(out map[string]any, s *apiextensionsv1.JSONSchemaProps) {
	number := func(name string, v *float64) {
		if v != nil {
			out[name] = *v
		}
	}
	bound := func(name, exclusive string, v *float64, isExclusive bool) {
		if isExclusive {
			name = exclusive
		}
		number(name, v)
	}
	bound("minimum", "exclusiveMinimum", s.Minimum, s.ExclusiveMinimum)
	bound("maximum", "exclusiveMaximum", s.Maximum, s.ExclusiveMaximum)
	number("multipleOf", s.MultipleOf)
	for name, v := range map[string]*int64{
		"minLength": s.MinLength, "maxLength": s.MaxLength, "minItems": s.MinItems, "maxItems": s.MaxItems, "minProperties": s.MinProperties, "maxProperties": s.MaxProperties,
	} {
		if v != nil {
			out[name] = *v
		}
	}
	if s.UniqueItems || s.XListType != nil && *s.XListType == "set" {
		out["uniqueItems"] = true
	}
}

// fields adds those of an object, the items of a list and the entries of a map. A
// field with a default is not required of those who write it, and null is as if a
// field were not there.
func (w schemaWriter) fields(out map[string]any, s *apiextensionsv1.JSONSchemaProps, steps []string) {
	open := s.XPreserveUnknownFields != nil && *s.XPreserveUnknownFields || s.XEmbeddedResource
	var required []any
	for _, name := range s.Required {
		if p, ok := s.Properties[name]; !ok || p.Default == nil {
			required = append(required, name)
		}
	}
	if required != nil {
		out["required"] = required
	}
	if len(s.Properties) > 0 {
		properties := map[string]any{}
		for name, p := range s.Properties {
			property := w.schema(&p, append(slices.Clone(steps), name))
			if !p.Nullable && !slices.Contains(required, any(name)) {
				allowNull(property)
			}
			properties[name] = property
		}
		out["properties"] = properties
	}
	switch {
	case s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil:
		out["additionalProperties"] = w.schema(s.AdditionalProperties.Schema, steps)
	case s.AdditionalProperties != nil:
		out["additionalProperties"] = s.AdditionalProperties.Allows
	case s.Type == "object" && !open:
		out["additionalProperties"] = false // the API server drops them
	}
	if s.Items != nil && s.Items.Schema != nil {
		out["items"] = w.schema(s.Items.Schema, steps)
	}
}
