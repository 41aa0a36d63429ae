// Package expand turns one instance into the objects that kro would apply. It
// takes a compiled graph and an instance as the API server would store it, and
// returns an Expansion with the objects in kro's order, the excluded nodes, and
// the nodes that wait for cluster-only values (S7).
//
// Evaluation problems are findings, not Go errors; a Go error is a cancelled
// context. Nothing that goes in is changed.
package expand

import (
	"context"
	"fmt"
	"slices"

	"github.com/krowave/krowave/render/admission"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/schema"
)

// Expansion is what one instance turns into.
type Expansion struct {
	Graph    *graph.Graph
	Instance map[string]any // as stored

	Objects []Object // in topological order, collections in item order
	Skipped []string // ids left out by includeWhen, their own or a dependency's
	Pending []Pending

	// FallbackUsed: nodes that are rendered, or left out, with what an expression falls back
	// to when nothing is known of a runtime value: in a cluster they may change.
	FallbackUsed []Pending

	External map[string]map[string]any // by id: what external references look for

	InstanceObserved bool // the instance itself is among the observed objects

	opts  Options  // what it was made with
	spare []Object // those of Objects that may be given to Options.Spare
}

// Observes reports whether an object of a node is among the observed ones: a
// rendered one, or what an external reference looks for.
func (x *Expansion) Observes(n *graph.Node, obj map[string]any) bool {
	if n.Type.Selects() {
		return x.opts.Observed != nil
	}
	return x.opts.Observed.named(n, obj) != nil
}

// Admitted returns the rule by which an admission webhook sets a field of a
// node's objects that is not rendered.
func (x *Expansion) Admitted(n *graph.Node, field diag.Path) (admission.Rule, bool) {
	steps := make([]string, len(field))
	for i, step := range field {
		steps[i] = fmt.Sprint(step)
	}
	if !x.opts.ServerDefaults {
		return admission.Rule{}, false
	}
	return x.opts.Admission.Sets(n.Kind.GVK.GroupKind(), steps)
}

// Object is one object that kro would apply.
type Object struct {
	Node   *graph.Node
	Index  int // of the item in a collection, else 0
	Object map[string]any
}

// Pending is a node that waits, and for what.
type Pending struct {
	Node          *graph.Node
	WaitsFor      []string          // nodes that are pending themselves; then nothing else is known
	Expression    *graph.Expression // the first expression without data; nil when WaitsFor says it all
	Offset        int               // of what has no data, in the text of Expression
	Needs         string            // what it reads: database.status.endpoint, or the external object
	Reason        string
	UnknownKind   bool // Needs is the kind of the node's own objects
	Unsatisfiable bool // the data can never arrive: no cluster sets it (S7.5)

	Absent *expr.Absent // the list or map that is there and lacks what Needs says; nil when that is not all
	Also   []Pending    // what else the node's expressions have no data for
}

// Options are the limits and sources of an expansion.
type Options struct {
	// ServerDefaults makes references see what the API server's schema would add
	// to a rendered object; without it they see the bare template (S8).
	ServerDefaults    bool
	Admission         *admission.Rules // what webhooks add beside the schema; nil for nothing
	MaxCollectionSize int              // items of one collection; default 1000

	// Allowance bounds all that the instance, and what is chained into it, makes;
	// nil for nothing.
	Allowance *Allowance

	// Observed objects stand in for the live ones that kro would read: those of
	// nodes, of external references, and the instance's own. Those of FromInput are found
	// by external references that name them.
	Observed, FromInput *Observed

	Rendered *Observed // what instances of the input render, for refs of Graphs

	Confidential bool // the instance holds values of a Secret, so findings quote none

	// KeepWorkarounds renders what graph.KroArgoWorkaround describes as kro would; otherwise it is
	// left out.
	KeepWorkarounds bool

	Spare *Spare // objects to write into; nil for none

	// Placeholder renders nodes that wait, with texts such as <runtime: db.status.ip>
	// in place of values that nobody knows, conditions taken for true and lists for
	// one item. For looking at only.
	Placeholder bool
}

func (o Options) maxCollectionSize() int {
	if o.MaxCollectionSize == 0 {
		return 1000
	}
	return o.MaxCollectionSize
}

// Instance expands one instance, which has passed the graph's Admitter.
func Instance(ctx context.Context, g *graph.Graph, instance map[string]any, opts Options) (*Expansion, diag.List, error) {
	ev := newEvaluator(ctx, g, instance, opts)
	if err := ev.run(); err != nil {
		return nil, nil, err
	}
	if !opts.Placeholder { // whose names may be placeholders
		ev.checkTargets()
	}
	return ev.out, ev.diags, nil
}

// run decides on every node, in topological order.
func (ev *evaluator) run() error {
	ev.namespace, _ = metaString(ev.out.Instance, "namespace")
	if ev.g.Native == nil {
		ev.values[graph.SchemaVar] = schema.Value(ev.instanceSeen(ev.out.Instance), ev.g.Seen)
	}
	for _, n := range ev.g.Nodes {
		if err := ev.ctx.Err(); err != nil {
			return err
		}
		ev.node(n)
	}
	return nil
}

// nodeState is what became of a node, for those that depend on it.
type nodeState struct {
	ignored bool // left out
	ready   bool // does not hold up others; its value is there, but for an unknown list of externals
	unclear bool // its includeWhen waits, so nobody knows whether it is left out
	failed  bool // it, or what it depends on, has an error: nothing more is said
}

// nodeObjects are the objects of a node as other nodes see them.
type nodeObjects struct {
	node    *graph.Node
	objects []map[string]any
}

// evaluator is the state of one expansion.
type evaluator struct {
	ctx       context.Context
	g         *graph.Graph
	opts      Options
	namespace string // of the instance; empty when it is cluster-scoped
	values    map[string]any
	seen      map[string]nodeObjects // of values: those of nodes that kro applies
	state     map[string]nodeState
	observed  map[string]bool // nodes whose objects are all observed
	plain     map[string]any  // of a Graph: values of nodes as data, for those of nested graphs
	out       *Expansion
	diags     diag.List
}

func newEvaluator(ctx context.Context, g *graph.Graph, instance map[string]any, opts Options) *evaluator {
	return &evaluator{
		ctx: ctx, g: g, opts: opts, values: make(map[string]any, len(g.Nodes)+1),
		seen:     make(map[string]nodeObjects, len(g.Nodes)),
		state:    make(map[string]nodeState, len(g.Nodes)),
		observed: map[string]bool{},
		out:      &Expansion{Graph: g, Instance: instance, External: map[string]map[string]any{}, opts: opts},
	}
}

// node decides on one node and renders it.
func (ev *evaluator) node(n *graph.Node) {
	included, st := ev.include(n)
	if included {
		before := len(ev.diags)
		// kro waits for no external collection, not even for one that it has not
		// listed yet: its name is unbound then, which matters to those who read it.
		st.ready = ev.render(n) || n.Type.Selects()
		st.failed = ev.diags[before:].HasErrors()
	}
	ev.alsoUnknown(n)
	ev.state[n.ID] = st
}

// include applies contagion and includeWhen (S7.3).
func (ev *evaluator) include(n *graph.Node) (bool, nodeState) {
	var waits []string
	for _, dep := range n.Dependencies {
		if ev.state[dep].ignored {
			ev.out.Skipped = append(ev.out.Skipped, n.ID)
			return false, nodeState{ignored: true}
		}
		if ev.state[dep].unclear {
			waits = append(waits, dep)
		}
	}
	if slices.ContainsFunc(n.After(), func(dep string) bool { return ev.state[dep].failed }) {
		return false, nodeState{failed: true}
	}
	if len(waits) > 0 {
		ev.wait(n, waits)
		return false, nodeState{unclear: true}
	}
	if len(n.IncludeWhen) == 0 {
		return true, nodeState{}
	}
	// Every resource that any of the conditions names must be there first, even
	// when an earlier condition is false without it.
	for _, ref := range n.IncludeScope {
		if !ev.g.IsInstance(ref) && !ev.state[ref].ready {
			waits = append(waits, ref)
		}
	}
	if len(waits) > 0 {
		ev.wait(n, waits)
		return false, nodeState{unclear: true}
	}
	return ev.conditions(n)
}

func (ev *evaluator) conditions(n *graph.Node) (bool, nodeState) {
	vars := ev.scope(n, n.IncludeScope)
	for _, e := range n.IncludeWhen {
		v, err := ev.eval(e, vars)
		if err != nil {
			// Missing data is worth waiting for only when a resource may bring it.
			if (ev.g.Native != nil || e.ReadsNodes() || e.IsRuntime()) && isPending(err) {
				if ev.pending(n, e, vars, err); ev.opts.Placeholder {
					continue
				}
				return false, nodeState{unclear: true}
			}
			ev.fail(n, e, ev.inDetail(n, e, vars, err))
			return false, nodeState{failed: true}
		}
		ev.noteFallback(n, e)
		if v == nil && ev.g.Kro.RefusesEmptyCondition {
			ev.fail(n, e, errEmptyCondition)
			return false, nodeState{failed: true}
		}
		if v == nil || v == false {
			ev.out.Skipped = append(ev.out.Skipped, n.ID)
			return false, nodeState{ignored: true}
		}
	}
	return true, nodeState{}
}

// render resolves a node whose conditions hold, and reports whether others can
// see it.
func (ev *evaluator) render(n *graph.Node) bool {
	var waits []string
	for _, dep := range n.Dependencies {
		if !ev.state[dep].ready {
			waits = append(waits, dep)
		}
	}
	if len(waits) > 0 {
		ev.wait(n, waits)
		return false
	}
	switch n.Type {
	case graph.Patch:
		return ev.patch(n)
	case graph.Nested:
		return ev.nested(n)
	}
	var objects []map[string]any
	ok := false
	if n.Type.Repeats() {
		objects, ok = ev.collection(n)
	} else if obj := ev.single(n); obj != nil {
		objects, ok = []map[string]any{obj}, true
	}
	if !ok || n.IsDynamic && !ev.kindsKnown(n, objects) || !n.Type.Selects() && !ev.defaultNamespaces(n, objects) {
		return false
	}
	for _, f := range n.Fields {
		if !ev.drops(f) {
			ev.noteFallback(n, f.Expr)
		}
	}
	for _, d := range n.ForEach {
		ev.noteFallback(n, d.Expr)
	}
	if n.Type.IsExternal() {
		return ev.external(n, objects[0])
	}
	for i, obj := range objects {
		if n.Type.IsDef() {
			break
		}
		ev.out.Objects = append(ev.out.Objects, Object{Node: n, Index: i, Object: obj})
	}
	ev.observe(n, objects)
	return true
}

// observe binds the value that other nodes see.
func (ev *evaluator) observe(n *graph.Node, objects []map[string]any) {
	if !n.IsRead {
		return
	}
	ev.observed[n.ID] = true
	if n.Type.Creates() {
		objects = ev.liveObjects(n, objects)
		ev.seen[n.ID] = nodeObjects{n, objects}
	}
	items := make([]any, len(objects))
	for i, obj := range objects {
		items[i] = schema.Value(obj, ev.kindOf(n, obj).Schema)
	}
	if ev.g.Native != nil {
		ev.keepPlain(n, objects)
	}
	if ev.values[n.ID] = items; !n.Type.IsCollection() {
		ev.values[n.ID] = items[0]
	}
}

// liveObjects returns rendered objects as a cluster has them.
func (ev *evaluator) liveObjects(n *graph.Node, objects []map[string]any) []map[string]any {
	out := make([]map[string]any, len(objects))
	for i, obj := range objects {
		live, observed := ev.asSeen(n, obj, i)
		ev.observed[n.ID] = ev.observed[n.ID] && observed
		out[i] = live
	}
	return out
}

// asSeen returns a rendered object as other nodes see it, and reports whether
// the object of a cluster is among the observed ones.
func (ev *evaluator) asSeen(n *graph.Node, obj map[string]any, index int) (map[string]any, bool) {
	obj, observed := ev.live(n, obj)
	if n.Type.Repeats() {
		obj = withIndexLabel(obj, index)
	}
	if kind := ev.kindOf(n, obj); ev.opts.ServerDefaults && (ev.g.Native == nil || kind.Schema != nil) {
		obj = schema.ServerDefaults(kind, obj)
		obj = ev.opts.Admission.Apply(ev.ctx, kind.GVK.GroupKind(), obj)
	}
	return obj, observed
}

// defaultNamespaces gives namespaced objects the instance's namespace where
// they name none (S7.8).
func (ev *evaluator) defaultNamespaces(n *graph.Node, objects []map[string]any) bool {
	for _, obj := range objects {
		if !ev.kindOf(n, obj).Namespaced {
			continue
		}
		if ns, ok := metaString(obj, "namespace"); ok && ns != "" {
			continue
		}
		if ev.namespace == "" {
			ev.nodeErrorf(n, "namespace", "metadata.namespace is empty; a namespaced object of a cluster-scoped instance must name its namespace")
			return false
		}
		obj["metadata"].(map[string]any)["namespace"] = ev.namespace
	}
	return true
}

// wait records a node that waits for others.
func (ev *evaluator) wait(n *graph.Node, ids []string) {
	slices.Sort(ids)
	ev.out.Pending = append(ev.out.Pending, Pending{Node: n, WaitsFor: ids, Needs: ids[0], Reason: "waits for " + join(ids)})
}
