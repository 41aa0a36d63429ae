package compare

import (
	"bytes"
	"fmt"
	"html"
	"strings"

	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
)

// Marker is the first line of the markdown form, by which a comment is found
// again.
const Marker = "<!-- krowave:diff -->"

// reserve is what the note on what is left out may take.
const reserve = 500

// markdown prints a report as a comment on a pull request.
type markdown struct {
	out   *bytes.Buffer
	limit int // 0 for none

	dangers, definitions, rows, instances, objects int // that are left out
}

func writeMarkdown(out *bytes.Buffer, r *Report, opts PrintOptions) error {
	m := &markdown{out: out, limit: opts.MaxBytes}
	m.write("", Marker, "### krowave diff: "+report.Code(diag.Name(r.Old))+" → "+report.Code(diag.Name(r.New)), "", "**"+r.plan()+"**")
	for n, fact := range r.facts() {
		if n == 0 {
			m.write("", "")
		}
		m.write("", "- "+report.Prose(fact))
	}
	if m.limit > 0 && m.limit < out.Len()+reserve {
		return fmt.Errorf("%d bytes are not enough for the summary: at least %d are needed", m.limit, out.Len()+reserve)
	}
	m.writeDangers(r)
	m.writeTable(r)
	m.writeDefinitions(r)
	if err := m.writeInstances(r); err != nil {
		return err
	}
	m.note()
	return nil
}

// fits reports whether a text can be written and leaves room for the note.
func (m *markdown) fits(text string) bool {
	return m.limit <= 0 || m.out.Len()+len(text)+reserve <= m.limit
}

func (m *markdown) write(end string, lines ...string) {
	m.out.WriteString(strings.Join(lines, "\n") + "\n" + end)
}

func (m *markdown) writeDangers(r *Report) {
	groups := r.groups()
	if len(groups) == 0 {
		return
	}
	text := "\n#### Dangers\n\n"
	for _, d := range groups {
		place := ""
		if p := d.place(); p != "" {
			place = " (" + report.Code(p) + ")"
		}
		text += fmt.Sprintf("- **%s** %s %s: %s%s\n", d.Severity, report.Code(d.Rule), report.Code(d.subject()), report.Prose(diag.Line(d.Message)), place)
		if m.dangers > 0 || !m.fits(text) {
			m.dangers += 1 + d.more
		} else {
			m.out.WriteString(text)
		}
		text = ""
	}
}

func (m *markdown) writeTable(r *Report) {
	if r.Summary.Instances.Touched() == 0 {
		return
	}
	columns := r.columns()
	text := "\n| " + strings.Join(columns, " | ") + " |\n|" + strings.Repeat("---|", len(columns)) + "\n"
	for n := range r.Instances {
		i := &r.Instances[n]
		if i.Status == Unchanged {
			continue
		}
		row := r.row(i)
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
}

func (m *markdown) writeDefinitions(r *Report) {
	for n := range r.Definitions {
		d := &r.Definitions[n]
		text := "\n" + folded(d.heading(), d.lines())
		if m.definitions > 0 || !m.fits(text) {
			m.definitions++
			continue
		}
		m.out.WriteString(text)
	}
}

// writeInstances writes the details, an instance whole or not at all.
func (m *markdown) writeInstances(r *Report) error {
	sections := make([]InstanceChange, 0, len(r.Instances)+1)
	for _, i := range r.Instances {
		if i.Status != Unchanged {
			sections = append(sections, i)
		}
	}
	if len(r.PassThrough) > 0 {
		sections = append(sections, InstanceChange{Objects: r.PassThrough})
	}
	for n := range sections {
		i := &sections[n]
		lines, err := i.markdownLines()
		if err != nil {
			return err
		}
		head := i.Title() + ": " + string(i.Status)
		if i.Status == "" {
			head = "Objects of no instance"
		}
		if text := "\n" + folded(head, lines); m.fits(text) {
			m.out.WriteString(text)
			continue
		}
		m.objects += len(i.Objects)
		if i.Status != "" {
			m.instances++
		}
	}
	return nil
}

func (i *InstanceChange) markdownLines() ([]string, error) {
	var out []string
	for _, d := range i.Diagnostics {
		out = append(out, diag.Line(fmt.Sprintf("! %s: %s [%s]", d.Pos, d.Message, d.Rule)))
	}
	for k := range i.Objects {
		o := &i.Objects[k]
		out = append(out, "# "+o.Action.mark()+" "+o.heading())
		lines, err := linesOf(o)
		if err != nil {
			return nil, err
		}
		for _, l := range lines {
			if l.mark == '@' {
				out = append(out, "@@ "+l.text+" @@")
			} else {
				out = append(out, strings.TrimRight(string(l.mark)+l.text, " "))
			}
		}
	}
	return out, nil
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
func folded(head string, lines []string) string {
	return "<details><summary><code>" + html.EscapeString(diag.Name(head)) + "</code></summary>\n\n" +
		report.Fenced("diff", lines) + "\n</details>\n"
}
