package lsp

import (
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/krowave/krowave/render/diag"
)

// lines are the text of a file. Clients count characters in UTF-16 code units,
// findings in code points, and Go in bytes.
type lines struct {
	text   string
	starts []int // of each line, in bytes
}

func linesOf(text string) *lines {
	l := &lines{text: text, starts: []int{0}}
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\n', text[i] == '\r' && (i+1 == len(text) || text[i+1] != '\n'):
			l.starts = append(l.starts, i+1)
		}
	}
	return l
}

// line is a line without its end.
func (l *lines) line(n int) string {
	if n < 0 || n >= len(l.starts) {
		return ""
	}
	end := len(l.text)
	if n+1 < len(l.starts) {
		end = l.starts[n+1]
	}
	return strings.TrimRight(l.text[l.starts[n]:end], "\r\n")
}

// offset is the byte at a position. What is behind the end of a line or of the
// text is its end, as the protocol says.
func (l *lines) offset(p position) int {
	switch {
	case p.Line < 0:
		return 0
	case p.Line >= len(l.starts):
		return len(l.text)
	}
	line, units := l.line(p.Line), 0
	for i, r := range line {
		if units >= p.Character {
			return l.starts[p.Line] + i
		}
		units += utf16.RuneLen(r)
	}
	return l.starts[p.Line] + len(line)
}

// position is where a byte is.
func (l *lines) position(offset int) position {
	offset = min(max(offset, 0), len(l.text))
	low, high := 0, len(l.starts)
	for high-low > 1 {
		if middle := (low + high) / 2; l.starts[middle] <= offset {
			low = middle
		} else {
			high = middle
		}
	}
	units := 0
	for _, r := range l.text[l.starts[low]:offset] {
		units += utf16.RuneLen(r)
	}
	return position{Line: low, Character: units}
}

// at is the byte that a finding is at: its column counts code points from 1.
func (l *lines) at(pos diag.Position) int {
	n := pos.Line - 1
	if n < 0 {
		return 0
	}
	if n >= len(l.starts) {
		return len(l.text)
	}
	line, left := l.line(n), pos.Column-1
	for i := range line {
		if left <= 0 {
			return l.starts[n] + i
		}
		left--
	}
	return l.starts[n] + len(line)
}

// span is the range of bytes from one offset to another.
func (l *lines) span(from, to int) textRange {
	return textRange{Start: l.position(from), End: l.position(to)}
}

// word is where the word ends that begins at a byte: a quoted string, or a name
// with its dots; one character where none begins.
func (l *lines) word(begin int) int {
	rest := l.text[begin:]
	if rest == "" || rest[0] == '\n' || rest[0] == '\r' {
		return begin
	}
	if q := rest[0]; q == '"' || q == '\'' {
		if i := strings.IndexAny(rest[1:], string(q)+"\r\n"); i >= 0 && rest[1+i] == q {
			return begin + i + 2
		}
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return !isNameRune(r) })
	switch {
	case end < 0:
		return len(l.text)
	case end == 0:
		_, n := utf8.DecodeRuneInString(rest)
		return begin + n
	}
	return begin + end
}

func isNameRune(r rune) bool {
	return r == '_' || r == '-' || r == '.' || r == '/' || r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z' || r >= utf8.RuneSelf
}

var errRange = errors.New("the range of a change ends before it starts")

// edited is the text after changes, each to the text that the one before left.
func edited(text string, changes []change) (string, error) {
	for _, c := range changes {
		if c.Range == nil {
			text = c.Text
			continue
		}
		l := linesOf(text)
		from, to := l.offset(c.Range.Start), l.offset(c.Range.End)
		if from > to {
			return "", errRange
		}
		text = text[:from] + c.Text + text[to:]
	}
	return text, nil
}
