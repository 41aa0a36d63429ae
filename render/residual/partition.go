package residual

import (
	"fmt"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
)

// partition finds the nodes that kro renders. Beside those that need a cluster
// these are static ones that kro could not refer to in the residual RGD, and
// whatever depends on one of either.
type partition struct {
	g     *graph.Graph
	world World
	byID  map[string]*graph.Node
	moved map[string]Moved

	// What the residual RGD refers to, once solved: nodes that Git renders, and
	// external references of the author.
	carried, kept map[string]bool
}

func newPartition(g *graph.Graph, world World) *partition {
	p := &partition{g: g, world: world, byID: map[string]*graph.Node{}, moved: map[string]Moved{}}
	for _, n := range g.Nodes {
		p.byID[n.ID] = n
	}
	return p
}

// solve moves nodes until nothing that is moved refers to what kro cannot see.
// Each round moves a node or is the last.
func (p *partition) solve() {
	for _, n := range p.g.Nodes {
		switch {
		case n.Type.IsExternal():
		case n.Binding == graph.Runtime:
			p.moved[n.ID] = Moved{n, p.cause(n), p.at(n)}
		case p.world.KeepWorkarounds && len(n.Workarounds) > 0:
			p.moved[n.ID] = Moved{n, "belongs to the instance in the cluster: " + n.Workarounds[0].What, p.idPosition(n)}
		}
	}
	for {
		before := len(p.moved)
		for _, n := range p.g.Nodes { // in topological order, so one pass is enough
			p.followDependency(n)
		}
		var roots []string
		for _, n := range p.g.Nodes {
			if p.has(n.ID) {
				roots = append(roots, n.Dependencies...)
			}
		}
		var hidden []*graph.Node
		p.carried, p.kept, hidden = p.reach(roots)
		for _, n := range hidden {
			p.moved[n.ID] = Moved{n, p.hiddenWhy(n), p.idPosition(n)}
		}
		if len(p.moved) == before {
			return
		}
	}
}

// has reports whether kro renders the node of that id.
func (p *partition) has(id string) bool { _, ok := p.moved[id]; return ok }

func (p *partition) followDependency(n *graph.Node) {
	if p.has(n.ID) || n.Type.IsExternal() {
		return
	}
	for _, dep := range n.Dependencies {
		if p.has(dep) {
			p.moved[n.ID] = Moved{n, "depends on " + dep, p.idPosition(n)}
			return
		}
	}
}

// reach follows references from ids to all that kro must see for them: nodes
// that Git renders, external references, and hidden, nodes of Git that no
// reference can name.
func (p *partition) reach(ids []string) (carried, kept map[string]bool, hidden []*graph.Node) {
	carried, kept = map[string]bool{}, map[string]bool{}
	seen := map[string]bool{}
	for len(ids) > 0 {
		n := p.byID[ids[0]]
		ids = ids[1:]
		if n == nil || seen[n.ID] || p.has(n.ID) {
			continue
		}
		seen[n.ID] = true
		switch {
		case n.Type.IsExternal():
			kept[n.ID] = true
			ids = append(ids, n.Dependencies...)
		case p.hiddenWhy(n) != "":
			hidden = append(hidden, n)
		default:
			carried[n.ID] = true
			for _, e := range p.references(n) {
				ids = append(ids, e.References...)
			}
		}
	}
	return carried, kept, hidden
}

// references are the expressions of a carried node's external reference.
func (p *partition) references(n *graph.Node) []*graph.Expression {
	out := p.conditions(n)
	for _, f := range n.Fields {
		if path := f.Path.String(); path == "metadata.name" || path == "metadata.namespace" {
			out = append(out, f.Expr)
		}
	}
	return out
}

// conditions are those under which a node is rendered: its own, behind those of
// everything that it depends on (S7.3).
func (p *partition) conditions(n *graph.Node) []*graph.Expression {
	above := map[string]bool{n.ID: true}
	for i := len(p.g.Nodes) - 1; i >= 0; i-- {
		if other := p.g.Nodes[i]; above[other.ID] {
			for _, dep := range other.Dependencies {
				above[dep] = true
			}
		}
	}
	var out []*graph.Expression
	for _, other := range p.g.Nodes {
		if above[other.ID] {
			out = append(out, other.IncludeWhen...)
		}
	}
	return out
}

// hiddenWhy says why kro cannot refer to a node that Git renders; "" when it
// can.
func (p *partition) hiddenWhy(n *graph.Node) string {
	meta, _ := n.Template["metadata"].(map[string]any)
	name, _ := meta["name"].(string)
	switch {
	case n.Type.Repeats():
		return "is a collection, which no external reference can name, and kro reads it"
	case p.world.chained(n.Kind.GVK):
		return "is an instance of an RGD, which is expanded in Git, and kro reads it"
	case name == "":
		return "has no name that an external reference could use, and kro reads it"
	}
	return ""
}

// cause is the first reason why a node needs a cluster.
func (p *partition) cause(n *graph.Node) string {
	c := n.Causes[0]
	if c.Dependency != "" {
		return "depends on " + c.Dependency
	}
	return fmt.Sprintf("reads %s: %s", c.Read, c.Read.Why)
}

func (p *partition) at(n *graph.Node) diag.Position {
	if c := n.Causes[0]; c.Expression != nil {
		e := c.Expression
		return p.g.RGD.Doc.Within(e.Path, e.Offset(e.Find(c.Read.Read)))
	}
	return p.idPosition(n)
}

func (p *partition) idPosition(n *graph.Node) diag.Position {
	return p.g.RGD.Doc.Position(n.At.With("id"))
}

// list returns what is moved in topological order.
func (p *partition) list() []Moved {
	var out []Moved
	for _, n := range p.g.Nodes {
		if m, ok := p.moved[n.ID]; ok {
			out = append(out, m)
		}
	}
	return out
}

func (p *partition) keys() map[string]bool {
	out := map[string]bool{}
	for id := range p.moved {
		out[id] = true
	}
	return out
}
