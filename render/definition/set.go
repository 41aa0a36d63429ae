// Package definition reads and compiles definitions of kinds: RGDs and CRDs. It
// takes the documents of an input and returns a Set with the compiled graphs and
// the catalog of all kinds.
package definition

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/internal/source"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/outline"
	"github.com/krowave/krowave/render/schema"
)

type gvk = k8sschema.GroupVersionKind

// Set is everything that an input defines. It is not changed after Define.
type Set struct {
	Catalog *schema.Catalog // of Kubernetes, the CRDs and the RGDs
	RGDs    []*graph.RGD    // well-formed ones, compiled or not, definitions first
	Graphs  []*graph.Graph  // of the RGDs that compile
	Digest  string          // of all of it

	graphs   map[gvk]*graph.Graph
	digests  map[gvk]string // of a graph and what it builds on
	defined  map[gvk]bool
	refused  map[k8sschema.GroupKind]refused // kinds of RGDs that are not well-formed
	provided map[gvk]bool                    // kinds whose CRDs are among the objects of the input
	lookedUp map[place]bool                  // documents that are given for look-up
	others   []outline.Definition            // RGDs of the project that are not of the Set
	unread   unread                          // may hold more
	compile  graph.Options
	natives  map[place]*graph.Graph // objects of kind Graph that compile

	nativeList []*graph.Graph // in the order of their documents
}

// Native returns the compiled form of an object of kind Graph, nil for other documents
// and for a Graph that has errors.
func (s *Set) Native(doc *source.Document) *graph.Graph { return s.natives[placeOf(doc)] }

// DigestOf is the digest of all that an instance of a kind is rendered by: the
// graph of the kind, and the graphs of what it renders in turn.
func (s *Set) DigestOf(kind k8sschema.GroupVersionKind) string {
	return cmp.Or(s.digests[kind], s.Digest)
}

// IsNative reports whether objects of a kind are Graphs of kro 0.10. An RGD or a CRD may define
// a kind of that name, too.
func (s *Set) IsNative(kind k8sschema.GroupVersionKind) bool {
	return object.IsGraphKind(kind) && !s.defined[kind] && !s.Catalog.Has(kind)
}

// All returns the graphs of RGDs and of objects of kind Graph.
func (s *Set) All() []*graph.Graph { return slices.Concat(s.Graphs, s.nativeList) }

// Natives returns the graphs of objects of kind Graph, in the order of the input.
func (s *Set) Natives() []*graph.Graph { return s.nativeList }

// CompileNative compiles an object of kind Graph that is not of the input.
func (s *Set) CompileNative(doc *manifest.Document) (*graph.Graph, diag.List) {
	return graph.CompileNative(doc, s.Catalog, s.compile)
}

// Graph returns the graph whose instances are of a kind, nil if there is none.
func (s *Set) Graph(kind k8sschema.GroupVersionKind) *graph.Graph { return s.graphs[kind] }

// Defines reports whether an RGD defines a kind, also one that is refused or does
// not compile.
func (s *Set) Defines(kind k8sschema.GroupVersionKind) bool {
	_, isRefused := s.refused[kind.GroupKind()]
	return s.defined[kind] || isRefused && !s.Catalog.Has(kind)
}

// IsLookedUp reports whether a document is a definition that was given for
// look-up. It is not handed over, also when it lies among the files to render.
func (s *Set) IsLookedUp(doc *source.Document) bool { return s.lookedUp[placeOf(doc)] }

// place is where a document stands.
type place struct {
	file  string
	index int
}

func placeOf(doc *source.Document) place { return place{doc.File, doc.Index} }

// refused is a definition that is not well-formed.
type refused struct {
	title  string
	reason string
}

// Serves reports whether a cluster is sure to know a kind before anything is
// applied: Kubernetes has it, or the input brings its CRD, which Argo CD applies
// first.
func (s *Set) Serves(kind k8sschema.GroupVersionKind) bool {
	k, ok := s.Catalog.Lookup(kind)
	return ok && k.Builtin || s.provided[kind]
}

// Compile compiles an RGD that is not of the Set as those of the Set were.
func (s *Set) Compile(rgd *graph.RGD) (*graph.Graph, diag.List) {
	return graph.Compile(rgd, s.Catalog, s.compile)
}

// Options say how a Set is made.
type Options struct {
	KubernetesVersion string // of the bundled schemas; default the newest
	Compile           graph.Options
	KeepWorkarounds   bool // what graph.KroArgoWorkaround describes is rendered
	Jobs              int
	Cache             *cache.LRU[any] // nil for none
}

// Documents are the documents of an input by role.
type Documents struct {
	Objects     []*source.Document   // RGDs, CRDs, instances and everything else, in output order
	Definitions []*source.Document   // RGDs and CRDs that are only looked up
	CRDs        []*source.Document   // CRDs that are only looked up
	Others      []outline.Definition // RGDs of the project that are not needed
	Unread      []outline.Unread     // where definitions were looked for, and could not be read
}

// Define compiles every RGD, each once the CRDs of the RGDs that it builds on are
// there (S9.1).
func Define(ctx context.Context, docs Documents, opts Options) (*Set, diag.List, error) {
	catalog, err := schema.NewCatalog(opts.KubernetesVersion)
	if err != nil {
		return nil, nil, err
	}
	d := &definer{opts: opts, rgds: map[*graph.RGD]string{}, kinds: map[gvk]string{}, undefined: map[gvk]graph.Undefined{}}
	d.opts.Compile.Undefined = d.undefined // filled as RGDs turn out to have errors
	d.set = &Set{Catalog: catalog, graphs: map[gvk]*graph.Graph{}, digests: map[gvk]string{}, defined: map[gvk]bool{}, provided: map[gvk]bool{}, compile: d.opts.Compile,
		others: docs.Others, unread: unread{all: docs.Unread}, refused: map[k8sschema.GroupKind]refused{}, lookedUp: map[place]bool{}, natives: map[place]*graph.Graph{}}
	d.serve(docs)
	d.admit(slices.Concat(docs.Definitions, docs.Objects))
	d.orphans(docs.Objects)
	if err := d.compile(ctx); err != nil {
		return nil, nil, err
	}
	if natives := docs.Objects; len(natives) > 0 {
		d.graphs(natives)
	} else { // nothing to render: what there is is compiled
		d.graphs(docs.Definitions)
	}
	d.finish()
	return d.set, d.diags, nil
}

// definer is a Set in the making.
type definer struct {
	opts  Options
	set   *Set
	diags diag.List

	rgds      map[*graph.RGD]string   // digests of their documents
	kinds     map[gvk]string          // digests of the CRDs and graphs behind kinds
	undefined map[gvk]graph.Undefined // why the kinds of RGDs without a graph are not there
}

// serve adds the CRDs of the input to the catalog.
func (d *definer) serve(docs Documents) {
	given := slices.Concat(docs.CRDs, docs.Definitions)
	for _, doc := range given {
		if object.IsCRDKind(doc.GVK) || object.IsRGDKind(doc.GVK) {
			d.set.lookedUp[placeOf(doc)] = true
		}
	}
	lookedUp := d.crds(given)
	provided := d.crds(slices.DeleteFunc(slices.Clone(docs.Objects), d.set.IsLookedUp))
	d.set.Catalog = d.set.Catalog.With(slices.Concat(lookedUp, provided)...)
	for _, crd := range provided {
		for _, v := range crd.Spec.Versions {
			d.set.provided[kindOf(crd, v.Name)] = true
		}
	}
}

// crds decodes the CustomResourceDefinitions among documents.
func (d *definer) crds(docs []*source.Document) []*apiextensionsv1.CustomResourceDefinition {
	var out []*apiextensionsv1.CustomResourceDefinition
	for _, doc := range docs {
		if !object.IsCRDKind(doc.GVK) {
			continue
		}
		crd, err := schema.DecodeCRD(doc.Object)
		if err != nil {
			d.diags.Errorf(doc.Start(), "crd-invalid", "%v", err)
			continue
		}
		for _, v := range crd.Spec.Versions {
			d.kinds[kindOf(crd, v.Name)] = doc.Digest
		}
		out = append(out, crd)
	}
	return out
}

func kindOf(crd *apiextensionsv1.CustomResourceDefinition, version string) gvk {
	return gvk{Group: crd.Spec.Group, Version: version, Kind: crd.Spec.Names.Kind}
}

// admit reads the RGDs among documents. Two for one kind are an error: kro
// would serve whichever came first.
func (d *definer) admit(docs []*source.Document) {
	first := map[k8sschema.GroupKind]*source.Document{}
	for _, doc := range docs {
		if isResourceGroup(doc.GVK) {
			d.resourceGroup(doc)
		}
		if !object.IsRGDKind(doc.GVK) {
			continue
		}
		rgd, diags := graph.Admit(doc.Document)
		d.diags = append(d.diags, diags...)
		if rgd == nil {
			d.refuse(doc, "has errors")
			continue
		}
		if other, ok := first[rgd.GVK.GroupKind()]; ok {
			if other.File != doc.File || other.Index != doc.Index {
				d.duplicate(rgd, doc, other)
			}
			continue
		}
		first[rgd.GVK.GroupKind()] = doc
		d.rgds[rgd] = doc.Digest
		d.set.RGDs = append(d.set.RGDs, rgd)
		d.set.defined[rgd.GVK] = true
	}
}

func (d *definer) duplicate(rgd *graph.RGD, doc, other *source.Document) {
	path := diag.Path{"spec", "schema", "kind"}
	d.diags.Add(diag.Diagnostic{
		Severity: diag.Error, Rule: "duplicate-definition", Pos: doc.Position(path), Object: doc.Title(), Path: path.String(),
		Message: fmt.Sprintf("kind %s of group %s is defined twice: here and in %s", rgd.GVK.Kind, rgd.GVK.Group, other.Start()),
		Related: []diag.Related{{Position: other.Position(path), Message: "the other definition"}},
	})
}

// compiled is what is cached of an RGD: its graph with warnings. RGDs with
// errors are compiled again, since what is wrong with them depends on everything
// around.
type compiled struct {
	graph *graph.Graph
	diags diag.List
}

// bytesPerGraph is about what a graph takes in memory.
const bytesPerGraph = 512 << 10

// one compiles an RGD, or takes its graph from the cache, and returns the digest
// of all that the graph is made from: the RGD, and the kinds that it uses.
func (d *definer) one(rgd *graph.RGD) (compiled, string) {
	if d.opts.Cache == nil {
		g, diags := graph.Compile(rgd, d.set.Catalog, d.opts.Compile)
		return compiled{g, diags}, ""
	}
	parts := []any{"graph", d.rgds[rgd], d.opts.Compile, d.set.Catalog.Version()}
	for _, k := range rgd.Kinds() {
		parts = append(parts, k.GVK, d.kinds[k.GVK])
	}
	digest := cache.Digest(parts...)
	if v, _ := d.opts.Cache.Get(digest); v != nil {
		return v.(compiled), digest
	}
	g, diags := graph.Compile(rgd, d.set.Catalog, d.opts.Compile)
	c := compiled{g, diags}
	if g != nil {
		d.opts.Cache.Put(digest, c, bytesPerGraph)
	}
	return c, digest
}

// graphs compiles the objects of kind Graph, which kro 0.10 expands.
func (d *definer) graphs(docs []*source.Document) {
	for _, doc := range docs {
		if !d.set.IsNative(doc.GVK) {
			continue
		}
		g, found := d.set.CompileNative(doc.Document)
		if d.diags = append(d.diags, found...); g != nil {
			d.set.natives[placeOf(doc)] = g
			d.set.nativeList = append(d.set.nativeList, g)
		}
	}
}

// finish lists the graphs in the order of their RGDs and digests the Set.
func (d *definer) finish() {
	parts := []any{"definitions", d.set.Catalog.Version()}
	for _, rgd := range d.set.RGDs {
		if g := d.set.graphs[rgd.GVK]; g != nil {
			d.set.Graphs = append(d.set.Graphs, g)
			parts = append(parts, d.kinds[rgd.GVK])
			if !d.opts.KeepWorkarounds {
				d.warnOfWorkarounds(g)
			}
		}
	}
	d.set.Digest = cache.Digest(parts...)
	for _, g := range d.set.Graphs {
		if digest, ok := d.reach(g); ok {
			d.set.digests[g.RGD.GVK] = digest
		}
	}
}

// reach is the digest of a graph and of those that it builds on, at any distance:
// RGDs may build on each other in a circle. It is false for one that may render
// objects of kind Graph, which may be of any kind of the Set.
func (d *definer) reach(g *graph.Graph) (string, bool) {
	parts := []any{"reach"}
	seen := map[gvk]bool{g.RGD.GVK: true}
	for todo := []*graph.Graph{g}; len(todo) > 0; todo = todo[1:] {
		parts = append(parts, d.kinds[todo[0].RGD.GVK])
		for _, k := range todo[0].RGD.Kinds() {
			inner := d.set.graphs[k.GVK]
			switch {
			case object.IsGraphKind(k.GVK):
				return "", false
			case inner != nil && !seen[k.GVK]:
				seen[k.GVK] = true
				todo = append(todo, inner)
			}
		}
	}
	return cache.Digest(parts...), true
}
