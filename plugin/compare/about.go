package compare

import (
	"bytes"
	"maps"
	"slices"

	"github.com/krowave/krowave/render"
)

// About is the part of a report that is about some RGDs and some instances.
func (r *Report) About(definitions []string, instance func(*InstanceChange) bool) *Report {
	out := &Report{Old: r.Old, New: r.New, projects: r.projects}
	ours := map[render.Identity]bool{}
	for n := range r.Instances {
		if i := &r.Instances[n]; instance(i) {
			out.Instances = append(out.Instances, *i)
			ours[i.Identity] = true
		}
	}
	for _, d := range r.Dangers {
		if d.Instance != nil && ours[*d.Instance] || d.Instance == nil && slices.Contains(definitions, d.Node) {
			out.Dangers = append(out.Dangers, d)
		}
	}
	for _, d := range r.Definitions {
		if slices.Contains(definitions, d.Name) {
			d.Instances = 0
			out.Definitions = append(out.Definitions, d)
		}
	}
	out.count()
	out.headlines()
	out.groupChanges()
	out.groupDangers()
	return out
}

// OwnEdits are the instances that change because their own manifests do: they are
// edited, and no other instance that is not changes in the same way.
func (r *Report) OwnEdits() map[render.Identity]bool {
	out := map[render.Identity]bool{}
	others := false
	for n := range r.Instances {
		if i := &r.Instances[n]; i.Edited && i.Status == Changed {
			out[i.Identity] = true
		} else {
			others = others || i.Status == Changed
		}
	}
	if len(r.Definitions) == 0 {
		return out
	}
	if !others {
		return nil // nobody can tell
	}
	edited := maps.Clone(out)
	for _, g := range r.Groups {
		if slices.ContainsFunc(g.Instances, func(id render.Identity) bool { return !edited[id] }) {
			for _, id := range g.Instances {
				delete(out, id)
			}
		}
	}
	return out
}

// Causes prints what stands before the instances: dangers, what differs in RGDs,
// and what several instances have in common.
func (r *Report) Causes(format Format) (string, error) {
	var out bytes.Buffer
	if format == Markdown {
		m := &markdown{out: &out}
		m.writeDangers(r)
		if err := m.writeDefinitions(r); err != nil {
			return "", err
		}
		err := m.writeGroups(r)
		return out.String(), err
	}
	h := &human{Buffer: &out}
	h.dangers(r)
	if err := h.definitions(r); err != nil {
		return "", err
	}
	for n := range r.Groups {
		if err := h.group(&r.Groups[n]); err != nil {
			return "", err
		}
	}
	return out.String(), nil
}
