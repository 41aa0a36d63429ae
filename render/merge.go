package render

import (
	"fmt"
	"reflect"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/override"
)

// Merge puts the results of several projects together, in their order. What
// each says of a name that it does not know counts only if all say so. The
// results are not changed.
func Merge(results []*Result) *Result {
	if len(results) == 1 {
		return results[0]
	}
	out := &Result{}
	unmatched := map[diag.Position]int{}
	for _, r := range results {
		for _, d := range r.Diagnostics {
			if d.Rule == override.Unmatched {
				unmatched[d.Pos]++
			}
		}
	}
	for _, r := range results {
		if out.Catalog == nil {
			out.Catalog = r.Catalog
		}
		out.Objects = append(out.Objects, r.Objects...)
		out.Instances = append(out.Instances, r.Instances...)
		out.Graphs = append(out.Graphs, r.Graphs...)
		for _, d := range r.Diagnostics {
			switch {
			case d.Rule == override.Unmatched && unmatched[d.Pos] < len(results):
				continue
			case d.Rule == override.Unmatched:
				unmatched[d.Pos] = 0 // the others say the same
			}
			out.Diagnostics = append(out.Diagnostics, d)
		}
	}
	out.Diagnostics = out.Diagnostics.Sorted()
	return out
}

// Collisions reports objects that two places render, of which a destination can
// have only one: the other would overwrite it, or be taken for deleted. An
// object without a name is none of them.
func Collisions(objects []Object) diag.List {
	var out diag.List
	first := map[object.Key]*Object{}
	for i := range objects {
		o := &objects[i]
		d := manifest.Document{Object: o.Object}
		k := object.KeyOf(o.Object)
		if k.Name == "" || k.Kind == "" {
			continue
		}
		other := first[k]
		if other == nil {
			first[k] = o
			continue
		}
		if o.For != nil && other.For != nil && reflect.DeepEqual(o.Object, other.Object) {
			continue // the same definition for kro
		}
		at, where := place(o)
		before, _ := place(other)
		finding := diag.Diagnostic{
			Severity: diag.Error, Rule: "duplicate-object", Pos: at, Object: where,
			Message: d.Title() + " is rendered twice, and one would overwrite the other",
			Hint:    "give one of them another name or namespace, or render them for different destinations",
		}
		if before.File != "" {
			finding.Message = fmt.Sprintf("%s is rendered twice, here and at %s, and one would overwrite the other", d.Title(), before)
		}
		out.Add(finding)
	}
	return out
}

// place is where the input has what an object comes from, and its title.
func place(o *Object) (diag.Position, string) {
	i := o.Instance
	if i == nil {
		i = o.For
	}
	for i != nil && i.Parent != nil {
		i = i.Parent
	}
	switch {
	case i != nil && i.Doc != nil:
		return i.Doc.Start(), i.Title()
	case o.Doc != nil:
		return o.Doc.Start(), o.Doc.Title()
	}
	return diag.Position{}, ""
}
