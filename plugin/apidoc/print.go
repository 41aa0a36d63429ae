package apidoc

import (
	"fmt"
	"html/template"
	"io"
	"strings"

	_ "embed"

	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
)

// Markdown prints documents as Markdown: a table of fields for each, and an
// example. Nothing in the texts of an RGD is markup.
func Markdown(w io.Writer, docs ...*Document) error {
	var b strings.Builder
	for i, d := range docs {
		if i > 0 {
			b.WriteByte('\n')
		}
		scope := "namespaced"
		if !d.Namespaced {
			scope = "of the cluster"
		}
		fmt.Fprintf(&b, "# %s\n\napiVersion %s, %s, defined by the RGD %s.\n", report.Prose(d.Kind), report.Code(d.APIVersion), scope, report.Code(d.RGD))
		table(&b, "spec", d.Spec)
		table(&b, "status", d.Status)
		fmt.Fprintf(&b, "\n## Example\n\n%s", report.Fenced("yaml", strings.Split(strings.TrimSuffix(d.Example, "\n"), "\n")))
	}
	text := strings.TrimRight(b.String(), "\n") + "\n"
	_, err := io.WriteString(w, text)
	return err
}

func table(b *strings.Builder, title string, fields []Field) {
	if len(fields) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n| field | type | default | description |\n|---|---|---|---|\n", title)
	for _, f := range fields {
		def := ""
		switch {
		case f.Default != "":
			def = report.Cell(f.Default)
		case f.Required:
			def = "required"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", report.Cell(f.Path), report.Cell(f.Type), def, report.Prose(f.text()))
	}
}

// text is the description of a field with its constraints, in one line.
func (f Field) text() string {
	parts := []string{}
	if f.Description != "" {
		parts = append(parts, diag.Clean(f.Description))
	}
	if len(f.Enum) > 0 {
		parts = append(parts, "one of "+strings.Join(f.Enum, ", "))
	}
	return strings.Join(append(parts, f.Rules...), "; ")
}

//go:embed page.html.tmpl
var page string

// HTML prints documents as one page without scripts, that loads nothing.
func HTML(w io.Writer, docs ...*Document) error {
	t, err := template.New("page").Funcs(template.FuncMap{"text": Field.text, "shown": diag.Visible}).Parse(page)
	if err != nil {
		return fmt.Errorf("the template of the page: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, docs); err != nil {
		return fmt.Errorf("printing the page: %w", err)
	}
	_, err = io.WriteString(w, b.String())
	return err
}
