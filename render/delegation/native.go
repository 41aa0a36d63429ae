package delegation

import (
	"slices"

	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// SplitNative divides the expansion of an object of kind Graph between Git and kro: what waits
// stays in a smaller Graph of the same name, with a ref in place of each object that Git renders
// and that it reads (G54). The Residual is nil when nothing waits.
func SplitNative(x *expand.Expansion) (*expand.Expansion, *Residual) {
	s := &nativeSplit{x: x, moved: map[string]bool{}, needed: map[string]bool{}, objects: map[string][]map[string]any{}}
	for _, o := range x.Objects {
		s.objects[o.Node.ID] = append(s.objects[o.Node.ID], o.Object)
	}
	s.solve()
	out := *x
	out.Pending = slices.DeleteFunc(slices.Clone(x.Pending), func(p expand.Pending) bool {
		return !p.Unsatisfiable && (s.moved[p.Node.ID] || p.Node.Type.IsExternal() || p.Node.Type == graph.Nested)
	})
	out.FallbackUsed = slices.DeleteFunc(slices.Clone(x.FallbackUsed), func(p expand.Pending) bool { return s.moved[p.Node.ID] })
	if len(s.moved) == 0 {
		return &out, nil
	}
	out.Objects = slices.DeleteFunc(slices.Clone(x.Objects), func(o expand.Object) bool { return s.moved[o.Node.ID] })
	left := &Residual{Object: x.Instance, Whole: len(out.Objects) == 0}
	for _, n := range x.Graph.Nodes {
		if s.moved[n.ID] {
			left.Nodes = append(left.Nodes, n.ID)
		}
	}
	if !left.Whole {
		left.Object = s.residual()
	}
	return &out, left
}

type nativeSplit struct {
	x       *expand.Expansion
	objects map[string][]map[string]any // that Git renders, by node
	moved   map[string]bool             // what kro makes
	needed  map[string]bool             // what kro has to see for it
}

// solve moves what waits, what depends on it, and objects that no ref can stand for and that
// kro would have to read.
func (s *nativeSplit) solve() {
	for _, list := range [][]expand.Pending{s.x.Pending, s.x.FallbackUsed} {
		for _, p := range list {
			if !p.Unsatisfiable && !p.Node.Type.IsExternal() && p.Node.Type != graph.Nested {
				s.moved[p.Node.ID] = true
			}
		}
	}
	for before := -1; before != len(s.moved); {
		before = len(s.moved)
		clear(s.needed)
		for i := len(s.x.Graph.Nodes) - 1; i >= 0; i-- { // those that read before those that are read
			n := s.x.Graph.Nodes[i]
			if !s.moved[n.ID] && !s.needed[n.ID] {
				continue
			}
			if s.needed[n.ID] && n.Type.Creates() && !s.moved[n.ID] {
				if s.named(n) {
					continue
				}
				s.moved[n.ID] = true
			}
			for _, dep := range n.After() {
				s.needed[dep] = true
			}
		}
		for _, n := range s.x.Graph.Nodes {
			behind := slices.ContainsFunc(n.Dependencies, func(dep string) bool { return s.moved[dep] })
			if behind && n.Type.Creates() && len(s.objects[n.ID]) > 0 {
				s.moved[n.ID] = true
			}
		}
	}
}

// named reports whether a ref can stand for what a node renders: one object, which is there.
func (s *nativeSplit) named(n *graph.Node) bool {
	return n.Type == graph.Single && (len(s.objects[n.ID]) == 0 || !object.IsGraphKind(object.GVK(s.objects[n.ID][0])))
}

func (s *nativeSplit) residual() map[string]any {
	spec := object.Map(s.x.Instance, "spec")
	left := map[string]any{"nodes": s.nodes(spec, "")}
	if account, ok := spec["serviceAccountName"]; ok {
		left["serviceAccountName"] = account
	}
	return map[string]any{
		"apiVersion": s.x.Instance["apiVersion"], "kind": s.x.Instance["kind"], "metadata": s.x.Instance["metadata"], "spec": left,
	}
}

// nodes are those that stay of a list of nodes.
func (s *nativeSplit) nodes(spec map[string]any, prefix string) []any {
	out := []any{}
	for _, item := range object.List(spec, "nodes") {
		node, _ := item.(map[string]any)
		id := prefix + object.Text(node, "id")
		switch objects := s.objects[id]; {
		case object.Map(node, "graph") != nil:
			if inner := s.nodes(object.Map(node, "graph"), id+"."); len(inner) > 0 {
				out = append(out, map[string]any{"id": node["id"], "graph": map[string]any{"nodes": inner}})
			}
		case s.moved[id]:
			out = append(out, node)
		case !s.needed[id], object.Map(node, "template") != nil && len(objects) == 0:
		case object.Map(node, "template") != nil:
			out = append(out, refTo(node, objects[0]))
		default:
			out = append(out, node)
		}
	}
	return out
}

// refTo is the node that stands for one that Git renders.
func refTo(node, obj map[string]any) map[string]any {
	meta := map[string]any{"name": object.Name(obj)}
	if ns := object.Namespace(obj); ns != "" {
		meta["namespace"] = ns
	}
	out := map[string]any{"id": node["id"], "ref": map[string]any{"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": meta}}
	if ready, ok := node["readyWhen"]; ok {
		out["readyWhen"] = ready
	}
	return out
}
