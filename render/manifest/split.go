package manifest

import (
	"bytes"
	"unicode/utf8"
)

// split parts a stream at lines that start with "---" and after lines that
// start with "...", which mean the same inside every YAML scalar. Documents of
// nothing but comments are dropped; one of directives belongs to the next.
func split(file string, data []byte) []*source {
	var out []*source
	begin, beginLine := 0, 1
	content, directive := false, false
	flush := func(end int) {
		if content {
			out = append(out, &source{file: file, text: data[begin:end], line: beginLine, column: 1})
		}
		content, directive = false, false
	}
	line := 0
	for pos := 0; pos < len(data); {
		line++
		end := len(data)
		if i := bytes.IndexByte(data[pos:], '\n'); i >= 0 {
			end = pos + i + 1
		}
		text := bytes.TrimRight(data[pos:end], "\r\n")
		switch {
		case marks(text, "---"):
			// Directives stay with the document whose --- follows them.
			if content || !directive {
				flush(pos)
				begin, beginLine = pos, line
			}
			directive = false
			content = hasContent(text[3:])
		case marks(text, "..."):
			flush(pos)
			begin, beginLine = end, line+1
		case !content && len(text) > 0 && text[0] == '%':
			directive = true
		case hasContent(text):
			content = true
		}
		pos = end
	}
	flush(len(data))
	return out
}

// marks reports whether a line is the document marker: alone, or with a blank
// after it.
func marks(line []byte, marker string) bool {
	return bytes.HasPrefix(line, []byte(marker)) &&
		(len(line) == 3 || line[3] == ' ' || line[3] == '\t')
}

func hasContent(line []byte) bool {
	line = bytes.TrimLeft(line, " \t\r")
	return len(line) > 0 && line[0] != '#'
}

// at returns the part of s from offset to end as a source of its own.
func (s *source) at(offset, end int) *source {
	before := s.text[:offset]
	begin := bytes.LastIndexByte(before, '\n') + 1
	out := &source{file: s.file, text: s.text[offset:end], json: true}
	out.line = s.line + bytes.Count(before, []byte("\n"))
	out.column = 1 + utf8.RuneCount(before[begin:])
	if begin == 0 {
		out.column += s.column - 1
	}
	return out
}
