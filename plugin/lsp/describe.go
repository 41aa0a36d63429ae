package lsp

import (
	"strconv"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/krowave/krowave/plugin/apidoc"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/schema"
)

// typeText names the type of a field.
func typeText(s *schema.Schema) string {
	switch {
	case s == nil:
		return "any"
	case s.IsIntOrString():
		return "integer or string"
	case s.Type == "array":
		return "[]" + typeText(s.Items)
	case s.Type == "object" && s.AdditionalProperties != nil:
		return "map[string]" + typeText(s.AdditionalProperties)
	case s.Type == "":
		return "any"
	}
	return s.Type
}

// describe is a field in one line: its type, whether it is needed, its default.
func describe(s *schema.Schema, required bool) string {
	out := typeText(s)
	if required {
		out += ", required"
	}
	if s.HasDefault && s.Type != "object" {
		out += ", default " + inline(s.Default)
	}
	return out
}

// scalar is a value as YAML has it.
func scalar(v any) string {
	text, ok := v.(string)
	if !ok {
		return inline(v)
	}
	docs, _ := manifest.Read("", []byte("v: "+text+"\n"), manifest.Limits{})
	if len(docs) == 1 && docs[0].Object["v"] == text {
		return text
	}
	return strconv.Quote(text)
}

// inline is a value as JSON has it, in one line.
func inline(v any) string {
	out, err := manifest.CanonicalJSON(v)
	if err != nil {
		return "?"
	}
	return string(out)
}

// constraints are the rules of a field in words, as krowave docs has them.
func constraints(s *schema.Schema) []string {
	out := apidoc.Rules(&apiextensionsv1.JSONSchemaProps{
		Minimum: s.Minimum, Maximum: s.Maximum, MinLength: s.MinLength, MaxLength: s.MaxLength, MinItems: s.MinItems, MaxItems: s.MaxItems, Pattern: s.Pattern,
	})
	if len(s.Enum) > 0 {
		var values []string
		for _, v := range s.Enum {
			values = append(values, inline(v))
		}
		out = append(out, "one of "+strings.Join(values, ", "))
	}
	return out
}
