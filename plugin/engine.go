package plugin

import (
	"context"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/schema"
)

// engineFlags are the engine's options that every command shares.
type engineFlags struct {
	kubernetesVersion, schema choice
	gates                     featureGates
	namespace                 string
	strict                    bool
	jobs                      int64

	collectionSize, collectionDimensions, chainDepth, celCost int64
	fileBytes, documents, depth, nodes                        int64
}

func (f *engineFlags) bind(flags *pflag.FlagSet) {
	f.kubernetesVersion = choice{allowed: schema.Versions()}
	flags.Var(&f.kubernetesVersion, "kubernetes-version", "version of the bundled schemas (default the newest)")
	f.schema = choice{value: "strict", allowed: []string{"strict", "lenient"}}
	flags.Var(&f.schema, "schema", "what an unknown kind is: an error, or untyped")
	f.gates = newFeatureGates()
	flags.Var(f.gates, "feature-gates", "kro's feature gates: CELOmitFunction (alpha, default false), InstanceConditionEvents, InstanceConditionMetrics")
	flags.StringVarP(&f.namespace, "namespace", "n", "default", "namespace of instances that name none")
	flags.BoolVar(&f.strict, "strict", false, "warnings are errors")
	flags.VarP(count{&f.jobs}, "jobs", "j", "files and instances worked on at once (default the number of CPUs)")
	limit := func(to *int64, value int64, name, help string) {
		*to = value
		flags.Var(count{to}, name, help)
	}
	limit(&f.collectionSize, 1000, "max-collection-size", "objects that one forEach may make")
	limit(&f.collectionDimensions, 10, "max-collection-dimensions", "iterators that one forEach may have")
	limit(&f.chainDepth, 8, "max-chain-depth", "instances that may chain into each other")
	limit(&f.celCost, expr.DefaultCostLimit, "cel-cost-limit", "steps that one evaluation may take")
	limit(&f.fileBytes, 32<<20, "max-file-bytes", "bytes that one file may have")
	limit(&f.documents, 50_000, "max-documents", "objects that one file may have")
	limit(&f.depth, 200, "max-depth", "maps and lists that may be nested")
	limit(&f.nodes, 1_000_000, "max-yaml-nodes", "values that one document may have after aliases are expanded")
}

func (f *engineFlags) complete(cmd *cobra.Command) {
	complete(cmd, "kubernetes-version", schema.Versions()...)
	complete(cmd, "schema", f.schema.allowed...)
	var gates []string
	for _, name := range f.gates.names() {
		gates = append(gates, name+"=true")
	}
	complete(cmd, "feature-gates", gates...)
}

// options yields the engine's options.
func (f *engineFlags) options() render.Options {
	return render.Options{
		KubernetesVersion:       f.kubernetesVersion.value,
		Lenient:                 f.schema.value == "lenient",
		Namespace:               f.namespace,
		CELOmitFunction:         f.gates["CELOmitFunction"],
		MaxCollectionSize:       int(f.collectionSize),
		MaxCollectionDimensions: int(f.collectionDimensions),
		MaxChainDepth:           int(f.chainDepth),
		CELCostLimit:            uint(f.celCost),
		Documents: manifest.Limits{
			FileBytes: int(f.fileBytes), Documents: int(f.documents), Depth: int(f.depth), Nodes: int(f.nodes),
		},
		Jobs: int(f.jobs),
	}
}

// run is one render by a command: its input and its result.
type run struct {
	in  *input
	res *render.Result
}

// command is what a command hands to the engine.
type command struct {
	*cobra.Command
	streams Streams
	input   *inputFlags
	options func() render.Options // asked once krowave.yaml is applied to the flags
}

// read reads everything that the flags and arguments name.
func (c command) read(args []string) (*input, error) {
	r, err := newReader(c.streams, c.input)
	if err != nil {
		return nil, err
	}
	settings, err := r.config(args, c.Flags())
	if err != nil {
		return nil, err
	}
	return r.read(args, settings)
}

// render reads and renders.
func (c command) render(args []string) (*run, error) {
	in, err := c.read(args)
	if err != nil {
		return nil, err
	}
	return renderInput(c.Context(), in, in.Input, c.options())
}

// compile reads, and compiles RGDs only: instances are not looked at.
func (c command) compile(args []string) (*run, error) {
	in, err := c.read(args)
	if err != nil {
		return nil, err
	}
	return renderInput(c.Context(), in, in.definitionsOnly(), c.options())
}

func renderInput(ctx context.Context, in *input, what render.Input, opts render.Options) (*run, error) {
	res, err := render.Render(ctx, what, opts)
	if err != nil {
		return nil, err
	}
	res.Diagnostics = append(in.diags, res.Diagnostics...).Sorted()
	return &run{in: in, res: res}, nil
}

// report prints the findings. With strict, warnings count as errors. It returns
// errFindings when there is an error.
func (r *run) report(w io.Writer, strict bool) error {
	if strict {
		for i := range r.res.Diagnostics {
			if r.res.Diagnostics[i].Severity == diag.Warning {
				r.res.Diagnostics[i].Severity = diag.Error
			}
		}
	}
	if err := diag.Print(w, r.res.Diagnostics, diag.PrintOptions{Source: r.in.source}); err != nil {
		return err
	}
	if r.res.Diagnostics.HasErrors() {
		return errFindings
	}
	return nil
}

// own reports whether a document came from the arguments, not from a lookup.
func (r *run) own(doc *manifest.Document) bool {
	for _, f := range r.in.Files {
		if f.Name == doc.File {
			return true
		}
	}
	return false
}
