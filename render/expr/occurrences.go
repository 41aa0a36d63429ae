package expr

import (
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
)

// Occurrence is a path that an expression reads, with the places of its steps
// in the CEL source, in bytes: -1 for a step that is not written there, such as
// an item of a loop.
type Occurrence struct {
	Path []string
	At   []int
}

// Occurrences lists what an expression that is parsed but not yet checked reads
// of the known variables, every time it is written. Loop variables are followed
// to what they run over.
func Occurrences(parsed *cel.Ast, known []string) []Occurrence {
	a := parsed.NativeRep()
	r := &reads{known: map[string]bool{}, budget: maxReads, places: newPlaces(parsed.Source().Content(), a)}
	for _, name := range known {
		r.known[name] = true
	}
	r.visit(a.Expr(), nil, access{})
	return r.seen
}

// placed notes where the first step of an access stands.
func (r *reads) placed(a access, e ast.Expr, name string) access {
	if r.places == nil {
		return a
	}
	at := -1
	if e != nil {
		at = r.places.name(e, name)
	}
	a.at = append([]int{at}, a.at...)
	return a
}

// selected is placed for a selection. The macro has() leaves no place of its own.
func (r *reads) selected(a access, e ast.Expr) access {
	s := e.AsSelect()
	if r.places == nil || !s.IsTestOnly() {
		return r.placed(a, e, s.FieldName())
	}
	at := r.places.at(s.Operand())
	if at >= 0 {
		if i := strings.Index(r.places.source[at:], "."+s.FieldName()); i >= 0 {
			at += i + 1
		} else {
			at = -1
		}
	}
	a.at = append([]int{at}, a.at...)
	return a
}

// name is where the name of a selected field or a key stands, -1 when it cannot
// be told. CEL places a selection at its dot.
func (p *places) name(e ast.Expr, name string) int {
	at := p.at(e)
	if at < 0 {
		return -1
	}
	rest := strings.TrimLeft(p.source[at:], ".?\"' \t\r\n`")
	if !strings.HasPrefix(rest, name) {
		return -1
	}
	return len(p.source) - len(rest)
}

func (r *reads) occurs(e ast.Expr, name string, a access) {
	if r.places == nil || len(a.at) != len(a.steps) {
		return
	}
	o := Occurrence{Path: append([]string{name}, a.steps...), At: append([]int{r.places.at(e)}, a.at...)}
	if !slices.ContainsFunc(r.seen, func(other Occurrence) bool { return slices.Equal(other.Path, o.Path) && slices.Equal(other.At, o.At) }) {
		r.seen = append(r.seen, o)
	}
}
