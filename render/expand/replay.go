package expand

import (
	"context"

	"github.com/krowave/krowave/render/graph"
)

// Replay is an expansion evaluated again and kept, to ask what its expressions saw.
type Replay struct {
	ev   *evaluator
	seen map[string][]Seen
}

// Seen is an object as expressions of other nodes see it.
type Seen struct {
	Object map[string]any
	Live   *Live // the object of a cluster behind it; nil when none is known
}

// Replay evaluates the expansion again, with the options that it was made with.
func (x *Expansion) Replay(ctx context.Context) (*Replay, error) {
	ev := newEvaluator(ctx, x.Graph, x.Instance, x.opts)
	if err := ev.run(); err != nil {
		return nil, err
	}
	return &Replay{ev: ev, seen: map[string][]Seen{}}, nil
}

// Instance returns the instance as expressions see it, and the observed one
// that gave it a uid and the like.
func (r *Replay) Instance() Seen {
	stored := r.ev.out.Instance
	return Seen{Object: r.ev.instanceSeen(stored), Live: r.ev.observedInstance(stored)}
}

// Seen returns the objects of a node as others see them, those of an external
// reference included; none when the node waits or is left out.
func (r *Replay) Seen(n *graph.Node) []Seen {
	if list, ok := r.seen[n.ID]; ok {
		return list
	}
	list := []Seen{}
	if n.Type.IsExternal() {
		list = append(list, r.external(n)...)
	}
	if n.Type.IsDef() {
		list = append(list, r.values(n)...)
	}
	for _, o := range r.ev.out.Objects {
		if o.Node != n {
			continue
		}
		obj, _ := r.ev.asSeen(n, o.Object, o.Index)
		list = append(list, Seen{Object: obj, Live: r.ev.opts.Observed.named(n, o.Object)})
	}
	r.seen[n.ID] = list
	return list
}

// values are those of a def, as objects.
func (r *Replay) values(n *graph.Node) []Seen {
	var out []Seen
	switch v := r.ev.plain[n.ID].(type) {
	case map[string]any:
		out = append(out, Seen{Object: v})
	case []any:
		for _, item := range v {
			obj, _ := item.(map[string]any)
			out = append(out, Seen{Object: obj})
		}
	}
	return out
}

func (r *Replay) external(n *graph.Node) []Seen {
	ref := r.ev.out.External[n.ID]
	if ref == nil {
		return nil
	}
	if !n.Type.Selects() {
		for _, from := range []*Observed{r.ev.opts.Observed, r.ev.opts.FromInput, r.ev.opts.Rendered} {
			if l := from.named(n, ref); l != nil {
				return []Seen{{Object: l.Object, Live: l}}
			}
		}
		return nil
	}
	if r.ev.opts.Observed == nil {
		return nil
	}
	found, err := r.ev.opts.Observed.selected(r.ev.kindOf(n, ref), ref)
	if err != nil {
		return nil
	}
	var out []Seen
	for _, obj := range found {
		out = append(out, Seen{Object: obj, Live: r.ev.opts.Observed.named(n, obj)})
	}
	return out
}

// Items returns the iterators of each object of a collection; nil for other
// nodes, and when forEach has no value.
func (r *Replay) Items(n *graph.Node) []map[string]any {
	if !n.Type.Repeats() {
		return nil
	}
	items, _ := r.ev.items(n)
	return items
}

// Eval evaluates an expression of a node again. item holds the iterators of a
// collection's object.
func (r *Replay) Eval(n *graph.Node, e *graph.Expression, item map[string]any) (any, error) {
	vars := r.ev.scope(n, e.References)
	vars.item = item
	return r.ev.eval(e, vars)
}

// Skipped reports whether a node is left out, by its own condition or that of a
// dependency.
func (r *Replay) Skipped(id string) bool { return r.ev.state[id].ignored }

// Failed reports whether a node, or what it depends on, has an error.
func (r *Replay) Failed(id string) bool { return r.ev.state[id].failed }
