package expand

import (
	"strings"

	"github.com/google/cel-go/cel"

	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
)

// placeholder stands for the value of an expression without one: a text that
// names what is missing. In a text with several expressions, those that have a
// value keep it.
func (ev *evaluator) placeholder(e *graph.Expression, vars *bindings) any {
	if e.Standalone {
		path, _ := ev.missing(e)
		return placeholderFor(path)
	}
	var b strings.Builder
	at := 0
	for _, p := range e.Parts {
		b.WriteString(e.Text[at:p.Start])
		b.WriteString(ev.part(e, p.Source, vars))
		at = p.End
	}
	b.WriteString(e.Text[at:])
	return b.String()
}

func placeholderFor(what string) string { return "<runtime: " + what + ">" }

// part is the text of one expression of several.
func (ev *evaluator) part(e *graph.Expression, source string, vars *bindings) string {
	parsed, errs := expr.ParseAST(source)
	if errs != nil {
		return placeholderFor(source)
	}
	reads := expr.Reads(parsed, e.References)
	types := make(map[string]*cel.Type, len(e.References))
	for _, name := range e.References {
		types[name] = cel.DynType
	}
	if v, ok := ev.untyped(parsed, types, vars); ok {
		return v
	}
	for _, r := range reads {
		if v, ok := ev.values[r.Path[0]]; !ok || !follow(v, r.Path[1:r.Required]) {
			return placeholderFor(r.String())
		}
	}
	return placeholderFor(source)
}

// untyped evaluates a part on its own; a text has parts that are texts.
func (ev *evaluator) untyped(parsed *cel.Ast, types map[string]*cel.Type, vars *bindings) (string, bool) {
	env, err := expr.Typed(nil, types)
	if err != nil {
		return "", false
	}
	checked, errs := expr.Check(env, parsed)
	if errs != nil {
		return "", false
	}
	program, err := expr.NewProgram(env, checked, expr.ProgramOptions{})
	if err != nil {
		return "", false
	}
	v, err := program.Eval(ev.ctx, vars)
	text, ok := v.(string)
	return text, ok && err == nil
}
