// Package wave orders the objects of an expansion: in goes an instance's
// expansion with those of its chained instances, out comes a sync wave for
// every object, such that an object is always in a later wave than everything
// that its node depends on, and independent objects share waves.
package wave

import (
	"strconv"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
)

// Annotation is the annotation that Argo CD reads waves from.
const Annotation = "argocd.argoproj.io/sync-wave"

// Member is an expansion among those that chain into each other.
type Member struct {
	*expand.Expansion
	Chained []*Member // by object: its own expansion; nil for plain objects
	Waves   []int     // by object; of a chained one, the first of its waves
}

// Assign sets the Waves of m and of everything chained below it. The first wave
// is the instance's own annotation, 0 when absent. An annotation in a template
// is a lower bound, relative to the first wave. at is where the instance has its
// annotation.
func Assign(m *Member, at diag.Position) diag.List {
	var diags diag.List
	first := authored(m.Instance, func(text string) {
		diags.Add(diag.Diagnostic{
			Severity: diag.Error, Rule: "sync-wave", Pos: at,
			Message: "the instance's annotation " + Annotation + " is not an integer: " + strconv.Quote(text),
		})
	})
	assign(m, first, &diags)
	return diags
}

// assign gives waves from first on and returns the last one used, or first-1
// for an expansion without objects.
func assign(m *Member, first int, diags *diag.List) int {
	m.Waves = make([]int, len(m.Objects))
	ends := map[string]int{} // node -> the last wave that its dependents must follow
	last, next := first-1, 0
	for _, n := range m.Graph.Nodes {
		start := first
		for _, dep := range n.Dependencies {
			if end, ok := ends[dep]; ok {
				start = max(start, end+1)
			}
		}
		end := start - 1
		for ; next < len(m.Objects) && m.Objects[next].Node == n; next++ {
			end = max(end, place(m, next, start, first, diags))
		}
		ends[n.ID] = end
		last = max(last, end)
	}
	return last
}

// place gives object i its wave and returns the last wave that it occupies.
func place(m *Member, i, start, first int, diags *diag.List) int {
	o := m.Objects[i]
	bound := authored(o.Object, func(text string) {
		doc, path := m.Graph.RGD.Doc, diag.Path{"spec", "resources", o.Node.Index, "template", "metadata", "annotations", Annotation}
		diags.Errorf(doc.Position(path), "sync-wave", "%s: annotation %s is not an integer: %q", o.Node.ID, Annotation, text)
	})
	m.Waves[i] = max(start, first+bound)
	if m.Chained != nil && m.Chained[i] != nil {
		return max(m.Waves[i], assign(m.Chained[i], m.Waves[i], diags))
	}
	return m.Waves[i]
}

// authored reads the annotation; one that is no integer is reported, since Argo
// CD would ignore it in silence.
func authored(obj map[string]any, bad func(text string)) int {
	meta, _ := obj["metadata"].(map[string]any)
	annotations, _ := meta["annotations"].(map[string]any)
	text, ok := annotations[Annotation].(string)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 32) // 32 bits: sums of waves cannot overflow
	if err != nil {
		bad(text)
		return 0
	}
	return int(n)
}
