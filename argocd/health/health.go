// Package health translates readyWhen for Argo CD. It takes compiled graphs and
// returns Lua health checks, one per kind, for argocd-cm under
// resource.customizations.health.<group>_<Kind>. Argo CD starts a sync wave when
// everything in the previous wave is healthy, so with these checks a wave waits
// until readyWhen is true.
//
// A check looks at the annotation krowave.dev/node for the node that made an
// object; other objects of the kind are healthy. A stale status, a condition
// that is false and one without a value are Progressing. Nothing is ever
// Degraded, which Argo CD takes for final.
//
// CEL goes through its syntax tree and keeps its errors: what && or || absorbs
// in CEL it absorbs in Lua. JSON null is the same as an absent field, since Lua
// cannot tell them apart. What has no counterpart in the Lua of Argo CD is a
// finding with its node and the reason, never dropped in silence.
//
//	checks, diags, err := health.Generate(res.Graphs, health.Options{})
package health

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
)

// Options configure Generate. The zero value is the default.
type Options struct {
	ArgoCD string // "2.14" or "3": whose own checks are left alone; default "3"

	// Delegate adds checks of RGDs and of the instances that --runtime=delegate
	// leaves to kro.
	Delegate bool
}

// Versions lists the values of Options.ArgoCD.
func Versions() []string { return []string{"2.14", "3"} }

// Check is the health check of one kind.
type Check struct {
	Group string   `json:"group"`
	Kind  string   `json:"kind"`
	Nodes []string `json:"nodes"` // rgd/nodeID whose readyWhen is in it
	Lua   string   `json:"lua"`
}

// Key is the entry of argocd-cm that holds the check.
func (c Check) Key() string {
	if c.Group == "" {
		return keyPrefix + c.Kind
	}
	return keyPrefix + c.Group + "_" + c.Kind
}

const keyPrefix = "resource.customizations.health."

// Rules of findings.
const (
	ruleNotCarried = "health-not-carried" // a condition that Argo CD will not wait for
	ruleBuiltIn    = "health-built-in"    // Argo CD's own check of the kind is kept
)

// Generate writes a check for each kind that has readyWhen and no check of Argo
// CD's own, sorted by key.
func Generate(graphs []*graph.Graph, opts Options) ([]Check, diag.List, error) {
	if opts.ArgoCD == "" {
		opts.ArgoCD = "3"
	}
	if !slices.Contains(Versions(), opts.ArgoCD) {
		return nil, nil, fmt.Errorf("no Argo CD version %q; use one of %s", opts.ArgoCD, strings.Join(Versions(), ", "))
	}
	g := &generator{version: opts.ArgoCD, nested: map[k8sschema.GroupVersionKind]string{}, kinds: map[k8sschema.GroupKind][]nodeCheck{}}
	for _, gr := range graphs {
		g.nested[gr.RGD.GVK] = gr.RGD.Name
	}
	for _, gr := range graphs {
		for _, n := range gr.Nodes {
			if len(n.ReadyWhen) > 0 {
				g.node(gr, n)
			}
		}
	}
	checks := g.checks()
	if opts.Delegate {
		checks = append(checks, g.delegated(graphs)...)
		slices.SortStableFunc(checks, func(a, b Check) int { return strings.Compare(a.Key(), b.Key()) })
	}
	return checks, g.diags.Sorted(), nil
}

type generator struct {
	version string
	nested  map[k8sschema.GroupVersionKind]string // RGDs of the kinds that are expanded in place
	kinds   map[k8sschema.GroupKind][]nodeCheck
	diags   diag.List
}

// node collects the conditions of one node.
func (g *generator) node(gr *graph.Graph, n *graph.Node) {
	kind := n.Kind.GVK.GroupKind()
	inner, chained := g.nested[n.Kind.GVK]
	switch {
	case n.Type.IsExternal():
		g.notCarried(gr, n, "Argo CD does not apply an external reference, so no wave waits for it")
		return
	case chained:
		g.notCarried(gr, n, fmt.Sprintf("the node is expanded in place by %s, so no object of kind %s exists to check", inner, kind.Kind))
		return
	case builtIn(g.version, kind):
		for _, e := range n.ReadyWhen {
			g.report(gr, n, e, diag.Info, ruleBuiltIn, fmt.Sprintf("Argo CD %s has its own health check of %s, which is kept", g.version, kind))
		}
		return
	}
	if check := g.carry(gr, n); len(check.conditions) > 0 {
		g.add(gr, n, check)
	}
}

// carry translates what can be translated of a node's readyWhen.
func (g *generator) carry(gr *graph.Graph, n *graph.Node) nodeCheck {
	check := nodeCheck{origin: gr.RGD.Name + "/" + n.ID, list: n.Type.IsCollection()}
	self := n.ID
	if n.Type.IsCollection() {
		self = graph.EachVar
	}
	for _, e := range n.ReadyWhen {
		lua, err := translate(e.Source, self, n.Kind.Schema)
		if err != nil {
			g.report(gr, n, e, diag.Warning, ruleNotCarried, err.Error())
			continue
		}
		check.conditions = append(check.conditions, condition{text: e.UserText(), lua: lua})
	}
	return check
}

// add keeps a check, unless another RGD of the same name has another one for a
// node of the same id: the annotation cannot tell these apart.
func (g *generator) add(gr *graph.Graph, n *graph.Node, check nodeCheck) {
	kind := n.Kind.GVK.GroupKind()
	for _, other := range g.kinds[kind] {
		if other.origin != check.origin {
			continue
		}
		if other.list != check.list || !slices.Equal(other.conditions, check.conditions) {
			g.notCarried(gr, n, "another ResourceGraphDefinition of this name has a node of this id with another readyWhen")
		}
		return
	}
	g.kinds[kind] = append(g.kinds[kind], check)
}

func (g *generator) notCarried(gr *graph.Graph, n *graph.Node, why string) {
	for _, e := range n.ReadyWhen {
		g.report(gr, n, e, diag.Warning, ruleNotCarried, why)
	}
}

func (g *generator) report(gr *graph.Graph, n *graph.Node, e *graph.Expression, s diag.Severity, rule, why string) {
	g.diags.Add(diag.Diagnostic{
		Severity: s, Rule: rule, Pos: gr.RGD.Doc.Within(e.Path, e.Offset(0)), Path: e.Path.String(), Object: gr.RGD.Doc.Title(),
		Message: fmt.Sprintf("readyWhen of %s/%s is not translated: %s", gr.RGD.Name, n.ID, why),
	})
}

// checks writes the scripts, sorted by key.
func (g *generator) checks() []Check {
	out := []Check{}
	for _, kind := range slices.SortedFunc(maps.Keys(g.kinds), func(a, b k8sschema.GroupKind) int {
		return strings.Compare(Check{Group: a.Group, Kind: a.Kind}.Key(), Check{Group: b.Group, Kind: b.Kind}.Key())
	}) {
		nodes := g.kinds[kind]
		slices.SortFunc(nodes, func(a, b nodeCheck) int { return strings.Compare(a.origin, b.origin) })
		c := Check{Group: kind.Group, Kind: kind.Kind, Lua: script(nodes)}
		for _, n := range nodes {
			c.Nodes = append(c.Nodes, n.origin)
		}
		out = append(out, c)
	}
	return out
}
