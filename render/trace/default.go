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
	if text, _ := at.In(doc.Object); !out.Hidden {
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
	d := declaration{types: i.Graph.RGD.Types, value: i.Graph.RGD.Spec, at: diag.Path{"spec", "schema", "spec"}}
	for _, step := range path[1:] {
		if !d.into(step) {
			break
		}
	}
	return d.at, d.withDefault
}

// declaration is a place in SimpleSchema: a map of fields or the text of a type.
type declaration struct {
	types           map[string]any
	value           any
	at, withDefault diag.Path
}

// into takes one step, through the names of custom types.
func (d *declaration) into(step any) bool {
	for range len(d.types) + 1 {
		text, ok := d.value.(string)
		if !ok {
			break
		}
		name, _, _ := strings.Cut(text, "|")
		name = strings.TrimSpace(name)
		element, isList := strings.CutPrefix(name, "[]")
		if !isList {
			if element, ok = strings.CutPrefix(name, "map[string]"); !ok {
				element = ""
			}
		}
		if element != "" {
			d.value = element
			return true
		}
		if d.value, ok = d.types[name]; !ok {
			return false
		}
		d.to(diag.Path{"spec", "schema", "types", name})
	}
	fields, _ := d.value.(map[string]any)
	name, _ := step.(string)
	next, ok := fields[name]
	if !ok {
		return false
	}
	d.value = next
	d.to(d.at.With(name))
	return true
}

func (d *declaration) to(at diag.Path) {
	d.at = at
	if text, ok := d.value.(string); ok && strings.Contains(text, "default=") {
		d.withDefault = at
	}
}
