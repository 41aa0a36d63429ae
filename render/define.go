package render

import (
	"fmt"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/schema"
)

// define compiles every RGD of the input, each once the CRDs of the RGDs that
// it builds on are there (S9.1).
func (r *renderer) define(docs documents, catalog *schema.Catalog) {
	all := append(append(append([]*document{}, docs.crds...), docs.definitions...), docs.objects...)
	catalog = catalog.With(r.crds(all)...)
	r.rgds = r.admit(append(append([]*document{}, docs.definitions...), docs.objects...))
	r.graphs = map[gvk]*graph.Graph{}
	todo := r.rgds
	for len(todo) > 0 {
		var later []*graph.RGD
		for _, rgd := range todo {
			if waits(rgd, todo, catalog) {
				later = append(later, rgd)
				continue
			}
			if g := r.compile(rgd, catalog); g != nil {
				catalog = catalog.With(g.CRD)
			}
		}
		if len(later) == len(todo) {
			for _, rgd := range later {
				r.compile(rgd, catalog) // says which kind is missing
			}
			break
		}
		todo = later
	}
	r.out.Catalog = catalog
	for _, rgd := range r.rgds {
		if g := r.graphs[rgd.GVK]; g != nil {
			r.out.Graphs = append(r.out.Graphs, g)
		}
	}
}

// waits reports whether an RGD uses a kind that another one, still to be
// compiled, defines.
func waits(rgd *graph.RGD, todo []*graph.RGD, catalog *schema.Catalog) bool {
	for _, k := range rgd.Kinds() {
		for _, other := range todo {
			if other.GVK == k.GVK && !catalog.Has(k.GVK) {
				return true
			}
		}
	}
	return false
}

func (r *renderer) compile(rgd *graph.RGD, catalog *schema.Catalog) *graph.Graph {
	g, diags := graph.Compile(rgd, catalog, graph.Options{
		CELOmitFunction: r.opts.CELOmitFunction, MaxDimensions: r.opts.MaxCollectionDimensions,
		Lenient: r.opts.Lenient, CELCostLimit: r.opts.CELCostLimit,
	})
	r.out.Diagnostics = append(r.out.Diagnostics, diags...)
	if g != nil {
		r.graphs[rgd.GVK] = g
	}
	return g
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
// or version than the RGD of its kind.
func (r *renderer) stray(d *document) {
	if r.out.Catalog.Has(d.gvk) {
		return
	}
	for _, rgd := range r.rgds {
		if rgd.GVK == d.gvk || !strings.EqualFold(rgd.GVK.Kind, d.gvk.Kind) {
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
}
