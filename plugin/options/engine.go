// Package options holds the flags that commands share, and the values that flags
// have. A command binds them and asks for the engine's options; what a flag means
// is the engine's.
//
//	var engine options.Engine
//	engine.Bind(cmd.Flags())
//	res, err := render.Render(ctx, in, engine.Options())
package options

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/schema"
)

// Engine holds the engine's options that every command shares.
type Engine struct {
	kubernetesVersion, schema Choice
	gates                     FeatureGates
	Namespace                 string
	Strict                    bool
	Jobs                      int64

	collectionSize, collectionDimensions, chainDepth, celCost int64
	fileBytes, documents, depth, nodes                        int64
}

// Bind adds the flags.
func (f *Engine) Bind(flags *pflag.FlagSet) {
	f.kubernetesVersion = Choice{Allowed: schema.Versions()}
	flags.Var(&f.kubernetesVersion, "kubernetes-version", "version of the bundled schemas (default the newest)")
	f.schema = Choice{Value: "strict", Allowed: []string{"strict", "lenient"}}
	flags.Var(&f.schema, "schema", "what an unknown kind is: an error, or untyped")
	f.gates = NewFeatureGates()
	flags.Var(f.gates, "feature-gates", "kro's feature gates: CELOmitFunction (alpha, default false), InstanceConditionEvents, InstanceConditionMetrics")
	flags.StringVarP(&f.Namespace, "namespace", "n", "default", "namespace of instances that name none")
	flags.BoolVar(&f.Strict, "strict", false, "warnings are errors")
	flags.VarP(NewCount(&f.Jobs), "jobs", "j", "files and instances worked on at once (default the number of CPUs)")
	limit := func(to *int64, value int64, name, help string) {
		*to = value
		flags.Var(NewCount(to), name, help)
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

// Complete adds what a shell offers as values.
func (f *Engine) Complete(cmd *cobra.Command) {
	Complete(cmd, "kubernetes-version", schema.Versions()...)
	Complete(cmd, "schema", f.schema.Allowed...)
	var gates []string
	for _, name := range f.gates.Names() {
		gates = append(gates, name+"=true")
	}
	Complete(cmd, "feature-gates", gates...)
}

// Options yields the engine's options.
func (f *Engine) Options() render.Options {
	return render.Options{
		KubernetesVersion:       f.kubernetesVersion.Value,
		Lenient:                 f.schema.Value == "lenient",
		Namespace:               f.Namespace,
		CELOmitFunction:         f.gates["CELOmitFunction"],
		MaxCollectionSize:       int(f.collectionSize),
		MaxCollectionDimensions: int(f.collectionDimensions),
		MaxChainDepth:           int(f.chainDepth),
		CELCostLimit:            uint(f.celCost),
		Documents: manifest.Limits{
			FileBytes: int(f.fileBytes), Documents: int(f.documents), Depth: int(f.depth), Nodes: int(f.nodes),
		},
		Jobs: int(f.Jobs),
	}
}
