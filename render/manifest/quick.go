package manifest

import (
	"strconv"
	"strings"
)

// quickYAML decodes what most manifests are written in: mappings and lists in
// block style, values and keys of one line, and literal texts. It reports false
// for everything else, what is wrong or large included, which the library then
// decodes: it never has another value than the library. TestQuickEqualsLibrary and
// FuzzRead hold it to that.
func quickYAML(text []byte, lim Limits) (map[string]any, bool) {
	for _, c := range text {
		if (c < ' ' || c > '~') && c != '\n' {
			return nil, false
		}
	}
	q := &quick{rest: string(text), lim: lim}
	q.next()
	if q.text == "---" && q.indent == 0 {
		q.next()
	}
	if q.end || q.indent != 0 || q.isItem() {
		return nil, false
	}
	out := q.mapping(0, 1)
	if q.odd || !q.end {
		return nil, false
	}
	return out, true
}

// quick reads a document line by line. The current line is the first that has
// content and that nothing has taken yet.
type quick struct {
	rest   string // behind the current line
	text   string // of the current line, without the blanks around it
	indent int    // of text
	end    bool   // there is no line left
	odd    bool   // the document is not as simple as it has to be

	lim   Limits
	nodes int
}

// next goes to the next line with content.
func (q *quick) next() {
	for q.rest != "" {
		line, rest, _ := strings.Cut(q.rest, "\n")
		q.rest = rest
		text := strings.TrimLeft(line, " ")
		if text == "" || text[0] == '#' {
			continue
		}
		q.indent = len(line) - len(text)
		q.text = strings.TrimRight(text, " ")
		return
	}
	q.end, q.text = true, ""
}

// fail gives the document to the library.
func (q *quick) fail() any {
	q.odd, q.end = true, true
	return nil
}

// count counts a value, like the converter.
func (q *quick) count(depth int) {
	if q.nodes++; q.nodes >= q.lim.Nodes || depth >= q.lim.Depth {
		q.fail()
	}
}

// isItem reports whether the line is an item of a list.
func (q *quick) isItem() bool { return q.text == "-" || strings.HasPrefix(q.text, "- ") }

// mapping reads the entries that begin at an indentation.
func (q *quick) mapping(indent, depth int) map[string]any {
	q.count(depth)
	out := map[string]any{}
	for !q.end && q.indent == indent && !q.isItem() {
		key, value, ok := q.entry()
		if _, twice := out[key]; !ok || twice {
			q.fail()
			break
		}
		out[key] = q.value(value, indent, depth, true)
	}
	if !q.end && q.indent > indent {
		q.fail() // behind a value, which goes on, or deeper than the entry before
	}
	return out
}

// list reads the items that begin at an indentation.
func (q *quick) list(indent, depth int) []any {
	q.count(depth)
	var out []any
	for !q.end && q.indent == indent && q.isItem() {
		item := strings.TrimLeft(q.text[1:], " ")
		switch {
		case item == "":
			out = append(out, q.value("", indent, depth, false))
			continue
		case item == "-" || strings.HasPrefix(item, "- "):
			q.fail()
			return nil
		}
		// The item as a line of its own, which it is when it is a mapping.
		line := q.text
		q.text, q.indent = item, indent+len(q.text)-len(item)
		if _, _, ok := q.entry(); ok {
			out = append(out, q.mapping(q.indent, depth+1))
			continue
		}
		q.text, q.indent = line, indent
		out = append(out, q.value(item, indent, depth, false))
	}
	if !q.end && q.indent > indent {
		q.fail()
	}
	return out
}

// entry parts the line at its first colon.
func (q *quick) entry() (key, value string, ok bool) {
	n := 0
	for n < len(q.text) && isKeyByte(q.text[n]) {
		n++
	}
	if n == 0 || n > 256 || n == len(q.text) || q.text[n] != ':' || n+1 < len(q.text) && q.text[n+1] != ' ' {
		return "", "", false
	}
	if key = q.text[:n]; !isText(key) || key[0] == '-' {
		return "", "", false
	}
	return key, strings.TrimLeft(q.text[n+1:], " "), true
}

func isKeyByte(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == '/'
}

// value reads what stands behind a key or a dash, and goes on to the line behind
// it. Below a key, a list may begin where the key does.
func (q *quick) value(text string, indent, depth int, inMapping bool) any {
	if q.odd {
		return nil
	}
	switch text {
	case "":
		q.next()
		switch {
		case !q.end && q.isItem() && (q.indent > indent || inMapping && q.indent == indent):
			return q.list(q.indent, depth+1)
		case !q.end && q.indent > indent:
			return q.mapping(q.indent, depth+1)
		}
		q.count(depth)
		return nil
	case "|", "|-":
		q.count(depth)
		return q.literal(indent, text == "|")
	}
	q.count(depth)
	out := q.scalar(text)
	q.next()
	return out
}

// literal reads the lines of a text.
func (q *quick) literal(above int, newline bool) any {
	var b strings.Builder
	indent, blank := -1, 0
	for q.rest != "" {
		line, rest, ended := strings.Cut(q.rest, "\n")
		text := strings.TrimLeft(line, " ")
		if text == "" {
			if line != "" {
				return q.fail()
			}
			blank++
			q.rest = rest
			continue
		}
		at := len(line) - len(text)
		if indent < 0 {
			if indent = at; indent <= above || !ended {
				return q.fail()
			}
			b.Grow(min(len(q.rest), 1024))
		} else if at < indent {
			if at > above {
				return q.fail()
			}
			break
		} else {
			b.WriteByte('\n')
		}
		if !ended {
			return q.fail()
		}
		for ; blank > 0; blank-- {
			b.WriteByte('\n')
		}
		b.WriteString(line[indent:])
		q.rest = rest
	}
	if indent < 0 {
		return q.fail()
	}
	if newline {
		b.WriteByte('\n')
	}
	q.next()
	return b.String()
}

// scalar reads a value of one line.
func (q *quick) scalar(text string) any {
	switch c := text[0]; {
	case c == '"':
		if n := len(text) - 1; n > 0 && text[n] == '"' && strings.IndexByte(text[1:n], '"') < 0 && strings.IndexByte(text, '\\') < 0 {
			return text[1:n]
		}
		return q.fail()
	case c == '\'':
		if n := len(text) - 1; n > 0 && text[n] == '\'' && strings.IndexByte(text[1:n], '\'') < 0 {
			return text[1:n]
		}
		return q.fail()
	case text == "{}":
		return map[string]any{}
	case text == "[]":
		return []any{}
	case strings.IndexByte("?:,[]{}#&*!|>%@`<=", c) >= 0, c == '-' && (len(text) == 1 || text[1] == ' '),
		text[len(text)-1] == ':', strings.Contains(text, ": "), strings.Contains(text, " #"):
		return q.fail()
	case isText(text):
		return text
	}
	switch text {
	case "true":
		return true
	case "false":
		return false
	case "null", "~":
		return nil
	}
	digits := strings.TrimPrefix(text, "-")
	if len(digits) == 0 || len(digits) > 18 || digits[0] == '0' && text != "0" {
		return q.fail()
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return q.fail()
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return q.fail()
	}
	return n
}
