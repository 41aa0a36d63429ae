package plugin

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

// human prints the findings as other commands do, and a line that counts.
func (v *validation) human(w io.Writer) error {
	if err := diag.Print(w, v.diags, diag.PrintOptions{Source: v.source}); err != nil {
		return err
	}
	s := v.summary
	_, err := fmt.Fprintf(w, "%s, %s, %s, %s: %s, %s, %s\n",
		counted(s.Definitions, "definition", "definitions"), counted(s.Instances, "instance", "instances"),
		counted(s.Rendered, "rendered object", "rendered objects"), counted(s.Others, "other object", "other objects"),
		counted(s.Errors, "error", "errors"), counted(s.Warnings, "warning", "warnings"), counted(s.Notes, "note", "notes"))
	return err
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// json prints the findings in their machine form.
func (v *validation) json(w io.Writer) error {
	return indented(w, struct {
		Diagnostics diag.List         `json:"diagnostics"`
		Summary     validationSummary `json:"summary"`
	}{v.diags, v.summary})
}

func indented(w io.Writer, value any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(value)
}

// github prints a workflow command for each finding, which GitHub shows at the
// line of a pull request.
func (v *validation) github(w io.Writer) error {
	var b strings.Builder
	for _, d := range v.diags {
		command := map[diag.Severity]string{diag.Error: "error", diag.Warning: "warning", diag.Info: "notice"}[d.Severity]
		fmt.Fprintf(&b, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", command,
			githubProperty(d.Pos.File), d.Pos.Line, d.Pos.Column, githubProperty("krowave: "+d.Rule), githubData(whole(d)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// githubData escapes the message of a workflow command, as GitHub's toolkit
// does.
func githubData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// githubProperty escapes the value of a property.
func githubProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}

// whole is the message of a finding with what else is known, a line each.
func whole(d diag.Diagnostic) string {
	lines := []string{d.Message}
	for _, l := range []struct{ label, text string }{{"object: ", d.Object}, {"path: ", d.Path}, {"hint: ", d.Hint}} {
		if l.text != "" {
			lines = append(lines, l.label+l.text)
		}
	}
	for _, r := range d.Related {
		lines = append(lines, r.Position.String()+": "+r.Message)
	}
	return strings.Join(lines, "\n")
}
