package trace

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/schema"
)

// FieldUses says who uses a field of an RGD's instances.
type FieldUses struct {
	RGD   string      `json:"rgd"`
	Kind  string      `json:"instanceKind"`
	Field string      `json:"field"`
	Reads []FieldUse  `json:"reads"` // expressions of the RGD, in the order of its nodes
	Sets  []FieldUse  `json:"sets"`  // templates of RGDs that build on it
	Given []FieldGive `json:"given"` // instances that set it, in the order of the input
	Of    int         `json:"of"`    // how many instances there are
}

// FieldUse is a place in an RGD.
type FieldUse struct {
	RGD        string        `json:"rgd"`
	Node       string        `json:"node"`
	Path       string        `json:"path"` // below the node
	At         diag.Position `json:"at"`
	Expression string        `json:"expression,omitempty"`
}

// FieldGive is an instance that sets the field.
type FieldGive struct {
	render.Identity
	At diag.Position `json:"at"`
}

// Uses reads RGD.FIELD, such as shop.spec.replicas; RGD is a name or a kind. It
// takes the graphs of all RGDs and the documents that may be instances. The error
// says what there is instead.
func Uses(text string, graphs []*graph.Graph, docs []*manifest.Document) (*FieldUses, error) {
	name, field, _ := strings.Cut(text, ".")
	var g *graph.Graph
	var names []string
	for _, other := range graphs {
		names = append(names, other.RGD.Name)
		if strings.HasPrefix(text, other.RGD.Name+".") && (g == nil || len(other.RGD.Name) > len(g.RGD.Name)) {
			g, field = other, text[len(other.RGD.Name)+1:]
		}
	}
	for _, other := range graphs {
		if g == nil && strings.EqualFold(other.RGD.GVK.Kind, name) {
			g = other
		}
	}
	if g == nil {
		if like := diag.Closest(name, names); like != "" {
			return nil, fmt.Errorf("no RGD is named %s; did you mean %s?", name, like)
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("no RGD is named %s: the paths have none", name)
		}
		slices.Sort(names)
		return nil, fmt.Errorf("no RGD is named %s; there are %s", name, few(names))
	}
	steps := stepsOf(field)
	if err := declares(g, steps); err != nil {
		return nil, err
	}
	out := &FieldUses{RGD: g.RGD.Name, Kind: g.RGD.GVK.Kind, Field: strings.Join(steps, "."), Reads: []FieldUse{}, Sets: []FieldUse{}, Given: []FieldGive{}}
	for _, n := range g.Nodes {
		for _, e := range append(n.Expressions(), n.ReadyWhen...) {
			if slices.ContainsFunc(e.Reads, func(r expr.Read) bool { return r.Path[0] == graph.SchemaVar && overlaps(r.Path[1:], steps) }) {
				out.Reads = append(out.Reads, useOf(g, n, e))
			}
		}
	}
	for _, other := range graphs {
		for _, n := range other.Nodes {
			if n.Kind.GVK.GroupKind() == g.RGD.GVK.GroupKind() && n.Type.Creates() {
				out.Sets = append(out.Sets, sets(other, n, steps)...)
			}
		}
	}
	for _, doc := range docs {
		if object.GVK(doc.Object).GroupKind() != g.RGD.GVK.GroupKind() {
			continue
		}
		out.Of++
		if path, ok := reach(doc.Object, steps); ok {
			id := render.IdentityOf(doc.Object)
			id.Path = doc.File
			out.Given = append(out.Given, FieldGive{Identity: id, At: doc.Position(path)})
		}
	}
	return out, nil
}

// UsesInGraph reads NAME.NODE.FIELD, such as demo.naming.prefix, or graph/NAME.NODE.FIELD,
// of an object of kind Graph among some instances: who reads the field of a node. The error
// says what there is instead; found is false when no Graph has the name.
func UsesInGraph(text string, instances []*render.Instance) (uses *FieldUses, found bool, err error) {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "Graph/"), "graph/")
	var of *render.Instance
	for _, i := range instances {
		name := object.Name(i.Instance)
		if i.Graph.Native != nil && (text == name || strings.HasPrefix(text, name+".")) && (of == nil || len(name) > len(object.Name(of.Instance))) {
			of = i
		}
	}
	if of == nil {
		return nil, false, nil
	}
	name := object.Name(of.Instance)
	field := strings.TrimPrefix(strings.TrimPrefix(text, name), ".")
	var node *graph.Node
	var ids []string
	for _, n := range of.Graph.Nodes {
		ids = append(ids, n.ID)
		if (field == n.ID || strings.HasPrefix(field, n.ID+".")) && (node == nil || len(n.ID) > len(node.ID)) {
			node = n
		}
	}
	if node == nil {
		return nil, true, fmt.Errorf("the Graph %s has no node %s; there are %s", name, field, few(ids))
	}
	steps := stepsOf(strings.TrimPrefix(field, node.ID))
	out := &FieldUses{RGD: name, Kind: of.Graph.RGD.GVK.Kind, Field: strings.Join(append([]string{node.ID}, steps...), "."), Reads: []FieldUse{}, Sets: []FieldUse{}, Given: []FieldGive{}}
	for _, n := range of.Graph.Nodes {
		for _, e := range append(n.Expressions(), n.ReadyWhen...) {
			if slices.ContainsFunc(e.Reads, func(r expr.Read) bool { return r.Path[0] == node.ID && overlaps(r.Path[1:], steps) }) {
				out.Reads = append(out.Reads, useOf(of.Graph, n, e))
			}
		}
	}
	return out, true, nil
}

func useOf(g *graph.Graph, n *graph.Node, e *graph.Expression) FieldUse {
	out := FieldUse{RGD: g.RGD.Name, Node: n.ID, Path: e.Path[3:].String(), At: g.RGD.Doc.Within(e.Path, e.Offset(0))}
	if !e.Sensitive {
		out.Expression = e.Text
	}
	return out
}

// sets are the places where a template sets a field.
func sets(g *graph.Graph, n *graph.Node, steps []string) []FieldUse {
	var out []FieldUse
	for _, f := range n.Fields {
		if overlaps(keysOf(f.Path), steps) {
			out = append(out, useOf(g, n, f.Expr))
		}
	}
	if path, ok := reach(n.Template, steps); ok && len(out) == 0 {
		at := g.Body(n).With(path...)
		out = append(out, FieldUse{RGD: g.RGD.Name, Node: n.ID, Path: at[3:].String(), At: g.RGD.Doc.Position(at)})
	}
	return out
}

// stepsOf reads a path without indices: an item of a list stands for all.
func stepsOf(field string) []string {
	var out []string
	for _, step := range strings.FieldsFunc(field, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if strings.Trim(step, "0123456789*") != "" {
			out = append(out, step)
		}
	}
	return out
}

func keysOf(path diag.Path) []string {
	var out []string
	for _, step := range path {
		if key, ok := step.(string); ok {
			out = append(out, key)
		}
	}
	return out
}

// overlaps reports whether one of two paths leads to a part of the other.
func overlaps(a, b []string) bool {
	a = slices.DeleteFunc(slices.Clone(a), func(step string) bool { return step == expr.Item })
	n := min(len(a), len(b))
	return slices.Equal(a[:n], b[:n])
}

// reach follows a path through an object, through the first item of a list that
// has it.
func reach(v any, steps []string) (diag.Path, bool) {
	if len(steps) == 0 {
		return nil, true
	}
	switch v := v.(type) {
	case map[string]any:
		if next, ok := v[steps[0]]; ok {
			below, found := reach(next, steps[1:])
			return append(diag.Path{steps[0]}, below...), found
		}
	case []any:
		for i, item := range v {
			if below, ok := reach(item, steps); ok {
				return append(diag.Path{i}, below...), true
			}
		}
	}
	return nil, false
}

// declares says why a field is none of an RGD's instances.
func declares(g *graph.Graph, steps []string) error {
	if len(steps) == 0 {
		return fmt.Errorf("a field is missing: use %s.spec or a path below it", g.RGD.Name)
	}
	at := g.Instance
	for i, step := range steps {
		for at != nil && at.Items != nil {
			at = at.Items
		}
		var next *schema.Schema
		switch {
		case at == nil || at.PreserveUnknown:
			return nil
		case at.Properties[step] != nil:
			next = at.Properties[step]
		case at.AdditionalProperties != nil || at.AdditionalAllowed:
			next = at.AdditionalProperties
		default:
			keys := slices.Sorted(maps.Keys(at.Properties))
			text := fmt.Sprintf("%s has no field %s", g.RGD.GVK.Kind, strings.Join(steps[:i+1], "."))
			if like := diag.Closest(step, keys); like != "" {
				return fmt.Errorf("%s; did you mean %s?", text, strings.Join(append(slices.Clone(steps[:i]), like), "."))
			}
			if len(keys) == 0 {
				return fmt.Errorf("%s", text)
			}
			return fmt.Errorf("%s; there are %s", text, few(keys))
		}
		at = next
	}
	return nil
}
