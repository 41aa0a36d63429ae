package schema

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
)

// RuleUnknownField is a field that the schema of a kind does not have.
const RuleUnknownField = "unknown-field"

// checkBuiltin says why the API server would refuse an object of a kind of
// Kubernetes, as far as the published schema tells: types, required and unknown
// fields, formats, quantities, enums, and the keys of lists that server-side
// apply merges. Published schemas hold no ranges and no patterns, and what the
// API server checks in code is not known here. Status is the cluster's own and is
// not looked at.
func checkBuiltin(k *Kind, obj map[string]any) []Problem {
	c := checker{kind: k.GVK.Kind}
	for _, name := range slices.Sorted(maps.Keys(obj)) {
		if name != "status" {
			c.member(nil, name, obj[name], k.Schema)
		}
	}
	c.required(nil, obj, k.Schema)
	if k.GVK.Group == "" && (k.GVK.Kind == "ConfigMap" || k.GVK.Kind == "Secret") {
		c.dataKeys(obj)
	}
	return c.problems
}

type checker struct {
	kind     string
	problems []Problem
}

func (c *checker) add(at diag.Path, rule, format string, args ...any) {
	if rule == RuleSchema && len(at) > 0 && at[0] == "metadata" {
		rule = RuleMetadata
	}
	c.problems = append(c.problems, Problem{Path: at, Rule: rule, Message: fmt.Sprintf(format, args...)})
}

// public says of the last problem what is wrong without any value.
func (c *checker) public(format string, args ...any) {
	c.problems[len(c.problems)-1].Public = fmt.Sprintf(format, args...)
}

// value checks a value by its schema. A null stands for an absent value, as
// Kubernetes decodes it.
func (c *checker) value(at diag.Path, v any, s *Schema) {
	if v == nil || s == nil {
		return
	}
	switch {
	case s.IsIntOrString():
		if !isText(v) && !isWhole(v) {
			c.wrongType(at, v, "an integer or a string")
		}
	case isQuantitySchema(s):
		c.quantity(at, v)
	case s.Type == "object":
		c.object(at, v, s)
	case s.Type == "array":
		c.list(at, v, s)
	case s.Type == "string":
		c.text(at, v, s)
	case s.Type == "integer":
		c.integer(at, v, s)
	case s.Type == "number":
		if _, ok := v.(float64); !ok && !isWhole(v) {
			c.wrongType(at, v, "a number")
		}
	case s.Type == "boolean":
		if _, ok := v.(bool); !ok {
			c.wrongType(at, v, "a boolean")
		}
	}
}

// isQuantitySchema recognises resource.Quantity: a string or a number.
func isQuantitySchema(s *Schema) bool {
	return s.Type == "" && len(s.OneOf) == 2 && slices.Contains(s.OneOf[0].Types, "string") && slices.Contains(s.OneOf[1].Types, "number")
}

func (c *checker) wrongType(at diag.Path, v any, want string) {
	c.add(at, RuleSchema, "must be %s, not %s", want, object.TypeName(v))
}

func (c *checker) quantity(at diag.Path, v any) {
	switch v := v.(type) {
	case string:
		if _, err := resource.ParseQuantity(v); err != nil {
			c.add(at, RuleSchema, "invalid value %s: not a quantity such as 500m or 2Gi", quoteValue(v))
		}
	case int64, int, float64:
	default:
		c.wrongType(at, v, "a quantity")
	}
}

func (c *checker) object(at diag.Path, v any, s *Schema) {
	m, ok := v.(map[string]any)
	if !ok {
		c.wrongType(at, v, "an object")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		c.member(at, name, m[name], s)
	}
	c.required(at, m, s)
}

// member checks the value of a key.
func (c *checker) member(at diag.Path, name string, v any, s *Schema) {
	path := at.With(name)
	switch {
	case s.Properties[name] != nil:
		c.value(path, v, s.Properties[name])
	case s.AdditionalProperties != nil:
		if v == nil && s.AdditionalProperties.Type == "string" {
			return // decoded as ""
		}
		c.value(path, v, s.AdditionalProperties)
	case s.Properties == nil, s.PreserveUnknown, s.AdditionalAllowed:
	default:
		message := fmt.Sprintf("field %s is not in the schema of %s", path, c.kind)
		if like := diag.Closest(name, slices.Sorted(maps.Keys(s.Properties))); like != "" {
			message += fmt.Sprintf("; did you mean %s?", like)
		}
		c.add(path, RuleUnknownField, "%s", message)
	}
}

// required checks the fields that must be there.
func (c *checker) required(at diag.Path, m map[string]any, s *Schema) {
	for _, name := range s.Required {
		if p := s.Properties[name]; m[name] == nil && (p == nil || !p.HasDefault || isZero(p.Default)) {
			c.add(at.With(name), RuleSchema, "a value is required")
		}
	}
}

func (c *checker) list(at diag.Path, v any, s *Schema) {
	items, ok := v.([]any)
	if !ok {
		c.wrongType(at, v, "a list")
		return
	}
	for i, item := range items {
		c.value(at.With(i), item, s.Items)
	}
	if s.ListType == "map" || s.ListType == "set" {
		c.distinct(at, items, s)
	}
}

// distinct reports items of one key. The API server stores some of them, but
// server-side apply, which kro, Flux and Argo CD use, refuses all.
func (c *checker) distinct(at diag.Path, items []any, s *Schema) {
	seen := map[string]bool{}
	for i, item := range items {
		key := quoteKey(item, s)
		if key != "" && seen[key] {
			c.add(at.With(i), RuleSchema, "duplicate value: another item has the same %s, which server-side apply refuses", keyNames(s))
		}
		seen[key] = true
	}
}

func keyNames(s *Schema) string {
	if s.ListType == "set" {
		return "value"
	}
	return strings.Join(s.ListMapKeys, " and ")
}

// quoteKey is what tells an item of a list from others; "" when it cannot be
// told.
func quoteKey(item any, s *Schema) string {
	if s.ListType == "set" {
		if !scalar(item) {
			return ""
		}
		return fmt.Sprintf("%T %v", item, item)
	}
	m, ok := item.(map[string]any)
	if !ok || len(s.ListMapKeys) == 0 {
		return ""
	}
	key := ""
	for _, name := range s.ListMapKeys {
		v := m[name]
		if s.Items != nil && v == nil && s.Items.Properties[name] != nil && s.Items.Properties[name].HasDefault {
			v = s.Items.Properties[name].Default
		}
		key += fmt.Sprintf("%T %v\x00", v, v)
	}
	return key
}

func (c *checker) text(at diag.Path, v any, s *Schema) {
	text, ok := v.(string)
	if !ok {
		c.wrongType(at, v, "a string")
		return
	}
	switch s.Format {
	case "byte":
		if _, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\n", "", "\r", "").Replace(text)); err != nil {
			c.add(at, RuleSchema, "the value is not base64") // never quoted: it may be a Secret's
			c.public("the value is not base64")
		}
	case "date-time":
		if _, err := time.Parse(time.RFC3339, text); err != nil && text != "" {
			c.add(at, RuleSchema, "invalid value %s: not a time such as 2006-01-02T15:04:05Z", quoteValue(text))
			c.public("the value is not a time such as 2006-01-02T15:04:05Z")
		}
	}
	if len(s.Enum) > 0 && text != "" && !slices.Contains(s.Enum, any(text)) { // "" is as if it were left out
		c.notOf(at, text, s.Enum)
	}
}

// notOf reports a word that is not one of an enum.
func (c *checker) notOf(at diag.Path, text string, enum []any) {
	words := make([]string, len(enum))
	for i, word := range enum {
		words[i], _ = word.(string)
	}
	message := fmt.Sprintf("value %s is not supported", quoteValue(text))
	if len(words) <= maxWords {
		message += ": supported values: " + `"` + strings.Join(words, `", "`) + `"`
	}
	c.add(at, RuleSchema, "%s", message)
	last := &c.problems[len(c.problems)-1]
	last.Word, last.Like = text, diag.Closest(text, words)
}

// maxWords is how many words of an enum a message lists.
const maxWords = 12

func (c *checker) integer(at diag.Path, v any, s *Schema) {
	if !isWhole(v) {
		c.wrongType(at, v, "an integer")
		return
	}
	if n, ok := v.(int64); ok && s.Format == "int32" && (n < math.MinInt32 || n > math.MaxInt32) {
		c.add(at, RuleSchema, "invalid value %d: does not fit into 32 bits", n)
	}
}

func isText(v any) bool { _, ok := v.(string); return ok }

// isWhole reports whether a number is decoded as an integer.
func isWhole(v any) bool {
	switch v := v.(type) {
	case int64, int:
		return true
	case float64:
		return v == math.Trunc(v) && math.Abs(v) < exact
	}
	return false
}
