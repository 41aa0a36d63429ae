package tree

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
)

// Kind is the JSON form.
func Kind() report.Kind { return report.Kind{Name: "Tree", Command: "tree -o json", Content: Tree{}} }

// Print writes the tree for people.
func (t *Tree) Print(w io.Writer) error {
	var b strings.Builder
	name := t.Instance.Name
	if t.Instance.Namespace != "" {
		name = t.Instance.Namespace + "/" + name
	}
	head := diag.Name(t.Instance.Kind) + " " + diag.Name(name) + madeFrom(t.top)
	switch {
	case t.Ready == nil:
		head += ", as rendered"
	case *t.Ready:
		head += ": ready"
	default:
		head += ": not ready"
	}
	b.WriteString(head + "\n")
	t.table(&b)
	t.why(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Tree) table(b *strings.Builder) {
	var rows strings.Builder
	table := tabwriter.NewWriter(&rows, 0, 8, 3, ' ', 0)
	if t.Ready == nil {
		fmt.Fprintf(table, "WAVE\tOBJECT\tNODE\n")
	} else {
		fmt.Fprintf(table, "WAVE\tOBJECT\tNODE\tSYNC\tHEALTH\tMESSAGE\n")
	}
	cell := func(text string) string { return strings.ReplaceAll(diag.Line(text), "\t", " ") }
	for _, x := range t.Objects {
		wave := fmt.Sprint(x.Wave)
		if x.object == nil {
			wave = "-"
		}
		cells := []string{wave, strings.Repeat("  ", x.Depth) + cell(x.title()), cell(x.Node)}
		if x.External {
			cells[2] += " (external)"
		}
		switch {
		case t.Ready != nil:
			cells = append(cells, string(x.Sync), string(x.Health), cell(x.Message))
		case x.External:
		case x.WaitsFor != "":
			cells[2] += " (waits for " + cell(x.WaitsFor) + ")"
		case x.Reason != nil:
			cells[2] += " (" + cell(x.Reason.line()) + ")"
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	_ = table.Flush() // to a buffer
	for _, row := range strings.Split(strings.TrimSuffix(rows.String(), "\n"), "\n") {
		b.WriteString(strings.TrimRight(row, " ") + "\n")
	}
}

// why says what holds the instance up.
func (t *Tree) why(b *strings.Builder) {
	if t.HeldUpBy == 0 {
		return
	}
	x := t.Objects[t.HeldUpBy-1]
	later := 0
	for _, o := range t.Objects[t.HeldUpBy:] {
		if o.Wave > x.Wave && o.Health != Healthy {
			later++
		}
	}
	text := fmt.Sprintf("\nWhy: %s (node %s", diag.Line(x.title()), diag.Line(x.Node))
	if x.Position != nil {
		text += ", " + x.Position.String()
	}
	text += ") is " + string(x.Health)
	switch {
	case later == 1:
		text += ", and 1 object of a later wave is not healthy"
	case later > 1:
		text += fmt.Sprintf(", and %d objects of later waves are not healthy", later)
	}
	b.WriteString(text + "\n")
	if x.Message != "" {
		b.WriteString("  " + diag.Line(x.Message) + "\n")
	}
	for _, c := range x.Ready {
		result := fmt.Sprint(c.True)
		if c.Error != "" {
			result = diag.Line(c.Error)
		}
		fmt.Fprintf(b, "  readyWhen %s: %s (%s)\n", diag.Line(c.Expression), result, c.Position)
		for _, v := range c.Values {
			fmt.Fprintf(b, "    %s = %s\n", diag.Line(v.Path), diag.Line(v.Value))
		}
	}
}
