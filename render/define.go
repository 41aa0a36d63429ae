package render

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/schema"
)

// define compiles every RGD of the input, each once the CRDs of the RGDs that
// it builds on are there (S9.1).
func (r *renderer) define(docs documents) {
	lookedUp := r.crds(slices.Concat(docs.crds, docs.definitions))
	brought := r.crds(docs.objects)
	r.out.Catalog = r.out.Catalog.With(slices.Concat(lookedUp, brought)...)
	for _, crd := range brought {
		for _, v := range crd.Spec.Versions {
			r.brought[gvk{Group: crd.Spec.Group, Version: v.Name, Kind: crd.Spec.Names.Kind}] = true
		}
	}
	r.rgds = r.admit(slices.Concat(docs.definitions, docs.objects))
	r.graphs = map[gvk]*graph.Graph{}
	for todo := r.rgds; len(todo) > 0; {
		ready, later := []*graph.RGD{}, []*graph.RGD{}
		undefined := map[gvk]bool{}
		for _, rgd := range todo {
			undefined[rgd.GVK] = !r.out.Catalog.Has(rgd.GVK)
		}
		for _, rgd := range todo {
			if slices.ContainsFunc(rgd.Kinds(), func(k graph.KindRef) bool { return undefined[k.GVK] }) {
				later = append(later, rgd)
			} else {
				ready = append(ready, rgd)
			}
		}
		if len(ready) == 0 {
			ready, later = later, nil
			for _, rgd := range ready {
				r.undefined[rgd.GVK] = fmt.Sprintf("ResourceGraphDefinition %s, which defines it, needs in turn what builds on it", rgd.Name)
			}
		}
		r.compileAll(ready)
		todo = later
	}
	r.worldKey = cache.Digest(r.worldKey, r.out.Catalog.Version())
	for _, rgd := range r.rgds {
		if g := r.graphs[rgd.GVK]; g != nil {
			r.out.Graphs = append(r.out.Graphs, g)
			r.warnOfIdioms(g)
			r.worldKey = cache.Digest(r.worldKey, r.kindKeys[rgd.GVK])
		}
	}
	r.given(docs)
}

// warnOfIdioms tells what is left out of a graph's objects, once per graph.
func (r *renderer) warnOfIdioms(g *graph.Graph) {
	if r.opts.KeepIdioms {
		return
	}
	var whats []string
	var nodes int
	var first diag.Path
	for _, n := range g.Nodes {
		for _, idiom := range n.Workarounds {
			if first == nil {
				first = diag.Path{"spec", "resources", n.Index, "template"}.With(idiom.Path...)
			}
			if !slices.Contains(whats, idiom.What) {
				whats = append(whats, idiom.What)
			}
		}
		nodes += min(len(n.Workarounds), 1)
	}
	if first != nil {
		r.out.Diagnostics.Add(diag.Diagnostic{
			Severity: diag.Warning, Rule: "argocd-idiom", Pos: g.RGD.Doc.Position(first), Path: first.String(), Object: g.RGD.Doc.Title(),
			Message: fmt.Sprintf("%s is left out (resources: %d): the objects belong to the GitOps tool, not to a kro instance", strings.Join(whats, " and "), nodes),
			Hint:    "take it out of the RGD; --argocd-idioms=keep renders it",
		})
	}
}

// compileAll compiles RGDs in parallel, then serves their CRDs.
func (r *renderer) compileAll(rgds []*graph.RGD) {
	slots := make([]compiled, len(rgds))
	keys := make([]string, len(rgds))
	var group errgroup.Group
	group.SetLimit(r.jobs())
	for i, rgd := range rgds {
		group.Go(guarded(func() error {
			slots[i], keys[i] = r.compile(rgd)
			return nil
		}))
	}
	r.crash = cmp.Or(r.crash, group.Wait())
	var crds []*apiextensionsv1.CustomResourceDefinition
	for i, rgd := range rgds {
		r.out.Diagnostics = append(r.out.Diagnostics, slots[i].diags...)
		if g := slots[i].graph; g != nil {
			r.graphs[rgd.GVK] = g
			r.kindKeys[rgd.GVK] = keys[i]
			crds = append(crds, g.CRD)
		} else {
			r.undefined[rgd.GVK] = fmt.Sprintf("ResourceGraphDefinition %s, which defines it, has errors", rgd.Name)
		}
	}
	r.out.Catalog = r.out.Catalog.With(crds...)
}

// compile compiles one RGD, or takes its graph from the cache.
func (r *renderer) compile(rgd *graph.RGD) (compiled, string) {
	opts := r.compileOptions()
	key := r.graphKey(rgd, opts)
	if c, ok := cached[compiled](r.opts.Cache, key); ok {
		return c, key
	}
	g, diags := graph.Compile(rgd, r.out.Catalog, opts)
	c := compiled{g, diags}
	if g != nil {
		r.opts.Cache.Put(key, c, bytesPerGraph)
	}
	return c, key
}

func (r *renderer) compileOptions() graph.Options {
	return graph.Options{
		CELOmitFunction: r.opts.CELOmitFunction, MaxDimensions: r.opts.MaxCollectionDimensions,
		Lenient: r.opts.Lenient, CELCostLimit: r.opts.CELCostLimit, Admission: r.rules, Undefined: r.undefined,
	}
}

// crds decodes the CustomResourceDefinitions among documents.
func (r *renderer) crds(docs []*document) []*apiextensionsv1.CustomResourceDefinition {
	var out []*apiextensionsv1.CustomResourceDefinition
	for _, d := range docs {
		if !d.is(crdKind) {
			continue
		}
		crd, err := schema.DecodeCRD(d.Object)
		if err != nil {
			r.out.Diagnostics.Errorf(d.Start(), "crd-invalid", "%v", err)
			continue
		}
		for _, v := range crd.Spec.Versions {
			r.kindKeys[gvk{Group: crd.Spec.Group, Version: v.Name, Kind: crd.Spec.Names.Kind}] = r.docKeys[d.Document]
		}
		out = append(out, crd)
	}
	return out
}

// admit reads the RGDs among documents. Two for one kind are an error: kro
// would serve whichever came first.
func (r *renderer) admit(docs []*document) []*graph.RGD {
	var out []*graph.RGD
	first := map[k8sschema.GroupKind]*document{}
	for _, d := range docs {
		if !d.is(rgdKind) {
			continue
		}
		rgd, diags := graph.Admit(d.Document)
		r.out.Diagnostics = append(r.out.Diagnostics, diags...)
		if rgd == nil {
			continue
		}
		if other, ok := first[rgd.GVK.GroupKind()]; ok {
			if other.File != d.File || other.Index != d.Index {
				r.duplicate(rgd, d, other)
			}
			continue
		}
		first[rgd.GVK.GroupKind()] = d
		out = append(out, rgd)
	}
	return out
}

func (r *renderer) duplicate(rgd *graph.RGD, d, other *document) {
	path := diag.Path{"spec", "schema", "kind"}
	r.out.Diagnostics.Add(diag.Diagnostic{
		Severity: diag.Error, Rule: "duplicate-definition", Pos: d.Position(path), Object: d.Title(), Path: path.String(),
		Message: fmt.Sprintf("kind %s of group %s is defined twice: here and in %s", rgd.GVK.Kind, rgd.GVK.Group, other.Start()),
		Related: []diag.Related{{Position: other.Position(path), Message: "the other definition"}},
	})
}

// stray reports an object that looks like an instance but names another group
// or version than the RGD of its kind, and warns of one in a group that RGDs
// define whose kind nothing defines.
func (r *renderer) stray(d *document) {
	if r.out.Catalog.Has(d.gvk) {
		return
	}
	inGroup, kinds, elsewhere := d.gvk.Group == rgdKind.Group, []string{}, ""
	for _, rgd := range r.rgds {
		if rgd.GVK.Kind == d.gvk.Kind && elsewhere == "" {
			elsewhere = fmt.Sprintf("ResourceGraphDefinition %s defines %s of apiVersion: %s", rgd.Name, rgd.GVK.Kind, rgd.GVK.GroupVersion())
		}
		if rgd.GVK.Group == d.gvk.Group {
			inGroup, kinds = true, append(kinds, rgd.GVK.Kind)
		}
		if rgd.GVK == d.gvk || !strings.EqualFold(rgd.GVK.Kind, d.gvk.Kind) || !r.resembles(d, rgd) {
			continue
		}
		r.out.Diagnostics.Add(diag.Diagnostic{
			Severity: diag.Error, Rule: "unknown-instance", Pos: d.Position(diag.Path{"apiVersion"}), Object: d.Title(),
			Message: fmt.Sprintf("nothing defines %s %s", d.APIVersion(), d.Kind()),
			Hint: fmt.Sprintf("ResourceGraphDefinition %s defines apiVersion: %s, kind: %s",
				rgd.Name, rgd.GVK.GroupVersion(), rgd.GVK.Kind),
		})
		return
	}
	if !inGroup {
		return
	}
	w := diag.Diagnostic{
		Severity: diag.Warning, Rule: "unknown-instance", Pos: d.Position(diag.Path{"kind"}), Object: d.Title(),
		Message: fmt.Sprintf("nothing defines %s %s; the object is passed through", d.APIVersion(), d.Kind()),
	}
	if w.Hint = elsewhere; w.Hint != "" {
		r.out.Diagnostics.Add(w)
		return
	}
	if like := diag.Closest(d.Kind(), kinds); like != "" {
		w.Hint = "did you mean " + like + "?"
	}
	r.out.Diagnostics.Add(w)
}

// resembles reports whether an object of another group or version is meant as
// an instance of rgd. Kinds of the same name live in many groups (Application,
// Cluster), so in another group only what the RGD's schema knows counts.
func (r *renderer) resembles(d *document, rgd *graph.RGD) bool {
	g := r.graphs[rgd.GVK]
	if g == nil || d.gvk.Group == rgd.GVK.Group {
		return d.gvk.Group == rgd.GVK.Group
	}
	obj := maps.Clone(d.Object)
	obj["apiVersion"], obj["kind"] = rgd.GVK.GroupVersion().String(), rgd.GVK.Kind
	_, pruned, problems := g.Admitter.Admit(obj, r.namespace())
	return len(pruned) == 0 && len(problems) == 0
}
