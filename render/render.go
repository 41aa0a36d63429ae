// Package render is the API of the engine. It takes files or objects, and returns
// the objects that kro would create from the instances among them; everything
// that is neither an RGD nor an instance passes through.
//
//	res, err := render.Render(ctx, render.Input{Files: files}, render.Options{})
//
// What is wrong with the input is in Result.Diagnostics; an error means that
// rendering itself failed, such as by a cancelled context. Same input, same
// result: no clock, no network, no environment, and no file is opened.
//
// # Embedding
//
// For programs beside krowave there are Render, Input, Options, Result and the
// types that they name, and the packages manifest, diag, object, need, affected
// and trace. Options and Input get new fields whose zero values keep what there
// was; the rules of findings in docs/diagnostics.md keep their names, their
// messages change. The rooms below (graph, expand, schema and so on) are there to
// be read through a Result and change without notice.
//
// Render never changes its Input, and nobody may change what a Result points to:
// objects that are passed through are the maps of the input, and with a Cache,
// graphs, documents and instances are shared between results. Who wants to change
// an object takes object.Copy of it. Render may be called at any time from any
// goroutine; an Input and a Cache may serve several calls at once.
package render

import (
	"context"
	"fmt"
	"slices"

	"github.com/krowave/krowave/render/admission"
	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/definition"
	"github.com/krowave/krowave/render/delegation"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/instance"
	"github.com/krowave/krowave/render/internal/lookup"
	"github.com/krowave/krowave/render/internal/parallel"
	"github.com/krowave/krowave/render/internal/source"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/output"
	"github.com/krowave/krowave/render/override"
	"github.com/krowave/krowave/render/progress"
)

// Render reads, compiles and expands. The Result is usable whenever the error
// is nil: with errors among its Diagnostics it holds what could be made.
func Render(ctx context.Context, in Input, opts Options) (*Result, error) {
	opts = opts.withDefaults()
	res, err := pipeline(ctx, in, opts)
	if err == nil && opts.warnsOfNext() {
		err = res.warnOfNext(ctx, in, opts)
	}
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	if res.Diagnostics, err = located(ctx, withoutConsequences(res.Diagnostics, in).Sorted(), in); err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	return res, nil
}

// pipeline is the way from files to objects: each stage takes what those before
// it returned, and returns a value with the findings about the input.
func pipeline(ctx context.Context, in Input, opts Options) (*Result, error) {
	docs, diags, err := read(ctx, in, opts)
	if err != nil {
		return nil, err
	}
	unreadable := diags.HasErrors() // and may hold what is selected
	rules, found, err := opts.admission()
	if err != nil {
		return nil, err
	}
	diags = append(diags, found...)
	docs.Others, docs.Unread = in.Others, in.Unread
	set, found, err := definition.Define(ctx, docs.Documents, opts.definition(rules))
	if err != nil {
		return nil, err
	}
	diags = append(diags, found...)
	plan := delegation.New(set, opts.KeepIdioms, opts.Documents)
	if opts.Residuals == ResidualDefinitions {
		return definitions(in, output.Input{Documents: docs.Objects, Set: set, Plan: plan}, diags, opts), nil
	}
	diags = append(diags, strayOverrides(docs.Objects, set, opts)...)
	if !unreadable {
		diags = append(diags, straySelection(docs.Objects, set, opts)...)
	}
	e := expander(in.Project, docs, set, plan, rules, opts)
	if opts.readsObjects(set) {
		opts.Encode, opts.Count = false, false
	}
	if opts.Encode || opts.Count {
		e.Options.Expand.Spare = new(expand.Spare)
	}
	made, found, err := expandAll(ctx, docs, e, opts)
	if err != nil {
		return nil, err
	}
	diags = append(diags, found...)
	objects, found := output.Assemble(output.Input{Documents: docs.Objects, Instances: made.tops, Encoded: made.encoded, Set: set, Plan: plan}, opts.output())
	diags = append(diags, found...)
	for i := range objects {
		objects[i].Project, objects[i].Default = in.Project, opts.Namespace
	}
	res := &Result{Objects: objects, Graphs: set.Graphs, Natives: set.Natives(), Catalog: set.Catalog, Diagnostics: diags}
	for _, top := range made.tops {
		if top != nil {
			res.Instances = append(res.Instances, top.All()...)
		}
	}
	if opts.Foresee {
		if res.Foreseen, err = foresee(ctx, objects, e, opts); err != nil {
			return nil, err
		}
	}
	found, err = res.checkPolicies(ctx, in, opts)
	if err != nil {
		return nil, err
	}
	res.Diagnostics = append(res.Diagnostics, found...)
	res.Diagnostics = append(res.Diagnostics, empty(res, docs.Objects, set, opts)...)
	return res, nil
}

// definitions renders what is left to kro of definitions, and no instance.
func definitions(in Input, from output.Input, diags diag.List, opts Options) *Result {
	at := firstPosition(slices.Concat(from.Documents))
	if len(from.Documents) == 0 && len(from.Set.RGDs) > 0 {
		at = from.Set.RGDs[0].Doc.Start()
	}
	objects, found := output.Definitions(from, opts.output())
	diags = append(diags, found...)
	switch {
	case !opts.Runtime.Delegates():
		objects = nil
		diags.Errorf(at, "residuals", "nothing is left to kro: the definitions alone are rendered with runtime: delegate")
	case len(objects) == 0 && !opts.AllowEmpty && !diags.HasErrors():
		diags.Add(emptyOutput(at, "no definition is left to kro, and only definitions are to be rendered"))
	}
	for i := range objects {
		objects[i].Project, objects[i].Default = in.Project, opts.Namespace
	}
	return &Result{Objects: objects, Graphs: from.Set.Graphs, Natives: from.Set.Natives(), Catalog: from.Set.Catalog, Diagnostics: diags}
}

// EmptyOutput is the rule of an output without objects.
const EmptyOutput = "empty"

func emptyOutput(at diag.Position, message string) diag.Diagnostic {
	return diag.Diagnostic{Severity: diag.Error, Rule: EmptyOutput, Pos: at, Message: message, Hint: "use --allow-empty to allow this"}
}

// documents are the decoded input.
type documents struct {
	definition.Documents
	observed lookup.Objects // its Observed is nil when nothing is known of a cluster
}

// read decodes the input.
func read(ctx context.Context, in Input, opts Options) (documents, diag.List, error) {
	r := source.Reader{Limits: opts.Documents, Jobs: opts.Jobs, Cache: opts.Cache}
	var out documents
	var observed []*source.Document
	var diags diag.List
	for _, list := range []struct {
		to   *[]*source.Document
		from []manifest.File
	}{{&out.Objects, in.Files}, {&out.Definitions, in.Definitions}, {&out.CRDs, in.CRDs}, {&observed, in.Observed}} {
		docs, found, err := r.Read(ctx, list.from)
		if err != nil {
			return documents{}, nil, err
		}
		*list.to, diags = docs, append(diags, found...)
	}
	if in.Observed != nil {
		var found diag.List
		out.observed, found = lookup.Observed(observed)
		diags = append(diags, found...)
	}
	return out, diags, nil
}

// expansions are the instances of an input, each in the slot of its document.
type expansions struct {
	docs    []*source.Document
	tops    []*Instance
	encoded [][]Object // with Options.Encode or Count: objects that the instances no longer have
	diags   []diag.List
	total   *total
}

// expandAll expands every instance that is selected, in parallel, each into the
// slot of its document.
func expandAll(ctx context.Context, docs documents, e *instance.Expander, opts Options) (*expansions, diag.List, error) {
	x := &expansions{docs: docs.Objects, tops: make([]*Instance, len(docs.Objects)), diags: make([]diag.List, len(docs.Objects)), total: newTotal(len(docs.Objects), opts)}
	if opts.Encode || opts.Count {
		x.encoded = make([][]Object, len(docs.Objects))
	}
	printing := opts.output()
	counter := progress.Of(ctx)
	err := parallel.Each(ctx, opts.Jobs, len(docs.Objects), func(ctx context.Context, i int) (err error) {
		d := docs.Objects[i]
		var made instance.Made
		g := e.Set.Graph(d.GVK)
		if opts.Graphs.Renders() && e.Set.IsNative(d.GVK) {
			g = e.Set.Native(d)
		}
		switch {
		case g == nil || !opts.selects(d):
		case object.IsEncrypted(d.Object):
			x.diags[i].Add(d.Encrypted("instance"))
		default:
			if x.tops[i], x.diags[i], err = e.Expand(ctx, d, g); err == nil && x.tops[i] != nil {
				made = x.tops[i].Made
				counter.Instance()
				x.release(i, e, opts, printing)
			}
		}
		if err == nil {
			err = x.total.add(i, made)
		}
		return err
	})
	if err == nil && opts.Graphs.Renders() {
		err = x.settle(ctx, e, opts)
	}
	if found, at, ok := x.total.exceeded(docs.Objects, x.diags); ok {
		clear(x.tops[at:])
		return x, found, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return x, slices.Concat(x.diags...), nil
}

// release keeps of an instance what is printed, where that is all that is wanted.
func (x *expansions) release(i int, e *instance.Expander, opts Options, printing output.Options) {
	var objects []Object
	var bare *Instance
	switch spare := e.Options.Expand.Spare; {
	case opts.Encode:
		objects, bare = output.Encode(x.tops[i], e.Set, spare, printing)
	case opts.Count:
		objects, bare = output.Name(x.tops[i], e.Set, spare, printing)
	}
	if bare != nil {
		x.encoded[i], x.tops[i] = objects, bare
	}
}

// readsObjects reports whether a stage behind the expansion reads the objects of
// instances, or whether they are shared.
func (o Options) readsObjects(set *definition.Set) bool {
	return o.Cache != nil || o.Foresee || o.CheckPolicies || o.warnsOfNext() || o.Graphs.Renders() && len(set.Natives()) > 0
}

// expander returns what expands the instances of an input.
func expander(project string, docs documents, set *definition.Set, plan *delegation.Plan, rules *admission.Rules, opts Options) *instance.Expander {
	fromInput := lookup.FromInput(set, slices.Concat(docs.Objects, docs.Definitions), opts.Namespace)
	e := &instance.Expander{Set: set, Plan: plan, Options: instance.Options{
		Project: project, Runtime: opts.Runtime, Graphs: opts.Graphs, WaveMode: opts.WaveMode, Namespace: opts.Namespace, MaxChainDepth: opts.MaxChainDepth,
		MaxObjects: opts.MaxObjectsPerInstance, MaxSteps: opts.CELCostPerInstance, MaxBytes: opts.MaxOutputBytes,
		Overrides: opts.Overrides, Cache: opts.Cache,
		Expand: expand.Options{
			Admission: rules, ServerDefaults: opts.ServerDefaults != DefaultsNone, MaxCollectionSize: opts.MaxCollectionSize,
			Placeholder: opts.Runtime.Fills(), KeepWorkarounds: opts.KeepIdioms,
			Observed: docs.observed.Observed, FromInput: fromInput.Observed,
		},
	}}
	if opts.Cache != nil {
		e.Options.Digest = cache.Digest("shared", project, opts.WaveMode, opts.Namespace, opts.Runtime, opts.Graphs, opts.KeepIdioms, opts.ServerDefaults,
			opts.MaxCollectionSize, opts.MaxChainDepth, opts.MaxObjectsPerInstance, opts.CELCostPerInstance, opts.MaxOutputBytes, rules.Digest(),
			docs.observed.Observed != nil, docs.observed.Digest, fromInput.Digest)
	}
	return e
}

// strayOverrides reports overrides that name no instance, or several.
func strayOverrides(docs []*source.Document, set *definition.Set, opts Options) diag.List {
	if len(opts.Overrides) == 0 {
		return nil
	}
	var instances []override.Candidate
	for _, d := range docs {
		if set.Graph(d.GVK) != nil {
			instances = append(instances, override.CandidateOf(d.Document, d.Key(opts.Namespace)))
		}
	}
	return override.Stray(opts.Overrides, instances)
}

// empty reports an input with instances of which nothing is printed.
func empty(res *Result, docs []*source.Document, set *definition.Set, opts Options) diag.List {
	if len(res.Objects) > 0 || opts.AllowEmpty || res.Diagnostics.HasErrors() || opts.Runtime.LeavesOut() && res.waits() {
		return nil
	}
	var diags diag.List
	for _, d := range docs {
		if !d.GVK.Empty() && (set.Defines(d.GVK) || opts.Graphs.Renders() && set.IsNative(d.GVK)) {
			diags.Add(emptyOutput(d.Start(), "the input has instances but nothing is rendered"))
			break
		}
	}
	return diags
}
