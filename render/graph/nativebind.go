package graph

import (
	"slices"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/schema"
)

// bind makes the nodes of a Graph: one list, in the order in which kro runs them, that no frame
// divides any more. The id of a node in a nested graph begins with that of the graph, as in
// outer.inner, and so do all names that expressions refer to.
func (g *native) bind(top *nativeFrame) []*Node {
	var nodes []*typedNode
	g.flatten(top, "", nil, &nodes)
	read := map[string]bool{}
	for _, n := range nodes {
		for _, dep := range n.dependencies {
			read[dep] = true
		}
		for _, child := range n.children {
			read[child] = true // the value of the graph has that of the node
		}
	}
	return binder{nodes: make(map[string]*Node, len(nodes)), rules: g.opts.Admission, native: true}.bind(nodes, read)
}

// flatten appends the nodes of a frame, each behind those that it depends on. above are the
// nodes that the frame's own graph depends on: all that is in it waits for them (G37).
func (g *native) flatten(f *nativeFrame, prefix string, above []string, out *[]*typedNode) {
	f.prefix = prefix
	byNode := make(map[*linkedNode]*nativeNode, len(f.nodes))
	linked := make([]*linkedNode, len(f.nodes))
	for i, n := range f.nodes {
		linked[i], byNode[n.linkedNode] = n.linkedNode, n
	}
	for _, l := range topological(linked) {
		n := byNode[l]
		after := slices.Clone(above)
		for _, id := range n.dependencies {
			after = union(after, []string{prefix + id})
		}
		flat := g.flat(f, n)
		flat.dependencies = after
		if n.inner != nil {
			g.flatten(n.inner, flat.id+".", after, out)
			for _, child := range n.inner.nodes {
				if child.what != "patch" { // which has no value
					flat.children = append(flat.children, flat.id+"."+child.id)
				}
			}
		}
		*out = append(*out, flat)
	}
}

// flat is a node whose names are those of the whole Graph.
func (g *native) flat(f *nativeFrame, n *nativeNode) *typedNode {
	p := *n.parsedNode
	p.id = f.prefix + n.id
	if p.kind == nil {
		p.kind = plainKind(n)
	}
	if n.what == "graph" {
		p.typ = Nested
	}
	flat := &typedNode{linkedNode: &linkedNode{parsedNode: &p, dynamic: n.dynamic}}
	one := func(e typedExpr, iterators []string) (typedExpr, []string) {
		e.references = f.names(e.references, iterators)
		reads := make([]expr.Read, len(e.reads))
		for i, r := range e.reads {
			reads[i] = r
			reads[i].Path = append(f.names(r.Path[:1], iterators), r.Path[1:]...)
		}
		e.reads = reads
		return e, e.references
	}
	for _, x := range n.typed.checked.fields {
		e, refs := one(x.expr, n.iterators)
		if x.expr = e; e.iterates {
			flat.iteration = union(flat.iteration, refs)
		} else {
			flat.base = union(flat.base, refs)
		}
		flat.checked.fields = append(flat.checked.fields, x)
	}
	for _, d := range n.typed.checked.forEach {
		e, refs := one(d.expr, nil)
		d.expr, flat.forEach = e, union(flat.forEach, refs)
		flat.checked.forEach = append(flat.checked.forEach, d)
	}
	for _, c := range n.typed.checked.includeWhen {
		e, refs := one(c, nil)
		flat.include = union(flat.include, refs)
		flat.checked.includeWhen = append(flat.checked.includeWhen, e)
	}
	flat.ready = n.typed.ready
	return flat
}

// plainKind is the kind of a node that has no schema.
func plainKind(n *nativeNode) *schema.Kind {
	if n.what == "template" || n.what == "ref" || n.what == "patch" {
		if n.dynamic {
			return &schema.Kind{Namespaced: true}
		}
		gvk := object.GVK(n.template)
		return &schema.Kind{GVK: gvk, Namespaced: true} // a Graph
	}
	kind := &schema.Kind{GVK: k8sschema.GroupVersionKind{Kind: n.what}}
	if n.what == "def" {
		kind.Schema = typeOfDef(n.template, &dynValue)
	}
	return kind
}

// names returns the ids of the nodes that names mean in the frame (G35). Iterators are
// their own.
func (f *nativeFrame) names(names, iterators []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = name
		if slices.Contains(iterators, name) {
			continue
		}
		if owner := f.owner(name); owner != nil {
			out[i] = owner.prefix + name
		}
	}
	slices.Sort(out)
	return out
}
