package output

import (
	"slices"

	"github.com/krowave/krowave/render/diag"
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
// without a wave, is not after it.
func (a *assembler) newDelegated() *delegated {
	d := &delegated{assembler: a, given: map[string]bool{}, whole: map[*graph.Graph]bool{}, reported: map[*graph.Graph]bool{}}
	for _, doc := range a.Documents {
		if a.opts.Emit.Definitions && object.IsRGDKind(doc.GVK) {
			d.given[doc.Name()] = true // as it passes through
		}
	}
	first := true
	for _, top := range a.Instances {
		if top == nil || !slices.ContainsFunc(top.All(), func(i *instance.Instance) bool { return i.Residual != nil && i.Graph.Native == nil }) {
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
		if i.Residual != nil && i.Graph.Native == nil {
			d.define(i.Graph, i.Residual.Whole, i)
		}
	}
}

// define adds what kro needs to know of a graph: for an instance, or for nil
// where instances are rendered elsewhere.
func (d *delegated) define(g *graph.Graph, whole bool, i *instance.Instance) {
	division := d.Plan.Of(g)
	if whole {
		d.original(i, g)
	} else if division.Definition != nil {
		d.give(i, g, division.Definition)
	}
	for _, m := range division.Moved {
		d.chained(i, m.Node)
	}
	if !d.reported[g] {
		d.reported[g] = true
		d.diags = append(d.diags, division.Diagnostics...)
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
	d.give(i, g, g.RGD.Doc.Object)
	for _, n := range g.Nodes {
		d.chained(i, n)
	}
}

// give adds an RGD that is made of g, once.
func (d *delegated) give(i *instance.Instance, g *graph.Graph, rgd map[string]any) {
	name := object.Name(rgd)
	if d.given[name] || d.opts.Residuals == ResidualInstances {
		return
	}
	d.given[name] = true
	d.objects = append(d.objects, d.assembler.defined(Object{Object: rgd, For: i, Wave: d.wave}, g))
}

// Definitions returns the RGDs that instances leave to kro, of every RGD that is
// defined, whether the input has instances of it or not.
func Definitions(in Input, opts Options) ([]Object, diag.List) {
	a := &assembler{Input: in, opts: opts}
	kro := a.newDelegated()
	for _, g := range in.Set.Graphs {
		if division := in.Plan.Of(g); division.Delegates() {
			kro.define(g, division.Whole, nil)
		}
	}
	return a.objects, a.diags
}
