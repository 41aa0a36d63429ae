package view

import (
	"slices"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
)

// Instance is an instance and how its objects are spread over waves.
type Instance struct {
	InstanceRow
	Title    string    `json:"title"`
	YAML     string    `json:"yaml"` // as the input has it, masked
	Waves    []Wave    `json:"waves"`
	Pending  []Waiting `json:"pending"`
	Skipped  []string  `json:"skipped"`
	Findings diag.List `json:"findings"`
	Chained  []string  `json:"chained"` // titles of the instances that it renders
}

// Wave is how many objects a wave has.
type Wave struct {
	Wave    int `json:"wave"`
	Objects int `json:"objects"`
}

// Waiting is a node that waits for a cluster.
type Waiting struct {
	Node     string   `json:"node"`
	Needs    string   `json:"needs,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	WaitsFor []string `json:"waitsFor,omitempty"`
}

// Instance describes an instance.
func (v *View) Instance(id string) (*Instance, error) {
	i := v.byID.instances[id]
	if i == nil {
		return nil, ErrUnknown
	}
	out := &Instance{
		InstanceRow: v.instanceRow(i), Title: i.top.Title(), Waves: []Wave{}, Pending: []Waiting{}, Skipped: []string{},
		Findings: i.errors, Chained: []string{},
	}
	if out.Findings == nil {
		out.Findings = diag.List{}
	}
	if i.top.Doc != nil {
		text, err := yamlOf(i.made.masks.Instance(i.top.Graph, i.top.Doc.Object))
		if err != nil {
			return nil, err
		}
		out.YAML = text
	}
	counts := map[int]int{}
	for _, o := range i.objects {
		counts[o.from.Wave]++
	}
	for w, n := range counts {
		out.Waves = append(out.Waves, Wave{w, n})
	}
	slices.SortFunc(out.Waves, func(a, b Wave) int { return a.Wave - b.Wave })
	for _, part := range i.top.All() {
		prefix := ""
		if part != i.top {
			out.Chained = append(out.Chained, part.Title())
			prefix = nodesTo(part, i.top)
		}
		for _, p := range part.Pending {
			out.Pending = append(out.Pending, Waiting{prefix + p.Node.ID, p.Needs, p.Reason, p.WaitsFor})
		}
		for _, s := range part.Skipped {
			out.Skipped = append(out.Skipped, prefix+s)
		}
	}
	return out, nil
}

// nodesTo are the nodes that lead to a chained instance, as the beginning of a
// name.
func nodesTo(part, top *render.Instance) string {
	out := ""
	for ; part != top && part != nil; part = part.Parent {
		out = part.Node + "/" + out
	}
	return out
}
