// Package expand turns one instance into the objects that kro would apply: in
// goes a compiled graph and an instance as the API server would store it, out
// comes an Expansion with the objects in kro's order, the nodes that are left
// out and the nodes that wait for what only a cluster knows (S7).
//
// Evaluation problems are findings, not Go errors; a Go error is a cancelled
// context. Nothing that goes in is changed.
package expand

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/krowave/krowave/render/diag"
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

	// Unsettled nodes are rendered, or left out, with what an expression falls back
	// to when nothing is known of a runtime value: in a cluster they may change.
	Unsettled []Pending

	External map[string]map[string]any // by id: what external references look for

	InstanceObserved bool // the instance itself is among the observed objects

	opts Options // what it was made with
}

// Observes reports whether an object of a node is among the observed ones: a
// rendered one, or what an external reference looks for.
func (x *Expansion) Observes(n *graph.Node, obj map[string]any) bool {
	if n.Type.Selects() {
		return x.opts.Observed != nil
	}
	return x.opts.Observed.named(n, obj) != nil
}

// Object is one object that kro would apply.
type Object struct {
	Node   *graph.Node
	Index  int // of the item in a collection, else 0
	Object map[string]any
}

// Pending is a node that waits, and for what.
type Pending struct {
	Node       *graph.Node
	WaitsFor   []string          // nodes that are pending themselves; then nothing else is known
	Expression *graph.Expression // the first expression without data; nil when WaitsFor says it all
	Needs      string            // what it reads: database.status.endpoint, or the external object
	Reason     string
	Never      bool // the data can never arrive: no cluster sets it (S7.5)
}

// Options are the limits and sources of an expansion.
type Options struct {
	// ServerDefaults makes references see what the API server's schema would add
	// to a rendered object; without it they see the bare template (S8).
	ServerDefaults    bool
	MaxCollectionSize int // items of one collection; default 1000

	// Observed objects stand in for the live ones that kro would read: those of
	// nodes, of external references, and the instance's own. Given ones are found
	// by external references that name them.
	Observed, Given *Observed

	Confidential bool // the instance holds values of a Secret, so findings quote none

	// KeepIdioms renders what graph.Idiom describes as kro would; otherwise it is
	// left out.
	KeepIdioms bool

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

// Instance expands one instance. instance has passed the graph's Admitter; at
// is the position that findings about the instance as a whole carry.
func Instance(ctx context.Context, g *graph.Graph, instance map[string]any, opts Options) (*Expansion, diag.List, error) {
	w := &walk{
		ctx: ctx, g: g, opts: opts, values: make(map[string]any, len(g.Nodes)+1),
		state:    make(map[string]nodeState, len(g.Nodes)),
		observed: map[string]bool{},
		out:      &Expansion{Graph: g, Instance: instance, External: map[string]map[string]any{}, opts: opts},
	}
	if err := w.run(); err != nil {
		return nil, nil, err
	}
	if !opts.Placeholder { // whose names may be placeholders
		w.checkTargets()
	}
	return w.out, w.diags, nil
}

// run decides on every node, in topological order.
func (w *walk) run() error {
	w.namespace, _ = metaString(w.out.Instance, "namespace")
	w.values[graph.SchemaVar] = schema.Value(w.instanceSeen(w.out.Instance), w.g.Instance)
	for _, n := range w.g.Nodes {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		w.node(n)
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

// walk is the state of one expansion.
type walk struct {
	ctx       context.Context
	g         *graph.Graph
	opts      Options
	namespace string // of the instance; empty when it is cluster-scoped
	values    map[string]any
	state     map[string]nodeState
	observed  map[string]bool // nodes whose objects are all observed
	out       *Expansion
	diags     diag.List
}

// node decides on one node and renders it.
func (w *walk) node(n *graph.Node) {
	included, st := w.include(n)
	if included {
		before := len(w.diags)
		// kro waits for no external collection, not even for one that it has not
		// listed yet: its name is unbound then, which matters to those who read it.
		st.ready = w.render(n) || n.Type.Selects()
		st.failed = w.diags[before:].HasErrors()
	}
	w.state[n.ID] = st
}

// include applies contagion and includeWhen (S7.3).
func (w *walk) include(n *graph.Node) (bool, nodeState) {
	var waits []string
	for _, dep := range n.Dependencies {
		if w.state[dep].ignored {
			w.out.Skipped = append(w.out.Skipped, n.ID)
			return false, nodeState{ignored: true}
		}
		if w.state[dep].unclear {
			waits = append(waits, dep)
		}
	}
	if slices.ContainsFunc(n.Dependencies, func(dep string) bool { return w.state[dep].failed }) {
		return false, nodeState{failed: true}
	}
	if len(waits) > 0 {
		w.wait(n, waits)
		return false, nodeState{unclear: true}
	}
	if len(n.IncludeWhen) == 0 {
		return true, nodeState{}
	}
	// Every resource that any of the conditions names must be there first, even
	// when an earlier condition is false without it.
	for _, ref := range n.IncludeScope {
		if ref != graph.SchemaVar && !w.state[ref].ready {
			waits = append(waits, ref)
		}
	}
	if len(waits) > 0 {
		w.wait(n, waits)
		return false, nodeState{unclear: true}
	}
	return w.conditions(n)
}

func (w *walk) conditions(n *graph.Node) (bool, nodeState) {
	vars := w.scope(n, n.IncludeScope)
	for _, e := range n.IncludeWhen {
		v, err := e.Program.Eval(w.ctx, vars)
		if err != nil {
			// Missing data is worth waiting for only when a resource may bring it.
			if (e.ReadsNodes() || e.IsRuntime()) && isPending(err) {
				if w.pending(n, e, err); w.opts.Placeholder {
					continue
				}
				return false, nodeState{unclear: true}
			}
			w.fail(n, e, err)
			return false, nodeState{failed: true}
		}
		w.settle(n, e)
		if v == nil || v == false {
			w.out.Skipped = append(w.out.Skipped, n.ID)
			return false, nodeState{ignored: true}
		}
	}
	return true, nodeState{}
}

// render resolves a node whose conditions hold, and reports whether others can
// see it.
func (w *walk) render(n *graph.Node) bool {
	var waits []string
	for _, dep := range n.Dependencies {
		if !w.state[dep].ready {
			waits = append(waits, dep)
		}
	}
	if len(waits) > 0 {
		w.wait(n, waits)
		return false
	}
	var objects []map[string]any
	ok := false
	if n.Type.Repeats() {
		objects, ok = w.collection(n)
	} else if obj := w.single(n); obj != nil {
		objects, ok = []map[string]any{obj}, true
	}
	if !ok || !n.Type.Selects() && !w.defaultNamespaces(n, objects) {
		return false
	}
	for _, f := range n.Fields {
		if !w.drops(f) {
			w.settle(n, f.Expr)
		}
	}
	for _, d := range n.ForEach {
		w.settle(n, d.Expr)
	}
	if n.Type.IsExternal() {
		return w.external(n, objects[0])
	}
	for i, obj := range objects {
		w.out.Objects = append(w.out.Objects, Object{Node: n, Index: i, Object: obj})
	}
	w.observe(n, objects)
	return true
}

// observe binds the value that other nodes see.
func (w *walk) observe(n *graph.Node, objects []map[string]any) {
	if !n.IsRead {
		return
	}
	external := n.Type.IsExternal()
	w.observed[n.ID] = true
	items := make([]any, len(objects))
	for i, obj := range objects {
		if !external {
			live, observed := w.live(n, obj)
			w.observed[n.ID] = w.observed[n.ID] && observed
			if obj = live; n.Type.Repeats() {
				obj = withIndexLabel(obj, i)
			}
			if w.opts.ServerDefaults {
				obj = schema.ServerDefaults(n.Kind, obj)
			}
		}
		items[i] = schema.Value(obj, n.Kind.Schema)
	}
	if w.values[n.ID] = items; !n.Type.IsCollection() {
		w.values[n.ID] = items[0]
	}
}

// withIndexLabel returns an item as other nodes see it: with the label that kro
// gives it, which is not rendered (S7.7).
func withIndexLabel(obj map[string]any, index int) map[string]any {
	out := maps.Clone(obj)
	meta, _ := obj["metadata"].(map[string]any)
	meta = maps.Clone(meta)
	labels, _ := meta["labels"].(map[string]any)
	labels = maps.Clone(labels)
	if labels == nil {
		labels = map[string]any{}
	}
	labels["kro.run/collection-index"] = strconv.Itoa(index)
	meta["labels"], out["metadata"] = labels, meta
	return out
}

// defaultNamespaces gives namespaced objects the instance's namespace where
// they name none (S7.8).
func (w *walk) defaultNamespaces(n *graph.Node, objects []map[string]any) bool {
	if !n.Kind.Namespaced {
		return true
	}
	for _, obj := range objects {
		if ns, ok := metaString(obj, "namespace"); ok && ns != "" {
			continue
		}
		if w.namespace == "" {
			w.nodeErrorf(n, "namespace", "metadata.namespace is empty; a namespaced object of a cluster-scoped instance must name its namespace")
			return false
		}
		obj["metadata"].(map[string]any)["namespace"] = w.namespace
	}
	return true
}

// checkTargets refuses two nodes that render the same object (S7.10).
func (w *walk) checkTargets() {
	seen := make(map[identity]string, len(w.out.Objects))
	for _, o := range w.out.Objects {
		id := identityOf(o.Object)
		first, ok := seen[id]
		if !ok {
			seen[id] = o.Node.ID
			continue
		}
		w.nodeErrorf(o.Node, "duplicate-object", "renders %s, as %s does", id, first)
	}
}

// wait records a node that waits for others.
func (w *walk) wait(n *graph.Node, ids []string) {
	slices.Sort(ids)
	w.out.Pending = append(w.out.Pending, Pending{Node: n, WaitsFor: ids, Needs: ids[0], Reason: "waits for " + join(ids)})
}
