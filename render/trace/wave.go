package trace

import (
	"fmt"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/wave"
)

// Wave is the wave of an object, and the longest path that leads to it.
type Wave struct {
	Wave int    `json:"wave"`
	Hook bool   `json:"hook,omitempty"` // it runs in a phase of its own and takes no wave
	Path []Step `json:"path"`
}

// Step is a node on the way to a wave.
type Step struct {
	Instance string         `json:"instance"`
	Node     string         `json:"node"`
	Object   string         `json:"object,omitempty"`
	First    int            `json:"first"`
	Last     int            `json:"last"`
	Why      string         `json:"why"`
	At       *diag.Position `json:"at,omitempty"`
}

// wave explains the wave of an object, from the instance of the input down.
func (t *Tracer) wave(i *render.Instance, object int) *Wave {
	if t.opts.Waves == wave.None || object >= len(i.Waves) {
		return nil
	}
	return &Wave{Wave: i.Waves[object], Hook: wave.IsHook(i.Objects[object].Object), Path: t.path(i, object)}
}

func (t *Tracer) path(i *render.Instance, object int) []Step {
	var out []Step
	first := wave.First(&i.Member)
	if parent, k, ok := parentOf(i); ok {
		out, first = t.path(parent.i, k), i.Parent.Waves[k]
	}
	steps := wave.Path(&i.Member, object, first, t.opts.Waves)
	for k, s := range steps {
		step := Step{Instance: i.Title(), Node: s.Node.ID, First: s.First, Last: s.Last}
		if s.Object >= 0 {
			step.Object = titleOf(i.Objects[s.Object].Object)
		}
		switch {
		case s.Authored != 0:
			step.Why = fmt.Sprintf("its template requests wave %d, counted from %d", s.Authored, first)
			step.At = position(i.Graph.RGD.Doc.Position(i.Graph.Body(s.Node).With("metadata", "annotations", wave.Annotation)))
		case k > 0:
			step.Why = "behind " + steps[k-1].Node.ID
			if edge := t.edge(i, s.Node, steps[k-1].Node); edge != nil {
				step.Why, step.At = edge.Note, edge.At
			}
		default:
			step.Why, step.At = t.beginning(i, first)
		}
		out = append(out, step)
	}
	return out
}

// beginning says where the first wave of an instance comes from.
func (t *Tracer) beginning(i *render.Instance, first int) (string, *diag.Position) {
	switch {
	case i.Parent != nil:
		return fmt.Sprintf("the first wave of %s, which %s renders", i.Title(), i.Node), nil
	case first != 0:
		return fmt.Sprintf("the instance's annotation sets the first wave to %d", first),
			position(i.Doc.Position(diag.Path{"metadata", "annotations", wave.Annotation}))
	}
	return "depends on nothing that is rendered", nil
}
