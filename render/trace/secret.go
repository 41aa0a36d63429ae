package trace

import (
	"slices"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// taintKey is an expression of an instance.
type taintKey struct {
	i *render.Instance
	e *graph.Expression
}

// secretField reports whether a field of a rendered object is a Secret's value
// or made of one.
func (t *Tracer) secretField(s site, path diag.Path) bool {
	return t.secretPath(s.i, s.n, path)
}

// secretSeen is secretField for what a cluster or the API server adds: of a
// node that reads a Secret nobody knows what that is made of.
func (t *Tracer) secretSeen(s site, path diag.Path) bool {
	return s.n.IsSecret() && !object.NamesSecret(path...) || !s.n.IsSecret() && s.i.ReadsSecret(s.n)
}

func (t *Tracer) secretPath(i *render.Instance, n *graph.Node, path diag.Path) bool {
	switch {
	case !i.ReadsSecret(n):
		return false
	case n.IsSecret() && (len(path) == 0 || isValues(path[0])):
		return true
	case n.IsSecret() && !n.Type.Creates():
		return !object.NamesSecret(path...)
	}
	return slices.ContainsFunc(n.Fields, func(f *graph.Field) bool {
		return (hasPrefix(f.Path, path) || hasPrefix(path, f.Path)) && t.secretExpression(i, n, f.Expr)
	})
}

// isValues reports whether a step leads to the values of a Secret.
func isValues(step any) bool {
	name, _ := step.(string)
	return object.IsSecretField(name)
}

// secretExpression reports whether the value of an expression is made of a
// Secret's. When in doubt it is.
func (t *Tracer) secretExpression(i *render.Instance, n *graph.Node, e *graph.Expression) bool {
	if e.Sensitive {
		return true
	}
	key := taintKey{i, e}
	out, ok := t.tainted[key]
	if !ok {
		out = slices.ContainsFunc(e.Reads, func(r expr.Read) bool { return t.secretRead(i, r) }) ||
			slices.ContainsFunc(n.ForEach, func(d graph.Dimension) bool {
				return d.Expr != e && slices.Contains(e.References, d.Name) && t.secretExpression(i, n, d.Expr)
			})
		t.tainted[key] = out
	}
	return out
}

// secretIterator reports whether an iterator holds a Secret's value, or is put
// into one.
func (t *Tracer) secretIterator(s site, d graph.Dimension) bool {
	return t.secretExpression(s.i, s.n, d.Expr) || slices.ContainsFunc(s.n.Fields, func(f *graph.Field) bool {
		return f.Expr.Sensitive && slices.Contains(f.Expr.References, d.Name)
	})
}

func (t *Tracer) secretRead(i *render.Instance, r expr.Read) bool {
	steps := diag.Path{}
	field := r.Field()
	for _, step := range field[1:] {
		steps = append(steps, step)
	}
	if r.Path[0] == graph.SchemaVar {
		return t.secretInstance(i, steps)
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
		_, rendered := lookup(n.Template, steps)
		return t.secretPath(i, n, steps) || !rendered && covering(n, steps) == nil && i.ReadsSecret(n)
	}
	return false
}

// secretInstance reports whether a field of a chained instance is made of a
// Secret's value by the template that renders it.
func (t *Tracer) secretInstance(i *render.Instance, path diag.Path) bool {
	parent, _, ok := parentOf(i)
	return ok && t.secretPath(parent.i, parent.n, path)
}

// Secret reports whether a field of an object that a node renders is a Secret's
// value, or made of one.
func (t *Tracer) Secret(i *render.Instance, n *graph.Node, path diag.Path) bool {
	return t.secretPath(i, n, path)
}
