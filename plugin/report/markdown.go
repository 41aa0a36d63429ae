package report

import "strings"

// Code is a code span that its content cannot end; mentions and links in it stay
// text.
func Code(s string) string {
	fence := strings.Repeat("`", longestRun(s, '`')+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") || s == "" {
		s = " " + s + " "
	}
	return fence + s + fence
}

// Cell is a code span in a table, where a bar would end the cell.
func Cell(s string) string { return strings.ReplaceAll(Code(s), "|", `\|`) }

// Fenced is a block of code that its content cannot end.
func Fenced(language string, lines []string) string {
	text := strings.Join(lines, "\n")
	if len(lines) > 0 {
		text += "\n"
	}
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	return fence + language + "\n" + text + fence + "\n"
}

func longestRun(s string, of byte) int {
	longest, run := 0, 0
	for i := range len(s) {
		if run++; s[i] != of {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// Prose is text in which nothing is markup, a link or a mention.
func Prose(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '@' || r == '#':
			b.WriteRune(r)
			b.WriteString("&#8203;") // a space of no width: nobody is called
		case strings.ContainsRune("\\`*_[]|~!", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return strings.ReplaceAll(b.String(), "://", ":&#8203;//")
}
