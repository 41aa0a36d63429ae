package view

import (
	"context"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/picture"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/trace"
)

// Graph is the picture of an RGD, or of an instance, with what a click on a node
// shows.
type Graph struct {
	picture.Layout
	Definition string       `json:"definition"`
	Instance   string       `json:"instance,omitempty"`
	Stale      bool         `json:"stale,omitempty"`
	Details    []NodeDetail `json:"details"` // of the nodes
}

// NodeDetail is what is known of a node.
type NodeDetail struct {
	ID          string        `json:"id"`
	Kind        string        `json:"kind"`
	APIVersion  string        `json:"apiVersion"`
	At          diag.Position `json:"at"`
	Template    string        `json:"template"` // YAML
	ForEach     []string      `json:"forEach,omitempty"`
	IncludeWhen []string      `json:"includeWhen,omitempty"`
	ReadyWhen   []string      `json:"readyWhen,omitempty"`
	Because     []string      `json:"because,omitempty"` // why it is runtime
	Missing     string        `json:"missing,omitempty"` // why it renders nothing
	Hint        string        `json:"hint,omitempty"`
	Objects     []ObjectRow   `json:"objects,omitempty"`
	Chained     string        `json:"chained,omitempty"` // id of the RGD that it is an instance of
}

// DefinitionGraph returns the graph of an RGD.
func (v *View) DefinitionGraph(id string) (*Graph, error) {
	d := v.byID.definitions[id]
	if d == nil {
		return nil, ErrUnknown
	}
	out := &Graph{Definition: d.id, Stale: d.stale, Details: []NodeDetail{}}
	out.Layout = picture.Lay(picture.Of(d.graph, d.made.unit.Options.WaveMode, d.made.result.Graphs))
	for _, n := range d.graph.Nodes {
		out.Details = append(out.Details, v.detail(d.graph, n, d.made))
	}
	return out, nil
}

// InstanceGraph returns the graph of an instance.
func (v *View) InstanceGraph(ctx context.Context, id string) (*Graph, error) {
	i := v.byID.instances[id]
	if i == nil {
		return nil, ErrUnknown
	}
	g, t := i.top.Graph, i.made.tracer(ctx)
	out := &Graph{Definition: v.definitionID(i.top, i.made), Instance: i.id, Stale: i.stale, Details: []NodeDetail{}}
	drawn := picture.Of(g, i.made.unit.Options.WaveMode, i.made.result.Graphs)
	drawn.Title = i.top.Title()
	for at, n := range g.Nodes {
		node, detail := &drawn.Nodes[at], v.detail(g, n, i.made)
		made, first := 0, 0
		for k, o := range i.top.Objects {
			if o.Node != n {
				continue
			}
			if made == 0 || i.top.Waves[k] < first {
				first = i.top.Waves[k]
			}
			made++
		}
		for _, o := range i.objects {
			if o.from.Node == n && o.from.Instance == i.top || belongs(o.from.Instance, i.top, n.ID) {
				detail.Objects = append(detail.Objects, objectRow(o))
			}
		}
		node.Size = &made
		switch {
		case n.Type.IsExternal():
			node.Size = nil
		case made > 0:
			node.State, node.Wave = picture.Static, first
		case slices.Contains(i.top.Skipped, n.ID):
			node.State = picture.Skipped
		case slices.ContainsFunc(i.top.Pending, func(p expand.Pending) bool { return p.Node == n }):
			node.State = picture.Pending
		}
		if made == 0 && !n.Type.IsExternal() {
			node.Wave += i.top.First
			if x, err := t.Explain(trace.Target{Instance: i.top, Node: n, Object: -1}); err == nil && x.Missing != nil {
				detail.Missing, detail.Hint = x.Missing.Text, x.Missing.Hint
				if x.Missing.Why == trace.WhyError {
					node.State = picture.Failed
				}
			}
		}
		out.Details = append(out.Details, detail)
	}
	out.Layout = picture.Lay(drawn)
	return out, nil
}

// belongs reports whether an instance is below the one that a node renders.
func belongs(i, top *render.Instance, node string) bool {
	for ; i != nil && i.Parent != nil; i = i.Parent {
		if i.Parent == top {
			return i.Node == node
		}
	}
	return false
}

// detail describes a node.
func (v *View) detail(g *graph.Graph, n *graph.Node, m *made) NodeDetail {
	out := NodeDetail{
		ID: n.ID, Kind: n.Kind.GVK.Kind, APIVersion: n.Kind.GVK.GroupVersion().String(),
		At: g.RGD.Doc.Position(diag.Path{"spec", "resources", n.Index, "id"}), Because: report.Because(n),
	}
	r := g.RGD.Resources[n.Index]
	for _, f := range r.ForEach {
		out.ForEach = append(out.ForEach, f.Name+": "+f.Text)
	}
	out.IncludeWhen, out.ReadyWhen = r.IncludeWhen, r.ReadyWhen
	template := compare.Template(n)
	if r.External != nil {
		template = r.External
	}
	if text, err := yamlOf(template); err == nil {
		out.Template = text
	}
	if inner := picture.ChainedTo(n, m.result.Graphs); inner != nil {
		for _, d := range v.definitions {
			if d.graph == inner {
				out.Chained = d.id
			}
		}
	}
	return out
}

// yamlOf is one object as text, without the line that parts it from others.
func yamlOf(obj map[string]any) (string, error) {
	if obj == nil {
		return "", nil
	}
	var b strings.Builder
	if err := manifest.EncodeYAML(&b, []map[string]any{obj}); err != nil {
		return "", err
	}
	return strings.TrimPrefix(b.String(), "---\n"), nil
}
