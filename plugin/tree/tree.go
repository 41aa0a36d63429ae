// Package tree shows an instance as a cluster has it. It takes a render and an
// instance of it, and returns the objects of the instance in the order of their
// waves, each with its health and whether it is as rendered, and the first one that
// holds the rest up. It only reads, and asks for server-side dry runs.
//
//	t := tree.Rendered(result, instance)
//	err := t.Ask(ctx, live.New(cluster, live.Options{}))
package tree

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/plugin/live"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/trace"
)

// Tree is an instance with its objects.
type Tree struct {
	Instance render.Identity `json:"instance"`
	RGD      string          `json:"rgd"`
	// Ready says that every object is healthy and no node waits; nil when no cluster
	// was asked.
	Ready   *bool  `json:"ready,omitempty"`
	Objects []Item `json:"objects"`
	// HeldUpBy is the first item in order that is not healthy, plus one in Objects; 0
	// for none.
	HeldUpBy int `json:"heldUpBy,omitempty"`

	forKro    bool // it is a Graph that kro makes the objects of
	top       *render.Instance
	result    *render.Result
	Forbidden diag.List `json:"-"` // what the cluster does not allow to ask
}

// Item is an object, or a node that waits for values and has no objects yet.
type Item struct {
	kubeapi.Ref
	Node     string         `json:"node"` // rgd/id, with [index] in a collection
	Wave     int            `json:"wave"`
	Position *diag.Position `json:"position,omitempty"` // of the node in the RGD
	Depth    int            `json:"depth"`              // of the chained instance that it belongs to
	External bool           `json:"external,omitempty"` // the instance only reads it
	Selector string         `json:"selector,omitempty"` // of an external reference to all objects with these labels
	WaitsFor string         `json:"waitsFor,omitempty"` // of a node that waits: a value that only a cluster has
	Reason   *Reason        `json:"reason,omitempty"`   // of a node without objects

	Sync    Sync        `json:"sync,omitempty"`
	Health  Health      `json:"health,omitempty"`
	Message string      `json:"message,omitempty"`
	Ready   []Condition `json:"readyWhen,omitempty"`

	object   *render.Object
	looksFor map[string]any // of an external reference
	node     *graph.Node
	of       *render.Instance
}

// Reason says why a node has no objects: it waits, is left out, has nothing to
// repeat, or has an error.
type Reason struct {
	Why        trace.Why      `json:"why"`
	Text       string         `json:"text"`
	Expression string         `json:"expression,omitempty"` // that decides
	Position   *diag.Position `json:"position,omitempty"`   // of it
}

// Sync says whether the cluster has an object as it is rendered.
type Sync string

// Syncs.
const (
	Synced    Sync = "Synced"
	OutOfSync Sync = "OutOfSync"
	Missing   Sync = "Missing"
	Unknown   Sync = "Unknown" // the cluster does not allow to ask
)

// Health says whether an object does what it is for.
type Health string

// Healths.
const (
	Healthy     Health = "Healthy"
	Progressing Health = "Progressing"
	Degraded    Health = "Degraded"
	NotThere    Health = "Missing"
	NotKnown    Health = "Unknown"
	Waiting     Health = "Waiting" // a node that waits for values
	LeftOut     Health = "LeftOut" // a node that has no objects, and need not have any
)

// Condition is an expression of readyWhen, and what it says of a live object.
type Condition struct {
	Expression string         `json:"expression"`
	Position   *diag.Position `json:"position,omitempty"`
	True       bool           `json:"true"`
	Error      string         `json:"error,omitempty"`
	Values     []Value        `json:"values,omitempty"`
}

// Value is a field that a condition reads.
type Value struct {
	Path  string `json:"path"`
	Value string `json:"value"` // as JSON; "not set", or "hidden" for that of a Secret
}

// Rendered is the tree of an instance of the input without a cluster.
func Rendered(ctx context.Context, res *render.Result, top *render.Instance) (*Tree, error) {
	t := &Tree{Instance: top.Identity(), RGD: top.Graph.RGD.Name, Objects: []Item{}}
	own := *res
	own.Objects, own.Instances, own.Diagnostics = nil, top.All(), nil
	for i := range res.Objects {
		o := &res.Objects[i]
		owner := o.Instance
		if owner == nil {
			owner = o.For
		}
		if owner == nil || owner.Top() != top || o.Shared {
			continue
		}
		own.Objects = append(own.Objects, *o)
	}
	if t.forKro = slices.Contains(res.Foreseen, top); t.forKro {
		own.Objects = objectsOf(top, nil)
	}
	for i := range own.Objects {
		t.Objects = append(t.Objects, itemOf(&own.Objects[i]))
	}
	last := top.First
	for _, x := range t.Objects {
		last = max(last, x.Wave)
	}
	tracer := trace.New(ctx, res, trace.Options{Depth: 1})
	for _, i := range top.All() {
		for _, n := range i.Graph.Nodes {
			x, err := withoutObjects(tracer, i, n)
			if err != nil {
				return nil, err
			}
			if x != nil {
				if !x.External {
					x.Wave = last + 1
				}
				t.Objects = append(t.Objects, *x)
			}
		}
	}
	t.result = &own
	t.top = top
	slices.SortStableFunc(t.Objects, func(a, b Item) int { return cmp.Compare(a.step(), b.step()) })
	return t, nil
}

// step is the place in the order: what the instance only reads comes before all.
func (x *Item) step() int {
	if x.External {
		return -1
	}
	return x.Wave
}

// objectsOf are the objects that an instance and those chained into it make.
func objectsOf(i *render.Instance, out []render.Object) []render.Object {
	for n, o := range i.Objects {
		if inner := i.Inner(n); inner != nil {
			out = objectsOf(inner, out)
			continue
		}
		out = append(out, render.Object{Object: o.Object, Instance: i, Node: o.Node, Index: o.Index, Wave: i.Waves[n]})
	}
	return out
}

// withoutObjects is a node that renders nothing, with the reason; nil for one that
// does. An external reference is an item of its own once it is known what it looks for.
func withoutObjects(tracer *trace.Tracer, i *render.Instance, n *graph.Node) (*Item, error) {
	if slices.ContainsFunc(i.Objects, func(o expand.Object) bool { return o.Node == n }) {
		return nil, nil
	}
	x := &Item{Node: i.Graph.RGD.Name + "/" + n.ID, Depth: depth(i), node: n, of: i, Position: position(i, n)}
	if n.Type.IsDef() || n.Type == graph.Nested { // which have no objects, unless they wait or are left out
		if n.Type == graph.Nested || !slices.ContainsFunc(i.Pending, func(p expand.Pending) bool { return p.Node == n }) && !slices.Contains(i.Skipped, n.ID) {
			return nil, nil
		}
	}
	x.APIVersion, x.Kind = n.ObjectKind().GroupVersion().String(), n.ObjectKind().Kind
	for _, p := range i.Pending {
		if p.Node != n {
			continue
		}
		if x.WaitsFor = p.Needs; len(p.WaitsFor) > 0 {
			x.WaitsFor = "node " + p.WaitsFor[0]
		}
	}
	external := externalItem(i, n)
	if n.Type.IsExternal() && x.WaitsFor == "" && (external != nil || !slices.Contains(i.Skipped, n.ID)) {
		return external, nil
	}
	e, err := tracer.Explain(trace.Target{Instance: i, Node: n, Object: trace.Nothing})
	if err != nil {
		return nil, err
	}
	m := e.Missing
	x.Reason = &Reason{Why: m.Why, Text: m.Text, Position: m.At}
	if m.Cause != nil && m.Cause.Expression != "" {
		x.Reason.Expression, x.Reason.Position = m.Cause.Expression, m.Cause.At
	}
	if external != nil {
		external.WaitsFor, external.Reason = x.WaitsFor, x.Reason
		return external, nil
	}
	return x, nil
}

func itemOf(o *render.Object) Item {
	id := render.IdentityOf(o.Object)
	x := Item{Ref: kubeapi.Ref{APIVersion: id.APIVersion, Kind: id.Kind, Namespace: id.Namespace, Name: cmp.Or(id.Name, object.Text(object.Metadata(o.Object), "generateName"))}, Wave: o.Wave, object: o, node: o.Node, of: o.Instance}
	i := o.Instance
	if i == nil {
		x.Node = o.For.Graph.RGD.Name + " (kro)"
		return x
	}
	x.Node, x.Depth, x.Position = i.Graph.RGD.Name+"/"+o.Node.ID, depth(i), position(i, o.Node)
	if o.Node.Type.IsCollection() {
		x.Node += fmt.Sprintf("[%d]", o.Index)
	}
	return x
}

func depth(i *render.Instance) int {
	n := 0
	for ; i.Parent != nil; i = i.Parent {
		n++
	}
	return n
}

func position(i *render.Instance, n *graph.Node) *diag.Position {
	at := i.Graph.RGD.Doc.Position(n.At.With("id"))
	return &at
}

// Ask fills in what a cluster has.
func (t *Tree) Ask(ctx context.Context, a *live.Asker) error {
	answer, err := a.Ask(ctx, t.result)
	if err != nil {
		return err
	}
	t.Forbidden = answer.Findings
	refused := map[string]string{}
	for _, d := range answer.Dangers {
		if d.Object != nil && d.Severity == diag.Error {
			refused[d.Object.Key().String()] = d.Message
		}
	}
	ready := len(answer.Findings) == 0
	t.HeldUpBy = 0
	for n := range t.Objects {
		x := &t.Objects[n]
		switch {
		case x.External:
			if err := x.askExternal(ctx, a); err != nil {
				return err
			}
		case x.object == nil && x.WaitsFor == "":
			x.Health, x.Message = LeftOut, x.Reason.line()
			continue
		case x.object == nil:
			x.Health, x.Message = Waiting, "waits for "+x.WaitsFor
		default:
			if err := x.ask(ctx, a, answer); err != nil {
				return err
			}
			if why := refused[render.IdentityOf(x.object.Object).Key().String()]; why != "" {
				x.Message = why
			}
		}
		if x.Health != Healthy {
			ready = false
			if t.HeldUpBy == 0 {
				t.HeldUpBy = n + 1
			}
		}
	}
	t.Ready = &ready
	return nil
}

// ask fills in one object.
func (x *Item) ask(ctx context.Context, a *live.Asker, answer *live.Answer) error {
	x.Ready, x.Message = nil, ""
	obj, known, err := a.Object(ctx, x.object)
	switch {
	case err != nil:
		return err
	case !known:
		x.Sync, x.Health, x.Message = Unknown, NotKnown, "the cluster does not allow you to read it"
		return nil
	case obj == nil:
		x.Sync, x.Health = Missing, NotThere
		return nil
	}
	x.Ref = kubeapi.RefOf(obj)
	x.Sync = Synced
	if answer.Differs(x.object) {
		x.Sync = OutOfSync
	}
	x.Health, x.Message, x.Ready = healthOf(ctx, x, obj)
	return nil
}
