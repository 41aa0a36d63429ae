package compare

import (
	"bytes"
	"fmt"
	"io"

	"github.com/krowave/krowave/plugin/report"
)

// Format is a form of a printed report.
type Format string

// Formats.
const (
	Human    Format = "human"
	Markdown Format = "markdown"
	JSON     Format = "json"
	HTML     Format = "html"
	Patch    Format = "patch"
)

// Formats lists all, for flags.
func Formats() []Format { return []Format{Human, Markdown, JSON, HTML, Patch} }

// PrintOptions configure Write.
type PrintOptions struct {
	Color bool // human only
	// MaxBytes limits the markdown form, for comments: whole sections are left out,
	// and the text says how many and where they are. 0 means no limit.
	MaxBytes int
}

// Write prints a report. Nothing is written when an error is returned.
func Write(w io.Writer, r *Report, format Format, opts PrintOptions) error {
	var out bytes.Buffer
	var err error
	switch format {
	case Human:
		err = writeHuman(&out, r, opts)
	case Markdown:
		err = writeMarkdown(&out, r, opts)
	case JSON:
		err = Kind().Write(&out, r)
	case HTML:
		err = writeHTML(&out, r)
	case Patch:
		err = writePatch(&out, r)
	default:
		err = fmt.Errorf("no format %q", format)
	}
	if err != nil {
		return fmt.Errorf("printing the comparison: %w", err)
	}
	_, err = w.Write(out.Bytes())
	return err
}

// Kind is the machine form.
func Kind() report.Kind { return report.Kind{Name: "Diff", Command: "diff -o json", Content: Report{}} }
