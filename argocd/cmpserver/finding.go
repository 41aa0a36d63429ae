package cmpserver

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"github.com/krowave/krowave/render/diag"
	table "github.com/krowave/krowave/render/settings"
)

// maxLines is how much an Application's condition shows at once; maxLine keeps
// one of them readable there.
const (
	maxLines = 20
	maxLine  = 500
)

// Findings is the error of an application that cannot be rendered as it stands.
type Findings struct{ List diag.List }

// Error says each finding in one line and no more than a screenful of them.
func (f *Findings) Error() string {
	var out []string
	for _, d := range f.List.Errors() {
		out = append(out, line(d))
	}
	if len(out) > maxLines {
		more := len(out) - maxLines + 1
		out = append(out[:maxLines-1], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(out, "\n")
}

// line is a finding that needs nothing beside it: no source, no other line.
func line(d diag.Diagnostic) string {
	if d.Object != "" && !strings.Contains(d.Message, d.Object) {
		d.Message += " (" + d.Object + ")"
	}
	if d.Hint != "" {
		d.Message += "; " + d.Hint
	}
	d.Message, d.Hint = table.Spell(d.Message, table.Application), ""
	d.Severity = diag.Error // Print names other severities
	var b bytes.Buffer
	if err := diag.Print(&b, diag.List{d}, diag.PrintOptions{}); err != nil {
		return d.Message
	}
	text, _, _ := strings.Cut(b.String(), "\n")
	if d.Pos == source(d.Pos.File) && isSource(d.Pos.File) {
		text = strings.Replace(text, ":1:1:", ":", 1)
	}
	if len(text) > maxLine {
		text = strings.ToValidUTF8(text[:maxLine], "") + "… [" + d.Rule + "]"
	}
	return text
}

// isSource reports whether a position names no manifest, but a variable, a
// parameter or a directory.
func isSource(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
		return false
	}
	return true
}

// usage is a finding about the call itself.
func usage(name, rule, format string, args ...any) *Findings {
	var list diag.List
	list.Errorf(source(name), rule, format, args...)
	return &Findings{list}
}
