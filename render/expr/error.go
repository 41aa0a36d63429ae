package expr

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"

	"github.com/krowave/krowave/render/diag"
)

// Kind says which stage an Error comes from.
type Kind int

// Stages that report errors.
const (
	ParseError Kind = iota
	CheckError
)

// Error is one complaint of the CEL compiler about an expression.
type Error struct {
	Kind    Kind
	Message string // one line, without position and snippet
	Hint    string // what to do, if known; it may quote the source
	Fix     *diag.Fix
	Offset  int // byte offset in the CEL source
}

func (e *Error) Error() string { return e.Message }

// fromIssues turns every issue into an Error, in CEL's order.
func fromIssues(source string, iss *cel.Issues, kind Kind) []*Error {
	if iss == nil {
		return nil
	}
	var out []*Error
	for _, e := range iss.Errors() {
		out = append(out, &Error{Kind: kind, Message: oneLine(e.Message), Offset: locate(source, e.Location)})
	}
	if kind == ParseError && len(out) > 0 {
		out = out[:1] // the parser stumbles over what follows
		message, remedy := syntaxError(source, out[0].Message, out[0].Offset)
		out[0].Message, out[0].Hint, out[0].Fix = message, remedy.Hint, remedy.Fix
	}
	if len(out) == 0 && iss.Err() != nil {
		out = append(out, &Error{Kind: kind, Message: oneLine(iss.Err().Error())})
	}
	return out
}

// oneLine joins the lines of a message, since a diagnostic's first line is all
// that some readers see.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// locate converts a line and column, counted by CEL in code points, to a byte
// offset. A location that CEL does not know is the start.
func locate(source string, at common.Location) int {
	if at == nil || at.Line() < 1 {
		return 0
	}
	pos := 0
	for line := 1; line < at.Line(); line++ {
		i := strings.IndexByte(source[pos:], '\n')
		if i < 0 {
			return len(source)
		}
		pos += i + 1
	}
	return pos + runes(source[pos:], at.Column())
}

// runes returns the length in bytes of the first n code points of s.
func runes(s string, n int) int {
	pos := 0
	for ; n > 0 && pos < len(s); n-- {
		_, size := utf8.DecodeRuneInString(s[pos:])
		pos += size
	}
	return pos
}

// ErrCost is the reason of an evaluation that was stopped because it costs or
// produces too much. kro has no such limit. The error is a LimitError.
var ErrCost = errors.New("a limit of krowave is exceeded")

// LimitError says which limit an evaluation exceeds, and what to do. It is an ErrCost.
type LimitError struct{ Reason, Advice string }

func (e *LimitError) Error() string { return e.Reason }
func (e *LimitError) Unwrap() error { return ErrCost }

// EvalError says why an evaluation has no value.
type EvalError struct {
	Text   string // what the user wrote: the expression, or the whole template
	Err    error
	Offset int // byte offset in the CEL source of what failed
}

func (e *EvalError) Error() string { return e.Err.Error() }
func (e *EvalError) Unwrap() error { return e.Err }

// IsPending reports whether an evaluation failed because data is not there yet
// (S7.5). Text decides, not types: kro searches the message, which quotes the
// user's expression, for these words, and a graph must wait here exactly where
// it waits there.
func IsPending(err error) bool {
	if err == nil || errors.Is(err, ErrCost) {
		return false
	}
	text := err.Error()
	if e := (*EvalError)(nil); errors.As(err, &e) {
		text += "\n" + strconv.Quote(e.Text)
	}
	for _, s := range [...]string{"no such key", "no such field", "no such attribute", "index out of bounds"} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}
