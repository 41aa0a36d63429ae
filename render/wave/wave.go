// Package wave orders the objects of an expansion. It takes the expansion of an
// instance with those of its chained instances, and returns a sync wave for every
// object. An object is always in a later wave than everything that its node
// depends on; independent objects share waves.
package wave

import (
	"slices"
	"strconv"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// Annotation is the annotation that Argo CD reads waves from.
const Annotation = "argocd.argoproj.io/sync-wave"

// Member is an expansion among those that chain into each other.
type Member struct {
	*expand.Expansion
	Chained []*Member // by object: its own expansion; nil for plain objects
	Waves   []int     // by object; of a chained one, the first of its waves
	First   int       // the wave from which the expansion may begin

	// Trailing asks for one more wave, Trail, after all objects and the first wave:
	// that of an instance that kro finishes.
	Trailing bool
	Trail    int
}

// Mode says where a new wave begins.
type Mode string

// Modes. The zero value is Levels.
const (
	Levels Mode = "levels" // behind every dependency
	Gated  Mode = "gated"  // behind a dependency that has to be waited for: it has readyWhen, or a field of it is read that only a cluster sets
	None   Mode = "none"   // nowhere: objects get no wave
)

// Assign sets the Waves of m and of everything chained below it. The first wave
// is the instance's own annotation, 0 when absent. An annotation in a template
// is a lower bound, relative to the first wave. at finds where the instance has
// its annotation; it is called only for a finding.
func Assign(m *Member, mode Mode, at func() diag.Position) diag.List {
	a := assigner{mode: mode}
	first := authored(m.Instance, func(text string) {
		a.diags.Add(diag.Diagnostic{
			Severity: diag.Error, Rule: "sync-wave", Pos: at(),
			Message: "the instance's annotation " + Annotation + " is not an integer: " + strconv.Quote(text),
		})
	})
	a.assign(m, first)
	return a.diags
}

// Nodes returns the wave of every node of a graph whose objects carry no
// annotations of their own, from 0. External references take none: they have
// that of what could follow them.
func Nodes(g *graph.Graph, mode Mode) map[string]int {
	waves, ends := make(map[string]int, len(g.Nodes)), make(map[string]end, len(g.Nodes))
	for _, n := range g.Nodes {
		at := start(n, 0, mode, ends, g)
		waves[n.ID] = at
		if n.Type.IsExternal() {
			at--
		}
		ends[n.ID] = end{n, at}
	}
	return waves
}

// end is the last wave of a node, which its dependents must follow.
type end struct {
	node *graph.Node
	last int
}

type assigner struct {
	mode  Mode
	diags diag.List
}

// start is the first wave that a node may have: after those of its
// dependencies, as the mode says. ends has those dependencies that count.
func start(n *graph.Node, first int, mode Mode, ends map[string]end, g *graph.Graph) int {
	at := first
	if g.Native != nil {
		mode = Gated // kro waits for values only (G31), and waves wait for health
	}
	for _, id := range n.After() {
		dep, ok := ends[id]
		if !ok {
			continue
		}
		last := dep.last
		if mode != Gated || gates(dep.node, n, g.Native != nil) {
			last++
		}
		at = max(at, last)
	}
	return at
}

// gates reports whether a dependent must wait until dep is more than there. In a
// Graph, readyWhen holds nobody back.
func gates(dep, dependent *graph.Node, native bool) bool {
	if len(dep.ReadyWhen) > 0 && !native {
		return true
	}
	return slices.ContainsFunc(dependent.Expressions(), func(e *graph.Expression) bool {
		return slices.ContainsFunc(e.Runtime, func(r graph.RuntimeRead) bool { return r.Path[0] == dep.ID && !r.InstanceDependent })
	})
}

// assign gives waves from first on and returns the last one used, or first-1
// for an expansion without objects.
func (a *assigner) assign(m *Member, first int) int {
	m.Waves, m.First = make([]int, len(m.Objects)), first
	ends := make(map[string]end, len(m.Graph.Nodes))
	last, next := first-1, 0
	for _, n := range m.Graph.Nodes {
		from := start(n, first, a.mode, ends, m.Graph)
		until := from - 1
		hook := false
		for ; next < len(m.Objects) && m.Objects[next].Node == n; next++ {
			until = max(until, a.place(m, next, from, first))
			hook = hook || IsHook(m.Objects[next].Object)
		}
		if hook && n.IsRead {
			a.diags.Warnf(m.Graph.RGD.Doc.Position(n.At.With("id")), "hook-dependency",
				"%s is a hook, which runs in its own phase: waves do not delay the nodes that depend on it", n.ID)
		}
		ends[n.ID] = end{n, until}
		last = max(last, until)
	}
	if m.Trailing {
		last = max(last, first) + 1
		m.Trail = last
	}
	return last
}

// IsHook reports whether an object is a hook of Argo CD or Helm, whose order is
// not that of waves.
func IsHook(obj map[string]any) bool {
	annotations := object.Annotations(obj)
	return annotations["argocd.argoproj.io/hook"] != nil || annotations["helm.sh/hook"] != nil
}

// place gives object i its wave and returns the last wave that it occupies.
func (a *assigner) place(m *Member, i, start, first int) int {
	o := m.Objects[i]
	bound := authored(o.Object, func(text string) {
		doc, path := m.Graph.RGD.Doc, o.Node.At.With("template", "metadata", "annotations", Annotation)
		a.diags.Errorf(doc.Position(path), "sync-wave", "%s: annotation %s is not an integer: %q", o.Node.ID, Annotation, text)
	})
	m.Waves[i] = max(start, first+bound)
	if m.Chained != nil && m.Chained[i] != nil {
		return max(m.Waves[i], a.assign(m.Chained[i], m.Waves[i]))
	}
	return m.Waves[i]
}

// authored reads the annotation; one that is not an integer is reported, since Argo
// CD would ignore it in silence.
func authored(obj map[string]any, bad func(text string)) int {
	text, ok := object.Annotations(obj)[Annotation].(string)
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
