package override

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/schema"
)

// overrideValue finds the field of a path and reads text as a value of it. Its
// errors do not repeat the text, which may be secret.
func overrideValue(s *schema.Schema, path, text string) (any, diag.Path, error) {
	steps := graph.ParsePath(path)
	if len(steps) == 0 || steps.String() != path {
		return nil, nil, fmt.Errorf("not a path such as image.tag, ports[0].name or labels[\"a.b\"]")
	}
	for i, step := range steps {
		if s == nil || s.PreserveUnknown && s.Properties == nil {
			s = nil
			break
		}
		switch step := step.(type) {
		case int:
			if s.Type != "array" {
				return nil, nil, fmt.Errorf("%s is not a list", steps[:i])
			}
			s = s.Items
		case string:
			next, ok := s.Properties[step]
			switch {
			case ok:
			case s.AdditionalProperties != nil || s.AdditionalAllowed || s.PreserveUnknown:
				next = s.AdditionalProperties
			default:
				return nil, nil, unknownField(s, steps[:i+1])
			}
			s = next
		}
	}
	value, err := parseValue(s, text)
	return value, steps, err
}

func unknownField(s *schema.Schema, path diag.Path) error {
	known := slices.Sorted(maps.Keys(s.Properties))
	text := fmt.Sprintf("the schema has no field %s", path)
	if c := diag.Closest(fmt.Sprint(path[len(path)-1]), known); c != "" {
		return fmt.Errorf("%s; did you mean %s", text, c)
	}
	if len(known) == 0 {
		return fmt.Errorf("%s", text)
	}
	return fmt.Errorf("%s; there are %s", text, listed(known))
}

// parseValue reads text as a value of a schema. A field of no type takes JSON,
// and anything else as a string.
func parseValue(s *schema.Schema, text string) (any, error) {
	kind := ""
	if s != nil {
		kind = s.Type
	}
	switch kind {
	case "string":
		return text, nil
	case "integer":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("the value is not an integer")
		}
		return n, nil
	case "number":
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("the value is not a number")
		}
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
		return f, nil
	case "boolean":
		if text != "true" && text != "false" {
			return nil, fmt.Errorf("the value is not true or false")
		}
		return text == "true", nil
	}
	value, err := parseJSON(text)
	switch {
	case err == nil && kind == "object":
		if _, ok := value.(map[string]any); !ok {
			return nil, fmt.Errorf("the value is not a JSON object")
		}
	case err == nil && kind == "array":
		if _, ok := value.([]any); !ok {
			return nil, fmt.Errorf("the value is not a JSON list")
		}
	case err != nil && kind != "":
		return nil, fmt.Errorf("the value is not JSON, which a field of type %s takes", kind)
	case err != nil:
		return text, nil
	}
	return value, nil
}

// parseJSON reads JSON text as the API server's decoder would.
func parseJSON(text string) (any, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, fmt.Errorf("more than one JSON value")
	}
	return plain(v)
}

// plain turns numbers into int64 where they are whole, else float64.
func plain(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		return v.Float64()
	case map[string]any:
		for k, c := range v {
			if v[k], err = plain(c); err != nil {
				return nil, err
			}
		}
	case []any:
		for i, c := range v {
			if v[i], err = plain(c); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// with returns v with the value at a path set. What lies on the path is copied,
// missing maps are made, and a list may grow by one.
func with(v any, path diag.Path, value any) (any, error) {
	if len(path) == 0 {
		return value, nil
	}
	switch step := path[0].(type) {
	case string:
		old, ok := v.(map[string]any)
		if !ok && v != nil {
			return nil, fmt.Errorf("the path needs an object before %s", path)
		}
		child, err := with(old[step], path[1:], value)
		if err != nil {
			return nil, err
		}
		out := maps.Clone(old)
		if out == nil {
			out = map[string]any{}
		}
		out[step] = child
		return out, nil
	case int:
		old, ok := v.([]any)
		if !ok && v != nil {
			return nil, fmt.Errorf("the path needs a list before %s", path)
		}
		if step > len(old) {
			return nil, fmt.Errorf("the list has %d items, so the next index is [%d]", len(old), len(old))
		}
		out := append(slices.Clone(old), nil)[:max(len(old), step+1)]
		child, err := with(out[step], path[1:], value)
		if err != nil {
			return nil, err
		}
		out[step] = child
		return out, nil
	}
	return nil, fmt.Errorf("not a path")
}
