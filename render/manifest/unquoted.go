package manifest

import (
	"bytes"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

// nearby is how many lines around the line of an error are looked at.
const nearby = 20

// unquoted finds an expression that YAML cannot read without quotes near the
// line of an error: in a flow mapping or list, or with ": " inside. It returns
// its place and the line as it should be.
func (s *source) unquoted(line int, flow bool) (diag.Position, string, bool) {
	lines := scannerLines(s.text)
	line = max(1, min(line, len(lines)))
	for _, n := range around(line, len(lines)) {
		text := s.lineText(lines, n)
		begin, length, ok := bareExpression(text, flow)
		if !ok {
			continue
		}
		hint := "quote it: '${...}'"
		if value := text[begin : begin+length]; !bytes.Contains(s.text, []byte("Secret")) {
			fixed := text[:begin] + quote(value) + text[begin+length:]
			hint = "write it as " + diag.Cut(strings.TrimSpace(fixed), 200)
		}
		return s.positionAt(lines[n-1] + begin), hint, true
	}
	return diag.Position{}, "", false
}

// lineText is a line, counted from 1, without its end.
func (s *source) lineText(lines []int, n int) string {
	end := len(s.text)
	if n < len(lines) {
		end = lines[n]
	}
	return strings.TrimRight(string(s.text[lines[n-1]:end]), "\r\n")
}

// around lists the numbers of lines, nearest first.
func around(line, last int) []int {
	out := []int{line}
	for i := 1; i <= nearby; i++ {
		if line+i <= last {
			out = append(out, line+i)
		}
		if line-i >= 1 {
			out = append(out, line-i)
		}
	}
	return out
}

// bareExpression finds a value with an expression in a line of YAML that has to
// be quoted, and is not. A line may stand in a flow mapping that began before.
func bareExpression(line string, inFlow bool) (begin, length int, ok bool) {
	flow, quoted := 0, byte(0)
	if inFlow {
		flow = 1
	}
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quoted != 0:
			if c == '\\' && quoted == '"' {
				i++
			} else if c == quoted {
				quoted = 0
			}
		case startsValue(line, i) && (c == '"' || c == '\''):
			quoted = c
		case c == '#' && i > 0 && isBlank(line[i-1]):
			return 0, 0, false
		case strings.HasPrefix(line[i:], "${"):
			begin := i
			for begin > 0 && !startsValue(line, begin) {
				begin--
			}
			length := expressionEnd(line, i) - begin
			if flow == 0 {
				length = len(strings.TrimRight(line[begin:], " \t"))
			}
			if value := line[begin : begin+length]; flow > 0 || strings.Contains(value, ": ") || strings.Contains(value, " #") || strings.HasSuffix(value, ":") {
				return begin, length, true
			}
			i = begin + length - 1
		case c == '{' || c == '[':
			flow++
		case c == '}' || c == ']':
			flow = max(0, flow-1)
		}
	}
	return 0, 0, false
}

// startsValue reports whether a value may begin at a byte of a line.
func startsValue(line string, i int) bool {
	before := strings.TrimRight(line[:i], " \t")
	if before == "" {
		return true
	}
	switch before[len(before)-1] {
	case '{', '[', ',':
		return !strings.HasSuffix(before, "${")
	case ':', '-':
		return len(before) < i
	}
	return false
}

// expressionEnd is after the value with the expression that begins at i: its
// brace, and what follows up to the end of a flow entry.
func expressionEnd(line string, i int) int {
	depth, quoted := 0, byte(0)
	for ; i < len(line); i++ {
		c := line[i]
		switch {
		case quoted != 0:
			if c == quoted {
				quoted = 0
			}
		case depth > 0 && (c == '"' || c == '\''):
			quoted = c
		case c == '{':
			depth++
		case c == '}':
			if depth == 0 {
				return len(strings.TrimRight(line[:i], " \t"))
			}
			depth--
		case depth == 0 && (c == ',' || c == ']'):
			return len(strings.TrimRight(line[:i], " \t"))
		}
	}
	return len(strings.TrimRight(line, " \t"))
}

// quote puts a text into single quotes.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
