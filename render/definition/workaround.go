package definition

import (
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
)

// warnOfWorkarounds tells what is left out of a graph's objects, once per graph.
func (d *definer) warnOfWorkarounds(g *graph.Graph) {
	var whats []string
	var nodes int
	var first diag.Path
	for _, n := range g.Nodes {
		for _, w := range n.Workarounds {
			if first == nil {
				first = n.At.With("template").With(w.Path...)
			}
			if !slices.Contains(whats, w.What) {
				whats = append(whats, w.What)
			}
		}
		nodes += min(len(n.Workarounds), 1)
	}
	if first == nil {
		return
	}
	d.diags.Add(diag.Diagnostic{
		Severity: diag.Warning, Rule: "argocd-idiom", Pos: g.RGD.Doc.Position(first), Path: first.String(), Object: g.RGD.Doc.Title(),
		Message: fmt.Sprintf("%s is left out (resources: %d): the objects belong to the GitOps tool, not to a kro instance", strings.Join(whats, " and "), nodes),
		Hint:    "remove it from the RGD, or render it with --argocd-idioms=keep",
	})
}
