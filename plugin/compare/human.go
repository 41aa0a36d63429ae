package compare

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/krowave/krowave/render/diag"
)

// human prints a report for a terminal.
type human struct {
	*bytes.Buffer
	color bool
}

func writeHuman(out *bytes.Buffer, r *Report, opts PrintOptions) error {
	h := &human{out, opts.Color}
	h.line("", "", "Comparing "+diag.Name(r.Old)+" with "+diag.Name(r.New))
	if err := h.report(r); err != nil || r.Drift == nil {
		return err
	}
	if !r.Drift.Differs() && len(r.Drift.Dangers) == 0 {
		h.line("\n", "", r.noDrift())
		return nil
	}
	h.line("\n", diag.Bold, r.driftHeading())
	return h.report(r.Drift)
}

// report prints all but the heading.
func (h *human) report(r *Report) error {
	h.line("", diag.Bold, r.plan())
	for _, fact := range r.facts() {
		h.line("  ", "", fact)
	}
	h.dangers(r)
	if err := h.definitions(r); err != nil {
		return err
	}
	for n := range r.Groups {
		if err := h.group(&r.Groups[n]); err != nil {
			return err
		}
	}
	h.table(r)
	for _, s := range r.sections() {
		h.line("\n", diag.Bold, s.head)
		h.findings(s.diagnostics)
		if err := h.objects(s.objects); err != nil {
			return err
		}
	}
	return nil
}

// group prints a change that several have in common.
func (h *human) group(g *Group) error {
	h.line("\n", diag.Bold, capital(g.heading()))
	if example := g.example(); example != "" {
		h.line("  ", "", example)
	}
	h.findings(g.Diagnostics)
	var list []*ObjectChange
	for n := range g.Changes {
		list = append(list, &g.Changes[n])
	}
	if err := h.objects(list); err != nil {
		return err
	}
	for _, v := range g.values() {
		h.line("    ", "", v)
	}
	if who := g.who(mostRows); who != "" {
		h.line("  ", "", "in "+who)
	}
	return nil
}

func (h *human) findings(list diag.List) {
	for _, d := range list {
		h.line("  ", diag.Red, diag.Line(fmt.Sprintf("%s: %s [%s]", d.Pos, d.Message, d.Rule)))
	}
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func (h *human) line(indent, color, text string) {
	if h.color && color != "" {
		text = diag.Paint(color, text)
	}
	h.WriteString(indent + text + "\n")
}

func (h *human) dangers(r *Report) {
	list, more := r.dangersToShow()
	if len(list) == 0 {
		return
	}
	h.line("\n", diag.Bold, "Dangers")
	for _, d := range list {
		color := diag.Yellow
		if d.Severity == diag.Error {
			color = diag.Red
		}
		h.line("  ", color, fmt.Sprintf("%s [%s] %s: %s", d.Severity, d.Rule, d.subject(), diag.Line(d.Message)))
		if place := d.place(); place != "" {
			h.line("    ", "", place)
		}
		for _, c := range d.Consequences {
			h.line("    ", "", "so "+c.consequence())
		}
	}
	if more > 0 {
		h.line("  ", "", fmt.Sprintf("and %s (-o json lists all)", count(more, "more kind of warning", "more kinds of warnings")))
	}
}

func (h *human) definitions(r *Report) error {
	for n := range r.Definitions {
		d := &r.Definitions[n]
		h.line("\n", diag.Bold, d.heading())
		for _, l := range d.lines() {
			h.line("  ", "", l)
		}
		lines, err := d.fieldLines()
		if err != nil {
			return err
		}
		h.lines("  ", lines)
	}
	return nil
}

// heading names an RGD and says what becomes of it.
func (d *DefinitionChange) heading() string {
	text := fmt.Sprintf("ResourceGraphDefinition %s: %s, %s", diag.Name(d.Name), d.Status, count(d.Instances, "instance", "instances"))
	if d.Position != nil {
		text += " (" + diag.Name(d.Position.String()) + ")"
	}
	return text
}

// lines say what is different in an RGD.
func (d *DefinitionChange) lines() []string {
	var out []string
	var nodes []string
	for _, set := range []struct {
		mark string
		ids  []string
	}{{"+", d.NodesAdded}, {"~", d.NodesChanged}, {"-", d.NodesRemoved}} {
		for _, id := range set.ids {
			nodes = append(nodes, set.mark+diag.Name(id))
		}
	}
	if len(nodes) > 0 {
		out = append(out, "resources: "+strings.Join(nodes, " "))
	}
	for _, c := range d.Schema {
		text := fmt.Sprintf("schema: %s %s", c.Path, c.Verdict)
		switch {
		case c.Before != "" && c.After != "":
			text += fmt.Sprintf(" %s -> %s", c.Before, c.After)
		case c.Before+c.After != "":
			text += " " + c.Before + c.After
		}
		if c.Breaking {
			text += " (breaking)"
		}
		out = append(out, diag.Line(text))
	}
	for _, f := range d.Diagnostics {
		out = append(out, diag.Line(fmt.Sprintf("%s: %s [%s]", f.Pos, f.Message, f.Rule)))
	}
	return out
}

func (h *human) table(r *Report) {
	if r.Summary.Instances.Touched() == 0 {
		return
	}
	h.WriteString("\n")
	w := tabwriter.NewWriter(h.Buffer, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, strings.ToUpper(strings.Join(r.columns(), "\t")))
	rows, rest := r.rows(mostRows)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row.cells, "\t"))
	}
	_ = w.Flush() // into a buffer
	for _, text := range rest {
		h.line("", "", "and "+text)
	}
}

// columns are the heads of a table of instances, that of projects first where
// there are several.
func (r *Report) columns() []string {
	out := []string{"instance", "RGD", "status", "add", "change", "delete", "move"}
	if r.projects > 1 {
		out = append([]string{"project"}, out...)
	}
	return out
}

func (r *Report) row(i *InstanceChange) []string {
	if r.projects > 1 {
		return append([]string{diag.Name(cmp.Or(i.Identity.Project, "."))}, i.row()...)
	}
	return i.row()
}

// row is an instance in a table.
func (i *InstanceChange) row() []string {
	rgd := ""
	if len(i.Definitions) > 0 {
		rgd = diag.Name(i.Definitions[0])
	}
	out := []string{strings.ReplaceAll(i.Title(), "\t", `\t`), rgd, string(i.Status)}
	if i.Status == Broken {
		return append(out, "?", "?", "?", "?")
	}
	var s Summary
	s.objects(i.Objects)
	for _, n := range []int{s.Added, s.Changed, s.Deleted, s.Moved} {
		out = append(out, fmt.Sprint(n))
	}
	return out
}

func (h *human) objects(list []*ObjectChange) error {
	for _, o := range list {
		color := map[Action]string{AddObject: diag.Green, DeleteObject: diag.Red}[o.Action]
		if color == "" {
			color = diag.Yellow
		}
		h.line("  ", color, o.Action.mark()+" "+o.heading())
		lines, err := linesOf(o)
		if err != nil {
			return err
		}
		h.lines("      ", lines)
	}
	return nil
}

func (h *human) lines(indent string, lines []line) {
	for _, l := range lines {
		switch l.mark {
		case '@':
			h.line(indent, "", l.text)
		case ' ':
			h.line(indent+"    ", "", l.text)
		default:
			h.line(indent+"  ", map[byte]string{'+': diag.Green, '-': diag.Red}[l.mark], strings.TrimRight(string(l.mark)+" "+l.text, " "))
		}
	}
}
