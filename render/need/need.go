// Package need determines which objects of a cluster a render needs: those that
// its runtime expressions read. Settle alternates rendering and reading until
// nothing new is needed.
//
//	for _, n := range need.Of(result) {
//		fmt.Println(n.GVK, n.Namespace, n.Name, n.Paths)
//	}
package need

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// Need is an object of a cluster, or a list of them, that runtime expressions
// read.
type Need struct {
	GVK             k8sschema.GroupVersionKind
	Namespace, Name string
	Selector        labels.Selector // of an external collection, whose namespace "" is all; else nil

	// Paths are the fields that are read, with steps as in expr.Read. Nil is the
	// whole object.
	Paths [][]string

	Instance string // that needs it first: Kind namespace/name
	Node     string // of that instance, that the object belongs to; "" for the instance itself
	Secret   bool   // its values are confidential
	Observed bool   // it is among render.Input.Observed; what is read of it may still be missing
}

// Of lists what runtime expressions read of a cluster, each object once,
// sorted by kind, namespace and name. What instances never come to, since a node
// before it waits, is needed once that node's objects are observed.
func Of(r *render.Result) []Need {
	c := collector{found: map[string]*Need{}}
	for _, i := range slices.Concat(r.Instances, r.Foreseen) {
		if i.Expansion != nil {
			c.instance(i)
		}
	}
	out := make([]Need, 0, len(c.found))
	for _, w := range c.found {
		w.Paths = minimal(w.Paths)
		out = append(out, *w)
	}
	slices.SortFunc(out, func(a, b Need) int {
		return cmp.Or(cmp.Compare(a.GVK.String(), b.GVK.String()), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name),
			cmp.Compare(selectorText(a.Selector), selectorText(b.Selector)))
	})
	return out
}

type collector struct{ found map[string]*Need }

// instance collects what the expressions of one instance read.
func (c *collector) instance(i *render.Instance) {
	objects := map[string][]map[string]any{}
	for _, o := range i.Objects {
		objects[o.Node.ID] = append(objects[o.Node.ID], o.Object)
	}
	nodes := map[string]*graph.Node{}
	for _, n := range i.Graph.Nodes {
		nodes[n.ID] = n
	}
	skipped := map[string]bool{}
	for _, id := range i.Skipped {
		skipped[id] = true
	}
	for _, n := range i.Graph.Nodes {
		if skipped[n.ID] && len(n.IncludeWhen) == 0 {
			continue
		}
		for _, e := range n.Expressions() {
			for _, r := range e.Runtime {
				root := nodes[r.Path[0]]
				switch {
				case r.InstanceDependent:
				case i.Graph.IsInstance(r.Path[0]):
					c.add(i, nil, i.Instance, r)
				case root == nil:
				case root.Type.IsExternal():
					if ref := i.External[root.ID]; ref != nil {
						c.add(i, root, ref, r)
					}
				default:
					for _, obj := range objects[root.ID] {
						c.add(i, root, obj, r)
					}
				}
			}
		}
	}
	c.externals(i)
}

// externals adds external references that nothing reads a field of: kro waits
// for them all the same.
func (c *collector) externals(i *render.Instance) {
	for _, n := range i.Graph.Nodes {
		if ref := i.External[n.ID]; ref != nil {
			path := []string{n.ID, "metadata", "name"}
			if n.Type.IsCollection() {
				path = []string{n.ID, expr.Item, "metadata", "name"}
			}
			c.add(i, n, ref, graph.RuntimeRead{Read: expr.Read{Path: path}})
		}
	}
}

// add needs the path of one read of an object.
func (c *collector) add(i *render.Instance, n *graph.Node, obj map[string]any, r graph.RuntimeRead) {
	w := Need{GVK: object.GVK(obj), Instance: i.Title()}
	w.Namespace, w.Name = object.Namespace(obj), object.Name(obj)
	path := r.Path[1:]
	if n != nil {
		w.Node = n.ID
		if n.Type.IsCollection() && len(path) > 0 {
			path = path[1:]
		}
		if n.Type.Selects() {
			selector, err := expand.SelectorOf(obj)
			if err != nil {
				return // reported by the expansion
			}
			w.Selector, w.Name = selector, ""
		}
	}
	if r.Shape && len(path) == 0 {
		path = []string{"metadata", "name"} // only that it is there
	}
	w.Secret = object.IsSecretKind(w.GVK)
	key := strings.Join([]string{w.GVK.String(), w.Namespace, w.Name, selectorText(w.Selector)}, "\x00")
	known := c.found[key]
	if known == nil {
		known = &w
		known.Paths = [][]string{}
		known.Observed = n == nil && i.InstanceObserved || n != nil && i.Observes(n, obj)
		c.found[key] = known
	}
	known.Paths = append(known.Paths, path)
}

// minimal sorts paths and drops those below others. The empty path is the whole
// object: nil.
func minimal(paths [][]string) [][]string {
	slices.SortFunc(paths, slices.Compare[[]string])
	out := [][]string{}
	for _, p := range paths {
		if len(p) == 0 {
			return nil
		}
		if last := len(out) - 1; last >= 0 && len(out[last]) <= len(p) && slices.Equal(out[last], p[:len(out[last])]) {
			continue
		}
		out = append(out, p)
	}
	return out
}

func selectorText(s labels.Selector) string {
	if s == nil {
		return ""
	}
	return "?" + s.String()
}
