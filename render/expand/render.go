package expand

import (
	"errors"
	"maps"
	"slices"

	"github.com/google/cel-go/cel"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
)

// isPending tells missing data from a mistake.
func isPending(err error) bool { return expr.IsPending(err) }

// errEmptyCondition is an optional condition without a value (U7).
var errEmptyCondition = errors.New("the condition is an optional without a value, and kro 0.10 does not treat that as false; write .orValue(false)")

// errPath is a path that cannot be written (S3.5).
var errPath = errors.New("kro cannot write to this path: a key with brackets cannot hold an expression")

// single renders a node that is one object; nil when it waits or fails, which
// is recorded.
func (ev *evaluator) single(n *graph.Node) map[string]any {
	values := make([]any, len(n.Fields))
	vars := ev.scope(n, n.BaseScope)
	for i, f := range n.Fields {
		if ev.drops(f) {
			continue
		}
		v, ok := ev.value(n, f.Expr, vars)
		if !ok {
			ev.restPending(n, i, vars, false)
			return nil
		}
		values[i] = v
	}
	return ev.fill(n, values)
}

// value evaluates an expression of a template or forEach, or records why it has
// no value.
func (ev *evaluator) value(n *graph.Node, e *graph.Expression, vars *bindings) (any, bool) {
	v, err := ev.eval(e, vars)
	if err == nil {
		return v, true
	}
	ev.evalError(n, e, vars, err)
	if ev.opts.Placeholder && isPending(err) {
		return ev.placeholder(e, vars), true
	}
	return nil, false
}

// restPending records what else a node waits for: the expressions behind field i
// that have no data either.
func (ev *evaluator) restPending(n *graph.Node, i int, vars *bindings, iteration bool) {
	for _, f := range n.Fields[i+1:] {
		if f.Iteration == iteration && !ev.drops(f) {
			ev.alsoPending(n, f.Expr, vars)
		}
	}
}

func (ev *evaluator) eval(e *graph.Expression, vars *bindings) (any, error) {
	vars.present = e.AsksForPresence
	return e.Program.Eval(ev.ctx, vars)
}

// fill writes the values of a node's fields into an object that shares with the
// template what it does not change.
func (ev *evaluator) fill(n *graph.Node, values []any) map[string]any {
	if !ev.allow(n) {
		return nil
	}
	omits := false
	for i, f := range n.Fields {
		omits = omits || !ev.drops(f) && (f.Expr.UsesOmit || expr.IsOmit(values[i]))
	}
	obj := ev.blank(n, omits)
	for i, f := range n.Fields {
		if ev.drops(f) {
			continue
		}
		if !write(obj, f.Steps, values[i]) {
			ev.fail(n, f.Expr, errPath)
			return nil
		}
	}
	if !ev.opts.KeepWorkarounds {
		for _, workaround := range slices.Backward(n.Workarounds) {
			remove(obj, workaround.Path)
		}
	}
	if omits {
		obj, _ = expr.StripOmit(obj).(map[string]any)
	}
	return obj
}

// blank returns an object to write a node's values into.
func (ev *evaluator) blank(n *graph.Node, omits bool) map[string]any {
	if ev.opts.Spare == nil || omits || !isSpare(n) {
		return ev.copied(n, omits)
	}
	obj := ev.opts.Spare.take(n)
	if obj == nil {
		obj = ev.copied(n, omits)
	}
	ev.out.spare = append(ev.out.spare, Object{Node: n, Object: obj})
	return obj
}

// copied returns a copy of a node's template: of all of it when what is there is
// going to be taken out again, else of the part that each object has of its own.
func (ev *evaluator) copied(n *graph.Node, omits bool) map[string]any {
	var out any
	if omits || len(n.Workarounds) > 0 && !ev.opts.KeepWorkarounds {
		out = deepCopy(n.Template)
	} else {
		out = ownCopy(n.Template, n.Own)
	}
	return out.(map[string]any)
}

// ownCopy copies maps and lists as far as own goes.
func ownCopy(v any, own *graph.Own) any {
	switch v := v.(type) {
	case map[string]any:
		out := maps.Clone(v)
		for _, p := range own.Parts {
			if key, ok := p.Step.(string); ok && out[key] != nil {
				out[key] = ownCopy(out[key], p.Own)
			}
		}
		return out
	case []any:
		out := slices.Clone(v)
		for _, p := range own.Parts {
			if i, ok := p.Step.(int); ok && i < len(out) {
				out[i] = ownCopy(out[i], p.Own)
			}
		}
		return out
	}
	return v
}

// drops reports whether a field is left out with the workaround that it belongs to.
func (ev *evaluator) drops(f *graph.Field) bool { return f.Workaround && !ev.opts.KeepWorkarounds }

// remove takes an entry of a map, or an item of a list, out of metadata, and
// what holds it when that becomes empty.
func remove(obj map[string]any, at diag.Path) {
	meta, _ := obj["metadata"].(map[string]any)
	key, _ := at[1].(string)
	empty := false
	switch step := at[2].(type) {
	case string:
		m, _ := meta[key].(map[string]any)
		delete(m, step)
		empty = len(m) == 0
	case int:
		l, _ := meta[key].([]any)
		if step < len(l) {
			meta[key] = slices.Delete(l, step, step+1)
			empty = len(l) == 1
		}
	}
	if empty {
		delete(meta, key)
	}
}

// write sets the value at a path that exists in obj.
func write(obj map[string]any, steps diag.Path, value any) bool {
	if len(steps) == 0 {
		return false
	}
	var at any = obj
	for i, step := range steps {
		last := i == len(steps)-1
		switch step := step.(type) {
		case string:
			m, ok := at.(map[string]any)
			if !ok {
				return false
			}
			if at, ok = m[step]; !ok {
				return false
			}
			if last {
				m[step] = value
			}
		case int:
			l, ok := at.([]any)
			if !ok || step >= len(l) {
				return false
			}
			at = l[step]
			if last {
				l[step] = value
			}
		}
	}
	return true
}

// scope binds the names that a group of expressions sees: what they read, or
// all dependencies when they read nothing.
func (ev *evaluator) scope(n *graph.Node, names []string) *bindings {
	if len(names) == 0 {
		names = n.Dependencies
		return &bindings{evaluator: ev, names: names, instance: true}
	}
	return &bindings{evaluator: ev, names: names}
}

// bindings are the variables of one evaluation, a cel.Activation.
type bindings struct {
	evaluator *evaluator
	names     []string
	instance  bool           // binds schema beside names
	present   bool           // with fields that a cluster always sets
	item      map[string]any // iterators of a collection's item
}

// Parent implements cel.Activation: there is nothing behind the bindings.
func (b *bindings) Parent() cel.Activation { return nil }

// ResolveName implements cel.Activation.
func (b *bindings) ResolveName(name string) (any, bool) {
	if v, ok := b.item[name]; ok {
		return v, true
	}
	if b.evaluator.g.Native != nil {
		name = b.id(name)
	}
	switch {
	case !slices.Contains(b.names, name) && !(b.instance && name == graph.SchemaVar):
		return nil, false
	case b.present:
		return b.evaluator.presentValue(name)
	}
	v, ok := b.evaluator.values[name]
	return v, ok
}
