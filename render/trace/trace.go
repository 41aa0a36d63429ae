// Package trace explains the result of a render. It takes the result and the name
// of an object, a field, an instance or a node, and returns an Explanation: the
// line of the RGD that a value comes from, the expression, the values that it
// read and their origin, the path that leads to a wave, or why a node renders
// nothing. Values of Secrets, and values made from them, are marked as hidden and
// left out.
//
//	t := trace.New(ctx, res, trace.Options{})
//	target, err := t.Find("deployment/web.spec.replicas", "")
//	x, err := t.Explain(target)
//
// It changes nothing and reads no files.
package trace

import (
	"context"
	"slices"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/wave"
)

// Options configure a Tracer. The zero value is the default.
type Options struct {
	Waves wave.Mode // as of the render
	Depth int       // how far inputs of inputs are followed; default 4
}

// Tracer explains one result. It is not safe for concurrent use.
type Tracer struct {
	ctx     context.Context
	res     *render.Result
	opts    Options
	replays map[*render.Instance]*expand.Replay
	secrets Secrets
	names   map[k8sschema.GroupVersionKind][]string // of kinds
	err     error                                   // the first of a replay
}

// New readies the explanation of a result.
func New(ctx context.Context, res *render.Result, opts Options) *Tracer {
	if opts.Depth <= 0 {
		opts.Depth = 4
	}
	return &Tracer{ctx: ctx, res: res, opts: opts, replays: map[*render.Instance]*expand.Replay{}, names: map[k8sschema.GroupVersionKind][]string{}}
}

// Explanation says where an object, a field or a missing node comes from.
type Explanation struct {
	Instance   Instance         `json:"instance"`
	Parents    []Instance       `json:"parents,omitempty"` // that it is chained into, nearest first
	Node       *Node            `json:"node,omitempty"`
	Object     *render.Identity `json:"object,omitempty"`
	Wave       *Wave            `json:"wave,omitempty"`
	Conditions []Value          `json:"includeWhen,omitempty"`
	Iterators  []Value          `json:"forEach,omitempty"`
	Field      *Value           `json:"field,omitempty"`
	Fields     []Value          `json:"fields,omitempty"`
	Missing    *Missing         `json:"missing,omitempty"`
	Others     []Missing        `json:"others,omitempty"` // further nodes that would render the object
	Items      []Item           `json:"items,omitempty"`  // of a collection
	Nodes      []Summary        `json:"nodes,omitempty"`  // of an instance
}

// Instance names an instance and the place where it is written.
type Instance struct {
	render.Identity
	RGD  string         `json:"rgd"` // or the Graph that it is itself
	At   *diag.Position `json:"at,omitempty"`
	Node string         `json:"node,omitempty"` // of the parent that renders it

	IsGraph bool `json:"isGraph,omitempty"` // an object of kind Graph
	ForKro  bool `json:"forKro,omitempty"`  // a Graph whose objects kro makes in the cluster
}

// Node names a node and its place in the RGD.
type Node struct {
	ID    string         `json:"id"`
	Index *int           `json:"index,omitempty"` // in a collection
	Type  graph.NodeType `json:"type"`
	At    diag.Position  `json:"at"`
}

// Item is one object of a collection.
type Item struct {
	Index int `json:"index"`
	render.Identity
	Wave *int `json:"wave,omitempty"` // of an object that has one
}

// Summary is one node of an instance in a line.
type Summary struct {
	Node    string            `json:"node"`
	Objects []render.Identity `json:"objects,omitempty"`
	Missing string            `json:"missing,omitempty"`
}

// Explain explains what Find found.
func (t *Tracer) Explain(target Target) (*Explanation, error) {
	i := target.Instance
	out := &Explanation{Instance: instanceOf(i)}
	out.Instance.ForKro = slices.Contains(t.res.Foreseen, i)
	for p := i.Parent; p != nil; p = p.Parent {
		out.Parents = append(out.Parents, instanceOf(p))
	}
	switch {
	case target.Node == nil && len(target.Field) > 0:
		v := t.instance(i, target.Field, t.opts.Depth)
		t.defaultsBelow(&v, i, target.Field)
		out.Field = &v
	case target.Node == nil:
		out.Nodes = t.summaries(i)
	case target.Object == Items:
		out.Node = nodeOf(i, target.Node)
		for _, e := range target.Node.IncludeWhen {
			out.Conditions = append(out.Conditions, t.condition(site{i: i, n: target.Node}, e))
		}
		for k, o := range i.Objects {
			if o.Node == target.Node {
				item := Item{Index: o.Index, Identity: render.IdentityOf(o.Object)}
				if w := t.wave(i, k); w != nil && !w.Hook {
					item.Wave = &w.Wave
				}
				out.Items = append(out.Items, item)
			}
		}
	case target.Object == Nothing:
		out.Node = nodeOf(i, target.Node)
		m := t.missing(i, target.Node, t.opts.Depth)
		out.Missing = &m
		m.Object = target.Name
		for _, n := range target.Others {
			out.Others = append(out.Others, t.missing(i, n, t.opts.Depth))
		}
	default:
		t.object(out, site{i, target.Node, &i.Objects[target.Object], nil}, target)
	}
	return out, t.err
}

// object explains a rendered object or a field of it.
func (t *Tracer) object(out *Explanation, s site, target Target) {
	out.Node = nodeOf(s.i, s.n)
	if s.n.Type.IsCollection() {
		out.Node.Index = &s.o.Index
	}
	id := render.IdentityOf(s.o.Object)
	out.Object = &id
	s.item = t.itemOf(s)
	if len(target.Field) > 0 {
		v := t.field(s, target.Field, t.opts.Depth)
		if out.Field = &v; v.From != FromTemplate || v.Hidden {
			return
		}
		if !scalar(v.Value) {
			v.Inputs = nil // one line each is easier to read
			out.Fields = t.leaves(s, target.Field)
		}
		return
	}
	out.Wave = t.wave(s.i, target.Object)
	for _, e := range s.n.IncludeWhen {
		out.Conditions = append(out.Conditions, t.condition(s, e))
	}
	out.Iterators = t.iterators(s, nil, t.opts.Depth)
	out.Fields = t.leaves(s, nil)
}

// replay walks an instance again, once.
func (t *Tracer) replay(i *render.Instance) *expand.Replay {
	if r := t.replays[i]; r != nil {
		return r
	}
	r, err := i.Replay(t.ctx)
	if err != nil {
		if t.err == nil {
			t.err = err
		}
		r = &expand.Replay{} // of nothing; the error ends the explanation
	}
	t.replays[i] = r
	return r
}

func instanceOf(i *render.Instance) Instance {
	out := Instance{Identity: i.Identity(), RGD: i.Graph.RGD.Name, Node: i.Node, IsGraph: i.Graph.Native != nil}
	if i.Doc != nil {
		at := i.Doc.Start()
		out.At = &at
	}
	return out
}

func nodeOf(i *render.Instance, n *graph.Node) *Node {
	return &Node{ID: n.ID, Type: n.Type, At: i.Graph.RGD.Doc.Position(n.At.With("id"))}
}

// summaries lists the nodes of an instance in their order.
func (t *Tracer) summaries(i *render.Instance) []Summary {
	out := []Summary{}
	for _, n := range i.Graph.Nodes {
		s := Summary{Node: n.ID}
		for _, o := range i.Objects {
			if o.Node == n {
				s.Objects = append(s.Objects, render.IdentityOf(o.Object))
			}
		}
		if len(s.Objects) == 0 {
			s.Missing = t.missing(i, n, 0).Text
		}
		out = append(out, s)
	}
	return out
}

// parentOf finds the object of the parent that a chained instance is; false for
// an instance of the input.
func parentOf(i *render.Instance) (site, int, bool) {
	if i.Parent == nil {
		return site{}, 0, false
	}
	for k, m := range i.Parent.Chained {
		if m == &i.Member {
			o := &i.Parent.Objects[k]
			return site{i: i.Parent, n: o.Node, o: o}, k, true
		}
	}
	return site{}, 0, false
}
