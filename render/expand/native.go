package expand

import (
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/schema"
)

// kindOf is the kind of an object of a node: that of the node, or where that is an
// expression, what the object says.
func (ev *evaluator) kindOf(n *graph.Node, obj map[string]any) *schema.Kind {
	if n.IsDynamic {
		if kind := ev.g.Native.KindOf(object.GVK(obj)); kind != nil {
			return kind
		}
	}
	return n.Kind
}

// kindsKnown reports whether the kinds of objects are known, now that their expressions have
// values. A node with a kind that is not known waits (G26).
func (ev *evaluator) kindsKnown(n *graph.Node, objects []map[string]any) bool {
	for _, obj := range objects {
		gvk := object.GVK(obj)
		kind := ev.g.Native.KindOf(gvk)
		if kind == nil {
			needs := fmt.Sprintf("the kind %s of %s", gvk.Kind, gvk.GroupVersion())
			if gvk.Empty() || ev.out.ReadsSecret(n) {
				needs = "a kind that is known"
			}
			ev.out.Pending = append(ev.out.Pending, Pending{Node: n, Needs: needs, Reason: "its kind is not known", UnknownKind: true})
			return false
		}
		if ns, _ := metaString(obj, "namespace"); ns != "" && !kind.Namespaced && n.Type.Creates() {
			ev.nodeErrorf(n, "scope", "%s is cluster-scoped and must not set metadata.namespace", kind.GVK.Kind)
			return false
		}
	}
	return true
}

// patch records a node that only kro can do: it changes an object that it does not own (G21).
// A collection without items changes nothing.
func (ev *evaluator) patch(n *graph.Node) bool {
	if len(n.ForEach) > 0 {
		items, ok := ev.items(n)
		if !ok {
			return false
		}
		if len(items) == 0 {
			return true
		}
	}
	ev.out.Pending = append(ev.out.Pending, Pending{Node: n, Needs: "kro to apply the patch", Reason: "a patch changes an object that others own"})
	return false
}

// nested binds the value of a nested graph: those of its nodes by id, as far as they are there
// (G25, G39).
func (ev *evaluator) nested(n *graph.Node) bool {
	value := map[string]any{}
	known := true
	for _, id := range n.Children {
		if v, ok := ev.plain[id]; ok {
			value[id[len(n.ID)+1:]] = v
			known = known && ev.observed[id]
		}
	}
	if !n.IsRead {
		return true
	}
	ev.keep(n.ID, value)
	ev.values[n.ID], ev.observed[n.ID] = schema.Value(value, nil), known
	return true
}

// keepPlain keeps the value of a node for a nested graph around it.
func (ev *evaluator) keepPlain(n *graph.Node, objects []map[string]any) {
	items := make([]any, len(objects))
	for i, obj := range objects {
		items[i] = obj
	}
	if ev.keep(n.ID, items); !n.Type.IsCollection() {
		ev.keep(n.ID, objects[0])
	}
}

func (ev *evaluator) keep(id string, value any) {
	if ev.plain == nil {
		ev.plain = map[string]any{}
	}
	ev.plain[id] = value
}

// missingChildren lists the nodes in nested graphs that an expression reads, that have no
// value, and are not left out.
func (ev *evaluator) missingChildren(e *graph.Expression) []string {
	var out []string
	for _, r := range e.Reads {
		id := r.Path[0]
		for _, step := range r.Path[1:] {
			if _, ok := ev.state[id+"."+step]; !ok {
				break
			}
			id += "." + step
			if st := ev.state[id]; ev.plain[id] == nil && !st.ignored && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

// id is the node that a name means, as far as the expressions in question refer to it. The
// ids of nodes in nested graphs begin with those of the graphs.
func (b *bindings) id(name string) string {
	if slices.Contains(b.names, name) {
		return name
	}
	for _, id := range b.names {
		if rest, ok := strings.CutSuffix(id, name); ok && strings.HasSuffix(rest, ".") {
			return id
		}
	}
	return name
}
