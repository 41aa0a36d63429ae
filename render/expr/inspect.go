package expr

import (
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
)

// ParseAST parses a CEL expression. Parsing knows macros and no variables, so
// that one AST serves inspection and then Check in any environment.
func ParseAST(source string) (*cel.Ast, []*Error) {
	env, err := Base()
	if err != nil {
		return nil, []*Error{{Kind: ParseError, Message: oneLine(err.Error())}}
	}
	parsed, iss := env.Parse(source)
	if iss.Err() != nil {
		return nil, fromIssues(source, iss, ParseError)
	}
	return parsed, nil
}

// Mention is a name at a place in the CEL source, in bytes.
type Mention struct {
	Name   string
	Offset int
}

// Inspection is what an expression refers to.
type Inspection struct {
	References       []string  // known identifiers, each once
	Mentions         []Mention // every use of a known identifier
	Unknown          []Mention // identifiers that are neither known nor loop variables
	UnknownFunctions []Mention // global functions that do not exist; methods are for the checker
	UsesOmit         bool      // calls omit()
	OmitOffset       int       // of the first omit(), when UsesOmit
}

// Inspector finds what expressions refer to. It is safe for concurrent use.
type Inspector struct{ known map[string]bool }

// NewInspector returns an Inspector that takes the names for known.
func NewInspector(known []string) *Inspector {
	in := &Inspector{known: make(map[string]bool, len(known))}
	for _, name := range known {
		in.known[name] = true
	}
	return in
}

// Inspect parses an expression and inspects it.
func (in *Inspector) Inspect(source string) (*Inspection, []*Error) {
	parsed, errs := ParseAST(source)
	if errs != nil {
		return nil, errs
	}
	return in.InspectAST(parsed)
}

// InspectAST inspects an expression that is parsed but not yet checked.
func (in *Inspector) InspectAST(parsed *cel.Ast) (*Inspection, []*Error) {
	env, err := Base()
	if err != nil {
		return nil, []*Error{{Kind: ParseError, Message: oneLine(err.Error())}}
	}
	a := parsed.NativeRep()
	w := &walker{in: in, env: env, source: parsed.Source().Content(), info: a.SourceInfo(), scope: map[string]int{}}
	w.visit(a.Expr())
	return &w.out, nil
}

// walker visits an AST in kro's order: of a call first the arguments, then the
// target.
type walker struct {
	in     *Inspector
	env    *cel.Env
	source string
	info   *ast.SourceInfo
	index  []int          // byte offset of each code point, made at the first use
	scope  map[string]int // loop variables, counted as loops nest
	out    Inspection
}

func (w *walker) visit(e ast.Expr) {
	switch e.Kind() {
	case ast.IdentKind:
		w.ident(e)
	case ast.SelectKind:
		w.visit(e.AsSelect().Operand())
	case ast.CallKind:
		w.call(e)
	case ast.ComprehensionKind:
		w.comprehension(e.AsComprehension())
	case ast.ListKind:
		for _, elem := range e.AsList().Elements() {
			w.visit(elem)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			w.visit(entry.AsMapEntry().Key())
			w.visit(entry.AsMapEntry().Value())
		}
	case ast.StructKind:
		for _, field := range e.AsStruct().Fields() {
			w.visit(field.AsStructField().Value())
		}
	}
}

func (w *walker) ident(e ast.Expr) {
	name := e.AsIdent()
	switch {
	case w.scope[name] > 0:
	case w.in.known[name]:
		if !slices.Contains(w.out.References, name) {
			w.out.References = append(w.out.References, name)
		}
		w.out.Mentions = append(w.out.Mentions, Mention{name, w.offset(e, name)})
	case name == "@result" || strings.HasPrefix(name, "$$") || strings.HasPrefix(name, "@__"):
		// made by a macro
	default:
		w.out.Unknown = append(w.out.Unknown, Mention{name, w.offset(e, name)})
	}
}

func (w *walker) call(e ast.Expr) {
	call := e.AsCall()
	for _, arg := range call.Args() {
		w.visit(arg)
	}
	name := call.FunctionName()
	if call.IsMemberFunction() {
		// json in json.marshal(x) is a namespace; in json.spec.size() it is not.
		if q, ok := qualifiedName(call.Target()); !ok || !w.env.HasFunction(q+"."+name) {
			w.visit(call.Target())
		}
		return
	}
	if name == "omit" && !w.out.UsesOmit {
		w.out.UsesOmit, w.out.OmitOffset = true, w.offset(e, name)
	}
	if !w.env.HasFunction(name) {
		w.out.UnknownFunctions = append(w.out.UnknownFunctions, Mention{name, w.offset(e, name)})
	}
}

func (w *walker) comprehension(c ast.ComprehensionExpr) {
	// A loop variable hides a resource even in the range of its own loop, where
	// CEL does not: kro counts it so, and so no dependency arises (S4.10).
	vars := []string{c.IterVar(), c.AccuVar()}
	if c.HasIterVar2() {
		vars = append(vars, c.IterVar2())
	}
	for _, v := range vars {
		w.scope[v]++
	}
	for _, e := range []ast.Expr{c.AccuInit(), c.IterRange(), c.LoopCondition(), c.LoopStep(), c.Result()} {
		w.visit(e)
	}
	for _, v := range vars {
		w.scope[v]--
	}
}

// qualifiedName spells an identifier with selections as a.b.c.
func qualifiedName(e ast.Expr) (string, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent(), true
	case ast.SelectKind:
		q, ok := qualifiedName(e.AsSelect().Operand())
		return q + "." + e.AsSelect().FieldName(), ok
	}
	return "", false
}

// offset returns where e stands, in bytes. CEL places a call at its opening
// parenthesis; the name before it is meant.
func (w *walker) offset(e ast.Expr, name string) int {
	r, ok := w.info.GetOffsetRange(e.ID())
	if !ok {
		return 0
	}
	pos := w.bytes(int(r.Start))
	if e.Kind() == ast.CallKind {
		if before := strings.TrimRight(w.source[:pos], " \t\r\n"); strings.HasSuffix(before, name) {
			return len(before) - len(name)
		}
	}
	return pos
}

// bytes converts an offset that CEL counts in code points.
func (w *walker) bytes(n int) int {
	if w.index == nil {
		w.index = make([]int, 0, len(w.source)+1)
		for i := range w.source {
			w.index = append(w.index, i)
		}
		w.index = append(w.index, len(w.source))
	}
	return w.index[min(max(n, 0), len(w.index)-1)]
}
