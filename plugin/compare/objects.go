package compare

import (
	"context"
	"fmt"
	"maps"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/plugin/compare/danger"
	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/policycheck"
	"github.com/krowave/krowave/render/schema"
	"github.com/krowave/krowave/render/wave"
)

// comparePair fills in the change of a pair.
func (c *comparison) comparePair(ctx context.Context, p *pair) {
	same := p.before != nil && p.after != nil && sameContent(p.before, p.after)
	moved := p.before != nil && p.after != nil && !sameWave(p.before, p.after)
	from := c.formerOwner(p)
	if same && !moved && from == nil {
		return
	}
	o := &ObjectChange{
		before: c.old.masked(p.before), after: c.new.masked(p.after),
		Node: nodeName(p.after), Wave: waveOf(p.before, p.after), From: from,
	}
	kind := c.kindOf(p)
	o.clusterScoped = kind != nil && !kind.Namespaced
	switch {
	case p.before == nil:
		o.Action, o.Identity, o.Reason = AddObject, identityOf(p.after.Object), c.reason(p.after, c.new, c.old, arrivals)
		o.Content = shown(o.after)
	case p.after == nil:
		o.Action, o.Identity, o.Reason = DeleteObject, identityOf(p.before.Object), c.reason(p.before, c.old, c.new, departures)
		o.Node, o.Content = nodeName(p.before), shown(o.before)
	case same:
		o.Action, o.Identity = MoveObject, identityOf(p.after.Object)
	default:
		o.Action, o.Identity = ChangeObject, identityOf(p.after.Object)
		o.Fields = field.Diff(contentOf(o.before, p.before), contentOf(o.after, p.after), schemaOf(kind))
	}
	if p.before != nil {
		o.beforeFile = c.old.fileName(p.before.Object)
	}
	if p.after != nil {
		o.afterFile = c.new.fileName(p.after.Object)
	}
	p.change = o
	if o.Action != MoveObject {
		c.objectDangers(p, kind)
		c.policyDangers(ctx, p)
	}
}

func shown(obj map[string]any) map[string]any {
	m, _ := field.Shown(obj).(map[string]any)
	return m
}

// formerOwner is the instance that had an object which another one has now.
func (c *comparison) formerOwner(p *pair) *render.Identity {
	if p.before == nil || p.after == nil {
		return nil
	}
	old := c.old.ownerOf(p.before)
	if old == nil || sameTop(old, p.owner) {
		return nil
	}
	return &old.identity
}

// sameContent reports whether two objects are equal but for the annotations that
// krowave puts on what it renders. It is asked of every object, so it makes no
// copies.
func sameContent(a, b *render.Object) bool {
	return equalBut(a.Object, b.Object, "metadata", func(a1, b1 any) bool {
		am, aok := a1.(map[string]any)
		bm, bok := b1.(map[string]any)
		if !aok || !bok {
			return field.Equal(a1, b1)
		}
		return equalBut(am, bm, "annotations", func(a2, b2 any) bool {
			return equalAnnotations(a2, b2, a.Instance != nil, b.Instance != nil)
		})
	})
}

// equalBut compares two maps, and one of their entries in its own way; nil
// stands for one that is not there.
func equalBut(a, b map[string]any, special string, equal func(a, b any) bool) bool {
	rest := func(m map[string]any) int {
		if _, ok := m[special]; ok {
			return len(m) - 1
		}
		return len(m)
	}
	if rest(a) != rest(b) {
		return false
	}
	for name, v := range a {
		if name == special {
			continue
		}
		if other, ok := b[name]; !ok || !field.Equal(v, other) {
			return false
		}
	}
	return equal(a[special], b[special])
}

// equalAnnotations compares annotations, without krowave's own on either side
// that was rendered.
func equalAnnotations(a, b any, aRendered, bRendered bool) bool {
	am, aok := a.(map[string]any)
	bm, bok := b.(map[string]any)
	if !aok && a != nil || !bok && b != nil {
		return field.Equal(a, b)
	}
	n := 0
	for name, v := range am {
		if aRendered && isOwn(name) {
			continue
		}
		other, ok := bm[name]
		if !ok || bRendered && isOwn(name) || !field.Equal(v, other) {
			return false
		}
		n++
	}
	for name := range bm {
		if !bRendered || !isOwn(name) {
			n--
		}
	}
	return n == 0 && (aRendered || bRendered || (am == nil) == (bm == nil))
}

// isOwn reports whether krowave puts an annotation on what it renders.
func isOwn(name string) bool {
	return name == wave.Annotation || strings.HasPrefix(name, "krowave.dev/")
}

// contentOf is what sameContent compares, for a closer look.
func contentOf(obj map[string]any, o *render.Object) map[string]any {
	if o.Instance == nil {
		return obj
	}
	meta, annotations := object.Metadata(obj), object.Annotations(obj)
	rest := maps.Clone(annotations)
	maps.DeleteFunc(rest, func(name string, _ any) bool { return isOwn(name) })
	if len(rest) == len(annotations) {
		return obj
	}
	obj, meta = maps.Clone(obj), maps.Clone(meta)
	if meta["annotations"] = rest; len(rest) == 0 {
		delete(meta, "annotations")
	}
	obj["metadata"] = meta
	return obj
}

func sameWave(a, b *render.Object) bool {
	return hasWave(a) == hasWave(b) && (!hasWave(a) || a.Wave == b.Wave)
}

// hasWave reports whether an object comes from an instance, or is for kro to make
// one of.
func hasWave(o *render.Object) bool { return o.Instance != nil || o.For != nil }

func waveOf(before, after *render.Object) *Wave {
	w := Wave{}
	if before != nil && hasWave(before) {
		w.Before = &before.Wave
	}
	if after != nil && hasWave(after) {
		w.After = &after.Wave
	}
	if w == (Wave{}) {
		return nil
	}
	return &w
}

// nodeName is what the annotation krowave.dev/node says.
func nodeName(o *render.Object) string {
	if o == nil || o.Instance == nil {
		return ""
	}
	name := o.Instance.Graph.RGD.Name + "/" + o.Node.ID
	if o.Node.Type.IsCollection() {
		name += fmt.Sprintf("[%d]", o.Index)
	}
	return name
}

func (c *comparison) kindOf(p *pair) *schema.Kind {
	for _, s := range []struct {
		object *render.Object
		*side
	}{{p.after, c.new}, {p.before, c.old}} {
		if s.object == nil || s.Result.Catalog == nil {
			continue
		}
		id := identityOf(s.object.Object)
		if kind, ok := s.Result.Catalog.Lookup(k8sschema.FromAPIVersionAndKind(id.APIVersion, id.Kind)); ok {
			return kind
		}
	}
	return nil
}

func schemaOf(k *schema.Kind) *schema.Schema {
	if k == nil {
		return nil
	}
	return k.Schema
}

// objectDangers looks at the object itself.
func (c *comparison) objectDangers(p *pair, kind *schema.Kind) {
	o := p.change
	if p.after == nil && c.new.has[keyOf(o.Identity)] {
		return // another node renders it
	}
	if d, ok := c.changesHands(p); ok {
		p.dangers = append(p.dangers, d)
	}
	for _, f := range danger.Of(danger.Change{Before: o.before, After: o.after, Kind: kind, ByKro: c.graphsByKro && p.owner != nil && p.owner.isGraph()}) {
		c.addDanger(p, f)
	}
}

// addDanger adds what is dangerous about the object itself.
func (c *comparison) addDanger(p *pair, f danger.Finding) {
	d := Danger{Severity: f.Severity, Rule: f.Rule, Message: f.Message, Object: &p.change.Identity, Path: f.Path.String()}
	if p.owner != nil {
		d.Instance = &p.owner.identity
	}
	at := p.after
	if at == nil {
		at = p.before
	}
	if at.Instance != nil {
		d.Node = at.Instance.Graph.RGD.Name + "/" + at.Node.ID
		d.Position = c.templatePosition(p, f.Path)
	}
	p.dangers = append(p.dangers, d)
}

// policyDangers checks the change against the policies of its project. What only a
// cluster can tell is no danger.
func (c *comparison) policyDangers(ctx context.Context, p *pair) {
	at, catalog := p.after, c.new.Result.Catalog
	if at == nil {
		at, catalog = p.before, c.old.Result.Catalog
	}
	for _, v := range c.policies[at.Project].Check(ctx, render.ChangeOf(p.before, p.after, catalog)) {
		if v.Unknown {
			continue
		}
		message := fmt.Sprintf("policy %s: %s", v.Policy, v.Message)
		if v.Hint != "" {
			message += "; " + v.Hint
		}
		c.addDanger(p, danger.Finding{Severity: v.Severity, Rule: policycheck.Violated, Message: message})
	}
}

// templatePosition is where an RGD says what an object has at a path; for an
// object that goes, where the RGD decides that, if it still does.
func (c *comparison) templatePosition(p *pair, path diag.Path) *diag.Position {
	if p.after != nil {
		return positionIn(p.after.Instance.Graph, p.after.Node, path)
	}
	for i, id := p.before.Instance, p.before.Node.ID; i != nil; i, id = i.Parent, i.Node {
		now := c.new.chain[c.old.places[i]]
		if now == nil {
			continue // whatever it is chained into decides
		}
		if n := nodeByID(now.Graph, id); n != nil {
			return nodePosition(now.Graph, n, p.change.Reason)
		}
		return nil
	}
	return nil
}

func positionIn(g *graph.Graph, n *graph.Node, path diag.Path) *diag.Position {
	root := n.At
	if len(path) == 0 {
		at := g.RGD.Doc.Position(root.With("id"))
		return &at
	}
	at := g.RGD.Doc.KeyPosition(root.With("template").With(path...))
	return &at
}

// nodePosition is the field of a resource that decides on its objects.
func nodePosition(g *graph.Graph, n *graph.Node, why Reason) *diag.Position {
	name := "id"
	switch why {
	case NodeExcluded, NodeIncluded:
		if len(n.IncludeWhen) > 0 {
			name = "includeWhen"
		}
	case CollectionLost, CollectionGrew:
		name = "forEach"
	}
	at := g.RGD.Doc.KeyPosition(n.At.With(name))
	return &at
}
