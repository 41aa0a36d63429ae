package compare

import (
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/compare/danger"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/residual"
)

// delegates reports whether kro renders a node of an instance.
func delegates(i *render.Instance, id string) bool {
	return i.Residual != nil && slices.Contains(i.Residual.Nodes, id)
}

// changesHands is the danger of an object that Git rendered and kro renders now,
// or the other way round: one of them deletes it while the other creates it.
func (c *comparison) changesHands(p *pair) (Danger, bool) {
	o := p.change
	d := Danger{Severity: diag.Error, Rule: "changes-hands", Object: &o.Identity}
	if p.owner != nil {
		d.Instance = &p.owner.identity
	}
	from := p.before
	switch {
	case p.owner != nil && o.Reason == NodeDelegated, p.after == nil && c.new.byKro()[c.new.placedKey(p.before)]:
		d.Message = "kro renders the object from now on: Argo CD or Flux deletes it, and kro creates another one without its data. " +
			"First set Prune=false (Flux: prune: disabled) in the template and let it sync, then make this change"
		if why := danger.Keeps(o.before); why != "" {
			d.Severity, d.Message = diag.Info, "kro renders the object from now on and adopts it: "+why
		}
	case p.owner != nil && o.Reason == NodeReturned:
		from = p.after
		d.Message = "Git renders the object from now on: kro deletes it, and Argo CD or Flux creates another one without its data. " +
			"First suspend the instance (kro.run/reconcile: suspended), let it sync and take the label applyset.kubernetes.io/part-of " +
			"from the object in the cluster, then make this change, and resume the instance when it has synced"
	default:
		return Danger{}, false
	}
	if from.Instance != nil {
		d.Node = from.Instance.Graph.RGD.Name + "/" + from.Node.ID
		d.Position = c.templatePosition(p, nil)
	}
	return d, true
}

// editedForKro lists the instances whose residual RGD is not what it was: kro
// makes something else of them.
func (c *comparison) editedForKro() []topKey {
	edited := map[string]bool{}
	for i := range c.pairs {
		p := &c.pairs[i]
		if p.change != nil && p.change.Action == ChangeObject && p.after.For != nil && object.IsRGDKind(object.GVK(p.after.Object)) {
			edited[object.Name(p.after.Object)] = true
		}
	}
	var out []topKey
	for _, t := range c.new.tops {
		if slices.ContainsFunc(t.all, func(i *render.Instance) bool { return c.isEdited(i, edited) }) {
			out = append(out, t.topKey)
		}
	}
	return out
}

// isEdited reports whether kro renders a part of an instance from an RGD that is
// edited, or from one that such a part is chained to.
func (c *comparison) isEdited(i *render.Instance, edited map[string]bool) bool {
	if i.Residual == nil {
		return false
	}
	name := i.Graph.RGD.Name
	if edited[name] || edited[name+residual.NameSuffix] {
		return true
	}
	var chained func(g *graph.Graph, depth int) bool
	chained = func(g *graph.Graph, depth int) bool {
		return depth > 0 && slices.ContainsFunc(g.Nodes, func(n *graph.Node) bool {
			inner := c.new.graphOfNode(n)
			return inner != nil && (edited[inner.RGD.Name] || chained(inner, depth-1))
		})
	}
	return chained(i.Graph, maxChain)
}

// maxChain is how far RGDs are followed that use each other.
const maxChain = 8

// graphOfNode is the RGD whose instance a node makes.
func (s *side) graphOfNode(n *graph.Node) *graph.Graph {
	if n.Kind == nil || n.Type.IsExternal() {
		return nil
	}
	for _, g := range s.Result.Graphs {
		if g.RGD.GVK == n.Kind.GVK {
			return g
		}
	}
	return nil
}

// maskedForKro hides in an RGD or instance for kro the fields of instances that
// end up in Secrets, and their defaults.
func (s *side) maskedForKro(o *render.Object, out map[string]any) map[string]any {
	isRGD := object.IsRGDKind(object.GVK(o.Object))
	g := o.For.Graph
	if isRGD {
		g = s.graphs[strings.TrimSuffix(object.Name(o.Object), residual.NameSuffix)]
	}
	if g == nil {
		return out
	}
	for _, path := range s.secretFields(g, maxChain) {
		if !isRGD {
			out, _ = hideAt(out, path).(map[string]any)
			continue
		}
		out, _ = hideAt(out, append([]string{"spec", "schema"}, path...)).(map[string]any)
		out, _ = hideAt(out, []string{"spec", "schema", "types"}).(map[string]any) // may hold their defaults
	}
	return out
}

// secretFields are the fields of an RGD's instances, with all below them, that
// Secrets are made from: its own, and those of what is chained into it.
func (s *side) secretFields(g *graph.Graph, depth int) [][]string {
	out := secretInputs(g)
	for _, n := range g.Nodes {
		inner := s.graphOfNode(n)
		if inner == nil || depth > 0 && len(s.secretFields(inner, depth-1)) == 0 {
			continue
		}
		for _, f := range n.Fields {
			for _, r := range f.Expr.Reads {
				if f.Path[0] == "spec" && r.Path[0] == graph.SchemaVar && !r.Shape {
					out = append(out, r.Field()[1:])
				}
			}
		}
	}
	var top [][]string
	for _, path := range out {
		if len(path) > 0 && path[0] == "spec" {
			top = append(top, path[:min(len(path), 2)])
		}
	}
	return top
}
