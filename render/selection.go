package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/definition"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/internal/source"
	"github.com/krowave/krowave/render/override"
)

// InstanceUnmatched is the rule of an entry of Options.Instances that selects
// nothing.
const InstanceUnmatched = "instance-unmatched"

// selects applies Options.Instances.
func (o Options) selects(d *source.Document) bool {
	return len(o.Instances) == 0 || slices.ContainsFunc(o.Instances, d.Key(o.Namespace).Matches)
}

// straySelection reports entries of Options.Instances that select nothing: who
// applies the rest with pruning would delete what they were meant to keep. An
// instance whose RGD is refused counts, for that is reported.
func straySelection(docs []*source.Document, set *definition.Set, opts Options) diag.List {
	var diags diag.List
	var found []override.Candidate
	var at []diag.Position
	for _, d := range docs {
		if len(opts.Instances) > 0 && !d.GVK.Empty() && (set.Defines(d.GVK) || opts.Graphs.Renders() && set.IsNative(d.GVK)) {
			found, at = append(found, override.CandidateOf(d.Document, d.Key(opts.Namespace))), append(at, d.Start())
		}
	}
	said := map[string]bool{}
	for _, entry := range opts.Instances {
		if said[entry] || slices.ContainsFunc(found, func(c override.Candidate) bool { return c.Key.Matches(entry) }) {
			continue
		}
		said[entry] = true
		d := diag.Diagnostic{
			Severity: diag.Error, Rule: InstanceUnmatched, Pos: firstPosition(docs), Object: entry,
			Message: fmt.Sprintf("no instance matches %s", entry),
		}
		switch i, name := nearest(entry, found); {
		case i >= 0:
			d.Pos, d.Hint = at[i], "did you mean "+name+"?"
		case len(found) == 0:
			d.Hint = "there are no instances"
		default:
			d.Hint = "there are " + override.Listed(found)
		}
		diags.Add(d)
	}
	return diags
}

// nearest returns the candidate that an entry is most likely a misspelling of,
// and its name in the form of the entry; -1 if none is near.
func nearest(entry string, found []override.Candidate) (int, string) {
	var names []string
	var of []int
	for i, c := range found {
		k := c.Key
		for _, name := range []string{k.Name, k.Kind + "/" + k.Name, k.Namespace + "/" + k.Name, k.Kind + "/" + k.Namespace + "/" + k.Name} {
			if strings.Count(name, "/") == strings.Count(entry, "/") {
				names, of = append(names, name), append(of, i)
			}
		}
	}
	like := diag.Closest(entry, names)
	if like == "" {
		return -1, ""
	}
	return of[slices.Index(names, like)], like
}

// firstPosition is where the input begins.
func firstPosition(docs []*source.Document) diag.Position {
	if len(docs) == 0 {
		return diag.Position{File: "-", Line: 1, Column: 1}
	}
	return docs[0].Start()
}
