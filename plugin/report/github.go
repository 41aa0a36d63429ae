package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

// github prints a workflow command for each finding, which GitHub shows at the
// line of a pull request.
func (r *Report) github(w io.Writer) error {
	var b strings.Builder
	for _, d := range r.Diags {
		d = d.Inert()
		command := map[diag.Severity]string{diag.Error: "error", diag.Warning: "warning", diag.Info: "notice"}[d.Severity]
		place := fmt.Sprintf(",line=%d,col=%d", d.Pos.Line, d.Pos.Column)
		if d.Pos.Line == 0 { // of a build: no line of the file is meant
			place = ""
		}
		fmt.Fprintf(&b, "::%s file=%s%s,title=%s::%s\n", command,
			githubProperty(diag.Clean(d.Pos.File)), place, githubProperty("krowave: "+d.Rule), githubData(whole(d)))
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
		lines = append(lines, diag.Clean(r.Position.String())+": "+r.Message)
	}
	return strings.Join(lines, "\n")
}
