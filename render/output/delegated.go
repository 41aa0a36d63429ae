package output

import (
	"slices"

	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/instance"
	"github.com/krowave/krowave/render/object"
)

// delegated is what kro gets beside residual instances: RGDs, each once.
type delegated struct {
	*assembler
	wave     int
	given    map[string]bool // names of RGDs
	whole    map[*graph.Graph]bool
	reported map[*graph.Graph]bool
}

// newDelegated finds the wave of RGDs: the first of any instance that needs one.
// The instances follow it, and whatever else the input brings, such as CRDs
// without a wave, is not behind it.
func (a *assembler) newDelegated() *delegated {
	d := &delegated{assembler: a, given: map[string]bool{}, whole: map[*graph.Graph]bool{}, reported: map[*graph.Graph]bool{}}
	for _, doc := range a.Documents {
		if a.opts.Emit.Definitions && object.IsRGDKind(doc.GVK) {
			d.given[doc.Name()] = true // as it passes through
		}
	}
	first := true
	for _, top := range a.Instances {
		if top == nil || !slices.ContainsFunc(top.All(), func(i *instance.Instance) bool { return i.Residual != nil }) {
			continue
		}
		if first || top.First < d.wave {
			d.wave = top.First
		}
		first = false
	}
	return d
}

// definitions adds the RGDs that kro needs for an instance and what is chained
// into it.
func (d *delegated) definitions(top *instance.Instance) {
	for _, i := range top.All() {
		if i.Residual == nil {
			continue
		}
		division := d.Plan.Of(i.Graph)
		if i.Residual.Whole {
			d.original(i, division.Graph)
		} else if division.Definition != nil {
			d.give(i, division.Definition)
		}
		for _, m := range division.Moved {
			d.chained(i, m.Node)
		}
		if !d.reported[division.Graph] {
			d.reported[division.Graph] = true
			d.diags = append(d.diags, division.Diagnostics...)
		}
	}
}

// chained gives kro the RGD of a node that is an instance in turn: there is
// nobody else who would expand it.
func (d *delegated) chained(i *instance.Instance, n *graph.Node) {
	if g := d.Set.Graph(n.Kind.GVK); g != nil && n.Template != nil && !n.Type.IsExternal() {
		d.original(i, g)
	}
}

func (d *delegated) original(i *instance.Instance, g *graph.Graph) {
	if d.whole[g] {
		return
	}
	d.whole[g] = true
	d.give(i, g.RGD.Doc.Object)
	for _, n := range g.Nodes {
		d.chained(i, n)
	}
}

// give adds an RGD, once.
func (d *delegated) give(i *instance.Instance, rgd map[string]any) {
	name := object.Name(rgd)
	if d.given[name] {
		return
	}
	d.given[name] = true
	d.objects = append(d.objects, d.assembler.delegated(Object{Object: rgd, For: i, Wave: d.wave}))
}
