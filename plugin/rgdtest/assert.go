package rgdtest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
)

// Assertion is a CEL expression that must be true.
type Assertion struct {
	Text    string
	Message string // what it means, for people
	At      diag.Position

	program *expr.Program
	reads   []expr.Read
}

// variables are what assertions see.
func variables() map[string]*cel.Type {
	return map[string]*cel.Type{
		"objects": cel.ListType(cel.DynType), "instance": cel.DynType,
		"skipped": cel.ListType(cel.StringType), "pending": cel.ListType(cel.StringType), "waves": cel.ListType(cel.IntType),
	}
}

// compile checks the expression, in the environment that kro's expressions have.
func (a *Assertion) compile() []*expr.Error {
	parsed, errs := expr.ParseAST(a.Text)
	if errs != nil {
		return errs
	}
	env, err := expr.Typed(nil, variables())
	if err != nil {
		return []*expr.Error{{Message: err.Error()}}
	}
	a.reads = expr.Reads(parsed, sortedKeys(variables()))
	checked, errs := expr.Check(env, parsed)
	if errs != nil {
		return errs
	}
	if out := checked.OutputType(); !out.IsExactType(cel.BoolType) && !out.IsExactType(cel.DynType) {
		return []*expr.Error{{Message: fmt.Sprintf("an assertion must be true or false; this one gives %s", out)}}
	}
	if a.program, err = expr.NewProgram(env, checked, expr.ProgramOptions{}); err != nil {
		return []*expr.Error{{Message: err.Error()}}
	}
	return nil
}

// check evaluates the assertion. shown is what may be shown of the variables.
func (a *Assertion) check(ctx context.Context, vars, shown map[string]any, secret bool) (*Problem, error) {
	v, err := a.program.EvalValue(ctx, vars)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	says := "is false"
	switch {
	case err == nil && v.Value() == true:
		return nil, nil
	case err != nil && secret:
		says = "has no value (the reason is not shown because it may quote a Secret)"
	case err != nil:
		says = "has no value: " + strings.Join(strings.Fields(err.Error()), " ")
	case v.Value() != false:
		says = "is neither true nor false"
	}
	p := &Problem{At: a.At, Text: strings.Join(strings.Fields(a.Text), " ") + " " + says}
	if a.Message != "" {
		p.Text = a.Message + ": " + p.Text
	}
	for _, r := range a.reads {
		if !a.follows(r) {
			p.Lines = append(p.Lines, r.String()+": "+values(shown, r))
		}
	}
	return p, nil
}

// follows reports whether r is an element, or a field of one, of which other
// reads show what matters.
func (a *Assertion) follows(r expr.Read) bool {
	return len(r.Path) > 1 && slices.ContainsFunc(a.reads, func(o expr.Read) bool {
		return len(o.Path) > len(r.Path) && slices.Equal(o.Path[:len(r.Path)], r.Path)
	})
}

// maxValues is how many values of one path are shown.
const maxValues = 8

// values shows what a path holds: of a list, each element by its kind and name.
func values(vars map[string]any, r expr.Read) string {
	type at struct {
		label string
		value any
	}
	found := []at{{"", vars[r.Path[0]]}}
	for _, step := range r.Path[1:] {
		var next []at
		for _, f := range found {
			switch v := f.value.(type) {
			case []any:
				for i, e := range v {
					label := name(e)
					if label == "" {
						label = fmt.Sprintf("[%d]", i)
					}
					if step == expr.Item {
						next = append(next, at{strings.TrimSpace(f.label + " " + label), e})
					}
				}
			case map[string]any:
				if e, ok := v[step]; ok {
					next = append(next, at{f.label, e})
				} else if step == expr.Item {
					for _, k := range sortedKeys(v) {
						next = append(next, at{strings.TrimSpace(f.label + " " + k), v[k]})
					}
				}
			}
		}
		found = next
	}
	if list, ok := vars[r.Path[0]].([]any); ok && len(r.Path) == 1 {
		names := make([]string, len(list))
		for i, e := range list {
			if names[i] = name(e); names[i] == "" {
				names[i] = compact(e)
			}
		}
		if len(list) == 0 {
			return "none"
		}
		return fmt.Sprintf("%d, %s", len(list), first(names))
	}
	var texts []string
	for _, f := range found {
		text := compact(f.value)
		if f.label != "" {
			text = f.label + " = " + text
		}
		texts = append(texts, text)
	}
	if len(texts) == 0 {
		return "nothing"
	}
	return first(texts)
}

func first(texts []string) string {
	if len(texts) > maxValues {
		return fmt.Sprintf("%s and %d more", strings.Join(texts[:maxValues], ", "), len(texts)-maxValues)
	}
	return strings.Join(texts, ", ")
}

// name is the kind and name of an object, and "" of anything else.
func name(v any) string {
	m, _ := v.(map[string]any)
	kind, _ := m["kind"].(string)
	meta, _ := m["metadata"].(map[string]any)
	text, _ := meta["name"].(string)
	if kind == "" {
		return ""
	}
	return strings.TrimSpace(kind + " " + text)
}

func compact(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	const most = 80
	if text := []rune(string(raw)); len(text) > most {
		return string(text[:most]) + " ..."
	}
	return string(raw)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
