package diag

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean keeps a text of a file on one line and inert: control characters,
// escape sequences, and characters that are invisible or turn the direction of
// text become U+FFFD.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			return ' '
		case r == '\t':
			return r
		case r == utf8.RuneError, unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs):
			return utf8.RuneError
		}
		return r
	}, s)
}

// Lengths, in characters, beyond which texts are cut.
const (
	maxText = 500
	maxName = 200
	maxLine = 160 // of a snippet
)

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

// short is the finding with its texts cut.
func (d Diagnostic) short() Diagnostic {
	d.Message, d.Hint = Cut(d.Message, maxText), Cut(d.Hint, maxText)
	d.Object, d.Path = Cut(d.Object, maxName), Cut(d.Path, maxName)
	if len(d.Related) > 0 {
		related := make([]Related, len(d.Related))
		for i, r := range d.Related {
			related[i] = Related{Position: r.Position, Message: Cut(r.Message, maxText)}
		}
		d.Related = related
	}
	return d
}
