package compare

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/krowave/krowave/plugin/compare/danger"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// foreseen is a Graph that kro gets, with the objects that kro makes of it as far as Git knows.
type foreseen struct {
	*render.Instance
	objects map[key]made
	order   []key
}

// made is an object that kro makes of a Graph.
type made struct {
	object map[string]any
	node   *graph.Node // of the Graph itself
}

// foresees lists the Graphs of a side.
func (s *side) foresees() []foreseen {
	var out []foreseen
	for _, i := range s.Result.Foreseen {
		f := foreseen{Instance: i, objects: map[key]made{}}
		f.add(i, nil)
		out = append(out, f)
	}
	return out
}

func (f *foreseen) add(i *render.Instance, node *graph.Node) {
	for n, o := range i.Objects {
		of := cmp.Or(node, o.Node)
		if inner := i.Inner(n); inner != nil {
			f.add(inner, of)
			continue
		}
		k := keyOf(identityOf(o.Object))
		f.objects[k] = made{o.Object, of}
		f.order = append(f.order, k)
	}
}

// makes reports whether kro makes the objects of a node: Git may render a part of a Graph.
func (f *foreseen) makes(n *graph.Node) bool {
	return f.Residual == nil || f.Residual.Whole || slices.Contains(f.Residual.Nodes, n.ID)
}

// sameGraph finds what a Graph of one side is on the other: that of its name, in the same
// file where several have it.
func sameGraph(f *foreseen, list []foreseen) *foreseen {
	var found *foreseen
	id := f.Identity()
	for n := range list {
		other := list[n].Identity()
		if keyOf(other) == keyOf(id) && other.Project == id.Project && (found == nil || other.Path == id.Path) {
			found = &list[n]
		}
	}
	return found
}

// kroDeletes are the objects that kro deletes since the Graph that it makes them of changes: a
// node goes, it has fewer items, is left out, or names another object (G53). What becomes of a
// node that waits is not known, and kro deletes nothing of it.
func (c *comparison) kroDeletes() []Danger {
	old, now := c.old.foresees(), c.new.foresees()
	if len(old) == 0 {
		return nil
	}
	var out []Danger
	for n := range old {
		was := &old[n]
		is := sameGraph(was, now)
		if is == nil {
			continue // that the Graph goes is said, and that it has errors
		}
		for _, k := range was.order {
			if _, stays := is.objects[k]; !stays {
				out = append(out, c.kroDeletesObject(was, is, was.objects[k], c.new.byKro()[k])...)
			}
		}
		out = append(out, c.kroDeletesUnseen(was, is)...)
	}
	return out
}

func (c *comparison) kroDeletesObject(was, is *foreseen, m made, elsewhere bool) []Danger {
	id := identityOf(m.object)
	node := nodeByID(is.Graph, m.node.ID)
	if node != nil && node.Type.Creates() && isPending(is.Instance, node.ID) && !renamedIn(is, m.node) {
		return nil
	}
	of := was.Identity()
	d := Danger{Severity: diag.Warning, Rule: "graph-deletes", Object: &id, Instance: &of, Node: was.Graph.RGD.Name + "/" + m.node.ID, Position: c.foreseenPosition(is, node)}
	deletes := fmt.Sprintf("kro deletes the object, which node %s of %s makes no more", m.node.ID, was.Title())
	d.Message = deletes
	switch {
	case c.new.applies(keyOf(id)):
		d.Severity, d.Rule = diag.Error, "changes-hands"
		d.Message = deletes + ", while Git renders it from now on: what it holds is lost"
		return []Danger{d}
	case elsewhere:
		d.Severity, d.Rule = diag.Error, "changes-hands"
		d.Message = deletes + ", while another Graph makes it from now on: what it holds is lost"
		return []Danger{d}
	}
	for _, f := range danger.Of(danger.Change{Before: m.object, Kind: c.kindOf(&pair{before: &render.Object{Object: m.object}}), ByKro: true}) {
		d.Severity, d.Rule, d.Message = f.Severity, f.Rule, deletes+": "+f.Message
		return []Danger{d}
	}
	return []Danger{d}
}

// kroDeletesUnseen looks at nodes of which Git does not know what they make: one that goes, and
// one whose object has another name, namespace or kind.
func (c *comparison) kroDeletesUnseen(was, is *foreseen) []Danger {
	var out []Danger
	for _, n := range was.Graph.Nodes {
		if !n.Type.Creates() || !isPending(was.Instance, n.ID) || !was.makes(n) {
			continue
		}
		node, of := nodeByID(is.Graph, n.ID), was.Identity()
		d := Danger{Severity: diag.Warning, Rule: "graph-deletes", Instance: &of, Node: was.Graph.RGD.Name + "/" + n.ID, Position: c.foreseenPosition(is, node)}
		switch {
		case node == nil || !node.Type.Creates() || !is.makes(node):
			d.Message = fmt.Sprintf("kro deletes what it made of node %s, which %s leaves to it no more", n.ID, was.Title())
			if c.gitRenders(is, n.ID) {
				d.Severity, d.Rule = diag.Error, "changes-hands"
				d.Message += ", while Git renders it from now on: what it holds is lost"
			}
		case renamedIn(is, n):
			d.Message = fmt.Sprintf("kro deletes what it made of node %s of %s if that has another name, namespace or kind now", n.ID, was.Title())
		default:
			continue
		}
		kind := map[string]any{"apiVersion": n.Template["apiVersion"], "kind": n.Template["kind"]}
		for _, f := range danger.Of(danger.Change{Before: kind, Kind: n.Kind, ByKro: true}) {
			if d.Rule == "graph-deletes" {
				d.Severity, d.Rule, d.Message = f.Severity, f.Rule, d.Message+": "+f.Message
			}
		}
		out = append(out, d)
	}
	return out
}

// renamedIn reports whether a template names its object otherwise than it did.
func renamedIn(is *foreseen, n *graph.Node) bool {
	node := nodeByID(is.Graph, n.ID)
	if node == nil || node.Template == nil || n.Template == nil {
		return true
	}
	return keyOf(identityOf(n.Template)) != keyOf(identityOf(node.Template))
}

// gitRenders reports whether an object of a node of a Graph is among those to apply.
func (c *comparison) gitRenders(f *foreseen, id string) bool {
	return slices.ContainsFunc(c.new.Result.Objects, func(o render.Object) bool {
		return o.Instance != nil && o.Node.ID == id && o.Instance.Graph.Native != nil && keyOf(o.Instance.Identity()) == keyOf(f.Identity())
	})
}

// foreseenPosition is that of a node of a Graph, or of the nodes when it is gone. A Graph that
// stands in no file is where it is made.
func (c *comparison) foreseenPosition(f *foreseen, n *graph.Node) *diag.Position {
	doc := f.Graph.RGD.Doc
	var at diag.Position
	switch {
	case f.Doc == doc && n != nil:
		at = doc.Position(n.At.With("id"))
	case f.Doc == doc:
		at = doc.KeyPosition(diag.Path{"spec", "nodes"})
	case f.Doc != nil:
		at = f.Doc.Start()
	default:
		g := f.Parent.Graph
		at = g.RGD.Doc.Position(nodeByID(g, f.Node).At.With("id"))
	}
	return &at
}

// madeByKro are the objects that kro makes of Graphs, as far as Git knows.
func (s *side) madeByKro() map[key]bool {
	out := map[key]bool{}
	for _, f := range s.foresees() {
		for _, k := range f.order {
			out[k] = true
		}
	}
	return out
}

// placedKey is the key of an object with the namespace that it is applied to.
func (s *side) placedKey(o *render.Object) key {
	k := keyOf(identityOf(o.Object))
	if s.Result.Catalog == nil {
		return k
	}
	if kind, ok := s.Result.Catalog.Lookup(object.GVK(o.Object)); k.Namespace == "" && (!ok || kind.Namespaced) {
		k.Namespace = o.Default
	}
	return k
}

// applies reports whether Git renders an object, in whatever file.
func (s *side) applies(k key) bool {
	if s.has[k] {
		return true
	}
	bare := k
	bare.Namespace = ""
	return s.has[bare] && slices.ContainsFunc(s.Result.Objects, func(o render.Object) bool { return s.placedKey(&o) == k })
}
