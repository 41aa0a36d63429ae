package residual

import (
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"

	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
)

// namer writes the original kind where expressions read schema.kind, which has
// a suffix in the cluster. The text around it stays as the author wrote it.
type namer struct {
	kind string
	kro  compat.Behaviors
}

// value rewrites the texts of a YAML value at path, in a copy. dirty hears of
// those that still see the suffix.
func (r namer) value(v any, path diag.Path, dirty func(diag.Path)) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out[key] = r.value(v[key], path.With(key), dirty)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = r.value(item, path.With(i), dirty)
		}
		return out
	case string:
		text, clean := r.text(v)
		if !clean {
			dirty(path)
		}
		return text
	}
	return v
}

// text rewrites the expressions of one text.
func (r namer) text(text string) (string, bool) {
	t, err := expr.Parse(text, r.kro)
	if err != nil || t == nil {
		return text, true
	}
	clean := true
	for i := len(t.Parts) - 1; i >= 0; i-- {
		part := t.Parts[i]
		source, ok := r.source(part.Source)
		clean = clean && ok
		text = text[:part.Start+2] + source + text[part.End-1:]
	}
	return text, clean
}

// source rewrites one CEL expression.
func (r namer) source(source string) (string, bool) {
	parsed, errs := expr.ParseAST(source)
	if errs != nil {
		return source, true
	}
	f := &finder{kind: r.kind, source: []rune(source), info: parsed.NativeRep().SourceInfo()}
	f.visit(parsed.NativeRep().Expr(), false)
	slices.SortFunc(f.found, func(a, b replacement) int { return b.start - a.start })
	out := f.source
	for i, found := range f.found {
		if i > 0 && found.start == f.found[i-1].start {
			continue // a macro repeats what it is given
		}
		out = slices.Concat(out[:found.start], []rune(found.text), out[found.end:])
	}
	if parsed, errs = expr.ParseAST(string(out)); errs != nil {
		return source, false
	}
	return string(out), !seesKind(parsed)
}

// seesKind reports whether the kind of the instance takes part in a value.
func seesKind(parsed *cel.Ast) bool {
	return slices.ContainsFunc(expr.Reads(parsed, []string{graph.SchemaVar}), func(read expr.Read) bool {
		whole := len(read.Path) == 1 && !read.Shape
		return whole || len(read.Path) > 1 && read.Path[1] == "kind" && read.Required > 1
	})
}

// replacement is a stretch of the source, in code points, and what stands there
// instead.
type replacement struct {
	start, end int
	text       string
}

// finder finds the places where an expression reads schema.kind.
type finder struct {
	kind   string
	source []rune
	info   *ast.SourceInfo
	found  []replacement
}

var selected = regexp.MustCompile("^schema\\s*(?:\\.(\\??)\\s*`?kind\\b`?|\\[\\s*(\\??)\\s*(?:\"kind\"|'kind')\\s*\\])")

// visit walks an expression. hidden is set where a loop's variable is called
// schema.
func (f *finder) visit(e ast.Expr, hidden bool) {
	switch e.Kind() {
	case ast.SelectKind:
		s := e.AsSelect()
		if s.FieldName() == "kind" && !s.IsTestOnly() && !hidden {
			f.replace(s.Operand())
		}
		f.visit(s.Operand(), hidden)
	case ast.CallKind:
		call := e.AsCall()
		if readsStep(call, "kind") && !hidden {
			f.replace(call.Args()[0])
		}
		if call.IsMemberFunction() {
			f.visit(call.Target(), hidden)
		}
		for _, arg := range call.Args() {
			f.visit(arg, hidden)
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		inside := hidden || slices.Contains([]string{c.IterVar(), c.IterVar2(), c.AccuVar()}, graph.SchemaVar)
		f.visit(c.IterRange(), hidden)
		f.visit(c.AccuInit(), hidden)
		for _, part := range []ast.Expr{c.LoopCondition(), c.LoopStep(), c.Result()} {
			f.visit(part, inside)
		}
	case ast.ListKind:
		for _, item := range e.AsList().Elements() {
			f.visit(item, hidden)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			f.visit(entry.AsMapEntry().Key(), hidden)
			f.visit(entry.AsMapEntry().Value(), hidden)
		}
	case ast.StructKind:
		for _, field := range e.AsStruct().Fields() {
			f.visit(field.AsStructField().Value(), hidden)
		}
	}
}

// readsStep reports whether a call is x["step"], x.?step or x[?"step"].
func readsStep(call ast.CallExpr, step string) bool {
	access := []string{operators.Index, operators.OptIndex, operators.OptSelect}
	if !slices.Contains(access, call.FunctionName()) || len(call.Args()) != 2 || call.Args()[1].Kind() != ast.LiteralKind {
		return false
	}
	s, ok := call.Args()[1].AsLiteral().(types.String)
	return ok && string(s) == step
}

// replace notes the access that begins with a variable.
func (f *finder) replace(operand ast.Expr) {
	if operand.Kind() != ast.IdentKind || operand.AsIdent() != graph.SchemaVar {
		return
	}
	at, ok := f.info.GetOffsetRange(operand.ID())
	if !ok || int(at.Start) > len(f.source) {
		return
	}
	rest := string(f.source[at.Start:])
	m := selected.FindStringSubmatch(rest)
	if m == nil {
		return
	}
	text := strconv.Quote(f.kind)
	if m[1]+m[2] != "" {
		text = "optional.of(" + text + ")"
	}
	f.found = append(f.found, replacement{int(at.Start), int(at.Start) + len([]rune(m[0])), text})
}
