package manifest

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// textTraits is what decides how a text is written.
type textTraits struct {
	lines     bool // more than one line
	special   bool // characters that only an escape can write
	indicator bool // what means something else in a plain scalar
	escaped   bool // quotes or backslashes
	space     bool // any space
	edge      bool // a space at the begin or the end
	endSpace  bool // a space at the end of the text or of a line
	odd       bool // left to the library
}

// traitsOf looks at every character of a text once.
func traitsOf(s string) (t textTraits) {
	if s == "" {
		return t
	}
	switch s[0] {
	case '#', ',', '[', ']', '{', '}', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`':
		t.indicator = true
	case '?', '-':
		t.indicator = len(s) == 1 || s[1] == ' ' || strings.HasPrefix(s, "---")
	case '.':
		t.indicator = strings.HasPrefix(s, "...")
	}
	t.edge = s[0] == ' ' || s[len(s)-1] == ' '
	t.endSpace = s[len(s)-1] == ' '
	for i := 0; i < len(s); i++ {
		switch c := s[i]; class[c] {
		case spaceByte:
			t.space = true
			t.indicator = t.indicator || i+1 < len(s) && s[i+1] == '#'
			t.endSpace = t.endSpace || i+1 < len(s) && s[i+1] == '\n'
		case colonByte:
			t.indicator = t.indicator || i+1 == len(s) || s[i+1] == ' '
		case escapedByte:
			t.escaped = true
		case breakByte:
			t.lines = true
		case specialByte:
			t.special, t.lines = true, t.lines || c == '\r'
		case wideByte:
			r, size := utf8.DecodeRuneInString(s[i:])
			t.special = t.special || r < 0xa0 || r > 0xfffd
			t.lines = t.lines || r == '\u0085'
			t.odd = t.odd || r == utf8.RuneError && size == 1 || r == '\ufeff' || r == '\u2028' || r == '\u2029'
			i += size - 1
		}
	}
	return t
}

const (
	plainByte = iota
	spaceByte
	colonByte
	escapedByte // in double quotes
	breakByte
	specialByte
	wideByte // of a character that is not ASCII
)

var class = func() (out [256]uint8) {
	for c := range 256 {
		switch {
		case c >= utf8.RuneSelf:
			out[c] = wideByte
		case c == '\n':
			out[c] = breakByte
		case c < ' ' || c == 0x7f:
			out[c] = specialByte
		}
	}
	out[' '], out[':'], out['"'], out['\\'] = spaceByte, colonByte, escapedByte, escapedByte
	return out
}()

// longestKey is the length from which on the library writes a key after "? ".
const longestKey = 128

// key appends the text of a key.
func (e *yamlEncoder) key(s string) {
	t := traitsOf(s)
	switch {
	case t.odd || t.lines || len(s) > longestKey:
		e.odd = true
	case t.special || !isText(s):
		e.quoted(s, -1)
	case t.edge || t.indicator:
		e.single(s, -1)
	default:
		e.buf = append(e.buf, s...)
	}
}

// text appends the text of a value; indent is that of further lines.
func (e *yamlEncoder) text(s string, indent int) {
	t := traitsOf(s)
	wrap := -1 // how far a line that has to be broken is indented
	if t.space && len(e.buf)-e.line+len(s) > width {
		wrap = indent
	}
	switch {
	case t.odd:
		e.odd = true
	case t.lines && !t.special && !t.endSpace:
		e.literal(s, indent)
	case t.lines || t.special || !isText(s):
		if t.special || t.escaped || t.lines { // each of which makes the line longer
			wrap = indent
		}
		e.quoted(s, wrap)
	case t.edge || t.indicator:
		if strings.IndexByte(s, '\'') >= 0 {
			wrap = indent
		}
		e.single(s, wrap)
	case wrap >= 0:
		e.wrapped(s, wrap)
	default:
		e.buf = append(e.buf, s...)
	}
}

// width is the column after which the library breaks a line at the next space.
const width = 80

// column counts the characters of the last line.
func (e *yamlEncoder) column() int { return utf8.RuneCount(e.buf[e.line:]) }

// breakLine goes on in a new line and returns its column.
func (e *yamlEncoder) breakLine(indent int) int {
	e.newLine()
	e.indent(indent)
	return indent
}

// wrapped appends a plain scalar whose lines may be too long.
func (e *yamlEncoder) wrapped(s string, indent int) {
	column := e.column()
	for i, r := range s {
		single := r == ' ' && s[i-1] != ' ' && s[i+1] != ' ' // neither the first nor the last of a plain scalar
		if single && column > width {
			column = e.breakLine(indent)
			continue
		}
		e.buf = utf8.AppendRune(e.buf, r)
		column++
	}
}

// single appends a scalar in single quotes. A negative indent keeps it in its line.
func (e *yamlEncoder) single(s string, indent int) {
	e.buf = append(e.buf, '\'')
	column := 0
	if indent >= 0 {
		column = e.column()
	}
	for i, r := range s {
		inside := i > 0 && i < len(s)-1
		if indent >= 0 && r == ' ' && inside && s[i-1] != ' ' && s[i+1] != ' ' && column > width {
			column = e.breakLine(indent)
			continue
		}
		if r == '\'' {
			e.buf = append(e.buf, '\'')
			column++
		}
		e.buf = utf8.AppendRune(e.buf, r)
		column++
	}
	e.buf = append(e.buf, '\'')
}

// quoted appends a scalar in double quotes. A negative indent keeps it in its line.
func (e *yamlEncoder) quoted(s string, indent int) {
	e.buf = append(e.buf, '"')
	column, spaces := 0, false
	if indent >= 0 {
		column = e.column()
	}
	for i, r := range s {
		if r == ' ' {
			if indent >= 0 && !spaces && i > 0 && i < len(s)-1 && column > width {
				column = e.breakLine(indent)
				if s[i+1] == ' ' {
					e.buf = append(e.buf, '\\')
					column++
				}
			} else {
				e.buf = append(e.buf, ' ')
				column++
			}
			spaces = true
			continue
		}
		before := len(e.buf)
		e.escape(r)
		column += utf8.RuneCount(e.buf[before:])
		spaces = false
	}
	e.buf = append(e.buf, '"')
}

// escape appends a character of a scalar in double quotes.
func (e *yamlEncoder) escape(r rune) {
	switch {
	case r == '"' || r == '\\':
		e.buf = append(e.buf, '\\', byte(r))
	case r >= ' ' && r <= '~' || r >= 0xa0 && r <= 0xfffd:
		e.buf = utf8.AppendRune(e.buf, r)
	default:
		e.buf = append(e.buf, '\\')
		if i := strings.IndexRune("\x00\a\b\t\n\v\f\r\x1b\u0085", r); r <= 0x85 && i >= 0 {
			e.buf = append(e.buf, "0abtnvfreN"[i])
			return
		}
		digits := 8
		switch {
		case r <= 0xff:
			e.buf, digits = append(e.buf, 'x'), 2
		case r <= 0xffff:
			e.buf, digits = append(e.buf, 'u'), 4
		default:
			e.buf = append(e.buf, 'U')
		}
		for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
			e.buf = append(e.buf, "0123456789ABCDEF"[r>>shift&0xf])
		}
	}
}

// literal appends lines after a |.
func (e *yamlEncoder) literal(s string, indent int) {
	e.buf = append(e.buf, '|')
	if s[0] == ' ' || s[0] == '\n' {
		e.buf = append(e.buf, '2')
	}
	switch {
	case s[len(s)-1] != '\n':
		e.buf = append(e.buf, '-')
	case s == "\n" || strings.HasSuffix(s, "\n\n"):
		e.buf = append(e.buf, '+')
	}
	e.buf = append(e.buf, '\n')
	for line := range strings.Lines(s) {
		if line != "\n" {
			e.indent(indent)
		}
		e.line = len(e.buf)
		e.buf = append(e.buf, line...)
	}
	if s[len(s)-1] == '\n' {
		e.line = len(e.buf)
	}
}

// isNumber reports whether YAML 1.1 reads a text that begins with a sign or a
// digit as a number, in any of its notations, or as a time.
func isNumber(s string) bool {
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case strings.IndexByte("+-_.:abcdefABCDEFxXoOTtZ ", c) < 0:
			return false
		}
	}
	if digits == 0 {
		return false
	}
	if digits == len(s) && digits < 19 && s[0] != '0' || isTime(s) || isBase60(s) {
		return true
	}
	plain := strings.ReplaceAll(s, "_", "")
	if strings.Count(plain, ".") > 1 {
		return false
	}
	if _, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return true
	}
	if _, err := strconv.ParseUint(plain, 0, 64); err == nil {
		return true
	}
	if binary, ok := strings.CutPrefix(plain, "0b"); ok { // with a sign behind the prefix
		_, err := strconv.ParseInt(binary, 2, 64)
		return err == nil
	}
	return isDecimal(plain) && isFloat(plain)
}

// isFloat reports whether a text is a float64.
func isFloat(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// isDecimal reports whether a text is digits with at most one point among them,
// and an exponent after them.
func isDecimal(s string) bool {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	whole, rest := cutDigits(s)
	fraction := ""
	if after, ok := strings.CutPrefix(rest, "."); ok {
		fraction, rest = cutDigits(after)
	}
	if whole == "" && fraction == "" {
		return false
	}
	if rest == "" {
		return true
	}
	if rest[0] != 'e' && rest[0] != 'E' {
		return false
	}
	if rest = rest[1:]; rest != "" && (rest[0] == '+' || rest[0] == '-') {
		rest = rest[1:]
	}
	exponent, rest := cutDigits(rest)
	return exponent != "" && rest == ""
}

func cutDigits(s string) (digits, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

// isBase60 reports whether a text is a number such as 1:30:00.5.
func isBase60(s string) bool {
	if s[0] == '+' || s[0] == '-' {
		s = s[1:]
	}
	first, rest, ok := strings.Cut(s, ":")
	if !ok || first == "" || first[0] == '_' || strings.Trim(first, "0123456789_") != "" {
		return false
	}
	for ok {
		var part string
		if part, rest, ok = strings.Cut(rest, ":"); !ok {
			part, rest, _ = strings.Cut(part, ".")
			if strings.Trim(rest, "0123456789_") != "" {
				return false
			}
		}
		if digits, more := cutDigits(part); more != "" || digits == "" || len(digits) > 2 || len(digits) == 2 && digits[0] > '5' {
			return false
		}
	}
	return true
}

// times are the forms of times that the library knows.
var times = []string{"2006-1-2T15:4:5.999999999Z07:00", "2006-1-2t15:4:5.999999999Z07:00", "2006-1-2 15:4:5.999999999", "2006-1-2"}

func isTime(s string) bool {
	if year, rest := cutDigits(s); len(year) != 4 || !strings.HasPrefix(rest, "-") {
		return false
	}
	for _, form := range times {
		if _, err := time.Parse(form, s); err == nil {
			return true
		}
	}
	return false
}
