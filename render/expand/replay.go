package expand

import (
	"context"

	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/schema"
)

// Replay is an expansion walked again and kept, to ask what its expressions saw.
type Replay struct {
	w    *walk
	seen map[string][]Seen
}

// Seen is an object as expressions of other nodes see it.
type Seen struct {
	Object map[string]any
	Live   *Live // the object of a cluster behind it; nil when none is known
}

// Replay walks the expansion again, with the options that it was made with.
func (x *Expansion) Replay(ctx context.Context) (*Replay, error) {
	w := &walk{
		ctx: ctx, g: x.Graph, opts: x.opts, values: map[string]any{}, state: map[string]nodeState{}, observed: map[string]bool{},
		out: &Expansion{Graph: x.Graph, Instance: x.Instance, External: map[string]map[string]any{}, opts: x.opts},
	}
	if err := w.run(); err != nil {
		return nil, err
	}
	return &Replay{w: w, seen: map[string][]Seen{}}, nil
}

// Instance returns the instance as expressions see it, and the observed one
// that gave it a uid and the like.
func (r *Replay) Instance() Seen {
	stored := r.w.out.Instance
	kind := &schema.Kind{Namespaced: r.w.namespace != ""}
	return Seen{Object: r.w.instanceSeen(stored), Live: r.w.opts.Observed.named(&graph.Node{Kind: kind}, stored)}
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
	for _, o := range r.w.out.Objects {
		if o.Node != n {
			continue
		}
		obj, _ := r.w.live(n, o.Object)
		if n.Type.Repeats() {
			obj = withIndexLabel(obj, o.Index)
		}
		if r.w.opts.ServerDefaults {
			obj = schema.ServerDefaults(n.Kind, obj)
		}
		list = append(list, Seen{Object: obj, Live: r.w.opts.Observed.named(n, o.Object)})
	}
	r.seen[n.ID] = list
	return list
}

func (r *Replay) external(n *graph.Node) []Seen {
	ref := r.w.out.External[n.ID]
	if ref == nil {
		return nil
	}
	if !n.Type.Selects() {
		for _, from := range []*Observed{r.w.opts.Observed, r.w.opts.Given} {
			if l := from.named(n, ref); l != nil {
				return []Seen{{Object: l.Object, Live: l}}
			}
		}
		return nil
	}
	if r.w.opts.Observed == nil {
		return nil
	}
	found, err := r.w.opts.Observed.selected(n, ref)
	if err != nil {
		return nil
	}
	var out []Seen
	for _, obj := range found {
		out = append(out, Seen{Object: obj, Live: r.w.opts.Observed.named(n, obj)})
	}
	return out
}

// Items returns the iterators of each object of a collection; nil for other
// nodes, and when forEach has no value.
func (r *Replay) Items(n *graph.Node) []map[string]any {
	if !n.Type.Repeats() {
		return nil
	}
	items, _ := r.w.items(n)
	return items
}

// Eval evaluates an expression of a node again. item holds the iterators of a
// collection's object.
func (r *Replay) Eval(n *graph.Node, e *graph.Expression, item map[string]any) (any, error) {
	vars := r.w.scope(n, e.References)
	vars.item = item
	return e.Program.Eval(r.w.ctx, vars)
}

// Skipped reports whether a node is left out, by its own condition or that of a
// dependency.
func (r *Replay) Skipped(id string) bool { return r.w.state[id].ignored }

// Failed reports whether a node, or what it depends on, has an error.
func (r *Replay) Failed(id string) bool { return r.w.state[id].failed }
