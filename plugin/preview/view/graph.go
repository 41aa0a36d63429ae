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
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/trace"
	"github.com/krowave/krowave/render/wave"
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
	out.Layout = picture.Lay(PictureOf(d.graph, d.made.unit.Options.WaveMode, d.made.result.Graphs))
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
	drawn := PictureOf(g, i.made.unit.Options.WaveMode, i.made.result.Graphs)
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

// PictureOf is the graph of an RGD to be laid out: all its nodes with the waves
// that they have without an instance, and who reads what of whom. graphs are
// those of the RGDs that it may build on.
func PictureOf(g *graph.Graph, mode wave.Mode, graphs []*graph.Graph) picture.Graph {
	out := picture.Graph{Title: g.RGD.Name}
	var waves map[string]int // with none, there is one wave
	if mode != wave.None {
		waves = wave.Nodes(g, mode)
	}
	for _, n := range g.Nodes {
		node := picture.Node{
			ID: n.ID, Title: n.ID, Kind: n.Kind.GVK.Kind, Wave: waves[n.ID], State: picture.Static,
			Collection: n.Type.IsCollection(), Chained: chainedTo(n, graphs) != nil,
		}
		switch {
		case n.Type.IsExternal():
			node.State = picture.External
		case n.Binding == graph.Runtime:
			node.State = picture.Runtime
		}
		out.Nodes = append(out.Nodes, node)
		for _, dep := range n.Dependencies {
			out.Edges = append(out.Edges, picture.Edge{From: dep, To: n.ID, Fields: reads(n, dep)})
		}
	}
	return out
}

// chainedTo is the graph of the instance that a node renders, nil for none.
func chainedTo(n *graph.Node, graphs []*graph.Graph) *graph.Graph {
	if n.Type.IsExternal() {
		return nil
	}
	for _, g := range graphs {
		if g.RGD.GVK == n.Kind.GVK {
			return g
		}
	}
	return nil
}

// reads lists the fields of a node that another one reads.
func reads(n *graph.Node, of string) []string {
	out := []string{}
	for _, e := range n.Expressions() {
		for _, r := range e.Reads {
			if len(r.Path) == 0 || r.Path[0] != of {
				continue
			}
			field := strings.TrimPrefix(expr.Dotted(r.Path[1:]), ".")
			if field != "" && !slices.Contains(out, field) {
				out = append(out, field)
			}
		}
	}
	slices.Sort(out)
	return out
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
	if inner := chainedTo(n, m.result.Graphs); inner != nil {
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
