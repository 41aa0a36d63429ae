package lsp

import (
	"regexp"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

// cursor is a place in a YAML document that is being written, and so need not be
// YAML: what it is in follows from the indentation of the lines above.
type cursor struct {
	doc    string    // the document around it
	begin  int       // of doc in the file
	path   diag.Path // of the value, or of the mapping that the key is in
	value  bool      // in a value, else where a key is written
	from   int       // in the file, where the word begins that is being written
	word   string    // up to the cursor
	scalar string    // of a value: up to the cursor

	inside bool   // in ${
	expr   string // after ${, up to the cursor
	column int    // of the key, from 0
	keys   []string
}

// entry is a key or a dash at the beginning of a line.
type entry struct {
	line, column int
	key          string // "" for a dash
	value        string // behind the key
}

var (
	dashed     = regexp.MustCompile(`^( *)-( +|$)`)
	keyed      = regexp.MustCompile(`^("[^"]*"|'[^']*'|[^\s#:,\[\]{}"'&*!|>%@-][^#:\[\]{},]*|-[^\s#:\[\]{},]+)\s*:(?:\s+(.*))?$`)
	blockValue = regexp.MustCompile(`^(?:[&!]\S+\s+)*[|>][-+0-9]*\s*(?:#.*)?$`)
)

// cursorAt finds out where an offset of a text is.
func cursorAt(text string, offset int) *cursor {
	begin, end := documentAround(text, offset)
	c := &cursor{doc: text[begin:end], begin: begin, from: offset}
	lines := strings.SplitAfter(c.doc, "\n")
	n, start := 0, 0
	for start+len(lines[n]) <= offset-begin && n+1 < len(lines) {
		start += len(lines[n])
		n++
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], "\r\n")
	}
	before := lines[n][:min(offset-begin-start, len(lines[n]))]
	entries, blocks := scan(lines)
	if head := blocks[n]; head >= 0 {
		c.inBlock(lines, entries, head, start, offset)
		return c
	}
	_, rest := split(before, n)
	column := len(before) - len(rest)
	c.column = column
	if m := keyed.FindStringSubmatch(rest); m != nil {
		c.value = true
		c.path = append(parents(entries, n, column), unquote(m[1]))
		c.wordIn(m[2], offset)
		return c
	}
	c.path = parents(entries, n, column)
	c.keys = siblings(entries, n, column)
	c.wordIn(rest, offset)
	return c
}

// documentAround is the YAML document that an offset is in.
func documentAround(text string, offset int) (begin, end int) {
	end = len(text)
	for at := 0; at < len(text); {
		next := len(text)
		if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		if line := text[at:next]; line == "---" || strings.HasPrefix(line, "---") && strings.ContainsAny(line[3:4], " \r\n\t") {
			if at > offset {
				return begin, at
			}
			begin = next
		}
		at = next
	}
	return min(begin, offset), end
}

// scan lists the keys and dashes of lines, and for each line in a block scalar
// the line of its key; -1 for others.
func scan(lines []string) (entries []entry, blocks []int) {
	head, indent := -1, 0
	for n, line := range lines {
		width := len(line) - len(strings.TrimLeft(line, " "))
		if head >= 0 && (strings.TrimSpace(line) == "" || width > indent) {
			blocks = append(blocks, head)
			continue
		}
		head = -1
		blocks = append(blocks, -1)
		if t := strings.TrimSpace(line); t == "" || t[0] == '#' {
			continue
		}
		own, rest := split(line, n)
		if m := keyed.FindStringSubmatch(rest); m != nil {
			e := entry{line: n, column: len(line) - len(rest), key: unquote(m[1]), value: m[2]}
			if strings.HasPrefix(e.value, "#") {
				e.value = ""
			}
			own = append(own, e)
		}
		entries = append(entries, own...)
		value := rest
		if len(own) > 0 && own[len(own)-1].key != "" {
			value = own[len(own)-1].value
		}
		if len(own) > 0 && blockValue.MatchString(value) {
			head, indent = n, width
			for _, e := range own {
				if e.key == "" || e.column > width {
					indent = max(indent, e.column)
				}
			}
		}
	}
	return entries, blocks
}

// split takes the dashes from the beginning of a line.
func split(line string, n int) (own []entry, rest string) {
	rest = line
	for {
		m := dashed.FindStringSubmatch(rest)
		if m == nil {
			return own, strings.TrimLeft(rest, " ")
		}
		own = append(own, entry{line: n, column: len(line) - len(rest) + len(m[1])})
		rest = rest[len(m[0]):]
	}
}

func unquote(key string) string {
	key = strings.TrimSpace(key)
	if len(key) > 1 && (key[0] == '"' || key[0] == '\'') {
		return key[1 : len(key)-1]
	}
	return key
}

// parents is the path of the mapping that a key at a column of a line is in. The
// dashes of a list may stand at the column of its key.
func parents(entries []entry, line, column int) diag.Path {
	var out diag.Path
	dash, first := false, column
	for i := len(entries) - 1; i >= 0; i-- {
		e := entries[i]
		switch {
		case e.line > line || e.line == line && e.column >= first:
			continue
		case e.column >= column && (!dash || e.key == "" || e.column > column || e.value != ""):
			continue
		case e.key != "":
			out, dash = append(out, e.key), false
		default:
			out, dash = append(out, index(entries, i)), true
		}
		column = e.column
	}
	slices.Reverse(out)
	return out
}

// index counts the dashes of the same list before one.
func index(entries []entry, at int) int {
	n := 0
	for i := at - 1; i >= 0; i-- {
		e := entries[i]
		switch {
		case e.column < entries[at].column, e.column == entries[at].column && e.key != "":
			return n
		case e.column == entries[at].column:
			n++
		}
	}
	return n
}

// siblings are the other keys of the mapping that a key at a column of a line is in.
func siblings(entries []entry, line, column int) []string {
	var out []string
	for i := len(entries) - 1; i >= 0 && (entries[i].line >= line || entries[i].column >= column); i-- {
		if e := entries[i]; e.line < line && e.column == column && e.key != "" {
			out = append(out, e.key)
		}
	}
	for _, e := range entries {
		if e.line > line && e.column < column {
			break
		}
		if e.line > line && e.column == column && e.key != "" {
			out = append(out, e.key)
		}
	}
	return out
}

// inBlock is the place in a block scalar.
func (c *cursor) inBlock(lines []string, entries []entry, head, start, offset int) {
	c.value = true
	for _, e := range entries {
		if e.line == head && e.key != "" {
			c.path = append(parents(entries, head, e.column), e.key)
		}
	}
	if c.path == nil { // an item of a list
		c.path = parents(entries, head, len(lines[head])+1)
	}
	from := 0
	for _, l := range lines[:head+1] {
		from += len(l) + 1
	}
	from = min(from, start)
	c.wordIn(c.doc[from:min(offset-c.begin, len(c.doc))], offset)
}

// wordIn finds the word that ends at the cursor, and the expression around it, in
// the part of a scalar before the cursor.
func (c *cursor) wordIn(scalar string, offset int) {
	for at := 0; ; {
		i := strings.Index(scalar[at:], "${")
		if i < 0 {
			break
		}
		inner := scalar[at+i+2:]
		end := closed(inner)
		if end < 0 {
			c.inside, c.expr = true, inner
			break
		}
		at += i + 2 + end
	}
	text := scalar
	c.scalar = scalar
	if c.inside {
		text = c.expr
	}
	cut := len(text)
	for cut > 0 && isWordByte(text[cut-1], c.inside) {
		cut--
	}
	c.word = text[cut:]
	c.from = offset - len(c.word)
}

// isWordByte reports whether a byte is part of a word: in expressions of a name,
// elsewhere of a key or a plain value.
func isWordByte(b byte, expression bool) bool {
	return b == '_' || b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'z' || !expression && (b == '-' || b == '.' || b == '/')
}

// closed is where the brace is that closes an expression; -1 when none does.
func closed(text string) int {
	depth, quote := 1, byte(0)
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case quote != 0 && b == '\\':
			i++
		case quote != 0 && b == quote:
			quote = 0
		case quote != 0:
		case b == '"' || b == '\'':
			quote = b
		case b == '{':
			depth++
		case b == '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
