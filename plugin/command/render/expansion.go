package render

import (
	"io"
	"strings"

	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
)

// expansionOutput is render -o expansion.
type expansionOutput struct {
	Instances   []instanceOutput   `json:"instances"`
	Diagnostics []diagnosticOutput `json:"diagnostics"`
}

func expansionKind() report.Kind {
	return report.Kind{Name: "Expansion", Command: "render -o expansion", Content: expansionOutput{}}
}

type instanceOutput struct {
	RGD              string              `json:"rgd"`
	Instance         identityOutput      `json:"instance"`
	Parent           *parentOutput       `json:"parent,omitempty"`
	TopologicalOrder []string            `json:"topologicalOrder"`
	Dependencies     map[string][]string `json:"dependencies"`
	Objects          []objectOutput      `json:"objects"`
	Skipped          []string            `json:"skipped"`
	Pending          []pendingOutput     `json:"pending"`
}

type identityOutput struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
}

type parentOutput struct {
	Instance identityOutput `json:"instance"`
	Node     string         `json:"node"`
}

type objectOutput struct {
	Node   string         `json:"node"`
	Index  *int           `json:"index,omitempty"`
	Object map[string]any `json:"object"`
}

type pendingOutput struct {
	Node       string `json:"node"`
	Expression string `json:"expression"`
	Needs      string `json:"needs"`
	Reason     string `json:"reason"`
}

type diagnosticOutput struct {
	Severity diag.Severity `json:"severity"`
	Rule     string        `json:"rule"`
	diag.Position
	Message string `json:"message"`
	Object  string `json:"object,omitempty"`
}

func writeExpansion(w io.Writer, res *render.Result) error {
	out := expansionOutput{Instances: []instanceOutput{}, Diagnostics: []diagnosticOutput{}}
	for _, i := range res.Instances {
		if i.Expansion != nil {
			out.Instances = append(out.Instances, instanceOf(i))
		}
	}
	for _, d := range res.Diagnostics {
		out.Diagnostics = append(out.Diagnostics, diagnosticOutput{d.Severity, d.Rule, d.Pos, d.Message, d.Object})
	}
	return expansionKind().Write(w, out)
}

func instanceOf(i *render.Instance) instanceOutput {
	out := instanceOutput{
		RGD: i.Graph.RGD.Name, Instance: identityOf(i),
		TopologicalOrder: i.Graph.Order(), Dependencies: dependencies(i.Graph),
		Objects: []objectOutput{}, Skipped: append([]string{}, i.Skipped...), Pending: []pendingOutput{},
	}
	if i.Parent != nil {
		out.Parent = &parentOutput{identityOf(i.Parent), i.Node}
	}
	for _, o := range i.Objects {
		object := objectOutput{Node: o.Node.ID, Object: o.Object}
		if o.Node.Type.Repeats() {
			object.Index = &o.Index
		}
		out.Objects = append(out.Objects, object)
	}
	for _, p := range i.Pending {
		out.Pending = append(out.Pending, pendingOf(p))
	}
	return out
}

func dependencies(g *graph.Graph) map[string][]string {
	out := make(map[string][]string, len(g.Nodes))
	for _, n := range g.Nodes {
		out[n.ID] = append([]string{}, n.Dependencies...)
	}
	return out
}

func pendingOf(p expand.Pending) pendingOutput {
	out := pendingOutput{Node: p.Node.ID, Needs: p.Needs, Reason: p.Reason}
	if p.Expression != nil {
		out.Expression = p.Expression.UserText()
	}
	if len(p.WaitsFor) > 0 {
		out.Needs = strings.Join(p.WaitsFor, ", ")
		if out.Reason == "" {
			out.Reason = "waits for " + out.Needs
		}
	}
	return out
}

func identityOf(i *render.Instance) identityOutput {
	id := i.Identity()
	return identityOutput{id.APIVersion, id.Kind, id.Namespace, id.Name}
}
