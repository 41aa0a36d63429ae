package manifest

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/krowave/krowave/render/diag"
)

// Within returns the place in the file of byte offset of the string at p, as
// decoded: after escapes, folded lines and indentation. After an alias it is
// the alias; where the character cannot be told, the start of the scalar.
func (d *Document) Within(p diag.Path, offset int) diag.Position {
	if d.origin != nil {
		return d.built(p, func(own *Document, p diag.Path) diag.Position { return own.Within(p, offset) })
	}
	t := d.find(p)
	if t.value == nil || t.anchored != nil || t.value.Kind != yaml.ScalarNode {
		return d.Position(p)
	}
	want, ok := lookupValue(d.Object, p).(string)
	if !ok || offset < 0 || offset > len(want) {
		return d.Position(p)
	}
	begin := d.src.scalarOffset(t.value)
	m, ok := d.src.mapScalar(t.value, begin, want)
	if !ok {
		return d.src.positionAt(begin)
	}
	return d.src.positionAt(m[offset])
}

func lookupValue(v any, p diag.Path) any {
	for _, step := range p {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			l, _ := v.([]any)
			if s < 0 || s >= len(l) {
				return nil
			}
			v = l[s]
		}
	}
	return v
}

// scalarOffset is where the text of a scalar begins, after tag and anchor.
func (s *source) scalarOffset(n *yaml.Node) int {
	begin := s.offset(n)
	i := begin
	for i < len(s.text) && (s.text[i] == '&' || s.text[i] == '!') {
		for i < len(s.text) && !isBlank(s.text[i]) && !isBreak(s.text[i]) {
			i++
		}
		for i < len(s.text) && (isBlank(s.text[i]) || isBreak(s.text[i]) || s.text[i] == '#') {
			if s.text[i] == '#' {
				for i < len(s.text) && s.text[i] != '\n' {
					i++
				}
				continue
			}
			i++
		}
	}
	if i >= len(s.text) {
		return begin // a tag with nothing after it
	}
	return i
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
func isBreak(c byte) bool { return c == '\n' || c == '\r' }

// mapScalar decodes the scalar at text[begin:] again, noting for each byte of
// the result, and for its end, where it comes from. It reports false unless the
// result is want, so a slip here can only cost precision.
func mapScalar(text []byte, begin int, want string) ([]int, bool) {
	if begin >= len(text) {
		return nil, false
	}
	w := walker{text: text, pos: begin, want: len(want)}
	switch text[begin] {
	case '"':
		w.pos++
		w.flow('"')
	case '\'':
		w.pos++
		w.flow('\'')
	case '|', '>':
		return mapBlock(text, begin, want)
	default:
		w.flow(0)
	}
	return w.result(want)
}

// walker holds what was decoded so far.
type walker struct {
	text []byte
	pos  int
	want int // stop a plain scalar here: its end depends on the context
	out  []byte
	from []int
}

func (w *walker) emit(s string, at int) {
	w.out = append(w.out, s...)
	for range len(s) {
		w.from = append(w.from, at)
	}
}

// copyRune emits the character at pos, each of its bytes at its start.
func (w *walker) copyRune() {
	_, size := utf8.DecodeRune(w.text[w.pos:])
	w.emit(string(w.text[w.pos:w.pos+size]), w.pos)
	w.pos += size
}

func (w *walker) result(want string) ([]int, bool) {
	if len(w.out) < len(want) || string(w.out[:len(want)]) != want {
		return nil, false
	}
	return append(w.from, w.pos), true
}

// flow decodes a quoted or (quote 0) plain scalar from after its quote:
// escapes, and line breaks folded as YAML 1.1, 9.2.1 says.
func (w *walker) flow(quote byte) {
	for w.pos < len(w.text) && (quote != 0 || len(w.out) < w.want) {
		c := w.text[w.pos]
		switch {
		case quote != 0 && c == quote:
			if quote != '\'' || w.pos+1 >= len(w.text) || w.text[w.pos+1] != '\'' {
				return
			}
			w.emit("'", w.pos)
			w.pos += 2
		case quote == '"' && c == '\\':
			if !w.escape() {
				return
			}
		case isBlank(c) || isBreak(c):
			w.fold(false)
		default:
			w.copyRune()
		}
	}
}

// fold reads blanks and line breaks: blanks alone stay, one break becomes a
// space, more become one break less. After an escaped break the first is
// already gone.
func (w *walker) fold(escaped bool) {
	begin, breaks := w.pos, []int{}
	for w.pos < len(w.text) && (isBlank(w.text[w.pos]) || isBreak(w.text[w.pos])) {
		if isBreak(w.text[w.pos]) {
			breaks = append(breaks, w.pos)
			w.skipBreak()
			continue
		}
		w.pos++
	}
	switch {
	case escaped:
		for _, at := range breaks {
			w.emit("\n", at)
		}
	case len(breaks) == 0:
		for i := begin; i < w.pos; i++ {
			w.emit(string(w.text[i]), i)
		}
	case len(breaks) == 1:
		w.emit(" ", breaks[0])
	default:
		for _, at := range breaks[1:] {
			w.emit("\n", at)
		}
	}
}

func (w *walker) skipBreak() {
	if w.text[w.pos] == '\r' && w.pos+1 < len(w.text) && w.text[w.pos+1] == '\n' {
		w.pos++
	}
	w.pos++
}

const escapes = "0\x00a\ab\bt\t\t\tn\nv\vf\fr\re\x1b  \"\"''//\\\\"

// escape decodes one escape sequence of a double-quoted scalar.
func (w *walker) escape() bool {
	at := w.pos
	w.pos++
	if w.pos >= len(w.text) {
		return false
	}
	c := w.text[w.pos]
	if isBreak(c) {
		w.skipBreak()
		w.fold(true)
		return true
	}
	w.pos++
	switch c {
	case 'x':
		return w.codePoint(at, 2)
	case 'u':
		return w.codePoint(at, 4)
	case 'U':
		return w.codePoint(at, 8)
	case 'N':
		w.emit("\u0085", at)
	case '_':
		w.emit("\u00a0", at)
	case 'L':
		w.emit("\u2028", at)
	case 'P':
		w.emit("\u2029", at)
	default:
		for i := 0; i+1 < len(escapes); i += 2 {
			if escapes[i] == c {
				w.emit(escapes[i+1:i+2], at)
				return true
			}
		}
		return false
	}
	return true
}

// codePoint decodes digits hex digits; JSON's pairs of surrogates are one.
func (w *walker) codePoint(at, digits int) bool {
	r, ok := w.hex(digits)
	if !ok {
		return false
	}
	if utf16.IsSurrogate(r) && bytes.HasPrefix(w.text[w.pos:], []byte(`\u`)) {
		back := w.pos
		w.pos += 2
		if low, ok := w.hex(4); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
			w.emit(string(utf16.DecodeRune(r, low)), at)
			return true
		}
		w.pos = back
	}
	w.emit(string(r), at)
	return true
}

func (w *walker) hex(digits int) (rune, bool) {
	if w.pos+digits > len(w.text) {
		return 0, false
	}
	v, err := strconv.ParseUint(string(w.text[w.pos:w.pos+digits]), 16, 32)
	w.pos += digits
	return rune(v), err == nil
}

// mapBlock decodes a literal or folded block scalar. Its indentation follows
// from its first line, or from an indicator together with the parent's, which
// is not known here; so widths are tried downwards until the result is want.
func mapBlock(text []byte, begin int, want string) ([]int, bool) {
	eol := bytes.IndexAny(text[begin:], "\r\n")
	if eol < 0 {
		return []int{len(text)}, want == "" // a header at the end of the file
	}
	header := string(text[begin : begin+eol])
	header, _, _ = strings.Cut(header, "#")
	w := walker{text: text, pos: begin + eol}
	w.skipBreak()
	body := w.pos
	first := blockIndent(text[body:])
	last := first
	if strings.ContainsAny(header, "123456789") {
		last = 0
	}
	for indent := first; indent >= last; indent-- {
		w := walker{text: text, pos: body}
		w.block(indent, text[begin] == '|', len(want))
		if m, ok := w.result(want); ok {
			return m, true
		}
	}
	return nil, false
}

// blockIndent counts the spaces before the first line with content.
func blockIndent(body []byte) int {
	indent := 0
	for _, c := range body {
		switch c {
		case ' ':
			indent++
		case '\r', '\n':
			indent = 0
		default:
			return indent
		}
	}
	return indent
}

// block decodes lines that are indented by indent, keeping all trailing
// breaks: clipping and stripping only shorten the result.
func (w *walker) block(indent int, literal bool, want int) {
	pending := w.blockBreaks(indent) // breaks of empty lines
	var lineBreak []int              // the break that ended the last line
	wasBlank := false                // the last line began with a blank
	for w.pos < len(w.text) && w.column() == indent && len(w.out) <= want {
		blank := isBlank(w.text[w.pos])
		switch {
		case literal || wasBlank || blank:
			w.emitBreaks(lineBreak)
		case len(lineBreak) > 0 && len(pending) == 0:
			w.emit(" ", lineBreak[0])
		}
		w.emitBreaks(pending)
		wasBlank = blank
		for w.pos < len(w.text) && !isBreak(w.text[w.pos]) {
			w.copyRune()
		}
		lineBreak = nil
		if w.pos < len(w.text) {
			lineBreak = []int{w.pos}
			w.skipBreak()
		}
		pending = w.blockBreaks(indent)
	}
	w.emitBreaks(lineBreak)
	w.emitBreaks(pending)
}

func (w *walker) emitBreaks(at []int) {
	for _, i := range at {
		w.emit("\n", i)
	}
}

// blockBreaks skips the indentation of the next line and empty lines before it.
func (w *walker) blockBreaks(indent int) []int {
	var breaks []int
	for {
		for w.pos < len(w.text) && w.text[w.pos] == ' ' && w.column() < indent {
			w.pos++
		}
		if w.pos >= len(w.text) || !isBreak(w.text[w.pos]) {
			return breaks
		}
		breaks = append(breaks, w.pos)
		w.skipBreak()
	}
}

// column counts the bytes since the line began; only asked for in indentation.
func (w *walker) column() int {
	return w.pos - 1 - bytes.LastIndexAny(w.text[:w.pos], "\r\n")
}
