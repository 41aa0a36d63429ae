// Package render is the engine's front door: files go in, and out come the
// objects that kro would create from the instances among them, with everything
// that is neither an RGD nor an instance passed through.
//
//	res, err := render.Render(ctx, render.Input{Files: files}, render.Options{})
//
// What is wrong with the files is in Result.Diagnostics; an error means that
// rendering itself failed, such as by a cancelled context. Same input, same
// result: no clock, no network, no environment, and no file is opened.
package render

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/krowave/krowave/render/admission"
	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/schema"
	"github.com/krowave/krowave/render/wave"
)

// Input is what a render reads.
type Input struct {
	Files       []manifest.File // RGDs, CRDs, instances and everything else, in output order
	Definitions []manifest.File // RGDs and CRDs that are only looked up, never printed
	CRDs        []manifest.File // CRDs that are only looked up
	Observed    []manifest.File // objects of a cluster; nil means that nothing is known of it
}

// Runtime is the policy for nodes that need what only a cluster knows.
type Runtime string

// Policies.
const (
	Fail     Runtime = "fail"     // an error for each
	Withhold Runtime = "withhold" // left out and listed
	Delegate Runtime = "delegate" // left to kro in the cluster, by way of a residual RGD

	// Placeholder renders them with texts such as <runtime: db.status.ip> in place
	// of the values: to look at, never to apply.
	Placeholder Runtime = "placeholder"
)

// ServerDefaults says what references between nodes see of a rendered object.
type ServerDefaults string

// Modes of ServerDefaults.
const (
	DefaultsSchema ServerDefaults = "schema" // with what the API server's schema adds
	DefaultsNone   ServerDefaults = "none"   // the bare template
)

// AdmissionDefaults says whether references between nodes see what well-known
// admission webhooks set. They see nothing of it with DefaultsNone.
type AdmissionDefaults string

// Modes of AdmissionDefaults.
const (
	AdmissionBundled AdmissionDefaults = "bundled" // those of package admission and of Options.Defaults
	AdmissionNone    AdmissionDefaults = "none"    // those of Options.Defaults only
)

// Options configure a render. The zero value is the default.
type Options struct {
	KubernetesVersion string // of the bundled schemas; default the newest
	Runtime           Runtime
	ServerDefaults    ServerDefaults
	AdmissionDefaults AdmissionDefaults
	Defaults          []admission.Rule // of the user, beside the bundled ones; the first one for a field counts
	Lenient           bool             // unknown kinds are untyped, not errors
	Namespace         string           // of instances that name none; default "default"
	Instances         []string
	CELOmitFunction   bool // kro's feature gate
	KeepIdioms        bool // render what graph.KroArgoWorkaround describes; default: leave it out, with a warning

	Annotate    Annotate
	WaveMode    wave.Mode
	APIVersions []string // group/version/Kind that the destination serves, as Argo CD tells them
	Emit        Emit

	MaxCollectionSize       int // default 1000, as kro's
	MaxCollectionDimensions int // default 10, as kro's
	MaxChainDepth           int // default 8
	CELCostLimit            uint
	Documents               manifest.Limits

	AllowEmpty bool
	Jobs       int    // default GOMAXPROCS
	Cache      *Cache // shared between renders; nil for none

	Overrides []Override // of instances' fields, later ones last
}

// Annotate says which annotations objects get.
type Annotate struct{ Waves, Origin bool }

// Emit says what is printed beside objects and pass-through.
type Emit struct{ Definitions, Instances, CRDs bool }

// Result is what a render makes.
type Result struct {
	Objects     []Object    // to print, in order
	Instances   []*Instance // every expansion: each instance, then those chained into it
	Graphs      []*graph.Graph
	Catalog     *schema.Catalog
	Diagnostics diag.List // sorted
}

// Object is one object to print.
type Object struct {
	Object   map[string]any
	Instance *Instance // nil for an object that was passed through
	Node     *graph.Node
	Index    int // in a collection
	Wave     int
	Doc      *manifest.Document // of an object that was passed through
	For      *Instance          // of an object for kro: whose residual it is, or the first that needs the RGD
}

// Instance is one expanded instance.
type Instance struct {
	wave.Member
	Doc    *manifest.Document // nil for a chained instance
	Parent *Instance          // of a chained instance
	Node   string             // of the parent that rendered it

	Residual *Residual // what is left to kro; nil when Git renders all of it

	chained  []*Instance    // by object; nil for plain objects
	authored map[string]any // before it is admitted
}

// Render reads, compiles and expands. The Result is usable whenever the error
// is nil: with errors among its Diagnostics it holds what could be made.
func Render(ctx context.Context, in Input, opts Options) (*Result, error) {
	catalog, err := schema.NewCatalog(opts.KubernetesVersion)
	if err != nil {
		return nil, err
	}
	r := &renderer{
		ctx: ctx, opts: opts, out: &Result{Catalog: catalog},
		docKeys: map[*manifest.Document]string{}, kindKeys: map[gvk]string{}, undefined: map[gvk]string{}, brought: map[gvk]bool{},
	}
	docs := r.read(in)
	if r.crash == nil {
		r.define(docs)
	}
	if r.crash != nil {
		return nil, r.crash
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	r.divided = r.divisions()
	r.strayOverrides(docs.objects)
	if err := r.instances(docs.objects); err != nil {
		return nil, err
	}
	r.emit(docs.objects)
	r.out.Diagnostics = r.out.Diagnostics.Sorted()
	return r.out, nil
}

// renderer is the state of one Render.
type renderer struct {
	ctx     context.Context
	opts    Options
	out     *Result
	graphs  map[gvk]*graph.Graph
	rgds    []*graph.RGD // well-formed ones, compiled or not
	divided map[gvk]func() division
	limits  expand.Options
	rules   *admission.Rules

	// With a cache: digests of documents, of the CRDs behind kinds, and of all
	// that expansions have in common.
	docKeys  map[*manifest.Document]string
	kindKeys map[gvk]string
	worldKey string

	brought   map[gvk]bool   // kinds whose CRDs are among Input.Files
	undefined map[gvk]string // why the kinds of RGDs without a graph are not there

	tops  []*Instance // by document of the input; nil where it is no instance
	crash error       // the first *Crash of reading and compiling
}

// instances expands every instance, in parallel, each into a slot of its own.
func (r *renderer) instances(docs []*document) error {
	r.tops = make([]*Instance, len(docs))
	diags := make([]diag.List, len(docs))
	group, ctx := errgroup.WithContext(r.ctx)
	group.SetLimit(r.jobs())
	for i, d := range docs {
		g := r.graphs[d.gvk]
		if g == nil || !r.selected(d.Document) {
			continue
		}
		group.Go(guarded(func() error {
			x, err := r.expandTop(ctx, d.Document, g)
			r.tops[i], diags[i] = x.top, x.diags
			return err
		}))
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	for i, top := range r.tops {
		r.out.Diagnostics = append(r.out.Diagnostics, diags[i]...)
		if top != nil {
			r.out.Instances = append(r.out.Instances, top.all()...)
		}
	}
	return nil
}

// expandTop expands an instance of the input, or takes it from the cache.
func (r *renderer) expandTop(ctx context.Context, doc *manifest.Document, g *graph.Graph) (expanded, error) {
	key := ""
	if r.opts.Cache != nil {
		key = cache.Digest("instance", r.worldKey, r.docKeys[doc], r.overridesOf(doc))
		if x, ok := cached[expanded](r.opts.Cache, key); ok {
			return x, nil
		}
	}
	e := &expander{renderer: r, ctx: ctx}
	top, err := e.top(doc, g)
	x := expanded{top, e.diags}
	if err == nil && top != nil {
		objects := 0
		for _, i := range top.all() {
			objects += len(i.Objects) + 1
		}
		r.opts.Cache.Put(key, x, int64(objects)*bytesPerObject)
	}
	return x, err
}

func (r *renderer) jobs() int {
	if r.opts.Jobs > 0 {
		return r.opts.Jobs
	}
	return runtime.GOMAXPROCS(0)
}

// all lists an instance and those chained below it, parents first.
func (i *Instance) all() []*Instance {
	out := []*Instance{i}
	for _, c := range i.chained {
		if c != nil {
			out = append(out, c.all()...)
		}
	}
	return out
}

// selected applies --instance.
func (r *renderer) selected(d *manifest.Document) bool {
	return len(r.opts.Instances) == 0 ||
		slices.ContainsFunc(r.opts.Instances, func(want string) bool { return r.names(d, want) })
}

// names reports whether want is an object's NAME, NAMESPACE/NAME, KIND/NAME or
// KIND/NAMESPACE/NAME.
func (r *renderer) names(d *manifest.Document, want string) bool {
	namespace := d.Namespace()
	if namespace == "" {
		namespace = r.namespace()
	}
	switch want {
	case d.Name(), namespace + "/" + d.Name(), d.Kind() + "/" + namespace + "/" + d.Name(), d.Kind() + "/" + d.Name():
		return true
	}
	return false
}

func (r *renderer) namespace() string {
	if r.opts.Namespace != "" {
		return r.opts.Namespace
	}
	return "default"
}
