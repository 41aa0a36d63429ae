package compare

import (
	"maps"
	"reflect"
	"slices"

	"github.com/krowave/krowave/plugin/compare/compat"
	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/trace"
)

// anyItem stands in a path for every item of a list.
const anyItem = expr.Item

// masked returns an object with the values of Secrets hidden: those of a Secret
// itself, wherever it stands, and those that expressions bring into other
// objects.
func (s *side) masked(o *render.Object) map[string]any {
	if o == nil {
		return nil
	}
	out, _ := hideSecrets(o.Object).(map[string]any)
	if o.For != nil {
		return s.maskedForKro(o, out)
	}
	if o.Instance == nil || !o.Instance.ReadsSecret(o.Node) {
		return out
	}
	var secrets trace.Secrets
	for _, f := range o.Node.Fields {
		if secrets.Field(o.Instance, o.Node, f.Path) {
			out, _ = hideAt(out, wildcards(f.Path)).(map[string]any)
		}
	}
	return out
}

// hideSecrets hides what Secrets hold, also those inside of a List or of an
// RGD's template. What holds none is not copied.
func hideSecrets(v any) any {
	switch v := v.(type) {
	case map[string]any:
		secret := object.IsSecret(v)
		out := v
		for name, item := range v {
			shown := hideSecrets(item)
			switch {
			case secret && object.IsSecretField(name):
				shown = hideEach(item)
			case secret && name == "metadata":
				shown = hideAt(item, []string{"annotations", object.LastApplied})
			case !changed(item, shown):
				continue
			}
			if sameMap(out, v) {
				out = maps.Clone(v)
			}
			out[name] = shown
		}
		return out
	case []any:
		out := v
		for i, item := range v {
			if shown := hideSecrets(item); changed(item, shown) {
				if &out[0] == &v[0] {
					out = slices.Clone(v)
				}
				out[i] = shown
			}
		}
		return out
	}
	return v
}

// changed reports whether hideSecrets made a copy.
func changed(before, after any) bool {
	switch a := after.(type) {
	case map[string]any:
		b, ok := before.(map[string]any)
		return !ok || !sameMap(a, b)
	case []any:
		b, ok := before.([]any)
		return !ok || len(a) > 0 && &a[0] != &b[0]
	}
	return false
}

func sameMap(a, b map[string]any) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

// hideEach hides the values of a mapping and keeps its keys.
func hideEach(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return field.Hide(v)
	}
	out := make(map[string]any, len(m))
	for name, item := range m {
		out[name] = field.Hide(item)
	}
	return out
}

// hideAt hides the value at a path, in copies of what is on the way.
func hideAt(v any, path []string) any {
	if len(path) == 0 {
		if _, ok := v.(field.Hidden); ok {
			return v
		}
		return field.Hide(v)
	}
	switch v := v.(type) {
	case map[string]any:
		item, ok := v[path[0]]
		if !ok {
			return v
		}
		out := maps.Clone(v)
		out[path[0]] = hideAt(item, path[1:])
		return out
	case []any:
		out := slices.Clone(v)
		for i := range out {
			out[i] = hideAt(out[i], path[1:])
		}
		return out
	}
	return v
}

// overlap reports whether one path leads to, or below, what the other does.
func overlap(a, b []string) bool {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] && a[i] != anyItem && b[i] != anyItem {
			return false
		}
	}
	return true
}

// wildcards is a path in which places in lists do not count: items may be left
// out before an object is made.
func wildcards(path diag.Path) []string {
	out := make([]string, len(path))
	for i, step := range path {
		if name, ok := step.(string); ok {
			out[i] = name
		} else {
			out[i] = anyItem
		}
	}
	return out
}

// secretInputs are the fields of instances that end up in Secrets, by their
// paths: their defaults are values like those that instances set.
func secretInputs(g *graph.Graph) [][]string {
	var out [][]string
	for _, n := range g.Nodes {
		if !n.IsSecret() {
			continue
		}
		for _, f := range n.Fields {
			if path := wildcards(f.Path); !object.IsSecretField(path[0]) {
				continue
			}
			for _, r := range f.Expr.Reads {
				if r.Path[0] == graph.SchemaVar && !r.Shape {
					out = append(out, r.Field()[1:])
				}
			}
		}
	}
	return out
}

// maskInput hides what a schema says of such a field.
func maskInput(text string, c compat.Change, secrets [][]string) string {
	path := wildcards(c.Steps)
	if text == "" || c.Verdict == "TYPE_CHANGED" || !slices.ContainsFunc(secrets, func(s []string) bool { return overlap(s, path) }) {
		return text
	}
	return field.Mask
}
