package compare

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

//go:embed report.html.tmpl
var pageText string

//go:embed report.css
var pageStyle string

// htmlPage is what the template sees.
type htmlPage struct {
	Style       template.CSS
	Policy      string   // of the content: nothing from elsewhere, and no script at all
	Filters     []string // statuses and actions that the page has
	Old, New    string
	Plan        string
	Facts       []string
	Broken      bool // there are instances that cannot be rendered
	Dangers     []htmlDanger
	Definitions []htmlSection
	Groups      []htmlSection
	Columns     []htmlColumn
	Rows        []htmlRow
	Sections    []htmlSection

	Drift *htmlPage // of the cluster, where one was asked

	anchors map[string]string // of instances, objects and RGDs
	prefix  string            // of anchors
}

type htmlDanger struct {
	Severity, Rule, Subject, Message, Place, Anchor string
	Consequences                                    []string
}

type htmlColumn struct {
	Text   string
	Number bool
}

type htmlRow struct {
	Anchor string
	Has    []string
	Cells  []htmlCell
}

type htmlCell struct{ Text, Class string }

// htmlSection is folded or open. Its anchor is on what is folded: a browser unfolds
// what holds the place that a link leads to.
type htmlSection struct {
	Anchor, Head, Example, Who string
	Has                        []string // statuses and actions, for the filter
	Count                      string
	Open                       bool
	Notes, Values              []string
	Lines                      []htmlLine
	Objects                    []htmlObject
}

type htmlObject struct {
	Action, Head string
	Lines        []htmlLine
}

type htmlLine struct{ Class, Mark, Text string }

// writeHTML prints one page that needs nothing else: its style is in it, under a
// policy that allows that style alone. The filter is made of style, too.
func writeHTML(out *bytes.Buffer, r *Report) error {
	page, err := template.New("report").Parse(pageText)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(pageStyle))
	p, err := pageOf(r, "")
	if err != nil {
		return err
	}
	if r.Drift != nil {
		if p.Drift, err = pageOf(r.Drift, "drift-"); err != nil {
			return err
		}
	}
	p.Style = template.CSS(pageStyle)
	p.Policy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	p.filters()
	return page.Execute(out, p)
}

// pageOf is what the page shows of a report.
func pageOf(r *Report, prefix string) (*htmlPage, error) {
	p := &htmlPage{Old: diag.Name(r.Old), New: diag.Name(r.New), Plan: r.plan(), Facts: r.facts(), anchors: map[string]string{}, prefix: prefix}
	if err := p.definitions(r); err != nil {
		return nil, err
	}
	if err := p.groups(r); err != nil {
		return nil, err
	}
	if err := p.sections(r); err != nil {
		return nil, err
	}
	p.table(r)
	p.Broken = slices.ContainsFunc(r.Instances, func(i InstanceChange) bool { return i.Status == Broken })
	for _, d := range r.DangerGroups {
		p.Dangers = append(p.Dangers, p.danger(&d))
	}
	lists := [][]htmlSection{p.Definitions, p.Groups, p.Sections}
	few := len(slices.Concat(lists...)) <= mostOpen
	for _, list := range lists {
		for n := range list {
			list[n].Open = few
		}
	}
	return p, nil
}

// filters are the statuses and actions of which the page has some, if there is a
// choice.
func (p *htmlPage) filters() {
	found := map[string]bool{}
	all := slices.Concat(p.Groups, p.Sections)
	if p.Drift != nil {
		all = slices.Concat(all, p.Drift.Groups, p.Drift.Sections)
	}
	for _, s := range all {
		for _, has := range s.Has {
			found[has] = true
		}
	}
	if len(found) < 2 {
		return
	}
	for _, name := range []string{string(Broken), string(AddObject), string(ChangeObject), string(DeleteObject), string(MoveObject)} {
		if found[name] {
			p.Filters = append(p.Filters, name)
		}
	}
}

// has lists what the filter goes by.
func has(list []*ObjectChange, diagnostics diag.List) []string {
	var out []string
	add := func(what string) {
		if !slices.Contains(out, what) {
			out = append(out, what)
		}
	}
	if len(diagnostics) > 0 {
		add(string(Broken))
	}
	for _, o := range list {
		add(string(o.Action))
		if o.moves() {
			add(string(MoveObject))
		}
	}
	slices.Sort(out)
	return out
}

// name remembers where something is shown, if nothing shows it yet.
func (p *htmlPage) name(what, anchor string) {
	if p.anchors[what] == "" {
		p.anchors[what] = anchor
	}
}

func (p *htmlPage) definitions(r *Report) error {
	for n := range r.Definitions {
		d := &r.Definitions[n]
		lines, err := d.fieldLines()
		if err != nil {
			return err
		}
		s := htmlSection{Anchor: p.prefix + "d" + strconv.Itoa(n), Head: d.heading(), Notes: d.lines(), Lines: htmlLines(lines)}
		p.name("rgd "+d.Name, s.Anchor)
		p.Definitions = append(p.Definitions, s)
	}
	return nil
}

func (p *htmlPage) groups(r *Report) error {
	for n := range r.Groups {
		g := &r.Groups[n]
		s := htmlSection{
			Anchor: p.prefix + "g" + strconv.Itoa(n), Head: capital(g.heading()), Example: g.example(), Who: g.who(0), Count: number(g.Count),
			Notes: notes(g.Diagnostics), Values: g.values(),
		}
		var list []*ObjectChange
		for k := range g.Changes {
			list = append(list, &g.Changes[k])
		}
		s.Has = has(list, g.Diagnostics)
		for _, o := range g.all {
			p.name("object "+keyOf(o.Identity).String(), s.Anchor)
		}
		for _, id := range g.Instances {
			p.name("instance "+keyOf(id).String()+" "+id.Path, s.Anchor)
		}
		var err error
		if s.Objects, err = htmlObjects(list); err != nil {
			return err
		}
		p.Groups = append(p.Groups, s)
	}
	return nil
}

func (p *htmlPage) sections(r *Report) error {
	for _, x := range r.sections() {
		s := htmlSection{Anchor: p.prefix + "rest", Head: x.head, Notes: notes(x.diagnostics), Has: has(x.objects, x.diagnostics)}
		if x.at >= 0 {
			s.Anchor = p.prefix + "i" + strconv.Itoa(x.at)
			id := r.Instances[x.at].Identity
			p.anchors["instance "+keyOf(id).String()+" "+id.Path] = s.Anchor
		}
		for _, o := range x.objects {
			p.name("object "+keyOf(o.Identity).String(), s.Anchor)
		}
		var err error
		if s.Objects, err = htmlObjects(x.objects); err != nil {
			return err
		}
		p.Sections = append(p.Sections, s)
	}
	return nil
}

func (p *htmlPage) table(r *Report) {
	columns := r.columns()
	numbers := len(columns) - 4
	for n, text := range columns {
		p.Columns = append(p.Columns, htmlColumn{text, n >= numbers})
	}
	rows, _ := r.rows(0)
	for _, row := range rows {
		i := &r.Instances[row.at]
		var list []*ObjectChange
		for k := range i.Objects {
			list = append(list, &i.Objects[k])
		}
		x := htmlRow{Has: has(list, i.Diagnostics), Anchor: p.anchors["instance "+keyOf(i.Identity).String()+" "+i.Identity.Path]}
		for n, text := range row.cells {
			class := ""
			switch {
			case n >= numbers:
				class = "n"
			case n == numbers-1:
				class = string(i.Status)
			}
			x.Cells = append(x.Cells, htmlCell{text, class})
		}
		p.Rows = append(p.Rows, x)
	}
}

func (p *htmlPage) danger(d *DangerGroup) htmlDanger {
	out := htmlDanger{Severity: d.Severity.String(), Rule: d.Rule, Subject: d.subject(), Message: diag.Line(d.Message), Place: d.place()}
	for n := range d.Consequences {
		out.Consequences = append(out.Consequences, d.Consequences[n].consequence())
	}
	var names []string
	if d.Object != nil {
		names = append(names, "object "+keyOf(*d.Object).String())
	}
	if d.Instance != nil {
		names = append(names, "instance "+keyOf(*d.Instance).String()+" "+d.Instance.Path)
	}
	names = append(names, "rgd "+d.definition)
	for _, name := range names {
		if out.Anchor = p.anchors[name]; out.Anchor != "" {
			break
		}
	}
	return out
}

func notes(list diag.List) []string {
	var out []string
	for _, d := range list {
		out = append(out, diag.Line(d.Pos.String()+": "+d.Message+" ["+d.Rule+"]"))
	}
	return out
}

func htmlObjects(list []*ObjectChange) ([]htmlObject, error) {
	var out []htmlObject
	for _, o := range list {
		lines, err := linesOf(o)
		if err != nil {
			return nil, err
		}
		out = append(out, htmlObject{Action: string(o.Action), Head: o.Action.mark() + " " + o.heading(), Lines: htmlLines(lines)})
	}
	return out, nil
}

func htmlLines(lines []line) []htmlLine {
	var out []htmlLine
	for _, l := range lines {
		class := map[byte]string{'@': "path", '+': "add", '-': "del", ' ': "same"}[l.mark]
		out = append(out, htmlLine{class, strings.Trim(string(l.mark), "@"), l.text})
	}
	return out
}
