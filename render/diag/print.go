package diag

import (
	"bytes"
	"fmt"
	"io"
	"strings"
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
	// Link returns the address of a file, or "" for none; terminals open it. A nil
	// func links nothing.
	Link func(file string) string
}

// Print writes the findings in the order of l: for each a line
// "file:line:col: message [rule]" and indented lines with what else is known.
func Print(w io.Writer, l List, opts PrintOptions) error {
	shown := l
	if opts.Max > 0 && len(l) > opts.Max {
		shown = l[:opts.Max]
	}
	p := printer{opts: opts}
	for _, d := range shown {
		p.diagnostic(d.Inert())
	}
	if more := len(l) - len(shown); more > 0 {
		fmt.Fprintf(&p.out, "and %d more\n", more)
	}
	_, err := w.Write(p.out.Bytes())
	return err
}

type printer struct {
	opts  PrintOptions
	files map[string]sourceFile
	out   bytes.Buffer

	line       []rune // the last one
	lineFile   string
	lineNumber int
}

type sourceFile struct {
	text  []byte
	lines []int // where they begin
}

func (p *printer) diagnostic(d Diagnostic) {
	p.out.WriteString(p.link(d.Pos.File, p.paint(Bold, Clean(d.Pos.short())+":")) + " ")
	switch d.Severity {
	case Warning:
		p.out.WriteString(p.paint(Yellow, "warning:") + " ")
	case Info:
		p.out.WriteString(p.paint(Cyan, "info:") + " ")
	}
	fmt.Fprintf(&p.out, "%s [%s]\n", d.Message, d.Rule)
	p.detail("as built by ", d.Pos.Built)
	p.detail("object: ", d.Object)
	p.detail("path: ", d.Path)
	p.detail("hint: ", d.Hint)
	for _, r := range d.Related {
		p.detail(Clean(r.Position.short())+": ", r.Message)
	}
	p.snippet(d)
}

func (p *printer) detail(label, text string) {
	if text != "" {
		p.out.WriteString("    " + label + text + "\n")
	}
}

// snippet shows the source line and a caret under the column. Tabs are kept in
// the line of the caret, so that both lines are indented alike.
func (p *printer) snippet(d Diagnostic) {
	if p.opts.Source == nil || d.Sensitive || d.Pos.Line == 0 {
		return
	}
	line, at := window(p.sourceLine(d.Pos.File, d.Pos.Line), d.Pos.Column)
	if strings.TrimSpace(line) == "" {
		return
	}
	var pad strings.Builder
	column := 1
	for _, r := range line {
		if column >= at {
			break
		}
		if r == '\t' {
			pad.WriteByte('\t')
		} else {
			pad.WriteByte(' ')
		}
		column++
	}
	color := Red
	if d.Severity != Error {
		color = Yellow
	}
	p.out.WriteString("    " + Clean(line) + "\n    " + pad.String() + p.paint(color, "^") + "\n")
}

func (p *printer) link(file, text string) string {
	if p.opts.Link == nil {
		return text
	}
	if to := p.opts.Link(file); to != "" {
		return "\x1b]8;;" + Clean(to) + "\x1b\\" + text + "\x1b]8;;\x1b\\"
	}
	return text
}

func (p *printer) paint(color, text string) string {
	if !p.opts.Color {
		return text
	}
	return Paint(color, text)
}

// sourceLine returns a line of a file as characters. Where lines begin is found
// once per file, and findings of one line come one after the other.
func (p *printer) sourceLine(file string, n int) []rune {
	if p.lineFile == file && p.lineNumber == n {
		return p.line
	}
	src, known := p.files[file]
	if !known {
		src.text = p.opts.Source(file)
		src.lines = []int{0}
		for i, c := range src.text {
			if c == '\n' && i+1 < len(src.text) {
				src.lines = append(src.lines, i+1)
			}
		}
		if p.files == nil {
			p.files = map[string]sourceFile{}
		}
		p.files[file] = src
	}
	if n < 1 || n > len(src.lines) {
		return nil
	}
	line, _, _ := bytes.Cut(src.text[src.lines[n-1]:], []byte("\n"))
	line = bytes.TrimPrefix(bytes.TrimSuffix(line, []byte("\r")), []byte("\ufeff"))
	p.lineFile, p.lineNumber, p.line = file, n, []rune(string(line))
	return p.line
}

// window cuts a long line down to what stands around a column, which it moves
// along.
func window(line []rune, column int) (string, int) {
	if len(line) <= maxLine {
		return string(line), column
	}
	begin := max(0, min(column-maxLine/2, len(line)-maxLine))
	end := min(len(line), begin+maxLine)
	out := string(line[begin:end])
	if column -= begin; begin > 0 {
		out, column = "…"+out, column+1
	}
	if end < len(line) {
		out += "…"
	}
	return fmt.Sprintf("%s (%d characters)", out, len(line)), column
}
