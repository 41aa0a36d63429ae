package change

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
)

// impactReport is what impact -o json prints.
type impactReport struct {
	Definitions []string         `json:"definitions"`
	Old         string           `json:"old"`
	New         string           `json:"new"`
	Counts      impactCounts     `json:"counts"`
	Dangers     []string         `json:"dangers,omitempty"` // of the definitions themselves
	Instances   []impactInstance `json:"instances"`

	Changes      []compare.DefinitionChange `json:"changes,omitempty"`      // of the definitions, field by field
	Groups       []compare.Group            `json:"groups,omitempty"`       // what several instances have in common
	DangerGroups []compare.DangerGroup      `json:"dangerGroups,omitempty"` // of the definitions and the instances

	kinds  map[schema.GroupKind]bool
	report *compare.Report
}

func impactKind() report.Kind {
	return report.Kind{Name: "Impact", Command: "impact -o json", Content: impactReport{}}
}

// impactCounts counts instances by what becomes of them.
type impactCounts struct {
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
	Broken    int `json:"broken"`
	Added     int `json:"added"`
	Removed   int `json:"removed"`
	Edited    int `json:"edited"` // that change because they are edited themselves, and not by the RGD
}

func (c *impactCounts) add(s compare.Status) {
	switch s {
	case compare.Changed:
		c.Changed++
	case compare.Unchanged:
		c.Unchanged++
	case compare.Broken:
		c.Broken++
	case compare.Added:
		c.Added++
	case compare.Removed:
		c.Removed++
	}
}

// String is such as "2 changed, 5 unchanged, 0 broken"; what is not there of the
// rest is left out.
func (c *impactCounts) String() string {
	text := fmt.Sprintf("%d changed, %d unchanged, %d broken", c.Changed, c.Unchanged, c.Broken)
	if c.Added > 0 {
		text += fmt.Sprintf(", %d added", c.Added)
	}
	if c.Removed > 0 {
		text += fmt.Sprintf(", %d removed", c.Removed)
	}
	if c.Edited > 0 {
		text += fmt.Sprintf(", %d edited themselves", c.Edited)
	}
	return text
}

type impactInstance struct {
	name string // with its place where there are several of one name
	own  bool   // it changes because it is edited

	Identity    render.Identity `json:"instance"`
	Status      compare.Status  `json:"status"`
	Objects     objectCounts    `json:"objects"`
	Dangers     int             `json:"dangers"`          // warnings and errors of krowave diff about it
	Edited      bool            `json:"edited,omitempty"` // its own manifest differs
	Position    *diag.Position  `json:"position,omitempty"`
	Diagnostics diag.List       `json:"diagnostics,omitempty"`
}

type objectCounts struct {
	Added   int `json:"added"`
	Changed int `json:"changed"`
	Deleted int `json:"deleted"`
	Moved   int `json:"moved"`
}

// effect is such as "1 changed, 2 deleted, 1 dangerous".
func (i *impactInstance) effect() string {
	var parts []string
	o := i.Objects
	for _, p := range []struct {
		n    int
		word string
	}{{o.Added, "added"}, {o.Changed, "changed"}, {o.Deleted, "deleted"}, {o.Moved, "moved"}, {i.Dangers, "dangerous"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	switch {
	case i.own:
		parts = append(parts, "edited itself")
	case i.Edited:
		parts = append(parts, "edited itself, too")
	}
	return strings.Join(parts, ", ")
}

// reasons are the first lines of the diagnostics.
func (i *impactInstance) reasons() []string {
	var out []string
	for _, d := range i.Diagnostics {
		out = append(out, diag.Line(fmt.Sprintf("%s: %s [%s]", d.Pos, d.Message, d.Rule)))
	}
	return out
}

func (r *impactReport) write(w io.Writer, format string) error {
	switch format {
	case "json":
		return impactKind().Write(w, r)
	case "markdown":
		return r.markdown(w)
	}
	return r.text(w)
}

func (r *impactReport) text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Comparing %s with %s\n", diag.Name(r.Old), diag.Name(r.New))
	fmt.Fprintf(&b, "%s: %s\n", diag.Line(strings.Join(r.Definitions, ", ")), &r.Counts)
	causes, err := r.report.Causes(compare.Human)
	if err != nil {
		return err
	}
	b.WriteString(causes)
	if len(r.Instances) > 0 {
		b.WriteString("\n")
	}
	list, rest := r.shown()
	var rows strings.Builder
	table := tabwriter.NewWriter(&rows, 0, 8, 3, ' ', 0)
	for _, i := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\n", i.Status, strings.ReplaceAll(diag.Name(i.name), "\t", `\t`), i.effect())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for n, row := range strings.Split(strings.TrimSuffix(rows.String(), "\n"), "\n") {
		if n == len(list) {
			break // there are none
		}
		b.WriteString(strings.TrimRight(row, " ") + "\n")
		for _, reason := range list[n].reasons() {
			b.WriteString("    " + reason + "\n")
		}
	}
	for _, text := range rest {
		b.WriteString("and " + text + " (-o json lists all)\n")
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// shown are the first instances of each status, and how many more there are.
func (r *impactReport) shown() (list []impactInstance, rest []string) {
	const most = 10
	seen := map[compare.Status]int{}
	var order []compare.Status
	for _, i := range r.Instances {
		if seen[i.Status]++; seen[i.Status] == 1 {
			order = append(order, i.Status)
		}
		if seen[i.Status] <= most {
			list = append(list, i)
		}
	}
	for _, status := range order {
		if more := seen[status] - most; more > 0 {
			rest = append(rest, fmt.Sprintf("%d more %s", more, status))
		}
	}
	return list, rest
}

func (r *impactReport) markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## Impact of %s\n\n%s, from %s to %s.\n", report.Code(diag.Line(strings.Join(r.Definitions, ", "))), &r.Counts, report.Code(diag.Name(r.Old)), report.Code(diag.Name(r.New)))
	causes, err := r.report.Causes(compare.Markdown)
	if err != nil {
		return err
	}
	b.WriteString(causes)
	list, rest := r.shown()
	touched := len(r.Instances) - r.Counts.Unchanged
	if touched > 0 {
		b.WriteString("\n| Instance | Status | Objects |\n|---|---|---|\n")
	}
	for _, i := range list {
		if i.Status == compare.Unchanged {
			continue
		}
		what := report.Prose(i.effect())
		if reasons := i.reasons(); len(reasons) > 0 {
			for n := range reasons {
				reasons[n] = report.Prose(reasons[n])
			}
			what = strings.Join(reasons, "<br>")
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", report.Prose(diag.Name(i.name)), i.Status, what)
	}
	for _, text := range rest {
		if !strings.HasSuffix(text, " "+string(compare.Unchanged)) {
			fmt.Fprintf(&b, "\nand %s\n", text)
		}
	}
	if r.Counts.Unchanged > 0 {
		fmt.Fprintf(&b, "\n<details><summary>%d unchanged</summary>\n\n", r.Counts.Unchanged)
		for _, i := range r.Instances {
			if i.Status == compare.Unchanged {
				fmt.Fprintf(&b, "- %s\n", report.Prose(diag.Name(i.name)))
			}
		}
		b.WriteString("\n</details>\n")
	}
	_, err = io.WriteString(w, b.String())
	return err
}
