package diag

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// PrintOptions says how Print shows findings. The zero value prints all of
// them, plain and without snippets.
type PrintOptions struct {
	// Max is how many findings are printed; 0 prints all. One more line says
	// how many were left out.
	Max int
	// Source returns a file's bytes, or nil if they cannot be shown. A nil
	// func prints no snippets.
	Source func(file string) []byte
	// Color adds ANSI colours.
	Color bool
}

const (
	colorBold   = "\x1b[1m"
	colorRed    = "\x1b[31m"
	colorYellow = "\x1b[33m"
	colorCyan   = "\x1b[36m"
	colorReset  = "\x1b[0m"
)

// Print writes the findings in the order of l: for each a line
// "file:line:col: message [rule]" and indented lines with what else is known.
func Print(w io.Writer, l List, opts PrintOptions) error {
	shown := l
	if opts.Max > 0 && len(l) > opts.Max {
		shown = l[:opts.Max]
	}
	p := printer{opts: opts}
	for _, d := range shown {
		p.diagnostic(d)
	}
	if more := len(l) - len(shown); more > 0 {
		fmt.Fprintf(&p.out, "and %d more\n", more)
	}
	_, err := w.Write(p.out.Bytes())
	return err
}

type printer struct {
	opts PrintOptions
	out  bytes.Buffer
}

func (p *printer) diagnostic(d Diagnostic) {
	p.out.WriteString(p.paint(colorBold, clean(d.Pos.String())+":") + " ")
	switch d.Severity {
	case Warning:
		p.out.WriteString(p.paint(colorYellow, "warning:") + " ")
	case Info:
		p.out.WriteString(p.paint(colorCyan, "info:") + " ")
	}
	fmt.Fprintf(&p.out, "%s [%s]\n", clean(d.Message), d.Rule)
	p.detail("object: ", d.Object)
	p.detail("path: ", d.Path)
	p.detail("hint: ", d.Hint)
	for _, r := range d.Related {
		p.detail(clean(r.Position.String())+": ", r.Message)
	}
	p.snippet(d)
}

func (p *printer) detail(label, text string) {
	if text != "" {
		p.out.WriteString("    " + label + clean(text) + "\n")
	}
}

// snippet shows the source line and a caret under the column. Tabs are kept in
// the line of the caret, so that both lines are indented alike.
func (p *printer) snippet(d Diagnostic) {
	if p.opts.Source == nil || d.Sensitive {
		return
	}
	line, ok := sourceLine(p.opts.Source(d.Pos.File), d.Pos.Line)
	if !ok || strings.TrimSpace(line) == "" {
		return
	}
	var pad strings.Builder
	column := 1
	for _, r := range line {
		if column >= d.Pos.Column {
			break
		}
		if r == '\t' {
			pad.WriteByte('\t')
		} else {
			pad.WriteByte(' ')
		}
		column++
	}
	color := colorRed
	if d.Severity != Error {
		color = colorYellow
	}
	p.out.WriteString("    " + clean(line) + "\n    " + pad.String() + p.paint(color, "^") + "\n")
}

func (p *printer) paint(color, text string) string {
	if !p.opts.Color {
		return text
	}
	return color + text + colorReset
}

func sourceLine(src []byte, n int) (string, bool) {
	for ; n > 1; n-- {
		_, rest, found := bytes.Cut(src, []byte("\n"))
		if !found {
			return "", false
		}
		src = rest
	}
	line, _, _ := bytes.Cut(src, []byte("\n"))
	return strings.TrimPrefix(strings.TrimSuffix(string(line), "\r"), "\ufeff"), n == 1 && len(src) > 0
}

// clean keeps a finding on one line and control characters of a hostile file
// off the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r':
			return ' '
		case r < ' ' && r != '\t', r >= 0x7f && r < 0xa0, r == utf8.RuneError:
			return '\ufffd'
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return '\ufffd' // text direction overrides
		}
		return r
	}, s)
}
