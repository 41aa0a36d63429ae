// Package check finds what is wrong with files: what the render of each unit
// says, and what the schemas of kinds say of every object, rendered or not. It
// takes what was read, and returns a report and the renders.
//
//	checked, err := check.Units(ctx, units, in, render.NewCache(256<<20))
//	err = checked.Report.Write(os.Stdout, "human")
package check

import (
	"context"

	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
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
	}
	v.Each = withoutWrongFixes(v.Each).Sorted()
	v.Count()
	if in.Settings.Strict {
		v.Strict()
	}
	return out, nil
}
