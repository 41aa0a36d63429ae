package render

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/residual"
)

// ResidualAnnotation of a residual RGD names the RGD that it is a part of.
const ResidualAnnotation = "krowave.dev/residual-of"

// Residual is what kro in the cluster has to make of an instance.
type Residual struct {
	Object map[string]any // the instance for kro: of the residual kind, or the original when Whole
	Whole  bool           // kro renders all of it
	Nodes  []string       // that kro renders, in topological order
}

// division is how an RGD is divided between Git and kro, with what there is to
// say about it once an instance needs it.
type division struct {
	*residual.Division
	diags diag.List
}

// divisions divides each RGD when it is first asked for.
func (r *renderer) divisions() map[gvk]func() division {
	out := make(map[gvk]func() division, len(r.graphs))
	for kind, g := range r.graphs {
		out[kind] = sync.OnceValue(func() division { return r.divide(g) })
	}
	return out
}

func (r *renderer) divide(g *graph.Graph) division {
	d, diags := residual.Divide(g, residual.World{Catalog: r.out.Catalog, RGDs: r.rgds, KeepWorkarounds: r.opts.KeepIdioms})
	if d.Definition != nil {
		diags = append(diags, r.checkResidual(d)...)
	}
	if d.Delegates() && !diags.HasErrors() {
		diags.Add(announce(d))
	}
	return division{d, diags}
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
	if d.Whole {
		out.Message = fmt.Sprintf("every resource of %s needs a cluster: kro gets the RGD and its instances as they are", rgd.GVK.Kind)
	}
	return out
}

// checkResidual compiles a residual RGD as kro will. A finding is a mistake of
// ours, but better found here than in the cluster.
func (r *renderer) checkResidual(d *residual.Division) diag.List {
	var diags diag.List
	rgd := d.Graph.RGD
	wrong := func(what string) diag.List {
		diags.Errorf(rgd.Doc.Position(diag.Path{"metadata", "name"}), "delegate-invalid",
			"the residual RGD %s%s would not work, which is a mistake of krowave: %s", rgd.Name, residual.NameSuffix, what)
		return diags
	}
	var text bytes.Buffer
	if err := manifest.EncodeYAML(&text, []map[string]any{d.Definition}); err != nil {
		return wrong(err.Error())
	}
	docs, found := manifest.Read(rgd.Name+residual.NameSuffix, text.Bytes(), r.opts.Documents)
	if len(docs) != 1 {
		return wrong(firstOf(found))
	}
	again, found := graph.Admit(docs[0])
	if again == nil {
		return wrong(firstOf(found))
	}
	g, found := graph.Compile(again, r.out.Catalog, r.compileOptions())
	if g == nil {
		return wrong(firstOf(found))
	}
	order := slices.DeleteFunc(g.Order(), func(id string) bool { return !d.Has(id) })
	if want := slices.DeleteFunc(d.Graph.Order(), func(id string) bool { return !d.Has(id) }); !slices.Equal(order, want) {
		return wrong(fmt.Sprintf("its order is %v and not %v", order, want))
	}
	return nil
}

func firstOf(found diag.List) string {
	for _, d := range found {
		if d.Severity == diag.Error {
			return d.Message
		}
	}
	return "it cannot be read back"
}

// delegate decides whether kro has to finish an instance, and takes what kro
// renders off its expansion. Values that are all known, because they were
// observed or because conditions leave their nodes out, need no kro.
func (e *expander) delegate(i *Instance, x *expand.Expansion) *expand.Expansion {
	if e.opts.Runtime != Delegate {
		return x
	}
	d := e.divided[x.Graph.RGD.GVK]()
	theirs := func(p expand.Pending) bool { return d.Has(p.Node.ID) }
	out := *x
	out.Pending = slices.DeleteFunc(slices.Clone(x.Pending), func(p expand.Pending) bool {
		return !p.Unsatisfiable && (theirs(p) || p.Node.Type.IsExternal())
	})
	out.FallbackUsed = slices.DeleteFunc(slices.Clone(x.FallbackUsed), theirs)
	if !slices.ContainsFunc(x.Pending, theirs) && !slices.ContainsFunc(x.FallbackUsed, theirs) {
		return &out
	}
	out.Objects = slices.DeleteFunc(slices.Clone(x.Objects), func(o expand.Object) bool { return d.Has(o.Node.ID) })
	i.Residual = &Residual{Object: d.Instance(i.authored, object.Namespace(x.Instance)), Whole: d.Whole}
	for _, m := range d.Moved {
		i.Residual.Nodes = append(i.Residual.Nodes, m.Node.ID)
	}
	i.Trailing = true
	return &out
}

// undelegated makes an error of a node that waits although it is not one that
// kro renders: whether it has to differs from instance to instance, and what
// differs cannot be in one residual RGD.
func undelegated(d diag.Diagnostic) diag.Diagnostic {
	d.Severity = diag.Error
	d.Message += "; in other instances the value comes from Git, so it is not left to kro"
	d.Hint = "give the object with --observed FILE, or write the field out in the template that is read, so that every instance has it from Git"
	return d
}
