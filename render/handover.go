package render

import (
	"slices"

	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/residual"
)

// handover is what kro gets beside residual instances: RGDs, each once.
type handover struct {
	r     *renderer
	wave  int
	given map[string]bool // names of RGDs
	whole map[*graph.Graph]bool
	told  map[*graph.Graph]bool
}

// newHandover finds the wave of RGDs: the first of any instance that needs one.
// The instances follow it, and whatever else the input brings, such as CRDs
// without a wave, is not behind it.
func (r *renderer) newHandover(docs []*document) *handover {
	h := &handover{r: r, given: map[string]bool{}, whole: map[*graph.Graph]bool{}, told: map[*graph.Graph]bool{}}
	for _, d := range docs {
		if r.opts.Emit.Definitions && d.is(rgdKind) {
			h.given[d.Name()] = true // as it passes through
		}
	}
	first := true
	for _, top := range r.tops {
		if top == nil || !slices.ContainsFunc(top.all(), func(i *Instance) bool { return i.Residual != nil }) {
			continue
		}
		if first || top.First < h.wave {
			h.wave = top.First
		}
		first = false
	}
	return h
}

// definitions emits the RGDs that kro needs for an instance and what is chained
// into it.
func (h *handover) definitions(top *Instance) {
	for _, i := range top.all() {
		if i.Residual == nil {
			continue
		}
		d := h.r.divided[i.Graph.RGD.GVK]()
		if i.Residual.Whole {
			h.original(i, d.Graph)
		} else if d.Definition != nil {
			h.give(i, d.Definition)
		}
		for _, m := range d.Moved {
			h.chained(i, m.Node)
		}
		if !h.told[d.Graph] {
			h.told[d.Graph] = true
			h.r.out.Diagnostics = append(h.r.out.Diagnostics, d.diags...)
		}
	}
}

// chained gives kro the RGD of a node that is an instance in turn: there is
// nobody else who would expand it.
func (h *handover) chained(i *Instance, n *graph.Node) {
	if g := h.r.graphs[n.Kind.GVK]; g != nil && n.Template != nil && !n.Type.IsExternal() {
		h.original(i, g)
	}
}

func (h *handover) original(i *Instance, g *graph.Graph) {
	if h.whole[g] {
		return
	}
	h.whole[g] = true
	h.give(i, g.RGD.Doc.Object)
	for _, n := range g.Nodes {
		h.chained(i, n)
	}
}

// give emits an RGD, once.
func (h *handover) give(i *Instance, rgd map[string]any) {
	name := object.Name(rgd)
	if h.given[name] {
		return
	}
	h.given[name] = true
	h.r.out.Objects = append(h.r.out.Objects, h.r.forKro(Object{Object: rgd, For: i, Wave: h.wave}))
}

// forKro annotates an object that is for kro.
func (r *renderer) forKro(o Object) Object {
	add := r.waveAnnotations(o)
	switch rgd := o.For.Graph.RGD; {
	case !r.opts.Annotate.Origin:
	case object.GVK(o.Object).GroupKind() != rgdKind:
		add[InstanceAnnotation] = o.For.Origin()
	case object.Name(o.Object) == rgd.Name+residual.NameSuffix:
		add[ResidualAnnotation] = rgd.Name
	}
	o.Object = object.WithAnnotations(o.Object, add)
	return o
}
