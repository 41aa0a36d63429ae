package diag

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Fix is what a finding proposes to write: edits of files after which the finding
// is gone.
type Fix struct {
	Title string `json:"title"`
	Edits []Edit `json:"edits"`
}

// Edit writes a text in place of another. Who proposes it says what stands there
// (Old) and near which position; Locate finds the range. An edit without an Old
// inserts.
type Edit struct {
	Position
	EndLine   int    `json:"endLine"`
	EndColumn int    `json:"endColumn"` // of the character behind the last one
	Text      string `json:"text"`      // to write there
	Old       string `json:"-"`         // what is there now
}

// Remedy is advice about a finding: a hint, and the edit that follows it if a
// program can make it.
type Remedy struct {
	Hint string
	Fix  *Fix
}

// Replace proposes to write a text in place of old, which is the first such text
// at or behind the finding's position in its line. It returns nil when there is
// nothing to replace.
func Replace(old, text string) *Fix {
	if old == "" || old == text {
		return nil
	}
	return &Fix{Title: "Change to " + text, Edits: []Edit{{Old: old, Text: text}}}
}

// ReplaceAt is Replace for a text at another position than the finding's.
func ReplaceAt(at Position, old, text string) *Fix {
	f := Replace(old, text)
	if f != nil {
		f.Edits[0].Position = at
	}
	return f
}

// Insert proposes to write a text at the finding's position.
func Insert(text string) *Fix {
	return &Fix{Title: "Insert " + strings.TrimSpace(text), Edits: []Edit{{Text: text}}}
}

// And proposes the edits of both; either may be nil.
func (f *Fix) And(g *Fix) *Fix {
	switch {
	case f == nil:
		return g
	case g == nil:
		return f
	}
	title := f.Title
	if title != g.Title {
		title += ", " + strings.TrimPrefix(g.Title, "Change to ")
	}
	return &Fix{Title: title, Edits: append(f.Edits[:len(f.Edits):len(f.Edits)], g.Edits...)}
}

// Meant is the advice to write the candidate that name is most likely a
// misspelling of; nothing when none is near.
func Meant(name string, candidates []string) Remedy {
	like := Closest(name, candidates)
	if like == "" {
		return Remedy{}
	}
	return Remedy{Hint: "did you mean " + like + "?", Fix: Replace(name, like)}
}

// Or is the first advice that says something.
func (r Remedy) Or(other Remedy) Remedy {
	if r.Hint != "" || r.Fix != nil {
		return r
	}
	return other
}

// With is the finding with advice in place of what it had.
func (d Diagnostic) With(r Remedy) Diagnostic {
	d.Hint, d.Fix = r.Hint, r.Fix
	return d
}

// Locate finds where the edits of fixes are, in files as source returns them. A
// fix is dropped when something else stands there, or when its finding may be
// about a Secret. The list itself stays as it is.
func (l List) Locate(source func(file string) []byte) List {
	out := make(List, len(l))
	copy(out, l)
	starts := map[string]*lineStarts{}
	lines := func(file string) *lineStarts {
		s, ok := starts[file]
		if !ok && source != nil {
			s = startsOf(source(file))
			starts[file] = s
		}
		return s
	}
	for i := range out {
		if out[i].Fix != nil {
			out[i].Fix = out[i].located(lines)
		}
	}
	return out
}

func (d Diagnostic) located(lines func(file string) *lineStarts) *Fix {
	if d.Sensitive {
		return nil
	}
	f := Fix{Title: Clean(Cut(d.Fix.Title, maxName))}
	for _, e := range d.Fix.Edits {
		if e.Position == (Position{}) {
			e.Position = d.Pos
		}
		line, column := lines(e.File).line(e.Line), e.Column
		begin := byteOffset(line, column)
		if begin < 0 {
			return nil
		}
		if e.Old != "" {
			if begin = find(line, e.Old, begin); begin < 0 {
				return nil
			}
		}
		e.Column = utf8.RuneCount(line[:begin]) + 1
		e.EndLine, e.EndColumn = e.Line, e.Column+utf8.RuneCountInString(e.Old)
		f.Edits = append(f.Edits, e)
	}
	return &f
}

// lineStarts is a file with the places where its lines begin.
type lineStarts struct {
	text   []byte
	starts []int
}

func startsOf(text []byte) *lineStarts {
	s := &lineStarts{text: text, starts: []int{0}}
	for i, c := range text {
		if c == '\n' {
			s.starts = append(s.starts, i+1)
		}
	}
	return s
}

// line is a line, counted from 1, without its end; nil when there is none.
func (s *lineStarts) line(n int) []byte {
	if s == nil || n < 1 || n > len(s.starts) {
		return nil
	}
	line := s.text[s.starts[n-1]:]
	if i := bytes.IndexAny(line, "\r\n"); i >= 0 {
		line = line[:i]
	}
	return line
}

// byteOffset is where a column of a line begins, -1 when it has none such.
func byteOffset(line []byte, column int) int {
	offset := 0
	for i := 1; i < column; i++ {
		_, size := utf8.DecodeRune(line[offset:])
		if size == 0 {
			return -1
		}
		offset += size
	}
	if column < 1 {
		return -1
	}
	return offset
}

// find is where a text stands in a line and is no part of a longer word: the first
// place at or behind an offset, else the only one before it; -1 when there is none.
func find(line []byte, text string, from int) int {
	before, several := -1, false
	for at := 0; ; at++ {
		i := bytes.Index(line[at:], []byte(text))
		if i < 0 {
			if several {
				return -1
			}
			return before
		}
		at += i
		if inWord(line[:at], text) || inWord([]byte(text), string(line[at+len(text):])) {
			continue
		}
		switch {
		case at >= from:
			return at
		default:
			before, several = at, before >= 0
		}
	}
}

// inWord reports whether a word goes on where one text ends and the other begins.
func inWord(left []byte, right string) bool {
	return endsInWord.Match(left) && beginsWithWord.MatchString(right)
}

var (
	endsInWord     = regexp.MustCompile(`[A-Za-z0-9_]$`)
	beginsWithWord = regexp.MustCompile(`^[A-Za-z0-9_]`)
)
