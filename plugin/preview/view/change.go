package view

import (
	"cmp"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
)

// Changes is the comparison of a render with a base, to be looked at.
type Changes struct {
	report *compare.Report
	ids    []string // of the changed instances, by their place in the report
	by     map[string]int
}

// NewChanges returns what pages show of a report.
func NewChanges(r *compare.Report) *Changes {
	c := &Changes{report: r, ids: make([]string, len(r.Instances)), by: make(map[string]int, len(r.Instances))}
	places := make([]int, len(r.Instances))
	list := make([]*int, len(r.Instances))
	for n := range list {
		places[n], list[n] = n, &places[n]
	}
	named(list, func(n *int) (string, string) { return idOf(r.Instances[*n].Identity), r.Instances[*n].Identity.Path }, func(n *int, id string) {
		c.ids[*n], c.by[id] = id, *n
	})
	return c
}

// ChangesSummary is the head of the page: the numbers of krowave diff.
type ChangesSummary struct {
	Old         string                     `json:"old"`
	New         string                     `json:"new"`
	Summary     compare.Summary            `json:"summary"`
	Dangers     []compare.DangerGroup      `json:"dangers"`
	Definitions []compare.DefinitionChange `json:"definitions"`
}

// most is how many dangers and definitions the head lists.
const most = 200

// Summary returns the head of the page.
func (c *Changes) Summary() ChangesSummary {
	r := c.report
	out := ChangesSummary{
		Old: r.Old, New: r.New, Summary: r.Summary,
		Dangers: append([]compare.DangerGroup{}, r.DangerGroups[:min(most, len(r.DangerGroups))]...),
	}
	out.Definitions = append([]compare.DefinitionChange{}, r.Definitions[:min(most, len(r.Definitions))]...)
	return out
}

// ChangeRow is a changed instance in a list.
type ChangeRow struct {
	ID        string         `json:"id"`
	Kind      string         `json:"kind"`
	Namespace string         `json:"namespace"`
	Name      string         `json:"name"`
	Project   string         `json:"project"`
	Status    compare.Status `json:"status"`
	Edited    bool           `json:"edited,omitempty"`
	Added     int            `json:"added"`
	Changed   int            `json:"changed"`
	Deleted   int            `json:"deleted"`
	Moved     int            `json:"moved"`
	Dangers   int            `json:"dangers"`
}

// List lists the instances that are not unchanged, and with Status danger those
// that a danger is about. Objects of no instance are a row of their own, first
// and without a name.
func (c *Changes) List(q Query) Page[ChangeRow] {
	words := strings.Fields(strings.ToLower(q.Text))
	dangers := map[string]int{}
	for _, d := range c.report.Dangers {
		if d.Instance != nil {
			dangers[idOf(*d.Instance)+"@"+d.Instance.Path]++
		}
	}
	var found []ChangeRow
	if passed := c.report.PassThrough; len(passed) > 0 && len(words) == 0 && q.Status == "" && q.Kind == "" {
		row := ChangeRow{ID: "-", Status: compare.Changed}
		row.count(passed)
		found = append(found, row)
	}
	for n := range c.report.Instances {
		i := &c.report.Instances[n]
		id := i.Identity
		row := ChangeRow{
			ID: c.ids[n], Kind: id.Kind, Namespace: id.Namespace, Name: id.Name, Project: id.Project, Status: i.Status, Edited: i.Edited,
			Dangers: dangers[idOf(id)+"@"+id.Path],
		}
		switch {
		case i.Status == compare.Unchanged, q.Kind != "" && kind(id) != q.Kind, q.Project != nil && id.Project != *q.Project,
			q.Namespace != nil && id.Namespace != *q.Namespace, !contains(id.Kind+" "+id.Namespace+"/"+id.Name+" "+id.Path, words),
			q.Status == "danger" && row.Dangers == 0, q.Status != "" && q.Status != "danger" && q.Status != string(i.Status):
			continue
		}
		row.count(i.Objects)
		found = append(found, row)
	}
	return page(q, found, func(r ChangeRow) ChangeRow { return r })
}

func (r *ChangeRow) count(objects []compare.ObjectChange) {
	for n := range objects {
		switch objects[n].Action {
		case compare.AddObject:
			r.Added++
		case compare.ChangeObject:
			r.Changed++
		case compare.DeleteObject:
			r.Deleted++
		case compare.MoveObject:
			r.Moved++
		}
	}
}

// Change is what becomes of one instance.
type Change struct {
	ID       string           `json:"id"`
	Status   compare.Status   `json:"status"`
	Position *diag.Position   `json:"position,omitempty"`
	Objects  []ObjectDiff     `json:"objects"`
	More     int              `json:"more,omitempty"` // objects beyond those listed
	Dangers  []compare.Danger `json:"dangers"`
	Findings diag.List        `json:"findings,omitempty"`
}

// ObjectDiff is an object before and after.
type ObjectDiff struct {
	Action compare.Action        `json:"action"`
	Object render.Identity       `json:"object"`
	Node   string                `json:"node,omitempty"`
	Reason compare.Reason        `json:"reason,omitempty"`
	Wave   *compare.Wave         `json:"wave,omitempty"`
	Fields []compare.FieldChange `json:"fields,omitempty"`
	Before string                `json:"before"` // YAML
	After  string                `json:"after"`
}

// maxDiffs is how many objects of an instance are shown before and after.
const maxDiffs = 200

// Change returns what becomes of an instance, or with the id - of the objects of
// none.
func (c *Changes) Change(id string) (*Change, error) {
	out := &Change{ID: id, Objects: []ObjectDiff{}, Dangers: []compare.Danger{}}
	objects := c.report.PassThrough
	if id == "-" {
		out.Status = compare.Changed
	} else {
		n, ok := c.by[id]
		if !ok {
			return nil, ErrUnknown
		}
		i := &c.report.Instances[n]
		objects, out.Status, out.Position, out.Findings = i.Objects, i.Status, i.Position, i.Diagnostics
		for _, d := range c.report.Dangers {
			if d.Instance != nil && idOf(*d.Instance) == idOf(i.Identity) && cmp.Or(d.Instance.Path, i.Identity.Path) == i.Identity.Path {
				out.Dangers = append(out.Dangers, d)
			}
		}
	}
	out.More = max(len(objects)-maxDiffs, 0)
	for n := range objects[:min(len(objects), maxDiffs)] {
		d, err := diffOf(&objects[n])
		if err != nil {
			return nil, err
		}
		out.Objects = append(out.Objects, d)
	}
	return out, nil
}

func diffOf(o *compare.ObjectChange) (ObjectDiff, error) {
	before, after, err := o.YAML()
	if err != nil {
		return ObjectDiff{}, err
	}
	text := func(b []byte) string { return strings.TrimPrefix(string(b), "---\n") }
	return ObjectDiff{
		Action: o.Action, Object: o.Identity, Node: o.Node, Reason: o.Reason, Wave: o.Wave, Fields: slices.Clone(o.Fields),
		Before: text(before), After: text(after),
	}, nil
}
