package expr

import (
	"strings"

	"github.com/krowave/krowave/render/compat"
)

// Part is one `${...}` of a text. Start and End are byte offsets that include
// the `${` and the `}`; Source is what stands between them, untrimmed.
type Part struct {
	Start, End int
	Source     string
}

// ScanError says that a `${` opens inside another expression (S3.2), or is never
// closed where that is an error.
type ScanError struct {
	Offset   int // of the `${`, in bytes
	Unclosed bool
}

func (e *ScanError) Error() string {
	if e.Unclosed {
		return "this ${ is never closed"
	}
	return "nested ${ is not allowed inside an expression, except in a double-quoted string"
}

// Outcomes of walking an expression that are not an end offset.
const (
	unclosed = -1 // the text ended first
	nested   = -2 // and lower: an inner `${` at offset nested-outcome
)

// Scan finds the expressions of a text byte by byte (S3.2). In kro 0.9 only double
// quotes delimit strings, and a `${` that is never closed is plain text.
func Scan(text string, kro compat.Behaviors) ([]Part, error) {
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
			end = closing(text, start+2, kro)
		} else {
			end = table[start+2]
		}
		switch {
		case end == unclosed && kro.UnclosedIsError:
			return nil, &ScanError{Offset: start, Unclosed: true}
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
func closing(text string, pos int, kro compat.Behaviors) int {
	depth, quote := 1, byte(0) // of the string around
	for i := pos; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'' && kro.KnowsSingleQuotes:
			quote = c
		case c == '{':
			depth++
		case c == '}':
			depth--
			if depth == 0 {
				return i
			}
		case opensInner(text, i, kro):
			return nested - i
		}
	}
	return unclosed
}

// closings answers closing for every offset at once, for versions in which an
// unclosed expression is text; these know no single quotes. Asking closing again after
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
			if opensInner(text, i, compat.Behaviors{}) {
				outside[i] = nested - i
			}
		}
	}
	return outside
}

// opensInner reports whether a `${` starts at i that no quote precedes.
func opensInner(text string, i int, kro compat.Behaviors) bool {
	if i == 0 || !strings.HasPrefix(text[i:], "${") {
		return false
	}
	before := text[i-1]
	return before != '"' && (before != '\'' || !kro.KnowsSingleQuotes)
}
