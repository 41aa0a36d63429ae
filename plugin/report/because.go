package report

import (
	"fmt"

	"github.com/krowave/krowave/render/graph"
)

// Because lists the reasons why a node is runtime: what its own expressions
// read, then the dependencies that are runtime themselves.
func Because(n *graph.Node) []string {
	out := []string{}
	for _, c := range n.Causes {
		switch {
		case c.Dependency != "":
			out = append(out, fmt.Sprintf("waits for %s, which is runtime", c.Dependency))
		case c.Expression == nil:
			out = append(out, fmt.Sprintf("%s is %s", n.ID, c.Read.Why))
		default:
			out = append(out, readText(c.Expression, c.Read))
		}
	}
	return out
}

// readText says what an expression reads of a cluster: its place below the
// resource, the path, and why Git does not tell.
func readText(e *graph.Expression, read graph.RuntimeRead) string {
	return fmt.Sprintf("%s reads %s: %s", placeIn(e), read.Read, read.Why)
}

// placeIn is the path of an expression below its resource.
func placeIn(e *graph.Expression) string { return e.Path[3:].String() }
