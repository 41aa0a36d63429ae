package wave

import "github.com/krowave/krowave/render/graph"

// Step is a node on the way to a wave.
type Step struct {
	Node        *graph.Node
	Object      int // of the Member; -1 for a node that renders nothing
	First, Last int // waves that it takes: more than one for a chained instance
	Authored    int // the annotation in its template, when that decides the wave; else 0
}

// First is the first wave of an instance that is not chained into another.
func First(m *Member) int { return authored(m.Instance, func(string) {}) }

// Path returns the longest path of dependencies that leads to the wave of
// object i, from its beginning; the last step is the object itself. first is
// the first wave of the expansion, mode the one that Assign had.
func Path(m *Member, i, first int, mode Mode) []Step {
	p := paths{m: m, first: first, mode: mode, ends: map[string]end{}, steps: map[string]Step{}}
	objects := map[*graph.Node][]int{}
	for i, o := range m.Objects {
		objects[o.Node] = append(objects[o.Node], i)
	}
	for _, n := range m.Graph.Nodes {
		p.end(n, objects[n])
	}
	n := m.Objects[i].Node
	return p.back(p.step(n, i))
}

type paths struct {
	m     *Member
	first int
	mode  Mode
	ends  map[string]end  // by node
	steps map[string]Step // by node: what its dependents must follow
}

// end finds the step of a node that its dependents wait for: that of its objects
// with the last wave.
func (p *paths) end(n *graph.Node, objects []int) {
	until := Step{Node: n, Object: -1, First: p.start(n), Last: p.start(n) - 1}
	for _, i := range objects {
		if s := p.step(n, i); s.Last > until.Last || until.Object < 0 {
			until = s
		}
	}
	p.ends[n.ID], p.steps[n.ID] = end{n, until.Last}, until
}

func (p *paths) start(n *graph.Node) int {
	return start(n, p.first, p.mode, p.ends, p.m.Graph)
}

func (p *paths) step(n *graph.Node, i int) Step {
	s := Step{Node: n, Object: i, First: p.m.Waves[i], Last: p.m.Waves[i]}
	if s.First > p.start(n) {
		s.Authored = authored(p.m.Objects[i].Object, func(string) {})
	}
	if p.m.Chained != nil && p.m.Chained[i] != nil {
		s.Last = max(s.Last, last(p.m.Chained[i]))
	}
	return s
}

// last is the last wave of a chained expansion, a low number without objects.
func last(m *Member) int {
	out := -1 << 31
	for i, w := range m.Waves {
		if out = max(out, w); m.Chained != nil && m.Chained[i] != nil {
			out = max(out, last(m.Chained[i]))
		}
	}
	return out
}

// back goes from a step to the dependency that it has to follow, and on.
func (p *paths) back(s Step) []Step {
	if s.Authored == 0 && s.First > p.first {
		for _, dep := range p.m.Graph.Nodes {
			until, ok := p.ends[dep.ID]
			if !ok || dep == s.Node {
				continue
			}
			if alone := start(s.Node, p.first, p.mode, map[string]end{dep.ID: until}, p.m.Graph); alone == p.start(s.Node) {
				return append(p.back(p.steps[dep.ID]), s)
			}
		}
	}
	return []Step{s}
}
