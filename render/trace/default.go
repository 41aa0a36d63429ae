package trace

import (
	"strings"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
)

// byDefault points at the line of SimpleSchema that gives a field of an
// instance its default; at the field's own when that cannot be told apart.
func (t *Tracer) byDefault(out *Value, i *render.Instance, path diag.Path) {
	out.From = FromDefault
	at, withDefault := declared(i, path)
	if withDefault != nil {
		at = withDefault
	}
	if at == nil {
		return
	}
	doc := i.Graph.RGD.Doc
	out.At = position(doc.Position(at))
	if text, _ := lookup(doc.Object, at); !out.Hidden {
		out.Declared, _ = text.(string)
		out.Key = keyOf(at)
	}
}

// declared follows a path through SimpleSchema: the deepest declaration on the
// way, and the deepest with a default.
func declared(i *render.Instance, path diag.Path) (at, withDefault diag.Path) {
	if len(path) == 0 || path[0] != "spec" {
		return nil, nil
	}
	rgd := i.Graph.RGD
	var value any = rgd.Spec
	at = diag.Path{"spec", "schema", "spec"}
	for _, step := range path[1:] {
		if text, ok := value.(string); ok {
			name, _, _ := strings.Cut(text, "|")
			name = customType(strings.TrimSpace(name))
			if custom, ok := rgd.Types[name]; ok {
				value, at = custom, diag.Path{"spec", "schema", "types", name}
			}
		}
		if _, ok := step.(int); ok {
			continue // [] is taken off with the name of the type
		}
		m, _ := value.(map[string]any)
		next, ok := m[step.(string)]
		if !ok {
			break
		}
		value, at = next, at.With(step)
		if text, ok := next.(string); ok && strings.Contains(text, "default=") {
			withDefault = at
		}
	}
	return at, withDefault
}

// customType takes the lists and maps off a type: [][]map[string]port is port.
func customType(name string) string {
	for {
		rest := strings.TrimPrefix(strings.TrimPrefix(name, "[]"), "map[string]")
		if rest == name {
			return name
		}
		name = rest
	}
}
