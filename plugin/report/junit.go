package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"

	"github.com/krowave/krowave/render/diag"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name      string         `xml:"name,attr"`
	Classname string         `xml:"classname,attr"`
	File      string         `xml:"file,attr"`
	Line      int            `xml:"line,attr"`
	Failures  []junitFailure `xml:"failure"`
	Output    string         `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// junit prints a test case for each RGD, instance and other object. An error is
// a failure of the case that it is about; warnings and notes are its output.
func (r *Report) junit(w io.Writer) error {
	cases := map[string][]junitCase{}
	files := map[string]int{} // of findings that belong to no object
	at := make([]int, len(r.Subjects))
	for i, s := range r.Subjects {
		at[i] = len(cases[s.Suite])
		cases[s.Suite] = append(cases[s.Suite], junitCase{Name: s.Title, Classname: s.At.File, File: s.At.File, Line: s.At.Line})
	}
	for _, d := range r.Each {
		if i := r.subjectOf(d); i >= 0 {
			cases[r.Subjects[i].Suite][at[i]].take(d)
			continue
		}
		if _, ok := files[d.Pos.File]; !ok {
			files[d.Pos.File] = len(cases[SuiteFiles])
			cases[SuiteFiles] = append(cases[SuiteFiles], junitCase{Name: d.Pos.File, Classname: d.Pos.File, File: d.Pos.File, Line: d.Pos.Line})
		}
		cases[SuiteFiles][files[d.Pos.File]].take(d)
	}
	out := junitSuites{Name: "krowave validate"}
	for _, name := range []string{SuiteDefinitions, SuiteInstances, SuiteObjects, SuiteFiles} {
		s := junitSuite{Name: name, Tests: len(cases[name]), Cases: cases[name]}
		s.Failures = len(slices.DeleteFunc(slices.Clone(s.Cases), func(c junitCase) bool { return len(c.Failures) == 0 }))
		if s.Tests > 0 {
			out.Tests, out.Failures = out.Tests+s.Tests, out.Failures+s.Failures
			out.Suites = append(out.Suites, s)
		}
	}
	text, err := xml.MarshalIndent(out, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	_, err = io.WriteString(w, xml.Header+string(text)+"\n")
	return err
}

// take adds a finding to a case.
func (c *junitCase) take(d diag.Diagnostic) {
	text := d.Pos.String() + ": " + whole(d) + " [" + d.Rule + "]"
	if d.Severity == diag.Error {
		c.Failures = append(c.Failures, junitFailure{Message: d.Message, Type: d.Rule, Text: text})
		return
	}
	c.Output += d.Severity.String() + ": " + text + "\n"
}
