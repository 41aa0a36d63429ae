package report

import (
	"fmt"
	"io"

	"github.com/krowave/krowave/render/diag"
)

// human prints the findings as other commands do, and a line that counts.
func (r *Report) human(w io.Writer) error {
	if err := (Printing{Source: r.Source, Verbose: r.Verbose, Color: r.Color, Link: r.Link}).print(w, r.Diags); err != nil {
		return err
	}
	s := r.Summary
	graphs := ""
	if s.Graphs > 0 {
		graphs = Counted(s.Graphs, "Graph", "Graphs") + ", "
	}
	_, err := fmt.Fprintf(w, "%s, %s%s, %s, %s: %s, %s, %s\n",
		Counted(s.Definitions, "definition", "definitions"), graphs, Counted(s.Instances, "instance", "instances"),
		Counted(s.Rendered, "rendered object", "rendered objects"), Counted(s.Others, "other object", "other objects"),
		Counted(s.Errors, "error", "errors"), Counted(s.Warnings, "warning", "warnings"), Counted(s.Notes, "note", "notes"))
	return err
}

// validation is validate -o json.
type validation struct {
	Diagnostics diag.List `json:"diagnostics"`
	Summary     Summary   `json:"summary"`
}

// Validation is the machine form of a report.
func Validation() Kind {
	return Kind{Name: "Validation", Command: "validate -o json", Content: validation{}}
}

// json prints the findings in their machine form.
func (r *Report) json(w io.Writer) error {
	return Validation().Write(w, validation{r.Located(), r.Summary})
}
