package compare

import (
	"maps"

	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/graph"
)

// Masks hides the values of Secrets in what one render made, as a report does.
// It may be used by several goroutines at once.
type Masks struct{ side *side }

// NewMasks returns the masks of a render.
func NewMasks(res *render.Result) *Masks {
	s := &side{Side: Side{Result: res}, graphs: map[string]*graph.Graph{}}
	for _, g := range res.Graphs {
		s.graphs[g.RGD.Name] = g
	}
	return &Masks{s}
}

// Object returns an object with field.Mask in the place of what may not be
// shown. The object is not changed.
func (m *Masks) Object(o *render.Object) map[string]any {
	out, _ := field.Shown(m.side.masked(o)).(map[string]any)
	return out
}

// Instance does the same for an instance as the input has it: for the fields
// that Secrets are made from.
func (m *Masks) Instance(g *graph.Graph, instance map[string]any) map[string]any {
	out, _ := hideSecrets(instance).(map[string]any)
	for _, path := range m.side.secretFields(g, maxChain) {
		out, _ = hideAt(out, path).(map[string]any)
	}
	out, _ = field.Shown(out).(map[string]any)
	return out
}

// Unmask is the inverse: instance with the values of original wherever a mask
// stands. Neither is changed.
func Unmask(instance, original map[string]any) map[string]any {
	out, _ := unmask(instance, original).(map[string]any)
	return out
}

func unmask(v, original any) any {
	switch v := v.(type) {
	case string:
		if v == field.Mask && original != nil {
			return original
		}
	case map[string]any:
		was, _ := original.(map[string]any)
		out := maps.Clone(v)
		for name, item := range v {
			out[name] = unmask(item, was[name])
		}
		return out
	case []any:
		was, _ := original.([]any)
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = item
			if i < len(was) {
				out[i] = unmask(item, was[i])
			}
		}
		return out
	}
	return v
}

// Template returns the template of a node with masks in the place of what a
// Secret holds.
func Template(n *graph.Node) map[string]any {
	out, _ := field.Shown(hideSecrets(n.Template)).(map[string]any)
	return out
}

// SecretInputs are the fields of instances that Secrets are made from: paths
// that begin with spec. Defaults of them are not shown either.
func SecretInputs(g *graph.Graph) [][]string { return secretInputs(g) }
