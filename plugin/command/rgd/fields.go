package rgd

import (
	"maps"
	"slices"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
)

// readPaths are the fields of the instance that a graph's expressions read.
type readPaths [][]string

func reads(g *graph.Graph) readPaths {
	var out readPaths
	for _, n := range g.Nodes {
		for _, e := range n.Expressions() {
			for _, r := range e.Reads {
				if path := r.Field(); len(path) > 2 && path[0] == graph.SchemaVar && path[1] == "spec" {
					out = append(out, path[1:])
				}
			}
		}
	}
	return out
}

// exactly reports whether a field itself is read.
func (r readPaths) exactly(path diag.Path) bool {
	return slices.ContainsFunc(r, func(read []string) bool { return len(read) == len(path) && leads(read, path) })
}

// below reports whether a field or one around it is read.
func (r readPaths) below(path diag.Path) bool {
	return slices.ContainsFunc(r, func(read []string) bool { return len(read) <= len(path) && leads(read, path) })
}

func leads(read []string, path diag.Path) bool {
	for i, name := range read {
		if path[i] != any(name) {
			return false
		}
	}
	return true
}

// keys adds to maps the keys that expressions read, with the value of another
// entry, or 1 where the schema allows anything. The sample is changed.
func (r readPaths) keys(sample map[string]any) map[string]any {
	for _, read := range r {
		at := sample
		for i, name := range read {
			if _, ok := at[name]; !ok {
				value, ok := at["example"]
				if !ok {
					value = any(int64(1))
				}
				if !ok && i < len(read)-1 {
					value = map[string]any{}
				}
				at[name] = value
			}
			next, ok := at[name].(map[string]any)
			if !ok {
				break
			}
			at = next
		}
	}
	return sample
}

// exampleTexts are texts with a form that expressions often ask for: addresses,
// versions, URLs, times, numbers, JSON and base64.
var exampleTexts = [...]string{
	"10.0.0.0/16", "10.0.0.1", "1.2.3", "https://example.com/a", "2024-01-02T03:04:05Z", "1h", "1", "true", "{}", "[]", "aGVsbG8=", "a,b", "a-b", "a/b", "",
}

// textPaths lists the strings of a sample's spec.
func textPaths(v any, at diag.Path) []diag.Path {
	var out []diag.Path
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if len(at) > 0 || key == "spec" {
				out = append(out, textPaths(v[key], at.With(key))...)
			}
		}
	case []any:
		for i, item := range v {
			out = append(out, textPaths(item, at.With(i))...)
		}
	case string:
		out = append(out, at)
	}
	return out[:min(len(out), 12)]
}

// withText returns a copy of v with another string at a path.
func withText(v any, path diag.Path, text string) map[string]any {
	out, _ := replaced(v, path, text).(map[string]any)
	return out
}

func replaced(v any, path diag.Path, text string) any {
	if len(path) == 0 {
		return text
	}
	switch step := path[0].(type) {
	case string:
		m, _ := v.(map[string]any)
		out := maps.Clone(m)
		out[step] = replaced(m[step], path[1:], text)
		return out
	case int:
		l, _ := v.([]any)
		out := slices.Clone(l)
		out[step] = replaced(l[step], path[1:], text)
		return out
	}
	return v
}
