// Package residual divides an RGD between Git and the cluster. It takes a
// compiled graph, and returns a Division: the nodes that only kro in the cluster
// can render, the reasons, and the residual RGD that makes kro render them. In
// the residual RGD, the nodes that Git renders are external references, and its
// kind has a suffix, so that kro serves it in addition to the original kind.
//
//	d, diags := residual.Divide(g, residual.World{Catalog: catalog, RGDs: rgds})
//	if d.Delegates() && !d.Whole {
//		apply(d.Definition)
//		apply(d.Instance(authored, namespace))
//	}
//
// The package renders nothing and decides per RGD only, so that every
// instance, of whatever Application, needs the same residual RGD.
package residual

import (
	"maps"
	"slices"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/schema"
)

// Suffixes of what a residual RGD is called.
const (
	KindSuffix = "Residual"
	NameSuffix = "-residual"
)

// World is what else is defined.
type World struct {
	Catalog *schema.Catalog // nil: nobody asks what kinds there are
	RGDs    []*graph.RGD

	// KeepWorkarounds says that what graph.KroArgoWorkaround describes is rendered, which takes a
	// cluster.
	KeepWorkarounds bool
}

// chained reports whether instances of a kind are expanded where they stand, so
// that no object of it is in the cluster.
func (w World) chained(kind k8sschema.GroupVersionKind) bool {
	return slices.ContainsFunc(w.RGDs, func(r *graph.RGD) bool { return r.GVK == kind })
}

// Division says who renders which node of an RGD.
type Division struct {
	Graph *graph.Graph
	Moved []Moved // nodes that kro renders, in topological order

	// Whole is set when no node is left for Git: kro gets the RGD and its instances
	// as they are.
	Whole      bool
	Kind       k8sschema.GroupVersionKind // of residual instances
	Definition map[string]any             // the residual RGD; nil when Whole, when nothing is moved, and with errors

	moved map[string]bool
}

// Moved is a node that kro renders, and why.
type Moved struct {
	Node *graph.Node
	Why  string
	At   diag.Position // of the expression that needs a cluster, or of the node
}

// Divide finds what kro has to render. The findings are about the residual RGD
// and matter only when an instance needs it.
func Divide(g *graph.Graph, world World) (*Division, diag.List) {
	p := newPartition(g, world)
	p.solve()
	d := &Division{Graph: g, Moved: p.list(), moved: p.keys(), Kind: g.RGD.GVK}
	d.Kind.Kind += KindSuffix
	switch {
	case len(d.Moved) == 0 && !onlyStatus(g):
		return d, nil
	case !slices.ContainsFunc(g.Nodes, func(n *graph.Node) bool { return !n.Type.IsExternal() && !d.moved[n.ID] }):
		d.Whole, d.Kind = true, g.RGD.GVK
		return d, nil
	}
	b := &builder{partition: p, kind: d.Kind.Kind}
	definition := b.definition()
	b.checkNames()
	if !b.diags.HasErrors() {
		d.Definition = definition
	}
	return d, b.diags
}

// Delegates reports whether there is anything that kro has to do.
func (d *Division) Delegates() bool { return len(d.Moved) > 0 || d.OnlyStatus() }

// OnlyStatus reports whether instances have no objects but a status, which only
// kro computes: then every instance is left to kro.
func (d *Division) OnlyStatus() bool { return onlyStatus(d.Graph) }

func onlyStatus(g *graph.Graph) bool {
	return len(g.RGD.Status) > 0 && !slices.ContainsFunc(g.Nodes, func(n *graph.Node) bool { return n.Type.Creates() })
}

// Has reports whether kro renders the node of that id.
func (d *Division) Has(id string) bool { return d.moved[id] }

// Instance is the object that stands for an instance in the cluster: its
// identity, labels, annotations and spec as authored, under the residual kind.
func (d *Division) Instance(authored map[string]any, namespace string) map[string]any {
	in, _ := authored["metadata"].(map[string]any)
	meta := map[string]any{"name": in["name"]}
	if !d.Graph.RGD.ClusterScoped {
		meta["namespace"] = namespace
	}
	for _, field := range []string{"labels", "annotations"} {
		if entries, ok := in[field].(map[string]any); ok && len(entries) > 0 {
			if entries = withoutTracking(entries, field == "annotations"); len(entries) > 0 {
				meta[field] = entries
			}
		}
	}
	out := map[string]any{"apiVersion": d.Kind.GroupVersion().String(), "kind": d.Kind.Kind, "metadata": meta}
	if spec, ok := authored["spec"]; ok {
		out["spec"] = spec
	}
	return out
}

// tracking are the keys with which a tool marks what it has applied. A copy of
// them would make the tool take one object for another.
var tracking = []string{"argocd.argoproj.io/tracking-id", "argocd.argoproj.io/installation-id", "kubectl.kubernetes.io/last-applied-configuration"}

// withoutTracking copies labels or annotations but for those of tools.
func withoutTracking(entries map[string]any, annotations bool) map[string]any {
	out := maps.Clone(entries)
	maps.DeleteFunc(out, func(key string, _ any) bool {
		return annotations && slices.Contains(tracking, key) ||
			strings.HasPrefix(key, "kustomize.toolkit.fluxcd.io/") || strings.HasPrefix(key, "helm.toolkit.fluxcd.io/")
	})
	return out
}
