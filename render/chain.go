package render

import (
	"context"
	"fmt"
	"slices"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/wave"
)

// expander expands one instance of the input and what chains into it.
type expander struct {
	*renderer
	ctx   context.Context
	diags diag.List
}

// top expands an instance of the input.
func (e *expander) top(doc *manifest.Document, g *graph.Graph) (*Instance, error) {
	obj, broken := e.override(doc, g)
	if e.diags = append(e.diags, broken...); broken.HasErrors() {
		return nil, nil
	}
	stored, pruned, problems := g.Admitter.Admit(obj, e.namespace())
	for _, p := range problems {
		e.diags.Add(diag.Diagnostic{
			Severity: diag.Error, Rule: p.Rule, Pos: doc.Position(p.Path), Message: p.Message + e.overridden(doc, p.Path),
			Path: p.Path.String(), Object: doc.Title(),
		})
	}
	for _, field := range pruned {
		e.diags.Add(diag.Diagnostic{
			Severity: diag.Warning, Rule: "unknown-field", Pos: doc.KeyPosition(graph.ParsePath(field)), Path: field,
			Message: fmt.Sprintf("field %s is not in the schema of %s and is dropped", field, doc.Kind()), Object: doc.Title(),
		})
	}
	if len(problems) > 0 {
		return nil, nil
	}
	i := &Instance{Doc: doc, authored: obj}
	if err := e.expand(i, g, stored, nil); err != nil {
		return nil, err
	}
	e.diags = append(e.diags, wave.Assign(&i.Member, e.opts.WaveMode, doc.Position(diag.Path{"metadata", "annotations", wave.Annotation}))...)
	return i, nil
}

// expand fills i, and recursively what its objects are instances of. chain
// holds the kinds above it.
func (e *expander) expand(i *Instance, g *graph.Graph, stored map[string]any, chain []string) error {
	limits := e.limits
	limits.Confidential = i.Parent != nil && i.Parent.readsSecret(i.Node)
	x, diags, err := expand.Instance(e.ctx, g, stored, limits)
	if err != nil {
		return err
	}
	e.diags = append(e.diags, diags...)
	x = e.delegate(i, x)
	e.pending(i, x)
	i.Expansion = x
	i.Chained = make([]*wave.Member, len(x.Objects))
	i.chained = make([]*Instance, len(x.Objects))
	chain = append(chain, g.RGD.GVK.Kind)
	for n, o := range x.Objects {
		inner := e.graphs[object.GVK(o.Object)]
		if inner == nil {
			continue
		}
		child, err := e.chained(i, o, inner, chain)
		if err != nil {
			return err
		}
		if child != nil {
			i.chained[n], i.Chained[n] = child, &child.Member
		}
	}
	return nil
}

// chained expands an object that is itself an instance.
func (e *expander) chained(parent *Instance, o expand.Object, g *graph.Graph, chain []string) (*Instance, error) {
	if limit := e.maxChainDepth(); len(chain) > limit {
		e.nodeErrorf(parent, o.Node, "chain-depth", "instances chain deeper than %d: %s (--max-chain-depth)",
			limit, strings.Join(append(chain, g.RGD.GVK.Kind), " -> "))
		return nil, nil
	}
	stored, pruned, problems := g.Admitter.Admit(o.Object, e.namespace())
	if len(problems) > 0 && e.opts.Runtime == Placeholder && waits(parent, o.Node) {
		return nil, nil // a placeholder does not fit its schema; the instance itself is shown
	}
	for _, p := range problems {
		if parent.ReadsSecret(o.Node) {
			p.Message = p.Path.String() + " does not fit its schema (the reason is not shown, since it may quote a Secret)"
		}
		e.nodeErrorf(parent, o.Node, p.Rule, "the API server would refuse the %s that %s renders: %s", g.RGD.GVK.Kind, o.Node.ID, p.Message)
	}
	for _, field := range pruned {
		e.diags.Warnf(nodePosition(parent, o.Node), "unknown-field", "%s renders field %s, which is not in the schema of %s and is dropped",
			o.Node.ID, field, g.RGD.GVK.Kind)
	}
	if len(problems) > 0 {
		return nil, nil
	}
	child := &Instance{Parent: parent, Node: o.Node.ID, authored: o.Object}
	return child, e.expand(child, g, stored, chain)
}

// waits reports whether a node of an instance is pending.
func waits(i *Instance, n *graph.Node) bool {
	return slices.ContainsFunc(i.Pending, func(p expand.Pending) bool { return p.Node == n })
}

func (e *expander) maxChainDepth() int {
	if e.opts.MaxChainDepth > 0 {
		return e.opts.MaxChainDepth
	}
	return 8
}

func (e *expander) nodeErrorf(i *Instance, n *graph.Node, rule, format string, args ...any) {
	e.diags.Add(diag.Diagnostic{
		Severity: diag.Error, Rule: rule, Pos: nodePosition(i, n), Object: i.Title(), Message: fmt.Sprintf(format, args...),
	})
}

func nodePosition(i *Instance, n *graph.Node) diag.Position {
	return i.Graph.RGD.Doc.Position(diag.Path{"spec", "resources", n.Index, "id"})
}

// Title is "Kind namespace/name" of the instance.
func (i *Instance) Title() string {
	return object.KeyOf(i.Instance).Title()
}

// readsSecret reports whether the node of that id reads a Secret.
func (i *Instance) readsSecret(id string) bool {
	for _, n := range i.Graph.Nodes {
		if n.ID == id {
			return i.ReadsSecret(n)
		}
	}
	return false
}

// Identity names an instance.
type Identity struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

// IdentityOf returns the identity of an object.
func IdentityOf(obj map[string]any) Identity {
	return Identity{
		APIVersion: object.APIVersion(obj), Kind: object.Kind(obj),
		Namespace: object.Namespace(obj), Name: object.Name(obj),
	}
}

// Key returns the object's key, which has no version.
func (id Identity) Key() object.Key {
	gk := k8sschema.FromAPIVersionAndKind(id.APIVersion, id.Kind)
	return object.Key{Group: gk.Group, Kind: id.Kind, Namespace: id.Namespace, Name: id.Name}
}

// Identity returns what tells the instance from others.
func (i *Instance) Identity() Identity {
	return IdentityOf(i.Instance)
}
