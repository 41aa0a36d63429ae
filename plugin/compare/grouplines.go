package compare

import (
	"fmt"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

// Caps of what people read. What is beyond is counted.
const (
	mostRows   = 10 // of a table, for each RGD
	mostShares = 6
	mostValues = 10
	mostOpen   = 20 // sections of a page that are open
)

// heading says how many have a change in common, and where they are.
func (g *Group) heading() string {
	what := "the same in "
	switch {
	case g.Differ:
		what = "the same fields, to other values, in "
	case g.Diagnostics != nil && len(g.Changes) == 0:
		what = "broken alike: "
	}
	switch {
	case g.Count == 1 && len(g.Instances) == 1:
		what += count(g.Objects, "object", "objects") + " of " + g.titles[0]
	case len(g.Others) > 0:
		what += count(g.Count, "object", "objects") + " of no instance"
	default:
		what += count(g.Count, "instance", "instances")
	}
	if by := sharesText(g.By); by != "" {
		what += ": " + by
	}
	var notes []string
	if g.Definition != "" {
		notes = append(notes, "RGD "+diag.Name(g.Definition))
	}
	if g.status == Added || g.status == Removed {
		notes = append(notes, string(g.status))
	}
	if len(notes) > 0 {
		what += " (" + strings.Join(notes, ", ") + ")"
	}
	return what
}

// sharesText is such as "dev 300, prod 700".
func sharesText(list []Share) string {
	var out []string
	for n, s := range list {
		if n == mostShares {
			out = append(out, fmt.Sprintf("%s more", number(len(list)-n)))
			break
		}
		out = append(out, diag.Name(s.Name)+" "+number(s.Count))
	}
	return strings.Join(out, ", ")
}

// example says whose lines are shown.
func (g *Group) example() string {
	switch {
	case g.Count == 1 || len(g.Others) > 0:
		return ""
	case g.Differ:
		return "as in " + g.titles[0] + "; values differ elsewhere"
	}
	return "as in " + g.titles[0] + "; only names differ elsewhere"
}

// values are the differences of the first members of a group that has not the
// same everywhere.
func (g *Group) values() []string {
	if !g.Differ {
		return nil
	}
	var out []string
	for n, o := range g.members {
		if len(out) >= mostValues {
			out = append(out, fmt.Sprintf("and %s more", number(len(g.members)-n)))
			break
		}
		if o == nil || len(o.Fields) == 0 {
			continue
		}
		f := o.Fields[0]
		text := fmt.Sprintf("%s %s: %s -> %s", title(o.Identity), f.Path, inOneLine(f.Before), inOneLine(f.After))
		if f.Secret {
			text = fmt.Sprintf("%s %s: a secret value", title(o.Identity), f.Path)
		}
		if more := len(o.Fields) - 1; more > 0 {
			text += fmt.Sprintf(" (and %s)", count(more, "more field", "more fields"))
		}
		out = append(out, diag.Line(text))
	}
	return out
}

// who lists the members, at most some.
func (g *Group) who(most int) string {
	if g.Count == 1 {
		return ""
	}
	list, more := g.titles, 0
	if most > 0 && len(list) > most {
		list, more = list[:most], len(list)-most
	}
	text := strings.Join(list, ", ")
	if more > 0 {
		text += fmt.Sprintf(" and %s more (-o json lists all)", number(more))
	}
	return text
}

// subject names what a danger is about.
func (d *DangerGroup) subject() string {
	switch {
	case d.Object != nil:
		return title(*d.Object) + d.of
	case d.Instance != nil:
		return title(*d.Instance) + d.of
	}
	return diag.Name("RGD " + d.Node)
}

// place says where to look, and how often.
func (d *DangerGroup) place() string {
	var out []string
	if d.Position != nil {
		out = append(out, diag.Name(d.Position.String()))
	}
	if d.Path != "" {
		out = append(out, diag.Name(d.Path))
	}
	if d.Node != "" && (d.Object != nil || d.Instance != nil) {
		out = append(out, "node "+diag.Line(d.Node))
	}
	if more := d.Count - 1; more > 0 {
		noun := [2]string{"instance", "instances"}
		if d.Object != nil {
			noun = [2]string{"object", "objects"}
		}
		out = append(out, "and "+number(more)+" more "+map[bool]string{true: noun[0], false: noun[1]}[more == 1])
	}
	text := strings.Join(out, ", ")
	if by := sharesText(d.By); by != "" {
		text += ": " + by
	}
	return text
}

// consequence says what else a danger leads to.
func (d *DangerGroup) consequence() string {
	who := count(d.Count, "instance", "instances")
	if d.Count == 1 {
		who = d.subject()
	}
	text := who + ": " + diag.Line(d.Message)
	if place := d.place(); place != "" {
		text += " (" + place + ")"
	}
	return text
}

// dangersToShow are all errors, and the first of the rest; more counts what is
// left out.
func (r *Report) dangersToShow() (list []DangerGroup, more int) {
	n := 0
	for _, g := range r.DangerGroups {
		if g.Severity != diag.Error {
			if n++; n > mostRows {
				more++
				continue
			}
		}
		list = append(list, g)
	}
	return list, more
}

// fieldLines shows the differences inside an RGD.
func (d *DefinitionChange) fieldLines() ([]line, error) {
	var out []line
	for _, f := range d.Fields {
		text := diag.Line(f.Path)
		if f.Position != nil {
			text += fmt.Sprintf(" (line %d)", f.Position.Line)
		} else if f.OldPosition != nil {
			text += fmt.Sprintf(" (line %d before)", f.OldPosition.Line)
		}
		out = append(out, line{'@', text})
		lines, err := fieldLines(f.FieldChange)
		if err != nil {
			return nil, err
		}
		out = append(out, fromDifference(lines)...)
	}
	return out, nil
}

// tableRow is an instance in a table, or the number of those that are not in it.
type tableRow struct {
	cells []string
	at    int // of the instance
}

// rows are those of a table, at most some of each RGD, and lines on the rest.
func (r *Report) rows(most int) (rows []tableRow, rest []string) {
	seen := map[string]int{}
	var order []string
	for n := range r.Instances {
		i := &r.Instances[n]
		if i.Status == Unchanged {
			continue
		}
		rgd := i.definition()
		if seen[rgd]++; seen[rgd] == 1 {
			order = append(order, rgd)
		}
		if most == 0 || seen[rgd] <= most {
			rows = append(rows, tableRow{r.row(i), n})
		}
	}
	for _, rgd := range order {
		if more := seen[rgd] - most; most > 0 && more > 0 {
			text := count(more, "more instance", "more instances")
			if rgd != "" {
				text += " of RGD " + diag.Name(rgd)
			}
			rest = append(rest, text+" (-o json lists all)")
		}
	}
	return rows, rest
}

// section is an instance of which not everything is said in a group, or what
// belongs to none.
type section struct {
	at          int // of the instance
	head        string
	status      Status
	diagnostics diag.List
	objects     []*ObjectChange
}

// sections are what is shown one by one, after the groups.
func (r *Report) sections() []section {
	var out []section
	for n := range r.Instances {
		i := &r.Instances[n]
		if i.Status == Unchanged {
			continue
		}
		s := section{at: n, head: i.Title() + ": " + string(i.Status), status: i.Status}
		if r.singleBroken[n] {
			s.diagnostics = i.Diagnostics
		}
		s.objects = r.singles(i.Objects)
		if len(s.objects)+len(s.diagnostics) == 0 && len(i.Objects)+len(i.Diagnostics) > 0 {
			continue // groups say it all
		}
		if more := len(i.Objects) - len(s.objects); more > 0 {
			s.head += " (" + count(more, "object", "objects") + " above)"
		}
		out = append(out, s)
	}
	if rest := r.singles(r.PassThrough); len(rest) > 0 {
		out = append(out, section{at: -1, head: "Objects of no instance", objects: rest})
	}
	return out
}

func (r *Report) singles(list []ObjectChange) []*ObjectChange {
	var out []*ObjectChange
	for n := range list {
		if r.single[&list[n]] {
			out = append(out, &list[n])
		}
	}
	return out
}
