package graph

import (
	"strings"

	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/schema"
)

// templated follows a path through a template.
func templated(value any, s *schema.Schema, steps []string) (why string, maybe bool) {
	for i, step := range steps {
		switch v := value.(type) {
		case map[string]any:
			if step == expr.Item {
				return each(sortedValues(v), s.Step(step), steps[i+1:])
			}
			next, ok := v[step]
			if !ok {
				return unset(s, steps[:i], step), false
			}
			value, s = next, s.Step(step)
		case []any:
			return each(v, s.Step(step), steps[i+1:])
		case string:
			if strings.Contains(v, "${") {
				return whyInstance, true
			}
			return "", false
		default:
			return "", false
		}
	}
	return "", false
}

// each is the worst of what holds for the elements of a list or a map.
func each(elements []any, s *schema.Schema, steps []string) (why string, maybe bool) {
	for _, e := range elements {
		if w, m := templated(e, s, steps); w != "" {
			if !m {
				return w, false
			}
			why, maybe = w, m
		}
	}
	return why, maybe
}

// unset says why a field that a template leaves out is not known: unless the
// schema gives it a default, only a cluster sets it.
func unset(s *schema.Schema, above []string, step string) string {
	switch {
	case len(above) == 0 && step == "status":
		return whyStatus
	case len(above) == 1 && above[0] == "metadata" && serverSet[step]:
		return whyServer
	}
	if c := s.Step(step); c != nil && c.HasDefault {
		return ""
	}
	return whyUnset
}

func sortedValues(m map[string]any) []any {
	out := make([]any, 0, len(m))
	for _, k := range sortedKeys(m) {
		out = append(out, m[k])
	}
	return out
}
