package compare

import (
	"fmt"
	"maps"
	"slices"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// orphans finds the instances of RGDs that only the old side has. The new side
// takes them for objects like any other, and nothing renders what they made, so
// they are broken. A CRD of their kind does not change that.
func (c *comparison) orphans() {
	c.orphaned = map[*render.Object]bool{}
	gone := c.removedDefinitions()
	if len(gone) == 0 {
		return
	}
	remain := map[*graph.Graph][]*top{}
	for n := range c.new.Result.Objects {
		o := &c.new.Result.Objects[n]
		g := gone[object.GVK(o.Object).GroupKind()]
		if g == nil {
			continue
		}
		c.orphaned[o] = true
		if t := c.orphan(o, g); t != nil && !slices.Contains(remain[g], t) {
			remain[g] = append(remain[g], t)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.old.graphs)) {
		list := remain[c.old.graphs[name]]
		if len(list) == 0 || c.unreadDefinition(c.old.graphs[name]) {
			continue
		}
		slices.SortFunc(list, func(a, b *top) int { return compareTops(a.topKey, b.topKey) })
		c.removed = append(c.removed, Danger{
			Severity: diag.Error, Rule: "definition-removed", Node: name, Position: &list[0].broken[0].Pos,
			Message: fmt.Sprintf("definition removed while %s: nothing renders their objects any longer, and pruning deletes them",
				count(len(list), "instance remains", "instances remain")),
		})
	}
}

// removedDefinitions are the RGDs of the old side whose kind the new one does not
// define, not even with errors.
func (c *comparison) removedDefinitions() map[k8sschema.GroupKind]*graph.Graph {
	out := map[k8sschema.GroupKind]*graph.Graph{}
	broken := c.brokenDefinitions()
	for name, g := range c.old.graphs {
		if !broken[name] {
			out[g.RGD.GVK.GroupKind()] = g
		}
	}
	for _, g := range c.new.graphs {
		delete(out, g.RGD.GVK.GroupKind())
	}
	return out
}

func (c *comparison) brokenDefinitions() map[string]bool {
	out := map[string]bool{}
	for _, d := range c.new.Result.Diagnostics {
		for name := range c.old.graphs {
			out[name] = out[name] || d.Severity == diag.Error && d.Object == definitionTitle(name)
		}
	}
	return out
}

// orphan breaks the instance that an object of a kind without an RGD is, or that
// renders it.
func (c *comparison) orphan(o *render.Object, g *graph.Graph) *top {
	if owner := c.new.ownerOf(o); owner != nil {
		at := o.Instance.Graph.RGD.Doc.Position(o.Node.At.With("template", "kind"))
		c.breaks(owner, c.orphanFinding(g, at, owner.instance.Title()))
		return owner
	}
	if o.Doc == nil {
		return nil
	}
	t := c.orphanTop(o)
	c.breaks(t, c.orphanFinding(g, o.Doc.Position(diag.Path{"kind"}), o.Doc.Title()))
	return t
}

// orphanTop is the instance that an object was, under the identity that the old
// side gave it.
func (c *comparison) orphanTop(o *render.Object) *top {
	id := identityOf(o.Object)
	var was *top
	for _, t := range c.old.tops {
		if t.instance != nil && t.instance.Doc != nil && t.Kind == id.Kind && t.Group == object.GVK(o.Object).Group && t.instance.Doc.Title() == o.Doc.Title() {
			was, id = t, t.identity
			break
		}
	}
	k := topKey{key: keyOf(id)}
	if was != nil {
		k = was.topKey
	}
	if t := c.new.byKey[k]; t != nil {
		return t
	}
	t := &top{topKey: k, identity: id}
	c.new.byKey[k], c.new.tops = t, append(c.new.tops, t)
	return t
}

// breaks adds a finding to an instance. Where the render said that nothing defines
// it, the comparison knows what did.
func (c *comparison) breaks(t *top, d diag.Diagnostic) {
	switch {
	case len(t.broken) == 0:
		t.broken = diag.List{d}
		c.findings.Add(d)
	case len(t.broken) == 1 && t.broken[0].Rule == "unknown-instance":
		t.broken = diag.List{d}
	}
}

// unreadDefinition reports whether an RGD of the old side is not removed, since
// its file is only not there to be read.
func (c *comparison) unreadDefinition(g *graph.Graph) bool {
	return g != nil && c.new.unread(g.RGD.Doc.File)
}

func (c *comparison) orphanFinding(g *graph.Graph, at diag.Position, title string) diag.Diagnostic {
	if c.unreadDefinition(g) {
		return diag.Diagnostic{
			Severity: diag.Error, Rule: "instance-unread", Pos: at, Object: title,
			Message: fmt.Sprintf("ResourceGraphDefinition %s cannot be read now (%s), so nobody knows what becomes of the instance", g.RGD.Name, g.RGD.Doc.File),
			Hint:    "add the file with git sparse-checkout add, or mend what the finding about it says",
		}
	}
	what := "is removed"
	if c.new.graphs[g.RGD.Name] != nil {
		what = "defines another kind"
	}
	return diag.Diagnostic{
		Severity: diag.Error, Rule: "definition-removed", Pos: at, Object: title,
		Message: fmt.Sprintf("nothing defines %s %s any longer: ResourceGraphDefinition %s %s", g.RGD.GVK.GroupVersion(), g.RGD.GVK.Kind, g.RGD.Name, what),
		Hint:    "keep the definition, or delete its instances with it",
	}
}
