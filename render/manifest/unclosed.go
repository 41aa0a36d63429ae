package manifest

import (
	"regexp"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

// glued is a key whose colon no space follows.
var glued = regexp.MustCompile(`^\s*(?:- )*[A-Za-z_][A-Za-z0-9_.-]*:[^\s:/]`)

// unclosed finds the line that an error of YAML really is about, which the library
// reports where it notices: a quote, a brace or a bracket that its line does not
// close, or a colon without a space.
func (s *source) unclosed(line int, text string) (at diag.Position, message string, ok bool) {
	lines := scannerLines(s.text)
	line = max(1, min(line+1, len(lines)))
	read := func(n int) string { return s.lineText(lines, n) }
	inFlow := strings.Contains(text, "',' or")
	for n := line; n >= max(1, line-nearby); n-- {
		switch open, i := openEnd(read(n)); {
		case open == '"' && (inFlow || strings.Contains(text, "did not find expected") || strings.Contains(text, "unexpected end of stream") || strings.Contains(text, "could not find expected")):
			return s.positionAt(lines[n-1] + i), "the quote that begins here is not closed on its line", true
		case open != 0 && open != '"' && inFlow:
			return s.positionAt(lines[n-1] + i), "the " + string(open) + " that begins here is not closed", true
		}
		if strings.Contains(text, "could not find expected ':'") && n <= line && glued.MatchString(read(n)) {
			return s.positionAt(lines[n-1] + strings.IndexByte(read(n), ':')), "a space is missing after the colon", true
		}
	}
	return diag.Position{}, "", false
}

// openEnd is the double quote, brace or bracket that a line opens first and does
// not close, and where.
func openEnd(line string) (open byte, at int) {
	var stack []int
	quoted, began := byte(0), 0
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quoted != 0:
			if c == '\\' && quoted == '"' {
				i++
			} else if c == quoted {
				quoted = 0
			}
		case c == '#' && (i == 0 || isBlank(line[i-1])):
			i = len(line)
		case (c == '"' || c == '\'') && startsValue(line, i):
			quoted, began = c, i
		case (c == '{' || c == '[') && (startsValue(line, i) || len(stack) > 0):
			stack = append(stack, i)
		case (c == '}' || c == ']') && len(stack) > 0:
			stack = stack[:len(stack)-1]
		}
	}
	switch {
	case quoted == '"':
		return '"', began
	case quoted == 0 && len(stack) > 0:
		return line[stack[0]], stack[0]
	}
	return 0, 0
}
