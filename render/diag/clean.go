package diag

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Every text of a file that reaches a reader goes through one of the functions
// below: Clean for messages, Name and Line for reports that show what differs,
// EscapeJSON for documents. What is markup is the matter of the format.

// active reports whether a terminal, a browser or an editor may act on a
// character instead of showing it: control characters, what is invisible, and
// what turns the direction of text.
func active(r rune) bool { return r != '\t' && !unicode.IsGraphic(r) }

// Clean keeps a text of a file on one line and inert: active characters become
// U+FFFD.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			return ' '
		case r == utf8.RuneError, active(r):
			return utf8.RuneError
		}
		return r
	}, s)
}

// CleanLines is Clean for each line of a text.
func CleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = Clean(l)
	}
	return strings.Join(lines, "\n")
}

// Visible writes out active characters, and spaces that look like others, such
// that texts that differ look different: \u202e.
func Visible(s string) string {
	hidden := func(r rune) bool { return r != '\t' && !unicode.IsPrint(r) }
	if !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Name is a name in a report: visible, and cut where it is long.
func Name(s string) string { return Visible(Cut(s, maxName)) }

// Line is a line of a text or a value in a report: visible, and cut where it is
// long.
func Line(s string) string { return Visible(Cut(s, MaxText)) }

// EscapeJSON writes the active characters of a JSON document as escape
// sequences, which mean the same.
func EscapeJSON(document []byte) []byte {
	if !bytes.ContainsFunc(document, func(r rune) bool { return r != '\n' && active(r) }) {
		return document
	}
	var out bytes.Buffer
	for _, r := range string(document) {
		switch {
		case r == '\n' || !active(r):
			out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.Bytes()
}

// Lengths, in characters, beyond which texts are cut.
const (
	MaxText = 500
	maxName = 200
	maxLine = 160 // of a snippet
)

// short is the position for a reader: a long name of a file is cut.
func (p Position) short() string {
	p.File = Cut(p.File, maxName)
	return p.String()
}

// Cut leaves out the middle of a text of more than limit characters and says how
// long it was.
func Cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	n := utf8.RuneCountInString(s)
	if n <= limit {
		return s
	}
	head, tail := limit*3/4, limit/4
	begin, end := 0, len(s)
	for range head {
		_, size := utf8.DecodeRuneInString(s[begin:])
		begin += size
	}
	for range tail {
		_, size := utf8.DecodeLastRuneInString(s[:end])
		end -= size
	}
	return s[:begin] + "…(" + strconv.Itoa(n) + " characters)…" + s[end:]
}

// Inert is the finding with its texts cut and clean. Its files keep their names,
// by which they are found.
func (d Diagnostic) Inert() Diagnostic {
	d.Message, d.Hint = Clean(Cut(d.Message, MaxText)), Clean(Cut(d.Hint, MaxText))
	d.Object, d.Path = Clean(Cut(d.Object, maxName)), Clean(Cut(d.Path, maxName))
	if len(d.Related) > 0 {
		related := make([]Related, len(d.Related))
		for i, r := range d.Related {
			related[i] = Related{Position: r.Position, Message: Clean(Cut(r.Message, MaxText))}
		}
		d.Related = related
	}
	return d
}
