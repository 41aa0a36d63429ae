package compare

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
)

// instanceDangers looks at what became of the nodes of each instance, and at
// instances that cannot be rendered.
func (c *comparison) instanceDangers() []Danger {
	var out []Danger
	for _, t := range c.new.tops {
		if len(t.broken) > 0 {
			out = append(out, brokenInstance(t))
			continue
		}
		for _, now := range t.all {
			if before := c.old.chain[c.new.places[now]]; before != nil && len(c.old.owners[before].broken) == 0 {
				out = append(out, c.nodeDangers(before, now, &t.identity)...)
			}
		}
	}
	return out
}

func brokenInstance(t *top) Danger {
	first := t.broken[0]
	message := "the instance cannot be rendered: " + first.Message
	if more := len(t.broken) - 1; more > 0 {
		message += fmt.Sprintf(" (and %s)", count(more, "more finding", "more findings"))
	}
	return Danger{
		Severity: diag.Error, Rule: "instance-broken", Message: message, Instance: &t.identity, Path: first.Path, Position: &first.Pos,
	}
}

// nodeDangers compares the nodes of an instance on both sides.
func (c *comparison) nodeDangers(before, now *render.Instance, top *render.Identity) []Danger {
	var out []Danger
	for _, n := range now.Graph.Nodes {
		was := nodeByID(before.Graph, n.ID)
		if was == nil {
			continue
		}
		d := Danger{Severity: diag.Warning, Instance: top, Node: now.Graph.RGD.Name + "/" + n.ID}
		had, has := objectsOf(before, n.ID), objectsOf(now, n.ID)
		wasSkipped, isSkipped := slices.Contains(before.Skipped, n.ID), slices.Contains(now.Skipped, n.ID)
		switch {
		case isSkipped && !wasSkipped:
			if !decides(now, n) {
				continue // the node that it depends on is reported
			}
			gone := c.goes(now, n, before)
			if gone == "" {
				continue
			}
			d.Rule, d.Message = "include-when", "includeWhen is false now: "+gone
			d.Position = nodePosition(now.Graph, n, NodeExcluded)
		case wasSkipped && !isSkipped:
			if !decides(before, was) || !c.brings(now, n.ID) {
				continue
			}
			d.Severity, d.Rule, d.Message = diag.Info, "include-when", "includeWhen is true now: what was left out is created"
			d.Position = nodePosition(now.Graph, n, NodeIncluded)
		case isPending(now, n.ID) && delegates(before, n.ID):
			d.Severity, d.Rule, d.Position = diag.Error, "changes-hands", pendingPosition(now.Graph, pendingOf(now, n.ID))
			d.Message = "kro rendered the node, and nothing does from now on: kro deletes its objects"
		case isPending(now, n.ID) && !isPending(before, n.ID):
			p := pendingOf(now, n.ID)
			gone := c.goes(now, n, before)
			if len(p.WaitsFor) > 0 || gone == "" {
				continue
			}
			d.Rule, d.Position = "node-pending", pendingPosition(now.Graph, p)
			d.Message = fmt.Sprintf("the node waits for %s, which exists only in a cluster: %s", p.Needs, gone)
			if p.Unsatisfiable {
				d.Message = fmt.Sprintf("the node waits for %s, which nothing sets: %s", p.Needs, gone)
			}
		case n.Type.IsCollection() && was.Type.IsCollection() && has < had && !isPending(now, n.ID) && !isSkipped && !delegates(now, n.ID):
			if c.lost(before, n.ID) == 0 {
				continue // other nodes render them
			}
			d.Rule, d.Position = "collection-shrinks", nodePosition(now.Graph, n, CollectionLost)
			d.Message = "the collection has " + count(has, "item", "items") + " instead of " + strconv.Itoa(had)
		default:
			continue
		}
		out = append(out, d)
	}
	return out
}

// brings reports whether a node renders an object that nothing rendered before.
func (c *comparison) brings(now *render.Instance, id string) bool {
	return slices.ContainsFunc(now.Objects, func(o expand.Object) bool {
		return o.Node.ID == id && !c.old.has[keyOf(identityOf(o.Object))]
	})
}

// decides reports whether a node is left out for its own includeWhen, and not
// since it depends on another that is.
func decides(i *render.Instance, n *graph.Node) bool {
	return len(n.IncludeWhen) > 0 && !slices.ContainsFunc(n.Dependencies, func(dep string) bool { return slices.Contains(i.Skipped, dep) })
}

// goes says what is not rendered any longer with a node: its objects, and those of
// the nodes that depend on it. It is "" if other nodes render all of them.
func (c *comparison) goes(now *render.Instance, n *graph.Node, before *render.Instance) string {
	gone := map[string]bool{n.ID: true}
	objects := c.lost(before, n.ID)
	for _, other := range now.Graph.Nodes { // dependencies come first
		if gone[other.ID] || !slices.ContainsFunc(other.Dependencies, func(dep string) bool { return gone[dep] }) {
			continue
		}
		if slices.Contains(now.Skipped, other.ID) || isPending(now, other.ID) {
			gone[other.ID] = true
			objects += c.lost(before, other.ID)
		}
	}
	if objects == 0 && objectsOf(before, n.ID) > 0 {
		return ""
	}
	what := count(objects, "object is", "objects are") + " not rendered any longer"
	if len(gone) > 1 {
		what += ", those of the nodes that depend on it among them"
	}
	return what
}

// lost counts the objects of a node that no node renders on the new side. What a
// chained instance renders counts as one.
func (c *comparison) lost(before *render.Instance, id string) int {
	n := 0
	for k, o := range before.Objects {
		if o.Node.ID == id && c.isLost(before, k) {
			n++
		}
	}
	return n
}

func (c *comparison) isLost(i *render.Instance, k int) bool {
	inner := i.Inner(k)
	if inner == nil {
		return !c.new.has[keyOf(identityOf(i.Objects[k].Object))]
	}
	for n := range inner.Objects {
		if c.isLost(inner, n) {
			return true
		}
	}
	return false
}

func objectsOf(i *render.Instance, id string) int {
	n := 0
	for _, o := range i.Objects {
		if o.Node.ID == id {
			n++
		}
	}
	return n
}

func pendingOf(i *render.Instance, id string) expand.Pending {
	return i.Pending[slices.IndexFunc(i.Pending, func(p expand.Pending) bool { return p.Node.ID == id })]
}

func pendingPosition(g *graph.Graph, p expand.Pending) *diag.Position {
	at := g.RGD.Doc.Position(p.Node.At.With("id"))
	if p.Expression != nil {
		at = g.RGD.Doc.Within(p.Expression.Path, p.Expression.Offset(0))
	}
	return &at
}

// count is a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// number is a number for people, with commas between thousands.
func number(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
