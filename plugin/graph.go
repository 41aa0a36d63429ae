package plugin

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/wave"
)

// graphOutput is one RGD of graph -o json.
type graphOutput struct {
	Name             string       `json:"name"`
	APIVersion       string       `json:"apiVersion"`
	Kind             string       `json:"kind"`
	TopologicalOrder []string     `json:"topologicalOrder"`
	Nodes            []nodeOutput `json:"nodes"`
}

type nodeOutput struct {
	ID           string   `json:"id"`
	Type         string   `json:"type"`
	APIVersion   string   `json:"apiVersion"`
	Kind         string   `json:"kind"`
	Dependencies []string `json:"dependencies"`
	Wave         int      `json:"wave"`
}

func newGraph(s Streams) *cobra.Command {
	var in inputFlags
	var engine engineFlags
	output := choice{value: "text", allowed: []string{"text", "json", "dot", "mermaid"}}
	cmd := &cobra.Command{
		Use:     "graph PATH|-...",
		Short:   "Print the nodes of each RGD, their dependencies and waves",
		Example: "  krowave graph shop-rgd.yaml\n  krowave graph -o mermaid shop-rgd.yaml",
		Args:    atLeastOne("a file or directory with RGDs, or - for standard input"),
	}
	in.bind(cmd.Flags())
	engine.bind(cmd.Flags())
	engine.complete(cmd)
	cmd.Flags().VarP(&output, "output", "o", "how to print")
	complete(cmd, "output", output.allowed...)
	waves := choice{value: "levels", allowed: []string{"levels", "gated"}}
	cmd.Flags().Var(&waves, "waves", "where a new wave begins: behind every dependency, or behind those that must be waited for")
	complete(cmd, "waves", waves.allowed...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r, err := command{cmd, s, &in, engine.options}.compile(args)
		if err != nil {
			return err
		}
		if err := r.report(s.Err, engine.strict); err != nil {
			return err
		}
		graphs := []graphOutput{}
		for _, g := range r.res.Graphs {
			if r.own(g.RGD.Doc) {
				graphs = append(graphs, graphOf(g, wave.Mode(waves.value)))
			}
		}
		if len(graphs) == 0 {
			return usagef("no ResourceGraphDefinition in what was given")
		}
		return printGraphs(s.Out, output.value, graphs)
	}
	return cmd
}

// graphOf describes a graph. Waves begin at 0, since no instance is there.
func graphOf(g *graph.Graph, mode wave.Mode) graphOutput {
	out := graphOutput{
		Name: g.RGD.Name, APIVersion: g.RGD.GVK.GroupVersion().String(), Kind: g.RGD.GVK.Kind,
		TopologicalOrder: g.Order(), Nodes: []nodeOutput{},
	}
	waves := wave.Nodes(g, mode)
	for _, n := range g.Nodes {
		out.Nodes = append(out.Nodes, nodeOutput{
			ID: n.ID, Type: string(n.Type), APIVersion: n.Kind.GVK.GroupVersion().String(), Kind: n.Kind.GVK.Kind,
			Dependencies: append([]string{}, n.Dependencies...), Wave: waves[n.ID],
		})
	}
	return out
}

func printGraphs(w io.Writer, format string, graphs []graphOutput) error {
	var b strings.Builder
	switch format {
	case "json":
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"graphs": graphs})
	case "dot":
		for _, g := range graphs {
			dot(&b, g)
		}
	case "mermaid":
		mermaid(&b, graphs)
	default:
		for i, g := range graphs {
			if i > 0 {
				b.WriteByte('\n')
			}
			text(&b, g)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func text(b *strings.Builder, g graphOutput) {
	fmt.Fprintf(b, "%s (%s %s)\n", g.Name, g.APIVersion, g.Kind)
	for _, n := range g.Nodes {
		fmt.Fprintf(b, "  %d  %s  %s %s %s", n.Wave, n.ID, n.Type, n.APIVersion, n.Kind)
		if len(n.Dependencies) > 0 {
			fmt.Fprintf(b, "  after %s", strings.Join(n.Dependencies, ", "))
		}
		b.WriteByte('\n')
	}
}

func dot(b *strings.Builder, g graphOutput) {
	fmt.Fprintf(b, "digraph %q {\n", g.Name)
	for _, n := range g.Nodes {
		fmt.Fprintf(b, "  %q [label=%q];\n", n.ID, n.ID+"\n"+n.Kind)
	}
	for _, n := range g.Nodes {
		for _, dep := range n.Dependencies {
			fmt.Fprintf(b, "  %q -> %q;\n", dep, n.ID)
		}
	}
	b.WriteString("}\n")
}

func mermaid(b *strings.Builder, graphs []graphOutput) {
	b.WriteString("flowchart TD\n")
	for i, g := range graphs {
		id := func(node string) string { return fmt.Sprintf("g%d_%s", i, node) }
		fmt.Fprintf(b, "  subgraph g%d[\"%s\"]\n", i, g.Name)
		for _, n := range g.Nodes {
			fmt.Fprintf(b, "    %s[\"%s<br/>%s\"]\n", id(n.ID), n.ID, n.Kind)
		}
		for _, n := range g.Nodes {
			for _, dep := range n.Dependencies {
				fmt.Fprintf(b, "    %s --> %s\n", id(dep), id(n.ID))
			}
		}
		b.WriteString("  end\n")
	}
}
