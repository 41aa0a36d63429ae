package render

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/krowave/krowave/render/admission"
	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/definition"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/outline"
	"github.com/krowave/krowave/render/output"
	"github.com/krowave/krowave/render/override"
	"github.com/krowave/krowave/render/policy"
	"github.com/krowave/krowave/render/policycheck"
	"github.com/krowave/krowave/render/wave"
)

// Input is what a render reads. A file holds text or objects; neither is ever
// changed.
type Input struct {
	Project string // how reports name the project that the files belong to

	Files       []manifest.File // RGDs, CRDs, instances and everything else, in output order
	Definitions []manifest.File // RGDs and CRDs that are only looked up, never printed
	CRDs        []manifest.File // CRDs that are only looked up
	Observed    []manifest.File // objects of a cluster; nil means that nothing is known of it
	Policies    []manifest.File // ValidatingAdmissionPolicies, their bindings and parameters

	// Others are RGDs of the same project that the files do not need. An object of
	// a group that only RGDs define kinds of is, or was, an instance.
	Others []outline.Definition

	// Unread are the files and directories in which definitions were looked for and
	// that could not be read. An object of a kind that nothing else defines may be
	// an instance of one of theirs.
	Unread []outline.Unread

	// Locate, if not nil, is asked how kinds could be found that no CRD of the
	// input defines, each as Kind.group; the answers become hints of findings. It
	// is called at most once, and only for an input with errors.
	Locate func(ctx context.Context, kinds []string) (map[string]string, error)
}

// Runtime is the policy for nodes that depend on cluster-only values.
type Runtime = policy.Runtime

// Policies.
const (
	Fail        = policy.Fail
	Withhold    = policy.Withhold
	Delegate    = policy.Delegate
	Placeholder = policy.Placeholder
)

// Graphs says what becomes of objects of kind Graph (preview of 0.10.0-rc.0).
type Graphs = policy.Graphs

// What there is.
const (
	PassGraphs   = policy.Pass
	ExpandGraphs = policy.Expand
	SplitGraphs  = policy.Divide
)

// Residuals says what is rendered of that which is left to kro.
type Residuals = output.Residuals

// What there is to render of it.
const (
	ResidualAll         = output.ResidualAll
	ResidualInstances   = output.ResidualInstances
	ResidualDefinitions = output.ResidualDefinitions
)

// ServerDefaults says what references between nodes see of a rendered object.
type ServerDefaults string

// Modes of ServerDefaults.
const (
	DefaultsSchema ServerDefaults = "schema" // with what the API server's schema adds
	DefaultsNone   ServerDefaults = "none"   // the bare template
)

// AdmissionDefaults states whether references between nodes see what well-known
// admission webhooks set. They see nothing of it with DefaultsNone.
type AdmissionDefaults string

// Modes of AdmissionDefaults.
const (
	AdmissionBundled AdmissionDefaults = "bundled" // those of package admission and of Options.Defaults
	AdmissionNone    AdmissionDefaults = "none"    // those of Options.Defaults only
)

// Annotate says which annotations objects get.
type Annotate = output.Annotate

// Emit says what is printed beside objects and pass-through.
type Emit = output.Emit

// Override sets fields of one instance before it is admitted, as an edit of its
// file would.
type Override = override.Override

// Cache keeps what renders have in common: parsed files, compiled graphs and
// expanded instances, each under a digest of everything that it was made from.
// What it holds is never changed.
type Cache = cache.LRU[any]

// NewCache returns a Cache that holds about budget bytes.
func NewCache(budget int64) *Cache { return cache.New[any](budget) }

// Options configure a render. The zero value is the default.
type Options struct {
	KroVersion        compat.Version // whose behavior is rendered; default compat.Default
	WarnNext          compat.Version // that warnings say of what it would render or refuse otherwise; empty for none
	KubernetesVersion string         // of the bundled schemas; default the newest
	Runtime           Runtime
	Residuals         Residuals // with Delegate
	Graphs            Graphs    // default PassGraphs
	ServerDefaults    ServerDefaults
	AdmissionDefaults AdmissionDefaults
	Defaults          []admission.Rule // of the user, beside the bundled ones; the first one for a field counts
	Lenient           bool             // unknown kinds are untyped, not errors
	InstanceGroups    []string         // API groups beside kro.run in which only RGDs define kinds
	Namespace         string           // of instances that name none; default "default"
	Instances         []string
	CELOmitFunction   bool // kro's feature gate
	KeepIdioms        bool // render what graph.KroArgoWorkaround describes; default: leave it out, with a warning

	// Encode is for those who only print YAML: objects of instances are text,
	// Object.Encoded, where no later stage reads them, and Instances are without
	// their objects then. A render takes about half of the memory.
	Encode bool

	// Count is for those who want to know how many objects an instance renders to,
	// and of which names: as Encode, without the text. Instances that render
	// others keep their objects.
	Count bool

	Foresee bool // expand Graphs for kro, too, into Result.Foreseen; nothing more is printed

	Annotate    Annotate
	WaveMode    wave.Mode
	APIVersions []string // group/version/Kind that the destination serves, as Argo CD tells them
	Emit        Emit

	MaxCollectionSize       int   // default 1000, as kro's
	MaxCollectionDimensions int   // default 10, as kro's
	MaxResources            int   // of one RGD or Graph; default 10,000
	MaxChainDepth           int   // default 8
	CELCostLimit            uint  // of one evaluation
	CELCostPerInstance      int64 // of one instance and what is chained into it; default 20 million
	CELCostTotal            int64 // of a render; default 1,000 million
	MaxObjectsPerInstance   int   // of one instance and what is chained into it; default 10,000
	MaxObjects              int   // of a render; default 1 million
	MaxOutputBytes          int64 // of the objects of a render, about; default 512 MiB
	Documents               manifest.Limits

	CheckPolicies bool               // report objects that break the policies of the Input and of Policies
	Policies      []policycheck.Rule // of krowave.yaml
	Today         time.Time          // after whose day an exception from a policy has ended; zero ends none

	AllowEmpty bool
	Jobs       int    // default GOMAXPROCS
	Cache      *Cache // shared between renders; nil for none

	Overrides []Override // of instances' fields, later ones last
}

func (o Options) withDefaults() Options {
	o.Namespace = cmp.Or(o.Namespace, "default")
	o.MaxChainDepth = cmp.Or(max(o.MaxChainDepth, 0), 8)
	o.CELCostPerInstance = cmp.Or(max(o.CELCostPerInstance, 0), 20_000_000)
	o.CELCostTotal = cmp.Or(max(o.CELCostTotal, 0), 1_000_000_000)
	o.MaxObjectsPerInstance = cmp.Or(max(o.MaxObjectsPerInstance, 0), 10_000)
	o.MaxObjects = cmp.Or(max(o.MaxObjects, 0), 1_000_000)
	o.MaxOutputBytes = cmp.Or(max(o.MaxOutputBytes, 0), 512<<20)
	return o
}

func (o Options) definition(rules *admission.Rules) definition.Options {
	return definition.Options{
		KubernetesVersion: o.KubernetesVersion, KeepWorkarounds: o.KeepIdioms, Jobs: o.Jobs, Cache: o.Cache,
		Compile: graph.Options{
			Kro: compat.Of(o.KroVersion), Next: compat.Of(o.WarnNext), CELOmitFunction: o.CELOmitFunction, MaxDimensions: o.MaxCollectionDimensions, MaxResources: o.MaxResources,
			Lenient: o.Lenient, CELCostLimit: o.CELCostLimit, Admission: rules,
		},
	}
}

// admission compiles the rules of admission webhooks.
func (o Options) admission() (*admission.Rules, diag.List, error) {
	if o.ServerDefaults == DefaultsNone {
		return nil, nil, nil
	}
	list := slices.Clone(o.Defaults)
	if o.AdmissionDefaults != AdmissionNone {
		bundled, err := admission.Bundled()
		if err != nil {
			return nil, nil, fmt.Errorf("the bundled admission defaults: %w", err)
		}
		list = append(list, bundled...)
	}
	if len(list) == 0 {
		return nil, nil, nil
	}
	rules, diags := admission.Compile(list)
	return rules, diags, nil
}

func (o Options) output() output.Options {
	return output.Options{
		Runtime: o.Runtime, Graphs: o.Graphs, Residuals: o.Residuals, Namespace: o.Namespace, InstanceGroups: o.InstanceGroups, WaveMode: o.WaveMode,
		Annotate: o.Annotate, Emit: o.Emit, APIVersions: o.APIVersions,
	}
}
