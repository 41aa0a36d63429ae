package simpleschema

import (
	"math"
	"slices"
	"sort"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/krowave/krowave/render/diag"
)

// Bounds of a sample: a schema may ask for more than anybody wants to read.
const (
	maxSampleValues = 10_000
	maxSampleString = 8 << 10
	maxSampleText   = 128 << 10

	maxDistinctTries = 16 // for a list item that differs from those before it
)

// sampleKey is the key of sample map entries.
const sampleKey = "example"

// Sample returns a minimal instance of the CRD: every required field that has
// no default, and every other field without a default for which include
// answers true, together with the parents that it needs. include may be nil;
// its path begins with "spec", every item of a list is step 0 and every entry
// of a map step "example". The instance has no namespace. Values satisfy the
// schema's own keywords; validation rules are not looked at.
func Sample(crd *apiextensionsv1.CustomResourceDefinition, include func(path diag.Path) bool) map[string]any {
	if include == nil {
		include = func(diag.Path) bool { return false }
	}
	s := &sampler{include: include}
	return s.instance(crd)
}

// SampleFull returns an instance with every field of the CRD's spec; a field
// with a default has that value.
func SampleFull(crd *apiextensionsv1.CustomResourceDefinition) map[string]any {
	s := &sampler{include: func(diag.Path) bool { return true }, defaults: true}
	return s.instance(crd)
}

// sampler holds what one sample needs and has used up.
type sampler struct {
	include  func(path diag.Path) bool
	defaults bool // write fields with a default, too

	values int // made so far
	text   int // bytes of generated strings so far
}

func (s *sampler) instance(crd *apiextensionsv1.CustomResourceDefinition) map[string]any {
	name := "my-" + strings.ToLower(crd.Spec.Names.Kind)
	out := map[string]any{
		"kind":     crd.Spec.Names.Kind,
		"metadata": map[string]any{"name": name[:min(len(name), 63)]},
	}
	for _, v := range crd.Spec.Versions {
		if !v.Storage && len(crd.Spec.Versions) > 1 {
			continue
		}
		out["apiVersion"] = crd.Spec.Group + "/" + v.Name
		if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
			continue
		}
		if spec, ok := v.Schema.OpenAPIV3Schema.Properties["spec"]; ok {
			out["spec"], _ = s.value(diag.Path{"spec"}, &spec, 0)
		}
	}
	return out
}

// value makes a value of a schema. Different variants give different values,
// where the schema has room for it. The second result reports whether the value
// holds something that include asked for.
func (s *sampler) value(path diag.Path, schema *apiextensionsv1.JSONSchemaProps, variant int) (any, bool) {
	s.values++
	if v, ok := fromEnum(schema.Enum, variant); ok {
		return v, false
	}
	if s.defaults && variant == 0 && len(schema.Properties) == 0 {
		if v, ok := decode(schema.Default); ok {
			return v, false
		}
	}
	switch {
	case schema.XIntOrString:
		return int64(1 + variant), false
	case schema.Type == "object":
		return s.object(path, schema, variant)
	case schema.Type == "array":
		return s.array(path, schema)
	case schema.Type == "integer":
		return int64(number(schema, 1, variant)), false
	case schema.Type == "number":
		return number(schema, 1.5, variant), false
	case schema.Type == "boolean":
		return variant%2 == 0, false
	case schema.Type == "string":
		v := sampleString(path, schema, variant)
		s.text += len(v)
		return v, false
	}
	return map[string]any{}, false
}

func (s *sampler) object(path diag.Path, schema *apiextensionsv1.JSONSchemaProps, variant int) (any, bool) {
	out := map[string]any{}
	wanted := false
	for _, name := range sortedProperties(schema) {
		field := schema.Properties[name]
		at := path.With(name)
		leaf := len(field.Properties) == 0
		asked := s.include(at) && (field.Default == nil || s.defaults || !leaf)
		needed := field.Default == nil && slices.Contains(schema.Required, name)
		// An optional struct is worth making only to see what is asked of it.
		if !needed && !asked && !composite(&field) || s.exhausted() {
			continue
		}
		v, inside := s.value(at, &field, variant)
		if object, ok := v.(map[string]any); ok && !leaf && field.Default != nil && len(object) == 0 {
			asked = false // its own default says the same
		}
		if !needed && !asked && !inside {
			continue
		}
		out[name] = v
		wanted = wanted || asked || inside
	}
	if values := schema.AdditionalProperties; values != nil && values.Schema != nil && !s.exhausted() {
		v, inside := s.value(path.With(sampleKey), values.Schema, variant)
		out[sampleKey] = v
		wanted = wanted || inside
	}
	return out, wanted
}

// composite reports whether fields lie below a schema.
func composite(schema *apiextensionsv1.JSONSchemaProps) bool {
	return len(schema.Properties) > 0 ||
		schema.Items != nil && schema.Items.Schema != nil && composite(schema.Items.Schema) ||
		schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil && composite(schema.AdditionalProperties.Schema)
}

func sortedProperties(schema *apiextensionsv1.JSONSchemaProps) []string {
	names := make([]string, 0, len(schema.Properties))
	for name := range schema.Properties {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// array makes one item, or as many as minItems asks for; none only where
// maxItems is 0. Items differ, since the list may be a set or keyed.
func (s *sampler) array(path diag.Path, schema *apiextensionsv1.JSONSchemaProps) (any, bool) {
	out := []any{}
	if schema.Items == nil || schema.Items.Schema == nil {
		return out, false
	}
	count := int64(1)
	if schema.MinItems != nil {
		count = max(count, *schema.MinItems)
	}
	if schema.MaxItems != nil {
		count = min(count, max(0, *schema.MaxItems))
	}
	wanted := false
	for i := 0; int64(i) < count && !s.exhausted(); i++ {
		v, inside := s.value(path.With(0), schema.Items.Schema, i)
		for again := 1; again <= maxDistinctTries && holdsText(out, v) && !s.exhausted(); again++ {
			v, inside = s.value(path.With(0), schema.Items.Schema, i+again)
		}
		if item, ok := v.(map[string]any); ok {
			s.listKeys(path.With(0), schema, item, i)
		}
		out = append(out, v)
		wanted = wanted || inside
	}
	return out, wanted
}

// holdsText reports whether v is a string that the list has already.
func holdsText(list []any, v any) bool {
	text, ok := v.(string)
	return ok && slices.ContainsFunc(list, func(item any) bool { return item == text })
}

// listKeys writes the keys of a keyed list's item, which must be there and
// differ even where they have a default.
func (s *sampler) listKeys(path diag.Path, schema *apiextensionsv1.JSONSchemaProps, item map[string]any, variant int) {
	for _, key := range schema.XListMapKeys {
		field, ok := schema.Items.Schema.Properties[key]
		if _, done := item[key]; done && !s.defaults || !ok {
			continue
		}
		item[key], _ = s.value(path.With(key), &field, variant)
	}
}

func (s *sampler) exhausted() bool { return s.values >= maxSampleValues || s.text >= maxSampleText }

// fromEnum picks a listed value.
func fromEnum(enum []apiextensionsv1.JSON, variant int) (any, bool) {
	if len(enum) == 0 {
		return nil, false
	}
	return decode(&enum[variant%len(enum)])
}

func decode(raw *apiextensionsv1.JSON) (any, bool) {
	if raw == nil {
		return nil, false
	}
	var v any
	if err := json.Unmarshal(raw.Raw, &v); err != nil || v == nil {
		return nil, false
	}
	return v, true
}

// number returns prefer where the limits allow it, else the limit next to it.
func number(schema *apiextensionsv1.JSONSchemaProps, prefer float64, variant int) float64 {
	low, high := math.Inf(-1), math.Inf(1)
	if schema.Minimum != nil && !math.IsNaN(*schema.Minimum) {
		low = *schema.Minimum
	}
	if schema.Maximum != nil && !math.IsNaN(*schema.Maximum) {
		high = *schema.Maximum
	}
	if schema.Type == "integer" {
		low = math.Max(math.Ceil(low), math.MinInt64)
		high = math.Min(math.Floor(high), math.MaxInt64-1023) // the last float64 below
	}
	up := math.Max(prefer, low) + float64(variant)
	if up <= high {
		return up
	}
	return math.Max(math.Min(prefer, high)-float64(variant), low)
}
