package compare

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"html/template"
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
	Policy      string // of the content: nothing from elsewhere, and no script at all
	Old, New    string
	Plan        string
	Facts       []string
	Dangers     []htmlDanger
	Definitions []htmlSection
	Columns     []string
	Rows        []htmlRow
	Sections    []htmlSection
}

type htmlDanger struct{ Severity, Rule, Subject, Message, Place string }

type htmlRow struct {
	Anchor string
	Cells  []string
}

type htmlSection struct {
	Anchor, Head string
	Notes        []string
	Objects      []htmlObject
}

type htmlObject struct {
	Action, Head string
	Lines        []htmlLine
}

type htmlLine struct{ Class, Mark, Text string }

// writeHTML prints one page that needs nothing else: its style is in it, under a
// policy that allows that style alone.
func writeHTML(out *bytes.Buffer, r *Report) error {
	page, err := template.New("report").Parse(pageText)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(pageStyle))
	p := &htmlPage{
		Style:  template.CSS(pageStyle),
		Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
		Old:    diag.Name(r.Old), New: diag.Name(r.New), Plan: r.plan(), Facts: r.facts(), Columns: r.columns(),
	}
	for _, d := range r.groups() {
		p.Dangers = append(p.Dangers, htmlDanger{d.Severity.String(), d.Rule, d.subject(), diag.Line(d.Message), d.place()})
	}
	for n := range r.Definitions {
		d := &r.Definitions[n]
		p.Definitions = append(p.Definitions, htmlSection{Head: d.heading(), Notes: d.lines()})
	}
	if err := p.instances(r); err != nil {
		return err
	}
	return page.Execute(out, p)
}

func (p *htmlPage) instances(r *Report) error {
	for n := range r.Instances {
		i := &r.Instances[n]
		if i.Status == Unchanged {
			continue
		}
		s := htmlSection{Anchor: "i" + strconv.Itoa(n), Head: i.Title() + ": " + string(i.Status)}
		for _, d := range i.Diagnostics {
			s.Notes = append(s.Notes, diag.Line(d.Pos.String()+": "+d.Message+" ["+d.Rule+"]"))
		}
		var err error
		if s.Objects, err = htmlObjects(i.Objects); err != nil {
			return err
		}
		p.Rows = append(p.Rows, htmlRow{s.Anchor, r.row(i)})
		p.Sections = append(p.Sections, s)
	}
	if len(r.PassThrough) == 0 {
		return nil
	}
	objects, err := htmlObjects(r.PassThrough)
	p.Sections = append(p.Sections, htmlSection{Anchor: "rest", Head: "Objects of no instance", Objects: objects})
	return err
}

func htmlObjects(list []ObjectChange) ([]htmlObject, error) {
	var out []htmlObject
	for n := range list {
		o := &list[n]
		lines, err := linesOf(o)
		if err != nil {
			return nil, err
		}
		x := htmlObject{Action: string(o.Action), Head: o.Action.mark() + " " + o.heading()}
		for _, l := range lines {
			class := map[byte]string{'@': "path", '+': "add", '-': "del", ' ': "same"}[l.mark]
			x.Lines = append(x.Lines, htmlLine{class, strings.Trim(string(l.mark), "@"), l.text})
		}
		out = append(out, x)
	}
	return out, nil
}
