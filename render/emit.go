package render

import (
	"cmp"
	"slices"

	"github.com/krowave/krowave/render/object"
)

// emit collects what is printed, in the order of the input. An instance stands
// for the objects that it expands to.
func (r *renderer) emit(docs []*document) {
	var instance *document // the first of the input
	kro := r.newHandover(docs)
	for n, d := range docs {
		switch {
		case d.gvk.Empty():
		case d.is(testKind): // belongs to krowave test
		case d.is(rgdKind):
			if r.opts.Emit.Definitions {
				r.pass(d)
			}
		case r.tops[n] != nil:
			instance = cmp.Or(instance, d)
			if left := r.tops[n].Residual; r.opts.Emit.Instances && (left == nil || !left.Whole) {
				r.pass(d)
			}
			kro.definitions(r.tops[n])
			r.emitInstance(r.tops[n])
		case r.isInstance(d):
			instance = cmp.Or(instance, d) // not selected, or refused, which is reported
		default:
			r.stray(d)
			r.pass(d)
		}
	}
	if r.opts.Emit.CRDs {
		for _, g := range r.out.Graphs {
			r.out.Objects = append(r.out.Objects, Object{Object: CRD(g)})
		}
	}
	if instance != nil && len(r.out.Objects) == 0 && !r.opts.AllowEmpty && !r.withheld() && !r.out.Diagnostics.HasErrors() {
		r.out.Diagnostics.Errorf(instance.Start(), "empty",
			"the input has instances but nothing is rendered (--allow-empty accepts that)")
	}
}

// withheld reports whether nodes were left out because the policy says so.
func (r *renderer) withheld() bool {
	return r.opts.Runtime == Withhold && slices.ContainsFunc(r.out.Instances, func(i *Instance) bool { return len(i.Pending) > 0 })
}

func (r *renderer) isInstance(d *document) bool {
	for _, rgd := range r.rgds {
		if rgd.GVK == d.gvk {
			return true
		}
	}
	return false
}

func (r *renderer) pass(d *document) {
	r.out.Objects = append(r.out.Objects, Object{Object: d.Object, Doc: d.Document})
}

func (r *renderer) emitInstance(i *Instance) {
	for n, o := range i.Objects {
		if i.chained[n] != nil {
			r.emitInstance(i.chained[n])
			continue
		}
		if r.graphs[object.GVK(o.Object)] != nil && !(r.opts.Runtime == Placeholder && waits(i, o.Node)) {
			continue // a chained instance that was refused
		}
		out := Object{Object: o.Object, Instance: i, Node: o.Node, Index: o.Index, Wave: i.Waves[n]}
		out.Object = r.annotated(out)
		r.out.Objects = append(r.out.Objects, out)
	}
	if i.Residual != nil {
		r.out.Objects = append(r.out.Objects, r.forKro(Object{Object: i.Residual.Object, For: i, Wave: i.Trail}))
	}
}
