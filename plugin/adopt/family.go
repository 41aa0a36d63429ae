package adopt

import (
	"cmp"
	"slices"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/object"
)

// Families groups what renders made by the instances of the input.
func Families(results []*render.Result, take func(*render.Instance) bool) []Family {
	var out []Family
	for _, res := range results {
		for _, top := range res.Instances {
			if top.Parent != nil || !take(top) {
				continue
			}
			out = append(out, familyOf(res, top))
		}
	}
	return out
}

func familyOf(res *render.Result, top *render.Instance) Family {
	f := Family{WithKro: top.Residual != nil && top.Residual.Whole}
	for _, i := range top.All() {
		f.Instances = append(f.Instances, nameOf(i, top))
		if name := i.Graph.RGD.Name; !slices.Contains(f.RGDs, name) {
			f.RGDs = append(f.RGDs, name)
		}
	}
	for _, o := range res.Objects {
		owner, forKro := o.Instance, false
		if owner == nil {
			owner, forKro = o.For, true
		}
		if owner == nil || owner.Top() != top {
			continue
		}
		f.Objects = append(f.Objects, Wanted{
			Object: o.Object, Namespace: o.Default, ForKro: forKro,
			Secret: o.Instance != nil && o.Node != nil && o.Instance.ReadsSecret(o.Node),
		})
	}
	return f
}

// nameOf is the name of an instance; one without a namespace is in that of the instance
// that it is chained to, or in default.
func nameOf(i, top *render.Instance) Ref {
	r := Ref{APIVersion: object.APIVersion(i.Instance), Kind: object.Kind(i.Instance), Namespace: object.Namespace(i.Instance), Name: object.Name(i.Instance)}
	switch {
	case i.Graph.RGD.ClusterScoped:
		r.Namespace = ""
	case r.Namespace == "":
		r.Namespace = cmp.Or(object.Namespace(top.Instance), "default")
	}
	return r
}
