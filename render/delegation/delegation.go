// Package delegation divides instances between Git and kro in the cluster. It
// takes an expansion and returns the part that Git renders and the Residual that
// is left to kro. It divides an RGD when the first instance needs it, and checks
// the residual RGD by compiling it like kro.
package delegation

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/definition"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/residual"
)

// Residual is what kro in the cluster has to make of an instance.
type Residual struct {
	Object map[string]any // the instance for kro: of the residual kind, or the original when Whole
	Whole  bool           // kro renders all of it
	Nodes  []string       // that kro renders, in topological order
}

// Plan says for every graph of a Set how it is divided.
type Plan struct {
	set             *definition.Set
	keepWorkarounds bool
	limits          manifest.Limits
	divisions       map[k8sschema.GroupVersionKind]func() Division
}

// Division is how an RGD is divided between Git and kro.
type Division struct {
	*residual.Division
	Diagnostics diag.List // to report once an instance needs it
}

// New returns the Plan of a Set. keepWorkarounds says that what
// graph.KroArgoWorkaround describes is rendered.
func New(set *definition.Set, keepWorkarounds bool, limits manifest.Limits) *Plan {
	p := &Plan{set: set, keepWorkarounds: keepWorkarounds, limits: limits, divisions: map[k8sschema.GroupVersionKind]func() Division{}}
	for _, g := range set.Graphs {
		p.divisions[g.RGD.GVK] = sync.OnceValue(func() Division { return p.divide(g) })
	}
	return p
}

// Of returns the Division of a graph of the Set.
func (p *Plan) Of(g *graph.Graph) Division { return p.divisions[g.RGD.GVK]() }

// Split decides whether kro has to finish an instance, and takes what kro
// renders off its expansion; the Residual is nil if kro does not have to. Values
// that are all known, because they were observed or because conditions leave
// their nodes out, need no kro. authored is the instance before it was admitted.
func (p *Plan) Split(x *expand.Expansion, authored map[string]any) (*expand.Expansion, *Residual) {
	d := p.Of(x.Graph)
	delegated := func(p expand.Pending) bool { return d.Has(p.Node.ID) }
	out := *x
	out.Pending = slices.DeleteFunc(slices.Clone(x.Pending), func(p expand.Pending) bool {
		return !p.Unsatisfiable && (delegated(p) || p.Node.Type.IsExternal())
	})
	out.FallbackUsed = slices.DeleteFunc(slices.Clone(x.FallbackUsed), delegated)
	if !d.OnlyStatus() && !slices.ContainsFunc(x.Pending, delegated) && !slices.ContainsFunc(x.FallbackUsed, delegated) {
		return &out, nil
	}
	out.Objects = slices.DeleteFunc(slices.Clone(x.Objects), func(o expand.Object) bool { return d.Has(o.Node.ID) })
	left := &Residual{Object: d.Instance(authored, object.Namespace(x.Instance)), Whole: d.Whole}
	for _, m := range d.Moved {
		left.Nodes = append(left.Nodes, m.Node.ID)
	}
	return &out, left
}

func (p *Plan) divide(g *graph.Graph) Division {
	d, diags := residual.Divide(g, residual.World{Catalog: p.set.Catalog, RGDs: p.set.RGDs, KeepWorkarounds: p.keepWorkarounds})
	if d.Definition != nil {
		if what := p.check(d); what != "" {
			rgd := g.RGD
			diags.Errorf(rgd.Doc.Position(diag.Path{"metadata", "name"}), "delegate-invalid",
				"the residual RGD %s%s would not work, which is a bug in krowave: %s", rgd.Name, residual.NameSuffix, what)
		}
	}
	if d.Delegates() && !diags.HasErrors() {
		diags.Add(announce(d))
	}
	return Division{d, diags}
}

// announce says what is left to kro, and why.
func announce(d *residual.Division) diag.Diagnostic {
	rgd := d.Graph.RGD
	out := diag.Diagnostic{
		Severity: diag.Info, Rule: "delegate", Object: rgd.Doc.Title(),
		Pos: rgd.Doc.Position(diag.Path{"metadata", "name"}),
	}
	ids := make([]string, len(d.Moved))
	for i, m := range d.Moved {
		ids[i] = m.Node.ID
		out.Related = append(out.Related, diag.Related{Position: m.At, Message: m.Node.ID + " " + m.Why})
	}
	out.Message = fmt.Sprintf("kro in the cluster renders %s of %s, by way of %s", strings.Join(ids, ", "), rgd.GVK.Kind, d.Kind.Kind)
	switch {
	case d.OnlyStatus():
		out.Message = fmt.Sprintf("%s has a status and no objects: kro gets the RGD and its instances as they are", rgd.GVK.Kind)
	case d.Whole:
		out.Message = fmt.Sprintf("every resource of %s needs a cluster: kro gets the RGD and its instances as they are", rgd.GVK.Kind)
	}
	return out
}

// check compiles a residual RGD as kro will, and says what is wrong with it. That
// would be a mistake of ours, but is better found here than in the cluster.
func (p *Plan) check(d *residual.Division) string {
	file := manifest.File{Name: d.Graph.RGD.Name + residual.NameSuffix, Objects: []map[string]any{d.Definition}}
	docs, found := file.Read(p.limits)
	if len(docs) != 1 {
		return firstOf(found)
	}
	again, found := graph.Admit(docs[0])
	if again == nil {
		return firstOf(found)
	}
	g, found := p.set.Compile(again)
	if g == nil {
		return firstOf(found)
	}
	order := slices.DeleteFunc(g.Order(), func(id string) bool { return !d.Has(id) })
	if want := slices.DeleteFunc(d.Graph.Order(), func(id string) bool { return !d.Has(id) }); !slices.Equal(order, want) {
		return fmt.Sprintf("its order is %v and not %v", order, want)
	}
	return ""
}

func firstOf(found diag.List) string {
	for _, d := range found {
		if d.Severity == diag.Error {
			return d.Message
		}
	}
	return "it cannot be read back"
}
