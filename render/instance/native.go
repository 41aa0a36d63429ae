package instance

import (
	"fmt"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/internal/source"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
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
