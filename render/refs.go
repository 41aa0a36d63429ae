package render

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/instance"
	"github.com/krowave/krowave/render/internal/parallel"
	"github.com/krowave/krowave/render/object"
)

// settle gives refs of Graphs the objects that the instances of the input render: a Graph that
// lacks one is expanded again once it is there, until nothing more comes to be known. What
// is rendered does not depend on a ref that waits, so that it stays. Graphs that wait for each
// other are an error.
func (x *expansions) settle(ctx context.Context, e *instance.Expander, opts Options) error {
	again, wanted := false, map[string]bool{}
	for {
		found := x.rendered(wanted)
		var ready []int
		for i, top := range x.tops {
			if slices.ContainsFunc(lacks(top), func(l lack) bool { return found.Has(l.node, l.ref) }) {
				ready = append(ready, i)
			}
		}
		if len(ready) == 0 {
			break
		}
		again = true
		with := *e
		with.Options.Expand.Rendered, with.Options.Cache = found, nil
		err := parallel.Each(ctx, opts.Jobs, len(ready), func(ctx context.Context, k int) (err error) {
			i := ready[k]
			x.tops[i], x.diags[i], err = with.Expand(ctx, x.docs[i], x.tops[i].Graph)
			return err
		})
		if err != nil {
			return err
		}
	}
	x.cycles()
	if again {
		x.total = newTotal(len(x.tops), opts)
		for i, top := range x.tops {
			if top == nil {
				top = &Instance{}
			}
			if err := x.total.add(i, top.Made); err != nil {
				return nil //nolint:nilerr // the total says what is exceeded
			}
		}
	}
	return nil
}

// lack is a ref of a Graph whose object nobody knows.
type lack struct {
	node *graph.Node
	ref  map[string]any
	of   *Instance
}

// lacks lists them for an instance and what is chained into it.
func lacks(top *Instance) []lack {
	if top == nil {
		return nil
	}
	var out []lack
	for _, i := range top.All() {
		if i.Graph.Native == nil {
			continue
		}
		for _, n := range i.Graph.Nodes {
			if ref := i.External[n.ID]; ref != nil && n.Type == graph.External && i.Lacks(n, ref) {
				out = append(out, lack{n, ref, i})
			}
		}
	}
	return out
}

// rendered are the objects of kinds that refs lack, or lacked before: those are wanted.
func (x *expansions) rendered(wanted map[string]bool) *expand.Observed {
	for _, top := range x.tops {
		for _, l := range lacks(top) {
			wanted[object.GVK(l.ref).String()] = true
		}
	}
	var out []expand.Live
	if len(wanted) == 0 {
		return expand.NewObserved(out)
	}
	for _, top := range x.tops {
		if top == nil {
			continue
		}
		for _, i := range top.All() {
			for n, o := range i.Objects {
				if i.Inner(n) == nil && !i.Withheld(n) && wanted[object.GVK(o.Object).String()] {
					out = append(out, expand.Live{Object: o.Object, At: i.Graph.RGD.Doc.Position(o.Node.At.With("id"))})
				}
			}
		}
	}
	return expand.NewObserved(out)
}

// cycles reports Graphs that wait for objects of each other, each cycle once.
func (x *expansions) cycles() {
	waits := make([][]lack, len(x.tops))
	makes := map[object.Key]int{} // objects that a Graph would render, by the index of its top
	for i, top := range x.tops {
		if waits[i] = lacks(top); len(waits[i]) == 0 {
			continue
		}
		for _, k := range wouldRender(top) {
			makes[k] = i
		}
	}
	const todo, onPath, done = 0, 1, 2
	state := make([]int, len(x.tops))
	var path []lack
	var visit func(i int)
	visit = func(i int) {
		state[i] = onPath
		for _, l := range waits[i] {
			k := object.KeyOf(l.ref)
			k.Namespace = cmp.Or(k.Namespace, object.Namespace(l.of.Instance))
			to, ok := makes[k]
			if !ok {
				continue
			}
			path = append(path, l)
			switch state[to] {
			case todo:
				visit(to)
			case onPath:
				from := slices.IndexFunc(path, func(p lack) bool { return p.of.Top() == x.tops[to] })
				x.refCycle(path[from:])
			}
			path = path[:len(path)-1]
		}
		state[i] = done
	}
	for i := range x.tops {
		if state[i] == todo {
			visit(i)
		}
	}
}

// refCycle reports a cycle at the first of its Graphs by name, whatever the order of the files.
func (x *expansions) refCycle(path []lack) {
	first := 0
	for n, l := range path {
		if l.before(path[first]) {
			first = n
		}
	}
	path = slices.Concat(path[first:], path[:first])
	var steps []string
	for _, l := range path {
		steps = append(steps, l.of.Title())
	}
	steps = append(steps, steps[0])
	d := diag.Diagnostic{
		Severity: diag.Error, Rule: "graph-ref-cycle", Pos: path[0].at(), Path: path[0].of.Graph.Body(path[0].node).String(), Object: path[0].of.Title(),
		Message: fmt.Sprintf("the refs of Graphs wait for each other, so that kro would make none of their objects: %s", strings.Join(steps, " -> ")),
		Hint:    "make one of the objects without what it reads of the other Graph",
	}
	for _, l := range path[1:] {
		d.Related = append(d.Related, diag.Related{Position: l.at(), Message: "waits here"})
	}
	x.diags[slices.Index(x.tops, path[0].of.Top())].Add(d)
}

func (l lack) at() diag.Position { return l.of.Graph.RGD.Doc.Position(l.of.Graph.Body(l.node)) }

func (l lack) before(other lack) bool {
	a, b := l.at(), other.at()
	return cmp.Or(cmp.Compare(l.of.Title(), other.of.Title()), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) < 0
}

// wouldRender are the objects that nodes of Graphs would render that wait, where their templates
// say which.
func wouldRender(top *Instance) []object.Key {
	var out []object.Key
	for _, i := range top.All() {
		if i.Graph.Native == nil {
			continue
		}
		for _, n := range i.Graph.Nodes {
			k := object.KeyOf(n.Template)
			waits := !slices.Contains(i.Skipped, n.ID) && !slices.ContainsFunc(i.Objects, func(o expand.Object) bool { return o.Node == n })
			if n.Type != graph.Single || n.IsDynamic || !waits || k.Name == "" || strings.Contains(k.Name+k.Namespace, "${") {
				continue
			}
			if k.Namespace == "" && n.Kind.Namespaced {
				k.Namespace = object.Namespace(i.Instance)
			}
			out = append(out, k)
		}
	}
	return out
}
