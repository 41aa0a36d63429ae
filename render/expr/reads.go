package expr

import (
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
)

// Item is the step of a Read into an element of a list or a map whose index or
// key is not written out.
const Item = "[]"

// Read is a path that an expression reads, from the variable on: schema, spec,
// name. Loop variables are followed to what they run over.
type Read struct {
	Path []string

	// Required is the number of leading steps without which evaluation finds no
	// data; the others are read with .?, [?] or has().
	Required int

	// Shape is set when only the presence or the length of the value is looked
	// at: has(), hasValue(), the range of a loop, the argument of size().
	Shape bool

	Presence bool // of Shape: only whether the value is there

	// Branch is set when evaluation may do without: the read is in one of the
	// results of a condition, or in a fallback.
	Branch bool
}

// String prints the path as an expression would: db.status.hosts[].name.
func (r Read) String() string { return Dotted(r.Path) }

// Field is the path up to the first element of a list or map.
func (r Read) Field() []string {
	if i := slices.Index(r.Path, Item); i >= 0 {
		return r.Path[:i]
	}
	return r.Path
}

// Dotted prints a path as an expression would.
func Dotted(path []string) string {
	var b strings.Builder
	for i, step := range path {
		if i > 0 && step != Item {
			b.WriteByte('.')
		}
		b.WriteString(step)
	}
	return b.String()
}

// Reads lists what an expression that is parsed but not yet checked reads of
// the known variables, each path once, in the order of the text.
func Reads(parsed *cel.Ast, known []string) []Read {
	r := &reads{known: map[string]bool{}, budget: maxReads}
	for _, name := range known {
		r.known[name] = true
	}
	r.visit(parsed.NativeRep().Expr(), nil, access{})
	return r.out
}

// maxReads bounds the work on loops within loops over loops: beyond it, an
// expression reads its variables as a whole.
const maxReads = 10_000

type reads struct {
	places *places // where steps stand, for Occurrences; nil for none
	seen   []Occurrence
	known  map[string]bool
	out    []Read
	budget int
	branch int // the number of conditions and fallbacks around what is visited
}

// access is what is done with a value: the steps into it, outermost first, the
// number of those that must be there, and whether the end is only counted.
type access struct {
	steps    []string
	at       []int // where the steps stand; only for Occurrences
	optional bool  // the last of steps, and what is inside, may be missing
	required int
	shape    bool
	presence bool
}

// into is the access to a value of which a step is accessed.
func (a access) into(step string, optional bool) access {
	out := a
	out.steps, out.required = append([]string{step}, a.steps...), a.required+1
	if optional {
		out.required, out.optional = 0, true
	}
	return out
}

// binding is a variable of a macro: the expression that it stands for in the
// scope outside, and for a loop variable a step into that.
type binding struct {
	name  string
	value ast.Expr // nil: nothing is known of it
	at    *binding // the scope of value
	item  bool
	outer *binding // what this one hides
}

func (r *reads) visit(e ast.Expr, scope *binding, a access) {
	if r.budget--; r.budget < 0 {
		a = access{}
	}
	switch e.Kind() {
	case ast.IdentKind:
		r.ident(e, scope, a)
	case ast.SelectKind:
		s := e.AsSelect()
		if s.IsTestOnly() {
			a = access{shape: true, presence: true}
		}
		r.visit(s.Operand(), scope, r.selected(a.into(s.FieldName(), s.IsTestOnly()), e))
	case ast.CallKind:
		r.call(e.AsCall(), scope, a)
	case ast.ComprehensionKind:
		r.loop(e.AsComprehension(), scope, a)
	case ast.ListKind:
		rest := a.element()
		for _, item := range e.AsList().Elements() {
			r.visit(item, scope, rest)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			r.visit(entry.AsMapEntry().Key(), scope, access{})
			r.visit(entry.AsMapEntry().Value(), scope, a.element())
		}
	case ast.StructKind:
		for _, field := range e.AsStruct().Fields() {
			r.visit(field.AsStructField().Value(), scope, access{})
		}
	}
}

// element is the access to an element of a list or map that is written out.
func (a access) element() access {
	if len(a.steps) == 0 {
		return access{shape: a.shape, presence: a.presence}
	}
	a.steps, a.required = a.steps[1:], max(a.required-1, 0)
	if len(a.at) > 0 {
		a.at = a.at[1:]
	}
	return a
}

func (r *reads) ident(e ast.Expr, scope *binding, a access) {
	name := e.AsIdent()
	for b := scope; b != nil; b = b.outer {
		switch {
		case b.name != name:
		case b.value == nil || r.budget < 0:
			return
		case b.item:
			r.visit(b.value, b.at, r.placed(a.into(Item, false), nil, Item))
			return
		default:
			r.visit(b.value, b.at, a)
			return
		}
	}
	if !r.known[name] {
		return
	}
	r.occurs(e, name, a)
	read := Read{
		Path: append([]string{name}, a.steps...), Shape: a.shape, Presence: a.presence, Required: len(a.steps) + 1, Branch: r.branch > 0,
	}
	if a.optional {
		read.Required = a.required + 1
	}
	same := func(other Read) bool {
		return other.Required == read.Required && other.Shape == read.Shape && other.Presence == read.Presence && slices.Equal(other.Path, read.Path)
	}
	if i := slices.IndexFunc(r.out, same); i >= 0 {
		r.out[i].Branch = r.out[i].Branch && read.Branch
	} else {
		r.out = append(r.out, read)
	}
}

// visitBranch visits what is not evaluated in every case.
func (r *reads) visitBranch(e ast.Expr, scope *binding, a access) {
	r.branch++
	r.visit(e, scope, a)
	r.branch--
}

// call follows what functions hand through.
func (r *reads) call(call ast.CallExpr, scope *binding, a access) {
	name, args := call.FunctionName(), call.Args()
	switch {
	case name == operators.Index || name == operators.OptIndex || name == operators.OptSelect:
		if len(args) != 2 {
			break
		}
		step := Item
		if args[1].Kind() == ast.LiteralKind {
			if s, ok := args[1].AsLiteral().(types.String); ok {
				step = string(s)
			}
		}
		r.visit(args[0], scope, r.placed(a.into(step, name != operators.Index), args[1], step))
		r.visit(args[1], scope, access{})
		return
	case name == operators.Conditional && len(args) == 3:
		r.visit(args[0], scope, access{})
		r.visitBranch(args[1], scope, a)
		r.visitBranch(args[2], scope, a)
		return
	case name == "orValue" || name == "or" || name == "value" || name == "optional.of" || name == "optional.ofNonZeroValue":
		if call.IsMemberFunction() && name != "optional.of" {
			r.visit(call.Target(), scope, a)
		}
		for _, arg := range args {
			if name == "orValue" || name == "or" {
				r.visitBranch(arg, scope, a)
			} else {
				r.visit(arg, scope, a)
			}
		}
		return
	case name == "cel.@mapInsert" && len(args) > 0:
		for _, arg := range args[:len(args)-1] {
			r.visit(arg, scope, access{})
		}
		r.visit(args[len(args)-1], scope, a.element())
		return
	case name == operators.Add && (len(a.steps) > 0 || a.shape):
		for _, arg := range args { // of lists
			r.visit(arg, scope, a)
		}
		return
	}
	rest := access{shape: name == "size" || name == "hasValue", presence: name == "hasValue"}
	if call.IsMemberFunction() {
		r.visit(call.Target(), scope, rest)
		rest = access{}
	}
	for _, arg := range args {
		r.visit(arg, scope, rest)
	}
}

// loop follows the variables of a macro. A range is only counted: what is read
// of its elements is read through the loop variable. cel.bind and the macros
// of optionals are loops over nothing, whose accumulator is the variable.
func (r *reads) loop(c ast.ComprehensionExpr, scope *binding, a access) {
	r.visit(c.IterRange(), scope, access{shape: true})
	if c.IterRange().Kind() == ast.ListKind && len(c.IterRange().AsList().Elements()) == 0 {
		r.visit(c.Result(), &binding{name: c.AccuVar(), value: c.AccuInit(), at: scope, outer: scope}, a)
		return
	}
	r.visit(c.AccuInit(), scope, access{})
	in := &binding{name: c.AccuVar(), outer: scope}
	element := c.IterVar()
	if c.HasIterVar2() {
		in = &binding{name: c.IterVar(), outer: in}
		element = c.IterVar2()
	}
	in = &binding{name: element, value: c.IterRange(), at: scope, item: true, outer: in}
	r.visit(c.LoopCondition(), in, access{})
	r.visit(c.LoopStep(), in, a)
	if c.Result().Kind() != ast.IdentKind {
		r.visit(c.Result(), in, access{})
	}
}
