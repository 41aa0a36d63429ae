package validate

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
)

// runtimeReads is validate --explain-runtime -o json.
type runtimeReads struct {
	Graphs []runtimeOutput `json:"graphs"`
}

func runtimeKind() report.Kind {
	return report.Kind{Name: "RuntimeReads", Command: "validate --explain-runtime -o json", Content: runtimeReads{}}
}

// runtimeOutput is one RGD of it.
type runtimeOutput struct {
	Name        string              `json:"name"`
	APIVersion  string              `json:"apiVersion"`
	Kind        string              `json:"kind"`
	Static      []string            `json:"static"`
	Runtime     []string            `json:"runtime"`
	Expressions []runtimeExpression `json:"expressions"`
}

// runtimeExpression is a read of cluster-only values.
type runtimeExpression struct {
	diag.Position
	Node       string   `json:"node"`
	Path       string   `json:"path"`
	Expression string   `json:"expression,omitempty"` // absent for an external reference, and in a Secret
	Reads      string   `json:"reads"`
	Why        string   `json:"why"`
	Maybe      bool     `json:"maybe,omitempty"` // an instance may give the value after all
	Chain      []string `json:"chain"`           // from what is read back to cluster-only values
	Waiting    []string `json:"waiting"`         // the nodes that wait for it, its own first
}

// explainRuntime lists what the RGDs among args read of a cluster.
func explainRuntime(c load.Loader, args []string, format string) error {
	if format != "human" && format != "json" {
		return cli.Usagef("--explain-runtime prints human or json, not %s", format)
	}
	units, in, err := c.Units(args)
	if err != nil {
		return err
	}
	out := []runtimeOutput{}
	found := append(diag.List{}, in.Diags...)
	for _, u := range units {
		r, err := load.Render(c.Context(), &load.Input{Units: []load.Unit{u}, Sources: in.Sources}, []load.Unit{u.DefinitionsOnly()})
		if err != nil {
			return err
		}
		found = append(found, r.Result.Diagnostics...)
		graphs, _ := r.Graphs()
		for _, g := range graphs {
			out = append(out, runtimeOf(g))
		}
	}
	if err := report.Findings(c.Streams.Err, found.Sorted(), in.Printing()); err != nil {
		return err
	}
	if format == "json" {
		return runtimeKind().Write(c.Streams.Out, runtimeReads{out})
	}
	return printRuntime(c.Streams.Out, out)
}

func runtimeOf(g *graph.Graph) runtimeOutput {
	out := runtimeOutput{
		Name: g.RGD.Name, APIVersion: g.RGD.GVK.GroupVersion().String(), Kind: g.RGD.GVK.Kind,
		Static: []string{}, Runtime: []string{}, Expressions: []runtimeExpression{},
	}
	x := explainer{g}
	for _, n := range g.Nodes {
		if n.Binding == graph.Static {
			out.Static = append(out.Static, n.ID)
		} else {
			out.Runtime = append(out.Runtime, n.ID)
		}
		out.Expressions = append(out.Expressions, x.node(n)...)
	}
	return out
}

type explainer struct{ *graph.Graph }

// node lists the reads of one node: the external reference itself, then its
// expressions in the order of the file.
func (x explainer) node(n *graph.Node) []runtimeExpression {
	var out []runtimeExpression
	for _, c := range n.Causes {
		if c.Expression == nil && c.Dependency == "" {
			path := n.At.With("externalRef")
			out = append(out, runtimeExpression{
				Position: x.RGD.Doc.Position(path), Node: n.ID, Path: path.String(),
				Reads: fmt.Sprintf("%s %s", n.Kind.GVK.GroupVersion(), n.Kind.GVK.Kind), Why: c.Read.Why,
				Chain: []string{}, Waiting: x.waiting(n),
			})
		}
	}
	external := len(out)
	for _, e := range n.Expressions() {
		for _, read := range e.Runtime {
			r := runtimeExpression{
				Position: x.RGD.Doc.Within(e.Path, e.Offset(0)), Node: n.ID, Path: e.Path.String(), Expression: e.UserText(),
				Reads: read.String(), Why: read.Why, Maybe: read.InstanceDependent, Chain: x.chain(read.Path[0]), Waiting: x.waiting(n),
			}
			if e.Sensitive {
				r.Expression = ""
			}
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out[external:], func(a, b runtimeExpression) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	return out
}

// chain follows the first reason of a node that is runtime itself, and of the
// nodes behind it, to the end.
func (x explainer) chain(id string) []string {
	out := []string{}
	seen := map[string]bool{}
	for !seen[id] {
		seen[id] = true
		n := x.find(id)
		if n == nil || len(n.Causes) == 0 {
			break
		}
		c := n.Causes[0]
		switch {
		case c.Dependency != "":
			id = c.Dependency
		case c.Expression != nil:
			id = c.Read.Path[0]
		default:
			return out // an external reference, which the reason names already
		}
		out = append(out, n.ID+": "+report.Because(n)[0])
	}
	return out
}

func (x explainer) find(id string) *graph.Node {
	for _, n := range x.Nodes {
		if n.ID == id {
			return n
		}
	}
	return nil
}

// waiting lists a node and all that depend on it, in topological order.
func (x explainer) waiting(n *graph.Node) []string {
	out := []string{n.ID}
	for _, other := range x.Nodes {
		if slices.ContainsFunc(other.Dependencies, func(dep string) bool { return slices.Contains(out, dep) }) {
			out = append(out, other.ID)
		}
	}
	return out
}

func printRuntime(w io.Writer, graphs []runtimeOutput) error {
	var b strings.Builder
	for i, g := range graphs {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s (%s %s): %s, %d of them runtime\n", g.Name, g.APIVersion, g.Kind,
			report.Counted(len(g.Static)+len(g.Runtime), "node", "nodes"), len(g.Runtime))
		for _, e := range g.Expressions {
			verb := "reads"
			if e.Maybe {
				verb = "may read"
			}
			fmt.Fprintf(&b, "  %s: %s %s %s: %s\n", e.Position, e.Node, verb, e.Reads, e.Why)
			if e.Expression != "" {
				fmt.Fprintf(&b, "      expression: %s\n", strings.Join(strings.Fields(e.Expression), " "))
			}
			for _, link := range e.Chain {
				fmt.Fprintf(&b, "      since %s\n", link)
			}
			if !e.Maybe {
				fmt.Fprintf(&b, "      waiting: %s\n", strings.Join(e.Waiting, ", "))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
