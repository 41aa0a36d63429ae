package picture

import (
	"slices"
	"strings"

	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/wave"
)

// Of is the graph of an RGD to be laid out: all its nodes with the waves that they
// have without an instance, and who reads what of whom. graphs are those of the
// RGDs that it may build on.
func Of(g *graph.Graph, mode wave.Mode, graphs []*graph.Graph) Graph {
	out := Graph{Title: g.RGD.Name}
	var waves map[string]int // with none, there is one wave
	if mode != wave.None {
		waves = wave.Nodes(g, mode)
	}
	for _, n := range g.Nodes {
		node := Node{
			ID: n.ID, Title: n.ID, Kind: n.Kind.GVK.Kind, Wave: waves[n.ID], State: Static,
			Collection: n.Type.IsCollection(), Chained: ChainedTo(n, graphs) != nil,
		}
		switch {
		case n.Type.IsExternal():
			node.State = External
		case n.Binding == graph.Runtime:
			node.State = Runtime
		}
		out.Nodes = append(out.Nodes, node)
		for _, dep := range n.Dependencies {
			out.Edges = append(out.Edges, Edge{From: dep, To: n.ID, Fields: reads(n, dep)})
		}
	}
	return out
}

// ChainedTo is the graph of the instance that a node renders, nil for none.
func ChainedTo(n *graph.Node, graphs []*graph.Graph) *graph.Graph {
	if n.Type.IsExternal() {
		return nil
	}
	for _, g := range graphs {
		if g.RGD.GVK == n.Kind.GVK {
			return g
		}
	}
	return nil
}

// reads lists the fields of a node that another one reads.
func reads(n *graph.Node, of string) []string {
	out := []string{}
	for _, e := range n.Expressions() {
		for _, r := range e.Reads {
			if len(r.Path) == 0 || r.Path[0] != of {
				continue
			}
			field := strings.TrimPrefix(expr.Dotted(r.Path[1:]), ".")
			if field != "" && !slices.Contains(out, field) {
				out = append(out, field)
			}
		}
	}
	slices.Sort(out)
	return out
}
