// Package report prints findings: for people, as JSON, SARIF and JUnit, and as
// GitHub workflow commands. It creates no findings itself.
//
//	err := report.Findings(os.Stderr, res.Diagnostics, report.Printing{Source: in.Source})
package report

import (
	"io"
	"slices"

	"github.com/krowave/krowave/render/diag"
)

// Report is what a check of files found.
type Report struct {
	Diags    diag.List // one for all instances that have the same
	Each     diag.List // one for each instance
	Source   func(file string) []byte
	Subjects []Subject // what was checked, in the order of the input
	Summary  Summary
	Verbose  bool // for people, too, nothing is folded
	Color    bool // for people
	Link     func(file string) string
}

// Summary counts what was checked and what was found.
type Summary struct {
	Definitions int `json:"definitions"`
	Instances   int `json:"instances"`
	Graphs      int `json:"graphs,omitempty"` // objects of kind Graph
	Rendered    int `json:"rendered"`
	Others      int `json:"others"`
	Errors      int `json:"errors"`
	Warnings    int `json:"warnings"`
	Notes       int `json:"notes"`
}

// Subject is an RGD, an instance or another object of the input: one test case
// of -o junit.
type Subject struct {
	Suite string
	Title string
	At    diag.Position
}

// Suites.
const (
	SuiteDefinitions = "definitions"
	SuiteInstances   = "instances"
	SuiteGraphs      = "graphs"
	SuiteObjects     = "objects"
	SuiteFiles       = "files" // findings about files that cannot be read
)

// Strict makes warnings errors.
func (r *Report) Strict() {
	promote(r.Each)
	r.Count()
}

// Count merges the findings and counts them.
func (r *Report) Count() {
	r.Diags = merged(r.Each)
	s := &r.Summary
	s.Errors, s.Warnings, s.Notes = 0, 0, 0
	for _, d := range r.Diags {
		switch d.Severity {
		case diag.Error:
			s.Errors++
		case diag.Warning:
			s.Warnings++
		default:
			s.Notes++
		}
	}
}

// Located are the findings with the places of their fixes.
func (r *Report) Located() diag.List { return r.Diags.Locate(r.Source) }

// merged keeps one of the findings that differ only in the instance that they
// are about, and says how many more there are.
func merged(l diag.List) diag.List {
	type key struct {
		diag.Position
		rule, message string
	}
	first := map[key]int{}
	more := map[int]int{}
	out := diag.List{}
	for _, d := range l {
		k := key{d.Pos, d.Rule, d.Message}
		if i, ok := first[k]; ok {
			more[i]++
			continue
		}
		first[k] = len(out)
		out = append(out, d)
	}
	for i := range out {
		if n := more[i]; n > 0 {
			out[i].Related = append(out[i].Related[:len(out[i].Related):len(out[i].Related)],
				diag.Related{Position: out[i].Pos, Message: "and for " + Counted(n, "more object", "more objects")})
		}
	}
	return out
}

// Write writes the findings in a format.
func (r *Report) Write(w io.Writer, format string) error {
	switch format {
	case "json":
		return r.json(w)
	case "sarif":
		return r.sarif(w)
	case "github":
		return r.github(w)
	case "junit":
		return r.junit(w)
	}
	return r.human(w)
}

// subjectOf finds the test case that a finding belongs to: the instance or
// object that it is about, else the document that it stands in; -1 when the
// file could not be read.
func (r *Report) subjectOf(d diag.Diagnostic) int {
	places := []diag.Position{d.Pos}
	if at, ok := d.InstanceAt(); ok {
		places = []diag.Position{at}
	}
	best := -1
	for i, s := range r.Subjects {
		if slices.ContainsFunc(places, func(p diag.Position) bool { return s.at(p, d) }) &&
			(best < 0 || s.At.Line >= r.Subjects[best].At.Line) {
			best = i
		}
	}
	return best
}

// at reports whether a finding may belong to the subject by its place. Of what
// kustomize built, the place is in a file that many builds share.
func (s Subject) at(p diag.Position, d diag.Diagnostic) bool {
	if p.Built != "" || s.At.Built != "" {
		return p.Built == s.At.Built && (d.Object == "" || d.Object == s.Title)
	}
	return s.At.File == p.File && s.At.Line <= p.Line
}
