package expr

import (
	"sort"
	"strconv"
	"strings"

	"github.com/krowave/krowave/render/compat"
)

// Template is a YAML string that holds at least one expression (S3.3).
type Template struct {
	Text       string
	Parts      []Part
	Standalone bool   // one expression and not a byte around it
	Source     string // CEL: the expression itself, or the generated concatenation

	segments []segment // of Source, in order; nil when Standalone
}

// segment maps a stretch of Source back to Text.
type segment struct {
	source, text int
	literal      bool
}

// Parse reads a YAML string. It returns nil for a text without a complete
// expression, and a *ScanError where Scan does.
func Parse(text string, kro compat.Behaviors) (*Template, error) {
	parts, err := Scan(text, kro)
	if err != nil || len(parts) == 0 {
		return nil, err
	}
	t := &Template{Text: text, Parts: parts}
	if p := parts[0]; len(parts) == 1 && p.Start == 0 && p.End == len(text) {
		t.Standalone, t.Source = true, p.Source
		return t, nil
	}
	t.concatenate()
	return t, nil
}

// concatenate builds the CEL addition of an interpolated text: quoted literals
// and parenthesised expressions. No part is converted to a string, as in kro.
func (t *Template) concatenate() {
	var b strings.Builder
	add := func(cel string, text, skip int, literal bool) {
		if b.Len() > 0 {
			b.WriteString(" + ")
		}
		t.segments = append(t.segments, segment{source: b.Len() + skip, text: text, literal: literal})
		b.WriteString(cel)
	}
	pos := 0
	for _, p := range t.Parts {
		if p.Start > pos {
			add(strconv.Quote(t.Text[pos:p.Start]), pos, 0, true)
		}
		add("("+p.Source+")", p.Start+2, 1, false)
		pos = p.End
	}
	if pos < len(t.Text) {
		add(strconv.Quote(t.Text[pos:]), pos, 0, true)
	}
	t.Source = b.String()
}

// Offset maps a byte offset in Source to the byte offset in Text that it comes
// from. Inside a literal part that is the part's start.
func (t *Template) Offset(cel int) int {
	if t.Standalone {
		return min(2+max(cel, 0), len(t.Text)-1)
	}
	i := sort.Search(len(t.segments), func(i int) bool { return t.segments[i].source > cel }) - 1
	if i < 0 {
		return t.segments[0].text
	}
	// The parenthesis around an expression in Source belongs to the expression.
	if i+1 < len(t.segments) && !t.segments[i+1].literal && t.segments[i+1].source == cel+1 {
		i, cel = i+1, cel+1
	}
	s := t.segments[i]
	if s.literal {
		return s.text
	}
	// The closing parenthesis and the " + " after it belong to the brace.
	p := sort.Search(len(t.Parts), func(i int) bool { return t.Parts[i].Start+2 >= s.text })
	return min(s.text+cel-s.source, t.Parts[p].End-1)
}
