package compare

import (
	"bytes"
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
)

// Marker is the first line of the markdown form, with which a comment is found
// again.
const Marker = "<!-- krowave:diff -->"

// reserve is what the note on what is left out may take.
const reserve = 500

// markdown prints a report as a comment on a pull request.
type markdown struct {
	out   *bytes.Buffer
	limit int // 0 for none

	dangers, definitions, groups, rows, instances, objects int // that are left out
}

func writeMarkdown(out *bytes.Buffer, r *Report, opts PrintOptions) error {
	m := &markdown{out: out, limit: opts.MaxBytes}
	m.write(Marker, "### krowave diff: "+report.Code(diag.Name(r.Old))+" → "+report.Code(diag.Name(r.New)), "")
	if err := m.report(r, true); err != nil {
		return err
	}
	switch {
	case r.Drift == nil:
	case !r.Drift.Differs() && len(r.Drift.Dangers) == 0:
		m.write("", report.Prose(r.noDrift()))
	default:
		m.write("", "### "+report.Prose(r.driftHeading()), "")
		if err := m.report(r.Drift, false); err != nil {
			return err
		}
	}
	m.note()
	return nil
}

// report prints all but the heading. What is first has to fit.
func (m *markdown) report(r *Report, first bool) error {
	m.write("**" + r.plan() + "**")
	for n, fact := range r.facts() {
		if n == 0 {
			m.write("")
		}
		m.write("- " + report.Prose(fact))
	}
	if first && m.limit > 0 && m.limit < m.out.Len()+reserve {
		return fmt.Errorf("%d bytes are not enough for the summary: at least %d are needed", m.limit, m.out.Len()+reserve)
	}
	m.writeDangers(r)
	if err := m.writeDefinitions(r); err != nil {
		return err
	}
	if err := m.writeGroups(r); err != nil {
		return err
	}
	m.writeTable(r)
	return m.writeInstances(r)
}

// fits reports whether a text can be written and leaves room for the note.
func (m *markdown) fits(text string) bool {
	return m.limit <= 0 || m.out.Len()+len(text)+reserve <= m.limit
}

func (m *markdown) write(lines ...string) {
	m.out.WriteString(strings.Join(lines, "\n") + "\n")
}

func (m *markdown) writeDangers(r *Report) {
	list, more := r.dangersToShow()
	if len(list) == 0 {
		return
	}
	text := "\n#### Dangers\n\n"
	for _, d := range list {
		place := ""
		if p := d.place(); p != "" {
			place = " (" + report.Code(p) + ")"
		}
		text += fmt.Sprintf("- **%s** %s %s: %s%s\n", d.Severity, report.Code(d.Rule), report.Code(d.subject()), report.Prose(diag.Line(d.Message)), place)
		for _, c := range d.Consequences {
			text += "  - so " + report.Prose(c.consequence()) + "\n"
		}
		if m.dangers > 0 || !m.fits(text) {
			m.dangers += d.Count
		} else {
			m.out.WriteString(text)
		}
		text = ""
	}
	if more > 0 {
		m.out.WriteString("- and " + count(more, "more kind of warning", "more kinds of warnings") + "\n")
	}
}

func (m *markdown) writeTable(r *Report) {
	if r.Summary.Instances.Touched() == 0 {
		return
	}
	columns := r.columns()
	text := "\n| " + strings.Join(columns, " | ") + " |\n|" + strings.Repeat("---|", len(columns)) + "\n"
	rows, rest := r.rows(mostRows)
	for _, tr := range rows {
		row := tr.cells
		for n := range len(row) - 5 {
			row[n] = report.Cell(row[n])
		}
		text += "| " + strings.Join(row, " | ") + " |\n"
		if m.rows > 0 || !m.fits(text) {
			m.rows++
		} else {
			m.out.WriteString(text)
		}
		text = ""
	}
	for n, more := range rest {
		text := "\nand " + report.Prose(more)
		if n > 0 {
			text = ", " + report.Prose(more)
		}
		if m.fits(text) {
			m.out.WriteString(text)
		}
	}
	if len(rest) > 0 {
		m.out.WriteString("\n")
	}
}

// mostLines is how much of a section is shown when the whole does not fit.
const mostLines = 60

func (m *markdown) writeDefinitions(r *Report) error {
	for n := range r.Definitions {
		d := &r.Definitions[n]
		fields, err := d.fieldLines()
		if err != nil {
			return err
		}
		lines := append(d.lines(), diffLines(fields)...)
		if !m.section("\n", d.heading(), lines, "", n < mostOpen) {
			m.definitions++
		}
	}
	return nil
}

// section writes a fold whole, or its first lines, if they fit.
func (m *markdown) section(begin, head string, lines []string, end string, open bool) bool {
	for _, most := range []int{len(lines), mostLines} {
		if more := len(lines) - most; more > 0 {
			lines = append(slices.Clone(lines[:most]), fmt.Sprintf("# %s not shown here for want of room", count(more, "line is", "lines are")))
		}
		if text := begin + folded(head, lines, end, open); m.fits(text) {
			m.out.WriteString(text)
			return true
		}
		end = ""
	}
	return false
}

// writeGroups writes what several instances have in common, the list of them
// behind a fold.
func (m *markdown) writeGroups(r *Report) error {
	const listed = 100 // where there is a limit
	for n := range r.Groups {
		g := &r.Groups[n]
		var lines []string
		if example := g.example(); example != "" {
			lines = append(lines, "# "+example)
		}
		lines = append(lines, findingLines(g.Diagnostics)...)
		for k := range g.Changes {
			more, err := g.Changes[k].markdownLines()
			if err != nil {
				return err
			}
			lines = append(lines, more...)
		}
		for _, v := range g.values() {
			lines = append(lines, "# "+v)
		}
		most, list := 0, ""
		if m.limit > 0 {
			most = listed
		}
		if who := g.who(most); who != "" {
			list = "\n<details><summary>" + number(g.Count) + " in all</summary>\n\n" + report.Code(who) + "\n\n</details>\n"
		}
		if !m.section("\n", g.heading(), lines, list, n < mostOpen) {
			m.groups++
		}
	}
	return nil
}

// writeInstances writes the details that are in no group, an instance whole or
// not at all.
func (m *markdown) writeInstances(r *Report) error {
	for _, s := range r.sections() {
		lines := findingLines(s.diagnostics)
		for _, o := range s.objects {
			more, err := o.markdownLines()
			if err != nil {
				return err
			}
			lines = append(lines, more...)
		}
		if text := "\n" + folded(s.head, lines, "", false); m.fits(text) {
			m.out.WriteString(text)
			continue
		}
		m.objects += len(s.objects)
		if s.status != "" {
			m.instances++
		}
	}
	return nil
}

func findingLines(list diag.List) []string {
	var out []string
	for _, d := range list {
		out = append(out, diag.Line(fmt.Sprintf("! %s: %s [%s]", d.Pos, d.Message, d.Rule)))
	}
	return out
}

func (o *ObjectChange) markdownLines() ([]string, error) {
	lines, err := linesOf(o)
	return append([]string{"# " + o.Action.mark() + " " + o.heading()}, diffLines(lines)...), err
}

// diffLines are lines of a block that is coloured as a difference.
func diffLines(lines []line) []string {
	var out []string
	for _, l := range lines {
		if l.mark == '@' {
			out = append(out, "@@ "+l.text+" @@")
		} else {
			out = append(out, strings.TrimRight(string(l.mark)+l.text, " "))
		}
	}
	return out
}

// note says what is left out, and where it is.
func (m *markdown) note() {
	var left []string
	for _, part := range []struct {
		n         int
		one, many string
	}{
		{m.dangers, "danger", "dangers"},
		{m.rows, "row of the table", "rows of the table"},
		{m.definitions, "RGD", "RGDs"},
		{m.groups, "group of equal changes", "groups of equal changes"},
		{m.instances, "instance", "instances"},
		{m.objects, "object", "objects"},
	} {
		if part.n > 0 {
			left = append(left, count(part.n, part.one, part.many))
		}
	}
	if len(left) > 0 {
		m.out.WriteString("\n> **Not shown here** for want of room: the details of " + strings.Join(left, ", ") +
			". `krowave diff -o html` and `-o json` show everything; the counts above are complete.\n")
	}
}

// folded is a section that opens on a click. Its content cannot end the fence.
func folded(head string, lines []string, end string, open bool) string {
	tag := "<details>"
	if open {
		tag = "<details open>"
	}
	return tag + "<summary><code>" + html.EscapeString(diag.Name(head)) + "</code></summary>\n\n" +
		report.Fenced("diff", lines) + end + "\n</details>\n"
}
