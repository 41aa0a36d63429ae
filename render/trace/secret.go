package trace

import (
	"slices"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// Secrets decides which fields of rendered objects are values of Secrets, or made
// of them: it is the one place that follows such values through expressions. The
// zero value is ready to use. It is not safe for concurrent use.
type Secrets struct {
	expressions map[expressionKey]bool // what was decided
}

// expressionKey is an expression of an instance.
type expressionKey struct {
	i *render.Instance
	e *graph.Expression
}

// Field reports whether a field of an object that a node renders is a Secret's
// value, or made of one.
func (t *Secrets) Field(i *render.Instance, n *graph.Node, path diag.Path) bool {
	switch {
	case !i.ReadsSecret(n):
		return false
	case n.IsSecret() && (len(path) == 0 || isValues(path[0])):
		return true
	case n.IsSecret() && !n.Type.Creates():
		return !object.NamesSecret(path...)
	}
	return slices.ContainsFunc(n.Fields, func(f *graph.Field) bool {
		return (hasPrefix(f.Path, path) || hasPrefix(path, f.Path)) && t.expression(i, n, f.Expr)
	})
}

// isValues reports whether a step leads to the values of a Secret.
func isValues(step any) bool {
	name, _ := step.(string)
	return object.IsSecretField(name)
}

// expression reports whether the value of an expression is made of a
// Secret's. When in doubt it is.
func (t *Secrets) expression(i *render.Instance, n *graph.Node, e *graph.Expression) bool {
	if e.Sensitive {
		return true
	}
	key := expressionKey{i, e}
	out, ok := t.expressions[key]
	if !ok {
		out = slices.ContainsFunc(e.Reads, func(r expr.Read) bool { return t.read(i, r) }) ||
			slices.ContainsFunc(n.ForEach, func(d graph.Dimension) bool {
				return d.Expr != e && slices.Contains(e.References, d.Name) && t.expression(i, n, d.Expr)
			})
		if t.expressions == nil {
			t.expressions = map[expressionKey]bool{}
		}
		t.expressions[key] = out
	}
	return out
}

// iterator reports whether an iterator holds a Secret's value, or is put
// into one.
func (t *Secrets) iterator(s site, d graph.Dimension) bool {
	return t.expression(s.i, s.n, d.Expr) || slices.ContainsFunc(s.n.Fields, func(f *graph.Field) bool {
		return f.Expr.Sensitive && slices.Contains(f.Expr.References, d.Name)
	})
}

func (t *Secrets) read(i *render.Instance, r expr.Read) bool {
	steps := diag.Path{}
	field := r.Field()
	for _, step := range field[1:] {
		steps = append(steps, step)
	}
	if i.Graph.IsInstance(r.Path[0]) {
		return t.instance(i, steps)
	}
	for _, n := range i.Graph.Nodes {
		if n.ID != r.Path[0] {
			continue
		}
		if n.Type.IsCollection() && len(r.Path) > 1 { // after the index
			steps = diag.Path{}
			for _, step := range r.Path[2:] {
				if step == expr.Item {
					break
				}
				steps = append(steps, step)
			}
		}
		if n.IsSecret() {
			return !object.NamesSecret(steps...) && !r.Shape
		}
		_, rendered := steps.In(n.Template)
		return t.overlapping(i, n, below(n, r.Path)) || !rendered && covering(n, steps) == nil && i.ReadsSecret(n)
	}
	return false
}

// overlapping reports whether a field that a read may see is made of a Secret's
// value. Any element may be at expr.Item.
func (t *Secrets) overlapping(i *render.Instance, n *graph.Node, read []string) bool {
	return i.ReadsSecret(n) && slices.ContainsFunc(n.Fields, func(f *graph.Field) bool {
		for k := range min(len(f.Path), len(read)) {
			name, isName := f.Path[k].(string)
			if isName && read[k] != expr.Item && read[k] != name {
				return false
			}
		}
		return t.expression(i, n, f.Expr)
	})
}

// below is a read's path below a node, or below an object of a collection.
func below(n *graph.Node, read []string) []string {
	if n.Type.IsCollection() && len(read) > 1 {
		return read[2:]
	}
	return read[1:]
}

// instance reports whether a field of a chained instance is made of a
// Secret's value by the template that renders it.
func (t *Secrets) instance(i *render.Instance, path diag.Path) bool {
	parent, _, ok := parentOf(i)
	return ok && t.Field(parent.i, parent.n, path)
}

// secretSeen reports whether a field that a cluster or the API server adds may be
// a Secret's value: it is not known what a node that reads a Secret makes of it.
func secretSeen(s site, path diag.Path) bool {
	return s.n.IsSecret() && !object.NamesSecret(path...) || !s.n.IsSecret() && s.i.ReadsSecret(s.n)
}
