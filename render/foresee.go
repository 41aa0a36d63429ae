package render

import (
	"context"

	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/instance"
	"github.com/krowave/krowave/render/internal/parallel"
	"github.com/krowave/krowave/render/object"
)

// foresee expands the Graphs among the objects to print, which are for kro: those that are handed
// over, those that instances render, and what a division leaves. One that kro would stop at
// has no expansion.
func foresee(ctx context.Context, objects []Object, e *instance.Expander, opts Options) ([]*Instance, error) {
	found := make([]*Instance, len(objects))
	with := *e
	with.Options.Expand.Rendered = printed(objects)
	e = &with
	err := parallel.Each(ctx, opts.Jobs, len(objects), func(ctx context.Context, i int) (err error) {
		if o := objects[i]; e.Set.IsNative(object.GVK(o.Object)) {
			found[i], err = e.Foresee(ctx, instance.ForKro{Object: o.Object, Doc: o.Doc, Parent: o.Instance, Node: o.Node, Rest: o.For})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []*Instance
	for _, x := range found {
		if x != nil {
			out = append(out, x)
		}
	}
	return out, nil
}

// printed are the objects that instances render.
func printed(objects []Object) *expand.Observed {
	var out []expand.Live
	for _, o := range objects {
		if o.Instance != nil {
			out = append(out, expand.Live{Object: o.Object, At: o.Instance.Graph.RGD.Doc.Position(o.Node.At.With("id"))})
		}
	}
	return expand.NewObserved(out)
}
