package definition

import (
	"context"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/internal/parallel"
)

// compile compiles the RGDs in rounds: in each those that need no kind of a
// later one. Those that need each other are left with the CRDs of the input.
func (d *definer) compile(ctx context.Context) error {
	for todo := d.set.RGDs; len(todo) > 0; {
		open, missing := map[gvk]bool{}, map[gvk]bool{}
		for _, rgd := range todo {
			open[rgd.GVK], missing[rgd.GVK] = true, !d.set.Catalog.Has(rgd.GVK)
		}
		ready, later := without(todo, open)
		if len(ready) == 0 {
			ready, later = without(todo, missing)
		}
		if len(ready) == 0 {
			ready, later = later, nil
			for _, rgd := range ready {
				d.undefined[rgd.GVK] = graph.Undefined{RGD: rgd.Doc.Title(), Reason: "depends on the definitions that use it"}
			}
		}
		if err := d.round(ctx, ready); err != nil {
			return err
		}
		todo = later
	}
	return nil
}

// without parts RGDs that need none of kinds from those that need one.
func without(rgds []*graph.RGD, kinds map[gvk]bool) (free, bound []*graph.RGD) {
	for _, rgd := range rgds {
		if slices.ContainsFunc(rgd.Kinds(), func(k graph.KindRef) bool { return kinds[k.GVK] }) {
			bound = append(bound, rgd)
		} else {
			free = append(free, rgd)
		}
	}
	return free, bound
}

// round compiles RGDs in parallel, then serves their CRDs.
func (d *definer) round(ctx context.Context, rgds []*graph.RGD) error {
	slots := make([]compiled, len(rgds))
	digests := make([]string, len(rgds))
	err := parallel.Each(ctx, d.opts.Jobs, len(rgds), func(_ context.Context, i int) error {
		slots[i], digests[i] = d.one(rgds[i])
		return nil
	})
	if err != nil {
		return err
	}
	var crds []*apiextensionsv1.CustomResourceDefinition
	for i, rgd := range rgds {
		d.diags = append(d.diags, slots[i].diags...)
		if g := slots[i].graph; g != nil {
			d.set.graphs[rgd.GVK] = g
			d.kinds[rgd.GVK] = digests[i]
			crds = append(crds, g.CRD)
		} else {
			d.undefined[rgd.GVK] = graph.Undefined{RGD: rgd.Doc.Title(), Reason: "has errors"}
		}
	}
	d.set.Catalog = d.set.Catalog.With(crds...)
	return nil
}
