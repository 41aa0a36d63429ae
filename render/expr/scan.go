package expr

import "strings"

// Part is one `${...}` of a text. Start and End are byte offsets that include
// the `${` and the `}`; Source is what stands between them, untrimmed.
type Part struct {
	Start, End int
	Source     string
}

// ScanError says that a `${` opens inside another expression (S3.2).
type ScanError struct {
	Offset int // of the inner `${`, in bytes
}

func (e *ScanError) Error() string {
	return "nested ${ is not allowed inside an expression, except in a double-quoted string"
}

// Outcomes of walking an expression that are not an end offset.
const (
	unclosed = -1 // the text ended first
	nested   = -2 // and lower: an inner `${` at offset nested-outcome
)

// Scan finds the expressions of a text byte by byte (S3.2). Only double quotes
// delimit strings, and a `${` that is never closed is plain text.
func Scan(text string) ([]Part, error) {
	var (
		parts []Part
		table []int // filled at the first unclosed `${`
	)
	for pos := 0; ; {
		i := strings.Index(text[pos:], "${")
		if i < 0 {
			return parts, nil
		}
		start := pos + i
		var end int
		if table == nil {
			end = closing(text, start+2)
		} else {
			end = table[start+2]
		}
		switch {
		case end == unclosed:
			if table == nil {
				table = closings(text)
			}
			pos = start + 1
		case end < 0:
			return nil, &ScanError{Offset: nested - end}
		default:
			parts = append(parts, Part{Start: start, End: end + 1, Source: text[start+2 : end]})
			pos = end + 1
		}
	}
}

// closing returns the offset of the brace that closes an expression whose body
// starts at pos.
func closing(text string, pos int) int {
	depth, inString := 1, false
	for i := pos; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{':
			depth++
		case c == '}':
			depth--
			if depth == 0 {
				return i
			}
		case opensInner(text, i):
			return nested - i
		}
	}
	return unclosed
}

// closings answers closing for every offset at once. Asking closing again after
// each unclosed `${` would be quadratic, which a hostile text could exploit; from
// right to left, the answer at an offset is made of answers already known.
func closings(text string) []int {
	n := len(text)
	outside, inside := make([]int, n+2), make([]int, n+2)
	outside[n], outside[n+1], inside[n], inside[n+1] = unclosed, unclosed, unclosed, unclosed
	for i := n - 1; i >= 0; i-- {
		switch text[i] {
		case '\\':
			inside[i], outside[i] = inside[i+2], outside[i+1]
		case '"':
			inside[i], outside[i] = outside[i+1], inside[i+1]
		case '{':
			inside[i], outside[i] = inside[i+1], outside[i+1]
			if end := outside[i]; end >= 0 {
				outside[i] = outside[end+1]
			}
		case '}':
			inside[i], outside[i] = inside[i+1], i
		default:
			inside[i], outside[i] = inside[i+1], outside[i+1]
			if opensInner(text, i) {
				outside[i] = nested - i
			}
		}
	}
	return outside
}

// opensInner reports whether a `${` starts at i that no double quote precedes.
func opensInner(text string, i int) bool {
	return strings.HasPrefix(text[i:], "${") && i > 0 && text[i-1] != '"'
}
