package expr

import (
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/interpreter"
)

// Absent is an access to a list or a map that is there and lacks what is read.
type Absent struct {
	Offset int      // of the index or key, in bytes of the CEL source
	Of     string   // the list or map as a path, such as schema.spec.zones; "" when it is computed
	Index  string   // of a list, or "" for a map
	Size   int      // of the list
	Key    string   // of a map
	Keys   []string // of the map, sorted
	Object bool     // the map is an object whose fields its type names
	Hidden bool     // no more than the place is shown: the value may be a Secret's
}

// Masked is an Absent that tells nothing of the list or map.
func (a *Absent) Masked() *Absent {
	out := &Absent{Offset: a.Offset, Object: a.Object, Hidden: true}
	if a.Index != "" {
		out.Index = "here"
	}
	return out
}

// Path is the path that has no value; "" when the list or map is computed.
func (a *Absent) Path() string {
	switch {
	case a.Of == "":
		return ""
	case a.Index != "":
		return a.Of + "[" + a.Index + "]"
	}
	return a.Of + "." + a.Key
}

// String says what is wrong in a few words. It quotes the index or key.
func (a *Absent) String() string {
	of := a.Of
	switch {
	case a.Hidden && a.Index != "":
		return "the index is out of range (the list is not shown, since it may be a Secret's)"
	case a.Hidden:
		return "the key does not exist (the map is not shown, since it may be a Secret's)"
	}
	if a.Index == "" {
		if of == "" {
			of = "the map"
		}
		return fmt.Sprintf("%s has no key %s", of, a.Key)
	}
	if of == "" {
		of = "the list"
	}
	switch a.Size {
	case 0:
		return fmt.Sprintf("index %s is out of range: %s is empty", a.Index, of)
	case 1:
		return fmt.Sprintf("index %s is out of range: %s has 1 element", a.Index, of)
	}
	return fmt.Sprintf("index %s is out of range: %s has %d elements", a.Index, of, a.Size)
}

// Absent evaluates an expression again, with the variables that it failed with,
// and finds the access that failed; nil if it is not to a list or map, or
// stands in a loop that went on after it.
func (p *Program) Absent(vars cel.Activation, failure error) (found *Absent) {
	defer func() {
		if recover() != nil { // a library's; the evaluation has reported it
			found = nil
		}
	}()
	plan, a, err := p.planned(cel.EvalOptions(cel.OptTrackState))
	if err != nil {
		return nil
	}
	_, details, err := p.run(plan, vars, nil)
	if err == nil || details == nil || details.State() == nil {
		return nil
	}
	f := &absentFinder{types: a.GetType, state: details.State(), vars: vars, failure: failure.Error(), places: newPlaces(p.checked.Source().Content(), a)}
	f.visit(a.Expr(), nil)
	return f.found
}

type absentFinder struct {
	types   func(id int64) *types.Type
	state   interpreter.EvalState
	vars    cel.Activation
	failure string
	places  *places
	found   *Absent
}

// visit goes through an expression in the order of its evaluation. local are
// names that a loop binds.
func (f *absentFinder) visit(e ast.Expr, local []string) {
	switch e.Kind() {
	case ast.SelectKind:
		s := e.AsSelect()
		f.visit(s.Operand(), local)
		if !s.IsTestOnly() {
			f.access(f.fieldOffset(e), s.Operand(), types.String(s.FieldName()), local)
		}
	case ast.CallKind:
		c := e.AsCall()
		if c.IsMemberFunction() {
			f.visit(c.Target(), local)
		}
		for _, arg := range c.Args() {
			f.visit(arg, local)
		}
		if c.FunctionName() == operators.Index && len(c.Args()) == 2 {
			if key, ok := f.value(c.Args()[1], local); ok {
				f.access(f.places.start(c.Args()[1]), c.Args()[0], key, local)
			}
		}
	case ast.ListKind:
		for _, item := range e.AsList().Elements() {
			f.visit(item, local)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			f.visit(entry.AsMapEntry().Key(), local)
			f.visit(entry.AsMapEntry().Value(), local)
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		f.visit(c.IterRange(), local)
		f.visit(c.AccuInit(), local)
		inside := append([]string{c.AccuVar(), c.IterVar(), c.IterVar2()}, local...)
		for _, part := range []ast.Expr{c.LoopCondition(), c.LoopStep(), c.Result()} {
			f.visit(part, inside)
		}
	}
}

// access notes an access whose operand is known and lacks the key, when it is
// what the evaluation failed with.
func (f *absentFinder) access(offset int, operand ast.Expr, key ref.Val, local []string) {
	if f.found != nil || !strings.HasSuffix(f.failure, fmt.Sprint(key.Value())) {
		return
	}
	of, ok := f.value(operand, local)
	if !ok {
		return
	}
	out := &Absent{Of: pathOf(operand), Offset: offset}
	switch v := of.(type) {
	case traits.Lister:
		index, isInt := key.(types.Int)
		size, known := v.Size().(types.Int)
		if !isInt || !known || index >= 0 && index < size {
			return
		}
		out.Index, out.Size = fmt.Sprint(int64(index)), int(size)
	case traits.Mapper:
		if _, ok := v.Find(key); ok {
			return
		}
		out.Key, out.Object = fmt.Sprint(key.Value()), f.types(operand.ID()).Kind() == types.StructKind
		for _, k := range sortedKeys(v) {
			out.Keys = append(out.Keys, fmt.Sprint(k.Value()))
		}
	default:
		return
	}
	f.found = out
}

// value is what an expression had for a value. The state of a variable is that
// of the whole chain of accesses that begins with it.
func (f *absentFinder) value(e ast.Expr, local []string) (ref.Val, bool) {
	switch e.Kind() {
	case ast.LiteralKind:
		return e.AsLiteral(), true
	case ast.IdentKind:
		for _, name := range local {
			if name == e.AsIdent() {
				return nil, false
			}
		}
		v, ok := f.vars.ResolveName(e.AsIdent())
		if !ok {
			return nil, false
		}
		return types.DefaultTypeAdapter.NativeToValue(v), true
	}
	v, ok := f.state.Value(e.ID())
	return v, ok && !types.IsError(v) && !types.IsUnknown(v)
}

// fieldOffset is where the name of a field begins, after its dot.
func (f *absentFinder) fieldOffset(e ast.Expr) int {
	at := max(f.places.at(e), 0)
	source := f.places.source
	if at < len(source) && source[at] == '.' {
		at++
		at += len(source[at:]) - len(strings.TrimLeft(source[at:], " \t\r\n"))
	}
	return at
}

// pathOf writes an expression that only accesses fields and elements of a
// variable; "" for any other.
func pathOf(e ast.Expr) string {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent()
	case ast.SelectKind:
		if above := pathOf(e.AsSelect().Operand()); above != "" {
			return above + "." + e.AsSelect().FieldName()
		}
	case ast.CallKind:
		c := e.AsCall()
		if c.FunctionName() != operators.Index || len(c.Args()) != 2 || c.Args()[1].Kind() != ast.LiteralKind {
			return ""
		}
		above := pathOf(c.Args()[0])
		switch key := c.Args()[1].AsLiteral().(type) {
		case types.Int:
			if above != "" {
				return fmt.Sprintf("%s[%d]", above, int64(key))
			}
		case types.String:
			if above != "" {
				return fmt.Sprintf("%s[%q]", above, string(key))
			}
		}
	}
	return ""
}
