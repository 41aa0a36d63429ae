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
	Binding      string   `json:"binding"`
	Because      []string `json:"because"`
}

func newGraph(s Streams) *cobra.Command {
	var in inputFlags
	var engine engineFlags
	output := choice{value: "text", allowed: []string{"text", "json", "dot", "mermaid"}}
	cmd := &cobra.Command{
		Use:   "graph PATH|-...",
		Short: "Print the nodes of each RGD, their dependencies, waves and bindings",
		Long: "graph prints the nodes of each RGD: what they depend on, their wave, and their binding. A node is static when Git alone " +
			"tells what it renders, and runtime when it needs what only a cluster knows; -o json says why in because, and " +
			"krowave validate --explain-runtime lists each expression with its place.",
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
			Binding: string(n.Binding), Because: because(n),
		})
	}
	return out
}

// because lists the reasons why a node is runtime: what its own expressions
// read, then the dependencies that are runtime themselves.
func because(n *graph.Node) []string {
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

func (n nodeOutput) runtime() bool { return n.Binding == string(graph.Runtime) }

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
		if n.runtime() {
			b.WriteString("  [runtime]")
		}
		b.WriteByte('\n')
	}
}

// runtimeColor fills the nodes that need what only a cluster knows.
const runtimeColor = "#ffd9a8"

func dot(b *strings.Builder, g graphOutput) {
	fmt.Fprintf(b, "digraph %q {\n", g.Name)
	for _, n := range g.Nodes {
		style := ""
		if n.runtime() {
			style = fmt.Sprintf(", style=filled, fillcolor=%q", runtimeColor)
		}
		fmt.Fprintf(b, "  %q [label=%q%s];\n", n.ID, n.ID+"\n"+n.Kind, style)
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
	colored := false
	for i, g := range graphs {
		id := func(node string) string { return fmt.Sprintf("g%d_%s", i, node) }
		fmt.Fprintf(b, "  subgraph g%d[\"%s\"]\n", i, g.Name)
		for _, n := range g.Nodes {
			class := ""
			if n.runtime() {
				class, colored = ":::runtime", true
			}
			fmt.Fprintf(b, "    %s[\"%s<br/>%s\"]%s\n", id(n.ID), n.ID, n.Kind, class)
		}
		for _, n := range g.Nodes {
			for _, dep := range n.Dependencies {
				fmt.Fprintf(b, "    %s --> %s\n", id(dep), id(n.ID))
			}
		}
		b.WriteString("  end\n")
	}
	if colored {
		fmt.Fprintf(b, "  classDef runtime fill:%s,color:#000\n", runtimeColor)
	}
}
