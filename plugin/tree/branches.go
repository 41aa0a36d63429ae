package tree

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
)

// List is the JSON form of several trees.
type List struct {
	Items []*Tree `json:"items"`
}

// ListKind is their document.
func ListKind() report.Kind {
	return report.Kind{Name: "TreeList", Command: "graph --tree -o json", Content: List{}}
}

// branch is a line of a tree with what is below it.
type branch struct {
	text  string
	below []branch
}

// PrintBranches writes an instance with its nodes below it, in the order of their
// dependencies, and the nodes of chained instances below theirs.
func (t *Tree) PrintBranches(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s\n", diag.Visible(t.top.Title()), madeFrom(t.top))
	if t.forKro {
		b.WriteString("kro in the cluster makes these objects; Git hands over the Graph\n")
	}
	write(&b, "", t.branches(t.top))
	_, err := io.WriteString(w, b.String())
	return err
}

// madeFrom names the RGD of an instance. A Graph has none.
func madeFrom(i *render.Instance) string {
	if i.Graph.Native != nil {
		return ""
	}
	return " (RGD " + diag.Name(i.Graph.RGD.Name) + ")"
}

func write(b *strings.Builder, before string, list []branch) {
	for n, x := range list {
		knot, line := "├── ", "│   "
		if n == len(list)-1 {
			knot, line = "└── ", "    "
		}
		b.WriteString(before + knot + x.text + "\n")
		write(b, before+line, x.below)
	}
}

// branches are the nodes of an instance.
func (t *Tree) branches(i *render.Instance) []branch {
	var out []branch
	for _, n := range i.Graph.Nodes {
		for k, o := range i.Objects {
			inner := i.Inner(k)
			if o.Node != n || inner == nil {
				continue
			}
			out = append(out, branch{nodeText(n, o.Index) + "  " + diag.Visible(inner.Title()) + madeFrom(inner), t.branches(inner)})
		}
		for _, x := range t.Objects {
			if x.of != i || x.node != n {
				continue
			}
			if x.External {
				text := fmt.Sprintf("%s  %s  external", n.ID, diag.Visible(x.title()))
				if x.Reason != nil {
					text += ": " + x.Reason.line()
				}
				out = append(out, branch{text: text})
				continue
			}
			if x.object == nil {
				out = append(out, branch{text: strings.Join(slices.DeleteFunc([]string{n.ID, diag.Name(x.Kind), x.Reason.line()}, func(s string) bool { return s == "" }), "  ")})
				continue
			}
			out = append(out, branch{text: fmt.Sprintf("%s  %s  wave %d", nodeText(n, x.object.Index), diag.Visible(x.Ref.String()), x.Wave)})
		}
	}
	for _, x := range t.Objects { // what kro makes in the cluster
		if x.of == nil && x.object.For == i {
			out = append(out, branch{text: fmt.Sprintf("%s  wave %d  for kro", diag.Visible(x.Ref.String()), x.Wave)})
		}
	}
	return slices.Clip(out)
}

func nodeText(n *graph.Node, index int) string {
	if n.Type.IsCollection() {
		return fmt.Sprintf("%s[%d]", n.ID, index)
	}
	return n.ID
}

// line is the reason with the expression that decides, and its place.
func (r *Reason) line() string {
	text := r.Text
	if r.Expression != "" {
		text += ": " + strings.Join(strings.Fields(r.Expression), " ")
	}
	if r.Position != nil {
		text += ", " + r.Position.String()
	}
	return diag.Line(text)
}
