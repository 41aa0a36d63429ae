package rgdtest

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

// Format is a way to print outcomes.
type Format string

// Formats.
const (
	Human Format = "human"
	JSON  Format = "json"
	JUnit Format = "junit"
)

// Formats lists them for flags.
func Formats() []string { return []string{string(Human), string(JSON), string(JUnit)} }

// Count returns how many outcomes have a status.
func Count(outcomes []*Outcome, s Status) int {
	n := 0
	for _, o := range outcomes {
		if o.Status == s {
			n++
		}
	}
	return n
}

// Write prints outcomes in their order.
func Write(w io.Writer, outcomes []*Outcome, format Format) error {
	switch format {
	case JSON:
		return writeJSON(w, outcomes)
	case JUnit:
		return writeJUnit(w, outcomes)
	}
	var b strings.Builder
	for _, o := range outcomes {
		fmt.Fprintf(&b, "%s  %s: %s", o.Status, o.Case.File, o.Case.Name)
		if o.Status == Skip {
			fmt.Fprintf(&b, " (%s)", o.Case.Skip)
		}
		b.WriteByte('\n')
		for _, p := range o.Problems {
			b.WriteString(p.indented("      "))
		}
	}
	if len(outcomes) > 0 {
		b.WriteByte('\n')
	}
	b.WriteString(Summary(outcomes) + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary counts outcomes in a line.
func Summary(outcomes []*Outcome) string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", Count(outcomes, Pass), Count(outcomes, Fail), Count(outcomes, Skip))
}

// indented is a problem as text. Control characters of what was rendered stay
// off the terminal.
func (p Problem) indented(by string) string {
	out := by + diag.Clean(p.At.String()+": "+p.Text) + "\n"
	for _, line := range p.Lines {
		out += strings.TrimRight(by+"  "+diag.Clean(line), " ") + "\n"
	}
	return out
}

type problemOutput struct {
	diag.Position
	Message string   `json:"message"`
	Detail  []string `json:"detail,omitempty"`
}

type outcomeOutput struct {
	Test     string          `json:"test"` // the file
	Case     string          `json:"case"`
	Status   Status          `json:"status"`
	Reason   string          `json:"reason,omitempty"` // of a skip
	Problems []problemOutput `json:"problems,omitempty"`
}

func writeJSON(w io.Writer, outcomes []*Outcome) error {
	results := []outcomeOutput{}
	for _, o := range outcomes {
		r := outcomeOutput{Test: o.Case.File, Case: o.Case.Name, Status: o.Status, Reason: o.Case.Skip}
		for _, p := range o.Problems {
			r.Problems = append(r.Problems, problemOutput{p.At, p.Text, p.Lines})
		}
		results = append(results, r)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]any{
		"passed": Count(outcomes, Pass), "failed": Count(outcomes, Fail), "skipped": Count(outcomes, Skip), "results": results,
	})
}

type junitSuites struct {
	XMLName  xml.Name      `xml:"testsuites"`
	Name     string        `xml:"name,attr"`
	Tests    int           `xml:"tests,attr"`
	Failures int           `xml:"failures,attr"`
	Skipped  int           `xml:"skipped,attr"`
	Suites   []*junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	Classname string        `xml:"classname,attr"`
	File      string        `xml:"file,attr"`
	Line      int           `xml:"line,attr"`
	Skipped   *junitMessage `xml:"skipped"`
	Failures  []junitFailed `xml:"failure"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
}

type junitFailed struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit prints a suite for each file. There are no times: the same input
// gives the same report.
func writeJUnit(w io.Writer, outcomes []*Outcome) error {
	all := junitSuites{
		Name: "krowave test", Tests: len(outcomes), Failures: Count(outcomes, Fail), Skipped: Count(outcomes, Skip),
	}
	for _, o := range outcomes {
		n := len(all.Suites)
		if n == 0 || all.Suites[n-1].Name != o.Case.File {
			all.Suites = append(all.Suites, &junitSuite{Name: o.Case.File})
			n++
		}
		s := all.Suites[n-1]
		c := junitCase{Name: o.Case.Name, Classname: o.Case.File, File: o.Case.File, Line: o.Case.At.Line}
		s.Tests++
		switch o.Status {
		case Skip:
			s.Skipped++
			c.Skipped = &junitMessage{o.Case.Skip}
		case Fail:
			s.Failures++
		}
		for _, p := range o.Problems {
			c.Failures = append(c.Failures, junitFailed{diag.Clean(p.Text), p.indented("")})
		}
		s.Cases = append(s.Cases, c)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	_, err = io.WriteString(w, xml.Header+string(text)+"\n")
	return err
}
