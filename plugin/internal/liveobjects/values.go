package liveobjects

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/schema"
)

type schemaOf = schema.Schema

// values makes up values for what one expression reads.
type values struct {
	source  string // of the expression
	variant int
	object  int // which one gets the value: texts differ between objects, as names do
	changed bool
}

// put returns a value in which the path is there. What is there already stays.
func (v *values) put(at any, s *schemaOf, steps []string) any {
	name := ""
	return v.into(at, s, steps, name)
}

func (v *values) into(at any, s *schemaOf, steps []string, name string) any {
	if at == nil {
		if len(steps) == 0 || name == "conditions" {
			v.changed = true
			return v.sample(s, name, 0)
		}
		if isList(s, steps[0]) {
			v.changed = true
			return []any{v.into(nil, s.Step(steps[0]), steps[1:], name)}
		}
	}
	if len(steps) == 0 {
		return at
	}
	switch at := at.(type) {
	case nil:
		return v.into(map[string]any{}, s, steps, name)
	case []any:
		if steps[0] != expr.Item {
			return at
		}
		for i := range at {
			at[i] = v.into(at[i], s.Step(expr.Item), steps[1:], name)
		}
		if len(at) == 0 {
			v.changed = true
			return []any{v.into(nil, s.Step(expr.Item), steps[1:], name)}
		}
	case map[string]any:
		keys := []string{steps[0]}
		if steps[0] == expr.Item {
			keys = keys[:0]
			for key := range at {
				keys = append(keys, key)
			}
			if slices.Sort(keys); len(keys) == 0 {
				keys = []string{"key"}
			}
		}
		for _, key := range keys {
			next := v.into(at[key], s.Step(key), steps[1:], key)
			if at[key] == nil {
				v.changed = true
			}
			at[key] = next
		}
	}
	return at
}

// isList reports whether a step leads into a list.
func isList(s *schemaOf, step string) bool {
	if s != nil && s.Type != "" {
		return s.Type == "array"
	}
	return step == expr.Item
}

// sample is a value of a schema.
func (v *values) sample(s *schemaOf, name string, depth int) any {
	switch {
	case name == "conditions":
		return v.conditions()
	case s == nil || depth > 4:
		return v.text(name, "")
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.IsIntOrString():
		return int64(8080)
	}
	switch s.Type {
	case "object":
		out := map[string]any{}
		for key, p := range s.Properties {
			out[key] = v.sample(p, key, depth+1)
		}
		if s.AdditionalProperties != nil {
			out["key"] = v.sample(s.AdditionalProperties, "key", depth+1)
		}
		return out
	case "array":
		return []any{v.sample(s.Items, name, depth+1)}
	case "integer":
		return v.number(s)
	case "number":
		return v.number(s)
	case "boolean":
		return true
	}
	return v.text(name, s.Format)
}

func (v *values) number(s *schemaOf) any {
	if s.Minimum != nil && *s.Minimum > 3 {
		return int64(*s.Minimum)
	}
	return int64(3)
}

var quoted = regexp.MustCompile(`"([^"\\]*)"|'([^'\\]*)'`)

// conditions has an entry of each type that the expression names.
func (v *values) conditions() any {
	types := []string{"Ready"}
	for _, m := range quoted.FindAllStringSubmatch(v.source, -1) {
		text := m[1] + m[2]
		if text != "" && !slices.Contains([]string{"True", "False", "Unknown", "Ready"}, text) && !strings.ContainsAny(text, " /:") {
			types = append(types, text)
		}
	}
	out := make([]any, len(types))
	for i, t := range types {
		out[i] = map[string]any{
			"type": t, "status": "True", "reason": "Done", "message": "it is done",
			"lastTransitionTime": "2024-01-01T00:00:00Z", "observedGeneration": int64(1),
		}
	}
	return out
}

// variants are what a text may have to be; the first goes by the field's name.
func variants() []string {
	return []string{
		"", "arn:aws:iam::123456789012:role/sample", "https://host.example.com:8443/path", "10.0.0.0/16", "10.0.0.1", "3",
		"2024-01-01T00:00:00Z", "c2FtcGxl", `{"key":"value"}`, "a,b,c", "a/b/c/d/e/f/g/h/i", "true",
	}
}

// text is a text for a field.
func (v *values) text(name, format string) any {
	if name != "" {
		compared := regexp.MustCompile(regexp.QuoteMeta(name) + `\)?\s*==\s*["']([^"']+)["']`)
		if m := compared.FindStringSubmatch(v.source); m != nil {
			return m[1]
		}
	}
	switch format {
	case "date-time":
		return "2024-01-01T00:00:00Z"
	case "byte":
		return "c2FtcGxl"
	}
	if chosen := variants()[v.variant]; chosen != "" {
		return chosen
	}
	lower := strings.ToLower(name)
	for _, known := range []struct{ part, text string }{
		{"arn", "arn:aws:iam::123456789012:role/sample"}, {"cidr", "10.0.0.0/16"}, {"issuer", "https://host.example.com/id"},
		{"url", "https://host.example.com/path"}, {"endpoint", "https://host.example.com:8443"}, {"host", "host.example.com"},
		{"time", "2024-01-01T00:00:00Z"}, {"port", "8080"}, {"address", "10.0.0.1"}, {"ip", "10.0.0.1"},
	} {
		if strings.Contains(lower, known.part) {
			return known.text
		}
	}
	return fmt.Sprintf("%s-%d", cmp.Or(strings.Trim(lower, "-"), "text"), v.object)
}
