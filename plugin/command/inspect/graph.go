package inspect

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/picture"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/wave"
)

// graphsOutput is graph -o json.
type graphsOutput struct {
	Graphs []graphOutput `json:"graphs"`
}

func graphsKind() report.Kind {
	return report.Kind{Name: "Graphs", Command: "graph -o json", Content: graphsOutput{}}
}

// graphOutput is one RGD of it.
type graphOutput struct {
	Name             string       `json:"name"`
	APIVersion       string       `json:"apiVersion"`
	Kind             string       `json:"kind"`
	Project          string       `json:"project,omitempty"`
	Path             string       `json:"path"`
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

// NewGraph returns krowave graph.
func NewGraph(s cli.Streams) *cobra.Command {
	var flags graphFlags
	output := &flags.output
	cmd := &cobra.Command{
		Use:   "graph PATH|-...|INSTANCE [PATH...]",
		Short: "Print the nodes of each RGD with dependencies, waves and bindings, or the tree of an instance",
		Long: "graph prints the nodes of each RGD, and of each object of kind Graph: their dependencies, wave, and binding. A node is static if Git alone " +
			"determines what it renders, and runtime if it depends on cluster-only values; -o json has the reasons in because, and " +
			"krowave validate --explain-runtime lists each expression with its position. -o svg draws the graph in columns of waves, as krowave preview does.\n\n" +
			"With the name of an instance (NAME, NAMESPACE/NAME, KIND/NAME or KIND/NAMESPACE/NAME; paths after it, by default the working directory), and with " +
			"--tree, it prints the tree of the instance: each node with the objects that it renders and their wave, the nodes of chained instances below theirs, and why " +
			"nodes wait or are left out. A Graph is named as an instance is, such as graph/NAME; of one that is left to kro, the tree has what kro makes of it, as far as Git " +
			"knows. Paths with instances and without RGDs are printed so, too. krowave tree shows the same by wave, and as a cluster has it.",
		Example: "  krowave graph shop-rgd.yaml\n  krowave graph -o mermaid shop-rgd.yaml\n  krowave graph -o svg shop-rgd.yaml > shop.svg\n" +
			"  krowave graph market shop.yaml\n  krowave graph --tree shop-rgd.yaml instance.yaml",
		Args: cli.AtLeastOne("a file or directory with RGDs, the name of an instance, or - for standard input"),
	}
	flags.bind(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		l := load.New(cmd, s, &flags.Settings)
		name, args, err := flags.named(l, args)
		if err != nil {
			return err
		}
		if name != "" || flags.tree {
			return flags.trees(l, s, name, args)
		}
		in, err := l.Read(args)
		if err != nil {
			return err
		}
		r, err := load.Compile(cmd.Context(), in)
		if err != nil {
			return err
		}
		if err := report.Findings(s.Err, r.Result.Diagnostics, r.In.Printing()); err != nil {
			return err
		}
		graphs := []graphOutput{}
		own, units := r.Graphs()
		natives, theirs := r.Natives()
		own, units = append(own, natives...), append(units, theirs...)
		var pictures []picture.Layout
		for i, g := range own {
			out := graphOf(g, units[i].Options.WaveMode)
			out.Project, out.Path = units[i].Project, g.RGD.Doc.File
			graphs = append(graphs, out)
			if output.Value == "svg" {
				pictures = append(pictures, picture.Lay(picture.Of(g, units[i].Options.WaveMode, r.Result.Graphs)))
			}
		}
		switch {
		case len(graphs) == 0:
			return flags.ofInput(cmd.Context(), s, in, "")
		case output.Value == "svg":
			_, err := s.Out.Write(picture.SVG(pictures...))
			return err
		}
		return printGraphs(s.Out, output.Value, graphs)
	}
	return cmd
}

// graphOf describes a graph. Waves begin at 0, since no instance is there.
func graphOf(g *graph.Graph, mode wave.Mode) graphOutput {
	out := graphOutput{
		Name: g.RGD.Name, APIVersion: g.RGD.GVK.GroupVersion().String(), Kind: g.RGD.GVK.Kind,
		TopologicalOrder: g.Order(), Nodes: []nodeOutput{},
	}
	var waves map[string]int // with none, there is one wave
	if mode != wave.None {
		waves = wave.Nodes(g, mode)
	}
	for _, n := range g.Nodes {
		kind := n.ObjectKind()
		out.Nodes = append(out.Nodes, nodeOutput{
			ID: n.ID, Type: string(n.Type), APIVersion: kind.GroupVersion().String(), Kind: kind.Kind,
			Dependencies: append([]string{}, n.After()...), Wave: waves[n.ID],
			Binding: string(n.Binding), Because: report.Because(n),
		})
	}
	return out
}

func (n nodeOutput) runtime() bool { return n.Binding == string(graph.Runtime) }

func printGraphs(w io.Writer, format string, graphs []graphOutput) error {
	var b strings.Builder
	switch format {
	case "json":
		return graphsKind().Write(w, graphsOutput{graphs})
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
	fmt.Fprintf(b, "%s (%s %s)\n", diag.Name(g.Name), diag.Name(g.APIVersion), diag.Name(g.Kind))
	for _, n := range g.Nodes {
		fmt.Fprintf(b, "  %d  %s  %s", n.Wave, diag.Name(n.ID), n.Type)
		if n.Kind != "" {
			fmt.Fprintf(b, " %s %s", diag.Name(n.APIVersion), diag.Name(n.Kind))
		}
		if len(n.Dependencies) > 0 {
			fmt.Fprintf(b, "  after %s", strings.Join(n.Dependencies, ", "))
		}
		if n.runtime() {
			b.WriteString("  [runtime]")
		}
		b.WriteByte('\n')
	}
}

// runtimeColor fills the nodes that depend on cluster-only values.
const runtimeColor = "#ffd9a8"

func dot(b *strings.Builder, g graphOutput) {
	fmt.Fprintf(b, "digraph %s {\n", dotText(g.Name))
	for _, n := range g.Nodes {
		style := ""
		if n.runtime() {
			style = fmt.Sprintf(", style=filled, fillcolor=%q", runtimeColor)
		}
		fmt.Fprintf(b, "  %s [label=%s%s];\n", dotText(n.ID), dotText(n.ID, n.Kind), style)
	}
	for _, n := range g.Nodes {
		for _, dep := range n.Dependencies {
			fmt.Fprintf(b, "  %s -> %s;\n", dotText(dep), dotText(n.ID))
		}
	}
	b.WriteString("}\n")
}

// dotText is a quoted string of lines. Nothing in it is an escape sequence or an
// entity of Graphviz.
func dotText(lines ...string) string {
	for i, l := range lines {
		lines[i] = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;").Replace(strings.ReplaceAll(diag.Name(l), "\t", " "))
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}

// mermaidText is text between quotes. What could be markup is written as the
// number of its character, as Mermaid does.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range diag.Name(s) {
		if r == ' ' || strings.ContainsRune(".-_/:,", r) || unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}

// mermaidID is a node's id, which kro lets be letters and digits only.
func mermaidID(node string) string {
	return strings.Map(func(r rune) rune {
		if r <= unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, node)
}

func mermaid(b *strings.Builder, graphs []graphOutput) {
	b.WriteString("flowchart TD\n")
	colored := false
	for i, g := range graphs {
		id := func(node string) string { return fmt.Sprintf("g%d_%s", i, mermaidID(node)) }
		fmt.Fprintf(b, "  subgraph g%d[\"%s\"]\n", i, mermaidText(g.Name))
		for _, n := range g.Nodes {
			class := ""
			if n.runtime() {
				class, colored = ":::runtime", true
			}
			fmt.Fprintf(b, "    %s[\"%s<br/>%s\"]%s\n", id(n.ID), mermaidText(n.ID), mermaidText(n.Kind), class)
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
