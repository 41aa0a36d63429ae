package expr

import (
	"strings"

	"github.com/google/cel-go/common/ast"
)

// places finds the expressions of an AST in its source.
type places struct {
	source string
	info   *ast.SourceInfo
	index  []int // byte offset of each code point
	byID   map[int64]ast.Expr
}

func newPlaces(source string, a *ast.AST) *places {
	p := &places{source: source, info: a.SourceInfo(), byID: map[int64]ast.Expr{}}
	for i := range source {
		p.index = append(p.index, i)
	}
	p.index = append(p.index, len(source))
	ast.PreOrderVisit(a.Expr(), ast.NewExprVisitor(func(e ast.Expr) { p.byID[e.ID()] = e }))
	return p
}

// at is where CEL places an expression: a call at its operator or parenthesis,
// a selection at its dot. It is -1 for what a macro made.
func (p *places) at(e ast.Expr) int {
	r, ok := p.info.GetOffsetRange(e.ID())
	if !ok {
		return -1
	}
	return p.index[min(max(int(r.Start), 0), len(p.index)-1)]
}

// start is the first character of an expression.
func (p *places) start(e ast.Expr) int {
	begin := len(p.source)
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		at := p.at(e)
		if at < 0 {
			return
		}
		if e.Kind() == ast.CallKind && at < len(p.source) && p.source[at] == '(' {
			at = nameBefore(p.source, at)
		}
		begin = min(begin, at)
	}))
	if begin == len(p.source) {
		return 0
	}
	for begin > 0 && p.source[begin-1] == '(' && nameBefore(p.source, begin-1) == begin-1 && !closed(p.source[begin:]) {
		begin--
	}
	return begin
}

// closed reports whether a text has no closing parenthesis too many.
func closed(text string) bool {
	depth := 0
	for i := 0; i < len(text) && depth >= 0; i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
	}
	return depth >= 0
}

// nameBefore is where the name before an opening parenthesis begins.
func nameBefore(source string, paren int) int {
	end := len(strings.TrimRight(source[:paren], " \t\r\n"))
	i := end
	for i > 0 && (source[i-1] == '_' || source[i-1] == '.' || isAlphanumeric(source[i-1])) {
		i--
	}
	if i == end {
		return paren
	}
	return i
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// end is after the last character of an expression that is a name, a selection,
// a literal or a call; 0 when that cannot be told.
func (p *places) end(e ast.Expr) int {
	begin := p.start(e)
	for i := begin; i < len(p.source); {
		switch c := p.source[i]; {
		case c == '_' || c == '.' || c == '?' && i+1 < len(p.source) && p.source[i-1] == '.' || isAlphanumeric(c):
			i++
		case c == '(' || c == '[':
			if i = p.match(i); i == 0 {
				return 0
			}
		case c == '"' || c == '\'':
			if i = p.quoted(i); i == 0 {
				return 0
			}
		default:
			return i
		}
	}
	return len(p.source)
}

// match is after the bracket that closes the one at i; 0 when there is none.
func (p *places) match(i int) int {
	depth := 0
	for i < len(p.source) {
		switch p.source[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"', '\'':
			if i = p.quoted(i); i == 0 {
				return 0
			}
			continue
		}
		i++
	}
	return 0
}

func (p *places) quoted(i int) int {
	quote := p.source[i]
	for i++; i < len(p.source); i++ {
		switch p.source[i] {
		case '\\':
			i++
		case quote:
			return i + 1
		}
	}
	return 0
}
