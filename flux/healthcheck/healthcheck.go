// Package healthcheck translates readyWhen for Flux. It takes a node of a
// compiled graph and returns the CEL expression for healthCheckExprs that
// kustomize-controller waits for.
//
//	current, wait, diags := healthcheck.Node(g, node, healthcheck.Options{})
//	exprs := healthcheck.Join([]healthcheck.Check{{APIVersion: "v1", Kind: "ConfigMap", Name: "web", Current: current}})
//
// kro binds the object to the node's id, Flux each top-level field to a variable
// of its own, so ${db.status.ready} becomes status.ready. Both look at the raw
// object. An expression is carried over only if it type-checks in Flux's
// environment and is true in both for the same objects; anything else is a
// finding with the reason, since Flux itself would accept an unknown function
// and wait for it in vain.
package healthcheck

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/fluxcd/pkg/apis/kustomize"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
)

// Options configure Node. The zero value is the default.
type Options struct {
	// Impersonated says that Flux applies with a service account or a
	// kubeconfig. Otherwise it keeps its own health check of a Job.
	Impersonated bool
}

// Rules of findings.
const (
	ruleNotCarried = "health-not-carried" // a condition that Flux will not wait for
	ruleBuiltIn    = "health-built-in"    // Flux's own check of the kind is kept
)

// Node returns the conditions of a node's readyWhen as one expression, and
// whether there is anything to wait for; with an empty expression that is
// Flux's own check of the kind. Each condition that is not translated is a
// finding.
func Node(g *graph.Graph, n *graph.Node, opts Options) (current string, wait bool, diags diag.List) {
	if n.Type.IsExternal() {
		return "", false, NotCarried(g, n, "Flux does not apply an external reference, so no wave waits for it")
	}
	builtIn := n.Kind.GVK.GroupKind() == jobKind && !opts.Impersonated
	self := n.ID
	if n.Type.IsCollection() {
		self = graph.EachVar
	}
	var carried []string
	for _, e := range n.ReadyWhen {
		switch text, err := translate(e.Source, self, n.Kind.Schema); {
		case builtIn:
			diags.Add(finding(g, n, e, diag.Info, ruleBuiltIn, "Flux keeps its own health check of a Job unless it applies with a service account"))
		case err != nil:
			diags.Add(finding(g, n, e, diag.Warning, ruleNotCarried, err.Error()))
		case !slices.Contains(carried, text):
			carried = append(carried, text)
		}
	}
	return conjunction(carried), builtIn || len(carried) > 0, diags
}

// NotCarried reports every condition of a node, for the reason why.
func NotCarried(g *graph.Graph, n *graph.Node, why string) diag.List {
	var diags diag.List
	for _, e := range n.ReadyWhen {
		diags.Add(finding(g, n, e, diag.Warning, ruleNotCarried, why))
	}
	return diags
}

func finding(g *graph.Graph, n *graph.Node, e *graph.Expression, s diag.Severity, rule, why string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: s, Rule: rule, Pos: g.RGD.Doc.Within(e.Path, e.Offset(0)), Path: e.Path.String(), Object: g.RGD.Doc.Title(),
		Message: fmt.Sprintf("readyWhen of %s/%s is not translated: %s", g.RGD.Name, n.ID, why),
	}
}

// jobKind has a check of Flux's own that comes first.
var jobKind = k8sschema.GroupKind{Group: "batch", Kind: "Job"}

func conjunction(conditions []string) string {
	if len(conditions) < 2 {
		return strings.Join(conditions, "")
	}
	for i, c := range conditions {
		conditions[i] = "(" + c + ")"
	}
	return strings.Join(conditions, " && ")
}

// Check is an object and the expression that is true when it is ready.
type Check struct {
	APIVersion, Kind string
	Namespace, Name  string
	Current          string // "" for Flux's own check
}

// Join makes one entry per group and kind, since Flux refuses a second one. Where
// objects of a kind have different expressions, their names tell them apart.
func Join(checks []Check) []kustomize.CustomHealthCheck {
	kinds := map[k8sschema.GroupKind][]Check{}
	for _, c := range checks {
		if c.Current != "" {
			kind := k8sschema.FromAPIVersionAndKind(c.APIVersion, c.Kind).GroupKind()
			kinds[kind] = append(kinds[kind], c)
		}
	}
	order := slices.SortedFunc(maps.Keys(kinds), func(a, b k8sschema.GroupKind) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind))
	})
	var out []kustomize.CustomHealthCheck
	for _, kind := range order {
		of := kinds[kind]
		slices.SortFunc(of, func(a, b Check) int {
			return cmp.Or(cmp.Compare(a.Current, b.Current), cmp.Compare(a.Namespace, b.Namespace),
				cmp.Compare(a.Name, b.Name), cmp.Compare(a.APIVersion, b.APIVersion))
		})
		check := kustomize.CustomHealthCheck{APIVersion: of[0].APIVersion, Kind: kind.Kind}
		check.Current = joined(of)
		out = append(out, check)
	}
	return out
}

// joined is the expression of one kind. checks are sorted by expression.
func joined(checks []Check) string {
	if checks[0].Current == checks[len(checks)-1].Current {
		return checks[0].Current
	}
	expressions := map[string]map[string]bool{} // by name
	for _, c := range checks {
		if expressions[c.Name] == nil {
			expressions[c.Name] = map[string]bool{}
		}
		expressions[c.Name][c.Current] = true
	}
	var b strings.Builder
	for len(checks) > 0 {
		n := slices.IndexFunc(checks, func(c Check) bool { return c.Current != checks[0].Current })
		if n < 0 {
			n = len(checks)
		}
		fmt.Fprintf(&b, "%s ? (%s) : ", selector(checks[:n], expressions), checks[0].Current)
		checks = checks[n:]
	}
	return b.String() + "true"
}

// selector is true for these objects, of all that Flux is told to look at. A
// namespace is asked for only where names do not suffice, since a Kustomization
// may have another one as its target.
func selector(checks []Check, expressions map[string]map[string]bool) string {
	var names, out []string
	for _, c := range checks {
		name := strconv.Quote(c.Name)
		if len(expressions[c.Name]) > 1 {
			out = append(out, fmt.Sprintf("metadata.namespace == %q && metadata.name == %s", c.Namespace, name))
		} else if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	switch len(names) {
	case 0:
	case 1:
		out = append([]string{"metadata.name == " + names[0]}, out...)
	default:
		slices.Sort(names)
		out = append([]string{"metadata.name in [" + strings.Join(names, ", ") + "]"}, out...)
	}
	return strings.Join(out, " || ")
}
