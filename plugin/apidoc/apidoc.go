// Package apidoc describes the API that an RGD defines, for those who write its
// instances: every field with its type, default, constraints and description, and
// an example. It takes a compiled RGD, and returns a Document that Markdown and
// HTML print; JSONSchema is the same for editors.
//
//	doc := apidoc.Of(graph)
//	apidoc.Markdown(os.Stdout, doc)
//
// Defaults that end up in Secrets are not shown.
package apidoc

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/simpleschema"
)

// Document is the API of an RGD.
type Document struct {
	RGD        string  `json:"rgd"`
	APIVersion string  `json:"apiVersion"`
	Kind       string  `json:"kind"`
	Plural     string  `json:"plural"`
	Namespaced bool    `json:"namespaced"`
	Spec       []Field `json:"spec"`
	Status     []Field `json:"status"`
	Example    string  `json:"example"` // YAML
}

// Field is a field of an instance.
type Field struct {
	Path        string   `json:"path"` // such as ports[].name
	Depth       int      `json:"depth"`
	Type        string   `json:"type"`
	Required    bool     `json:"required,omitempty"`
	Default     string   `json:"default,omitempty"` // JSON
	Enum        []string `json:"enum,omitempty"`
	Rules       []string `json:"rules,omitempty"` // constraints in words
	Description string   `json:"description,omitempty"`
}

// Of describes an RGD.
func Of(g *graph.Graph) (*Document, error) {
	out := &Document{
		RGD: g.RGD.Name, APIVersion: g.RGD.GVK.GroupVersion().String(), Kind: g.RGD.GVK.Kind,
		Plural: g.CRD.Spec.Names.Plural, Namespaced: g.CRD.Spec.Scope == apiextensionsv1.NamespaceScoped,
		Spec: []Field{}, Status: []Field{},
	}
	w := walker{secrets: compare.SecretInputs(g)}
	for _, v := range g.CRD.Spec.Versions {
		if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
			continue
		}
		properties := v.Schema.OpenAPIV3Schema.Properties
		if spec, ok := properties["spec"]; ok {
			w.out = &out.Spec
			w.below(&spec, "", 0, []string{"spec"})
		}
		if status, ok := properties["status"]; ok {
			w.out = &out.Status
			w.below(&status, "", 0, []string{"status"})
		}
	}
	sample := simpleschema.Sample(g.CRD, func(path diag.Path) bool { return len(path) <= 2 })
	var text strings.Builder
	if err := manifest.EncodeYAML(&text, []map[string]any{sample}); err != nil {
		return nil, fmt.Errorf("the example of %s: %w", g.RGD.Name, err)
	}
	out.Example = strings.TrimPrefix(text.String(), "---\n")
	return out, nil
}

// walker lists the fields of a schema.
type walker struct {
	out     *[]Field
	secrets [][]string
}

// below lists what is inside of a value: the fields of an object, of the items of
// a list, and of the entries of a map.
func (w *walker) below(s *apiextensionsv1.JSONSchemaProps, path string, depth int, steps []string) {
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		at := join(path, name)
		own := append(slices.Clone(steps), name)
		*w.out = append(*w.out, w.field(&p, at, depth, own, slices.Contains(s.Required, name)))
		inner, mark := inside(&p)
		w.below(inner, at+mark, depth+1, own)
	}
}

// inside is what the items of lists and the entries of maps are, and how a path
// leads there.
func inside(s *apiextensionsv1.JSONSchemaProps) (*apiextensionsv1.JSONSchemaProps, string) {
	switch {
	case s.Items != nil && s.Items.Schema != nil:
		inner, mark := inside(s.Items.Schema)
		return inner, "[]" + mark
	case s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil:
		inner, mark := inside(s.AdditionalProperties.Schema)
		return inner, ".*" + mark
	}
	return s, ""
}

func (w *walker) field(s *apiextensionsv1.JSONSchemaProps, path string, depth int, steps []string, required bool) Field {
	out := Field{Path: path, Depth: depth, Type: typeOf(s), Required: required, Rules: Rules(s), Description: s.Description}
	if s.Default != nil {
		if out.Default = string(s.Default.Raw); w.isSecret(steps) {
			out.Default = field.Mask
		}
	}
	for _, e := range s.Enum {
		out.Enum = append(out.Enum, unquoted(e.Raw))
	}
	return out
}

// isSecret reports whether a Secret is made of a field, of one around it or of
// one inside of it.
func (w *walker) isSecret(path []string) bool {
	return slices.ContainsFunc(w.secrets, func(s []string) bool {
		n := min(len(s), len(path))
		return slices.Equal(s[:n], path[:n])
	})
}

func join(path, name string) string {
	if strings.ContainsAny(name, ".[]") {
		name = strconv.Quote(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

func typeOf(s *apiextensionsv1.JSONSchemaProps) string {
	switch {
	case s.XIntOrString:
		return "integer or string"
	case s.Type == "array" && s.Items != nil && s.Items.Schema != nil:
		return "[]" + typeOf(s.Items.Schema)
	case s.Type == "object" && s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil:
		return "map[string]" + typeOf(s.AdditionalProperties.Schema)
	case s.Type == "object" && s.XPreserveUnknownFields != nil && *s.XPreserveUnknownFields && len(s.Properties) == 0:
		return "any object"
	case s.Type == "":
		return "any"
	}
	return s.Type
}

// Rules are the constraints of a schema in words.
func Rules(s *apiextensionsv1.JSONSchemaProps) []string {
	var out []string
	number := func(format string, v *float64) {
		if v != nil {
			out = append(out, fmt.Sprintf(format, strconv.FormatFloat(*v, 'f', -1, 64)))
		}
	}
	count := func(format string, v *int64) {
		if v != nil {
			out = append(out, fmt.Sprintf(format, *v))
		}
	}
	number("at least %s", s.Minimum)
	number("at most %s", s.Maximum)
	number("a multiple of %s", s.MultipleOf)
	count("at least %d characters", s.MinLength)
	count("at most %d characters", s.MaxLength)
	count("at least %d items", s.MinItems)
	count("at most %d items", s.MaxItems)
	count("at least %d entries", s.MinProperties)
	count("at most %d entries", s.MaxProperties)
	if s.UniqueItems {
		out = append(out, "no item twice")
	}
	if s.Pattern != "" {
		out = append(out, "matches "+s.Pattern)
	}
	if s.Format != "" {
		out = append(out, "format "+s.Format)
	}
	for _, v := range s.XValidations {
		text := v.Rule
		if v.Message != "" {
			text = v.Message
		}
		if v.Rule == "self == oldSelf" && v.Message == "" {
			text = "cannot be changed"
		}
		out = append(out, text)
	}
	return out
}

func unquoted(raw []byte) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}
