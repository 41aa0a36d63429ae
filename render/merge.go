package render

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/krowave/krowave/render/diag"
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
	nobody, best := map[name]int{}, map[name]diag.Diagnostic{} // how many projects do not know it
	for _, r := range results {
		for _, d := range r.Diagnostics {
			if n, ok := unknownName(d); ok {
				if nobody[n]++; nobody[n] == 1 || strings.HasPrefix(d.Hint, "did you mean") {
					best[n] = d
				}
			}
		}
	}
	for _, r := range results {
		if out.Catalog == nil {
			out.Catalog = r.Catalog
		}
		out.Objects = append(out.Objects, r.Objects...)
		out.Instances = append(out.Instances, r.Instances...)
		out.Foreseen = append(out.Foreseen, r.Foreseen...)
		out.Graphs = append(out.Graphs, r.Graphs...)
		out.Natives = append(out.Natives, r.Natives...)
		for _, d := range r.Diagnostics {
			if n, ok := unknownName(d); ok {
				if nobody[n] < len(results) {
					continue
				}
				nobody[n], d = 0, best[n] // the others say the same
			}
			out.Diagnostics = append(out.Diagnostics, d)
		}
	}
	out.Diagnostics = out.Diagnostics.Sorted()
	return out
}

// name is what an override or a selection says of which instance it is for.
type name struct {
	rule string
	at   diag.Position
	text string
}

// unknownName returns the name that a project does not know, of a finding that
// says so.
func unknownName(d diag.Diagnostic) (name, bool) {
	switch d.Rule {
	case override.Unmatched:
		return name{rule: d.Rule, at: d.Pos}, true
	case InstanceUnmatched:
		return name{rule: d.Rule, text: d.Object}, true
	}
	return name{}, false
}

// Collisions reports objects that two places render, of which a destination can
// have only one: the other would overwrite it, or be taken for deleted. An
// object without a name, such as a hook with generateName, is not one of them. Of an
// instance that the input has twice, there is one finding.
func Collisions(objects []Object) diag.List {
	return CollisionsWithin(objects, nil)
}

// CollisionsWithin is Collisions where each object has a destination of some name;
// "" leaves an object out. With a nil function all have the same.
func CollisionsWithin(objects []Object, destination func(o *Object) string) diag.List {
	type spot struct {
		destination string
		object.Key
	}
	var out diag.List
	twice := map[[2]*Instance]bool{} // instances that are written twice
	first := make(map[spot]*Object, len(objects))
	for i := range objects {
		o := &objects[i]
		k := spot{Key: o.Key()}
		if k.Name == "" || k.Kind == "" {
			continue
		}
		if destination != nil {
			if k.destination = destination(o); k.destination == "" {
				continue
			}
		}
		if k.Namespace == "" {
			k.Namespace = o.Default
		}
		other := first[k]
		if other == nil {
			first[k] = o
			continue
		}
		if o.Instance != nil && o.Instance == other.Instance {
			continue // its expansion says so
		}
		// Objects of instances, which may be encoded, are never the same: each has an instance of its own.
		same := o.Encoded == nil && other.Encoded == nil && reflect.DeepEqual(o.Object, other.Object)
		if same && o.Shared && other.Shared {
			continue // the same definition for kro
		}
		if a, b := topOf(o), topOf(other); a != nil && b != nil && a != b && a.Origin() == b.Origin() {
			if !twice[[2]*Instance{a, b}] {
				twice[[2]*Instance{a, b}] = true
				out.Add(writtenTwice(a, b))
			}
			continue
		}
		out.Add(collision(o, other, same && o.Doc != nil && other.Doc != nil))
	}
	return out
}

// topOf is the instance of the input that an object comes from; nil for a manifest.
func topOf(o *Object) *Instance {
	i := o.Instance
	if i == nil {
		i = o.For
	}
	if i != nil {
		i = i.Top()
	}
	if i == nil || i.Doc == nil {
		return nil
	}
	return i
}

// writtenTwice is the finding about an instance that the input has twice.
func writtenTwice(i, other *Instance) diag.Diagnostic {
	before := other.Doc.Start()
	return diag.Diagnostic{
		Severity: diag.Error, Rule: "duplicate-object", Pos: i.Doc.Start(), Object: i.Title(),
		Message: fmt.Sprintf("%s is written twice, here and at %s, and one would overwrite the other", i.Title(), before),
		Hint:    "remove one of them, give it another name or namespace, or render them for different destinations",
		Related: []diag.Related{{Position: before, Message: "by " + other.Title()}},
	}
}

// collision is the finding about two objects of one identity. Two manifests that
// are the same do no harm as long as both are there.
func collision(o, other *Object, harmless bool) diag.Diagnostic {
	at, where := place(o)
	before, whose := place(other)
	title := o.Key().Title()
	d := diag.Diagnostic{
		Severity: diag.Error, Rule: "duplicate-object", Pos: at, Object: where,
		Message: title + " is rendered twice, and one would overwrite the other",
		Hint:    "give one of them another name or namespace, or render them for different destinations",
	}
	if before.File != "" {
		d.Message = fmt.Sprintf("%s is rendered twice, here and at %s, and one would overwrite the other", title, before)
		d.Related = []diag.Related{{Position: before, Message: "by " + whose}}
	}
	if harmless {
		d.Severity, d.Hint = diag.Warning, "remove one of them"
	}
	return d
}

// place is where the input has what an object comes from, and its title.
func place(o *Object) (diag.Position, string) {
	i := topOf(o)
	switch {
	case i != nil:
		return i.Doc.Start(), i.Title()
	case o.Doc != nil:
		return o.Doc.Start(), o.Doc.Title()
	}
	return diag.Position{}, ""
}
