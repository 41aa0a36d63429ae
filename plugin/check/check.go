// Package check finds what is wrong with files: what the render of each unit
// says, and what the schemas of kinds say of every object, rendered or not. It
// takes what was read, and returns a report and the renders.
//
//	checked, err := check.Units(ctx, units, in, render.NewCache(256<<20))
//	err = checked.Report.Write(os.Stdout, "human")
package check

import (
	"cmp"
	"context"
	"path"

	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/repo"
)

// Checked is what a check of units gives.
type Checked struct {
	Report  *report.Report
	Renders []*render.Result // of each unit
}

// Units checks units of an input.
func Units(ctx context.Context, units []load.Unit, in *load.Input, cache *render.Cache) (*Checked, error) {
	v := &report.Report{Source: in.Source, Each: append(diag.List{}, in.Diags...), Verbose: in.Verbose}
	out := &Checked{Report: v}
	for _, u := range units {
		opts := u.Options
		opts.Cache, opts.CheckPolicies = cache, true
		res, err := render.Render(ctx, u.Input, opts)
		if err != nil {
			return nil, err
		}
		out.Renders = append(out.Renders, res)
		v.Each = append(v.Each, elsewhere(res.Diagnostics, opts.Runtime)...)
		k := newChecks(u.Input, opts, res)
		k.inputs(v)
		k.rendered(v)
		k.unchecked()
		v.Each = append(v.Each, k.diags...)
		v.Each = append(v.Each, collisions(u.Files, res.Objects)...)
	}
	v.Each = withoutWrongFixes(v.Each).Sorted()
	v.Count()
	if in.Settings.Strict {
		v.Strict()
	}
	return out, nil
}

// collisions are the findings about objects that are most likely applied together
// and of which a cluster has one: those of a kustomization, and those whose files
// are in one directory.
func collisions(files []repo.File, objects []render.Object) diag.List {
	if len(files) == 1 {
		return render.Collisions(objects)
	}
	file, dir := "", ""
	return render.CollisionsWithin(objects, func(o *render.Object) string {
		at := fileOf(o)
		if at == "" {
			return ""
		}
		if at != file {
			file, dir = at, path.Dir(at)
		}
		return dir
	})
}

// fileOf is the file of the input that an object comes from.
func fileOf(o *render.Object) string {
	if i := cmp.Or(o.Instance, o.For); i != nil && i.Top().Doc != nil {
		return i.Top().Doc.File
	}
	if o.Doc != nil {
		return o.Doc.File
	}
	return ""
}
