package instance

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/delegation"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/internal/source"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/policy"
	"github.com/krowave/krowave/render/wave"
)

// native expands an object of kind Graph: it is what it expands to, and nothing admits it.
func (r *run) native(doc *source.Document, g *graph.Graph) (*Instance, error) {
	stored := doc.Object
	if object.Namespace(stored) == "" {
		stored = object.WithNamespace(stored, r.Options.Namespace)
	}
	i := &Instance{Doc: doc.Document, Project: r.Options.Project, authored: doc.Object}
	if object.Text(object.Map(stored, "spec"), "serviceAccountName") != "" {
		path := diag.Path{"spec", "serviceAccountName"}
		r.diags.Add(diag.Diagnostic{
			Severity: diag.Warning, Rule: "graph-account", Pos: doc.Position(path), Object: doc.Title(), Path: path.String(),
			Message: "the objects of the Graph are applied by your GitOps tool, not as this service account",
			Hint:    "check that nobody relies on what the account may not do, or leave the Graph to kro with --graphs=pass",
		})
	}
	if err := r.expand(i, g, stored, nil); err != nil {
		return nil, err
	}
	at := func() diag.Position { return doc.Position(diag.Path{"metadata", "annotations", wave.Annotation}) }
	r.diags = append(r.diags, wave.Assign(&i.Member, r.Options.WaveMode, at)...)
	return i, nil
}

// ForKro is a Graph that kro gets.
type ForKro struct {
	Object map[string]any
	Doc    *manifest.Document // nil when it stands in no file
	Parent *Instance          // that renders it; nil for none
	Node   *graph.Node        // of the parent
	Rest   *Instance          // that it is what is left of; nil for none
}

// Foresee expands a Graph that kro gets, as far as Git knows what kro makes of it: of what is
// left of one, what kro makes of the whole is returned without what Git renders. It returns nil
// for a Graph with errors.
func (e *Expander) Foresee(ctx context.Context, k ForKro) (*Instance, error) {
	with := *e
	with.Options.Runtime, with.Options.Graphs, with.Options.Expand.Placeholder = policy.Withhold, policy.Expand, false
	allowance := &expand.Allowance{Objects: e.Options.MaxObjects, Budget: expr.Budget{Steps: e.Options.MaxSteps, Bytes: e.Options.MaxBytes}}
	r := &run{Expander: &with, ctx: allowance.Context(ctx), allowance: allowance}
	i := &Instance{Doc: k.Doc, Project: e.Options.Project, Parent: k.Parent, authored: k.Object}
	if k.Node != nil {
		i.Node = k.Node.ID
	}
	var g *graph.Graph
	stored, doc := k.Object, k.Doc
	if k.Rest != nil {
		g, stored, doc = k.Rest.Graph, k.Rest.Instance, k.Rest.Graph.RGD.Doc
		i.Doc, i.Parent, i.Node = k.Rest.Doc, k.Rest.Parent, k.Rest.Node
	} else {
		if doc == nil {
			docs, _ := manifest.File{Name: "Graph " + object.Name(stored), Objects: []map[string]any{stored}}.Read(manifest.Limits{})
			if len(docs) != 1 {
				return nil, nil
			}
			doc = docs[0]
		}
		g, _ = e.Set.CompileNative(doc)
	}
	if g == nil {
		return nil, nil
	}
	if object.Namespace(stored) == "" {
		stored = object.WithNamespace(stored, e.Options.Namespace)
	}
	if err := r.expand(i, g, stored, nil); err != nil || r.diags.HasErrors() {
		return nil, err
	}
	wave.Assign(&i.Member, e.Options.WaveMode, doc.Start)
	if k.Rest != nil && !k.Rest.Residual.Whole {
		i.keep(k.Rest.Residual)
	}
	return i, nil
}

// keep leaves only what kro makes of an instance.
func (i *Instance) keep(left *delegation.Residual) {
	x := *i.Expansion
	of := i.Member
	chained := i.chained
	x.Objects, i.Chained, i.Waves, i.chained, i.withheld = nil, nil, nil, nil, nil
	for n, o := range of.Objects {
		if slices.Contains(left.Nodes, o.Node.ID) {
			x.Objects, i.Chained, i.Waves, i.chained = append(x.Objects, o), append(i.Chained, of.Chained[n]), append(i.Waves, of.Waves[n]), append(i.chained, chained[n])
		}
	}
	i.Expansion, i.Residual = &x, left
}

// announce says what a Graph leaves to kro.
func (r *run) announce(i *Instance, x *expand.Expansion) {
	if i.Residual == nil {
		return
	}
	doc := x.Graph.RGD.Doc
	path := diag.Path{"metadata", "name"}
	d := diag.Diagnostic{
		Severity: diag.Info, Rule: "delegate", Pos: doc.Position(path), Object: doc.Title(), Path: path.String(),
		Message: fmt.Sprintf("kro in the cluster makes %s; what it needs for that stays a Graph", strings.Join(i.Residual.Nodes, ", ")),
	}
	if i.Residual.Whole {
		d.Message = "every object of the Graph needs a cluster: kro gets the Graph as it is"
	}
	r.diags.Add(d)
}

// stamped compiles an object of kind Graph that a node renders, and expands it if Graphs are
// expanded (G27). Findings about it are at the node: the Graph stands in no file.
func (r *run) stamped(parent *Instance, o expand.Object, chain []string) (*Instance, error) {
	if r.tooDeep(parent, o, chain) {
		return nil, nil
	}
	before := len(r.diags)
	defer func() { r.moveTo(parent, o.Node, before) }()
	file := manifest.File{Name: "Graph " + object.Name(o.Object), Objects: []map[string]any{o.Object}}
	docs, found := file.Read(manifest.Limits{})
	if r.diags = append(r.diags, found...); len(docs) != 1 {
		return nil, nil
	}
	g, found := r.Set.CompileNative(docs[0])
	if r.diags = append(r.diags, found...); g == nil || !r.Options.Graphs.Renders() {
		return nil, nil
	}
	child := &Instance{Parent: parent, Node: o.Node.ID, Project: r.Options.Project, authored: o.Object}
	return child, r.expand(child, g, o.Object, chain)
}

// moveTo makes findings about a Graph that a node renders some about the node.
func (r *run) moveTo(parent *Instance, n *graph.Node, from int) {
	for i := from; i < len(r.diags); i++ {
		d := &r.diags[i]
		if parent.ReadsSecret(n) {
			d.Message, d.Hint = "the reason is not shown because it may quote a Secret", ""
		}
		if d.Path != "" {
			d.Message = fmt.Sprintf("%s: %s", d.Path, d.Message)
		}
		d.Message = fmt.Sprintf("the Graph that %s renders: %s", n.ID, d.Message)
		d.Pos, d.Path, d.Object, d.Related = nodePosition(parent, n), "", parent.Title(), nil
	}
}
