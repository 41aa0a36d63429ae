package upgrade

import (
	"fmt"
	"io"
	"strings"

	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
)

// document is upgrade-check -o json.
type document struct {
	From     string    `json:"from"`
	To       string    `json:"to"`
	Preview  bool      `json:"preview"` // no release of the version is out
	Findings diag.List `json:"findings"`
	Summary  counts    `json:"summary"`
}

// write prints the findings in a format.
func (r *result) write(w io.Writer, format string) error {
	switch format {
	case "json":
		return kind().Write(w, document{
			From: string(r.from), To: string(r.to), Preview: r.to.IsPreview(), Findings: append(diag.List{}, r.findings...), Summary: r.checked,
		})
	case "markdown":
		return r.markdown(w)
	case "sarif":
		out := report.Report{Each: r.findings, Source: r.printing.Source}
		out.Count()
		return out.Write(w, "sarif")
	}
	if err := report.Findings(w, r.findings, r.printing); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s: %s\n", r.title(), r.counted())
	return err
}

func (r *result) counted() string {
	return fmt.Sprintf("%s and %s, %s", report.Counted(r.checked.Definitions, "definition", "definitions"),
		report.Counted(r.checked.Instances, "instance", "instances"), report.Counted(r.checked.Findings, "finding", "findings"))
}

// markdown prints a table of findings.
func (r *result) markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", report.Prose("Upgrade of "+r.title()))
	if len(r.findings) == 0 {
		fmt.Fprintf(&b, "Nothing changes: %s.\n", report.Prose(r.counted()))
	} else {
		fmt.Fprintf(&b, "%s.\n\n| where | number | object | what | what to write |\n|---|---|---|---|---|\n", report.Prose(r.counted()))
		for _, d := range r.findings {
			d = d.Inert()
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", report.Cell(d.Pos.String()), report.Prose(d.Difference), report.Cell(orDash(d.Object)),
				report.Prose(d.Message), report.Prose(d.Hint))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
