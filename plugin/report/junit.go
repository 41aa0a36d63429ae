package report

import (
	"encoding/xml"
	"fmt"
	"io"

	"github.com/krowave/krowave/render/diag"
)

// Suite is a test suite of a JUnit report.
type Suite struct {
	Name  string
	Cases []Case
}

// Case is a test case of a JUnit report.
type Case struct {
	Name     string
	At       diag.Position
	Skipped  *string // why; nil when it ran
	Failures []Failure
	Output   string
}

// Failure is a reason why a case fails.
type Failure struct{ Message, Type, Text string }

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name      string         `xml:"name,attr"`
	Classname string         `xml:"classname,attr"`
	File      string         `xml:"file,attr"`
	Line      int            `xml:"line,attr"`
	Skipped   *junitSkipped  `xml:"skipped"`
	Failures  []junitFailure `xml:"failure"`
	Output    string         `xml:"system-out,omitempty"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit prints test suites. There are no times: the same input gives the same
// report.
func JUnit(w io.Writer, name string, suites []Suite) error {
	all := junitSuites{Name: name}
	for _, s := range suites {
		out := junitSuite{Name: clean(s.Name), Tests: len(s.Cases)}
		for _, c := range s.Cases {
			one := junitCase{
				Name: clean(c.Name), Classname: clean(c.At.File), File: clean(c.At.File), Line: c.At.Line, Output: diag.CleanLines(c.Output),
			}
			switch {
			case c.Skipped != nil:
				one.Skipped = &junitSkipped{clean(*c.Skipped)}
				out.Skipped++
			case len(c.Failures) > 0:
				out.Failures++
			}
			for _, f := range c.Failures {
				one.Failures = append(one.Failures, junitFailure{clean(f.Message), f.Type, diag.CleanLines(f.Text)})
			}
			out.Cases = append(out.Cases, one)
		}
		all.Tests, all.Failures, all.Skipped = all.Tests+out.Tests, all.Failures+out.Failures, all.Skipped+out.Skipped
		all.Suites = append(all.Suites, out)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	_, err = io.WriteString(w, xml.Header+string(text)+"\n")
	return err
}

// clean is a text of an attribute: a name, or a message.
func clean(s string) string { return diag.Clean(diag.Cut(s, diag.MaxText)) }

// junit prints a test case for each RGD, instance and other object. An error is
// a failure of the case that it is about; warnings and notes are its output.
func (r *Report) junit(w io.Writer) error {
	cases := map[string][]Case{}
	files := map[string]int{} // of findings that belong to no object
	at := make([]int, len(r.Subjects))
	for i, s := range r.Subjects {
		at[i] = len(cases[s.Suite])
		cases[s.Suite] = append(cases[s.Suite], Case{Name: s.Title, At: s.At})
	}
	for _, d := range r.Each {
		if i := r.subjectOf(d); i >= 0 {
			cases[r.Subjects[i].Suite][at[i]].take(d)
			continue
		}
		if _, ok := files[d.Pos.File]; !ok {
			files[d.Pos.File] = len(cases[SuiteFiles])
			cases[SuiteFiles] = append(cases[SuiteFiles], Case{Name: d.Pos.File, At: d.Pos})
		}
		cases[SuiteFiles][files[d.Pos.File]].take(d)
	}
	var suites []Suite
	for _, name := range []string{SuiteDefinitions, SuiteInstances, SuiteGraphs, SuiteObjects, SuiteFiles} {
		if len(cases[name]) > 0 {
			suites = append(suites, Suite{name, cases[name]})
		}
	}
	return JUnit(w, "krowave validate", suites)
}

// take adds a finding to a case.
func (c *Case) take(d diag.Diagnostic) {
	d = d.Inert()
	text := diag.Clean(d.Pos.String()) + ": " + whole(d) + " [" + d.Rule + "]"
	if d.Severity == diag.Error {
		c.Failures = append(c.Failures, Failure{Message: d.Message, Type: d.Rule, Text: text})
		return
	}
	c.Output += d.Severity.String() + ": " + text + "\n"
}
