package rgdtest

import (
	"fmt"
	"io"
	"strings"

	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
)

// Format is a way to print outcomes.
type Format string

// Formats.
const (
	Human Format = "human"
	JSON  Format = "json"
	JUnit Format = "junit"

	Colored Format = "colored" // Human, for a terminal
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
	told := map[string]string{} // the cases that tell each reason
	for _, o := range outcomes {
		fmt.Fprintf(&b, "%s  %s: %s", o.Status, diag.Name(o.Case.File), diag.Name(o.Case.Name))
		if reason := o.reason(); reason != "" && told[reason] != "" {
			fmt.Fprintf(&b, " (as %s)\n", told[reason])
			continue
		} else if reason != "" {
			told[reason] = diag.Name(o.Case.Name)
		}
		if o.Status == Skip {
			fmt.Fprintf(&b, " (%s)", diag.Line(o.Case.Skip))
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
	text := b.String()
	if format == Colored {
		text = colored(text)
	}
	_, err := io.WriteString(w, text)
	return err
}

// colored paints the status of each case.
func colored(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		for status, color := range map[Status]string{Pass: diag.Green, Fail: diag.Red, Skip: diag.Yellow} {
			if rest, ok := strings.CutPrefix(line, string(status)+"  "); ok {
				lines[i] = diag.Paint(color, string(status)) + "  " + rest
			}
		}
	}
	return strings.Join(lines, "\n")
}

// reason is what is wrong with an RGD that a case cannot be rendered because of,
// "" when something else is wrong.
func (o *Outcome) reason() string {
	if len(o.Problems) != 1 || !strings.Contains(o.Problems[0].Text, "the render has ") {
		return ""
	}
	return strings.Join(o.Problems[0].Lines, "\n")
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

// results is test -o json.
type results struct {
	Passed  int             `json:"passed"`
	Failed  int             `json:"failed"`
	Skipped int             `json:"skipped"`
	Results []outcomeOutput `json:"results"`
}

// ResultsKind is the machine form.
func ResultsKind() report.Kind {
	return report.Kind{Name: "TestResults", Command: "test -o json", Content: results{}}
}

func writeJSON(w io.Writer, outcomes []*Outcome) error {
	out := results{Count(outcomes, Pass), Count(outcomes, Fail), Count(outcomes, Skip), []outcomeOutput{}}
	for _, o := range outcomes {
		r := outcomeOutput{Test: o.Case.File, Case: o.Case.Name, Status: o.Status, Reason: o.Case.Skip}
		for _, p := range o.Problems {
			r.Problems = append(r.Problems, problemOutput{p.At, p.Text, p.Lines})
		}
		out.Results = append(out.Results, r)
	}
	return ResultsKind().Write(w, out)
}

// writeJUnit prints a suite for each file. There are no times: the same input
// gives the same report.
func writeJUnit(w io.Writer, outcomes []*Outcome) error {
	var suites []report.Suite
	for _, o := range outcomes {
		if n := len(suites); n == 0 || suites[n-1].Name != o.Case.File {
			suites = append(suites, report.Suite{Name: o.Case.File})
		}
		s := &suites[len(suites)-1]
		c := report.Case{Name: o.Case.Name, At: o.Case.At}
		if o.Status == Skip {
			c.Skipped = &o.Case.Skip
		}
		for _, p := range o.Problems {
			c.Failures = append(c.Failures, report.Failure{Message: diag.Clean(p.Text), Text: p.indented("")})
		}
		s.Cases = append(s.Cases, c)
	}
	return report.JUnit(w, "krowave test", suites)
}
