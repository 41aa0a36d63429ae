package settings

import (
	"slices"
	"sync"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/policy"
	"github.com/krowave/krowave/render/repo"
	"github.com/krowave/krowave/render/wave"
)

// Table lists every setting. The rights stand in the order of the surfaces:
// command line, CMP server, Flux controller, Application, RenderedSource,
// krowave.yaml. A new limit is one row.
func Table() []Setting { return slices.Clone(table()) }

var table = sync.OnceValue(func() []Setting {
	return slices.Concat(lookups(), engine(), guards(), output(), limits(), archives())
})

// lookups say what is read beside the rendered paths.
func lookups() []Setting {
	everyone := [surfaces]Right{Free, No, No, Free, Free, Free}
	definitions := list("definitions", "file or directory with RGDs and CRDs to look up; repeatable", everyone, func(v *Values) *[]string { return &v.Definitions })
	definitions.Short = "d"
	crds := list("crds", "file or directory with CRDs to look up; repeatable", [surfaces]Right{Free, No, No, Free, No, Free}, func(v *Values) *[]string { return &v.CRDs })
	crds.Elsewhere = "spec.definitions of a RenderedSource also accepts CRDs, and krowave.yaml has crds"
	policies := list("policies", "file or directory with ValidatingAdmissionPolicies, their bindings and parameters; repeatable",
		[surfaces]Right{Free, No, No, No, No, Free}, func(v *Values) *[]string { return &v.Policies })
	policies.Elsewhere = "the policies of a repository are in its krowave.yaml"
	exclude := list("exclude", "pattern of paths to skip in directories, such as charts or '**/*.tpl.yaml'; repeatable", [surfaces]Right{Free, No, No, Free, No, Free},
		func(v *Values) *[]string { return &v.Exclude })
	exclude.Elsewhere = "for a RenderedSource, use exclude in krowave.yaml or ignore in the Flux source"
	root := text("root", "root directory; paths outside it are refused (default the Git repository)", [surfaces]Right{Free, No, No, No, No, No},
		func(v *Values) *string { return &v.Root })
	root.Elsewhere = "a server never reads a file outside the repository"
	vendor := text("vendor", "directory for the copies of remote definitions that krowave vendor writes", [surfaces]Right{No, No, No, No, No, Free},
		func(v *Values) *string { return &v.Vendor })
	vendor.Elsewhere = "all readers of a repository need the same directory"
	return []Setting{
		definitions,
		crds,
		list("observed", "file or directory with recorded objects of a cluster; repeatable", everyone,
			func(v *Values) *[]string { return &v.Observed }),
		policies,
		exclude,
		vendor,
		root,
	}
}

// engine says how instances are expanded.
func engine() []Setting {
	namespace := text("namespace", "namespace of instances that set none", [surfaces]Right{Free, No, No, Free, Free, No}, func(v *Values) *string { return &v.Options.Namespace })
	namespace.Short, namespace.Spec = "n", "kustomizations.targetNamespace"
	namespace.Elsewhere = "the Application's destination and kustomizations.targetNamespace of the RenderedSource have a namespace"
	instance := list("instance", "render only this instance: NAME, NAMESPACE/NAME, KIND/NAME or KIND/NAMESPACE/NAME; repeatable",
		[surfaces]Right{Free, No, No, Free, No, No}, func(v *Values) *[]string { return &v.Options.Instances })
	instance.Parameter, instance.Elsewhere = "instances", "a RenderedSource renders every instance of its path"
	runtime := word("runtime", "how to handle nodes that depend on cluster-only values: fail reports an error, withhold leaves them out and lists them, "+
		"delegate leaves them to kro in the cluster, placeholder prints placeholders for a preview",
		policies(policy.All()),
		[surfaces]Right{Free, No, No, Free, Free, Free}, func(v *Values) *render.Runtime { return &v.Options.Runtime })
	runtime.PersonOnly = slices.DeleteFunc(policies(policy.All()), func(p string) bool { return slices.Contains(policies(policy.Appliable()), p) })
	residuals := word("residuals", "with --runtime=delegate, which resources to print for kro: all, only the instances (if the definitions are applied elsewhere), "+
		"or only the definitions of every ResourceGraphDefinition that is found",
		[]string{string(render.ResidualAll), string(render.ResidualInstances), string(render.ResidualDefinitions)},
		[surfaces]Right{Free, No, No, Free, Free, Free}, func(v *Values) *render.Residuals { return &v.Options.Residuals })
	graphs := word("graphs", "how to handle objects of kind Graph (preview of 0.10.0-rc.0): pass hands them over for kro in the cluster, "+
		"expand renders them, split renders what Git knows and leaves the rest as a smaller Graph",
		graphPolicies(), [surfaces]Right{Free, No, No, Free, Free, Free}, func(v *Values) *render.Graphs { return &v.Options.Graphs })
	idioms := word("argocd-idioms", "how to handle owner references to the instance and copied tracking ids in templates (default drop; with --runtime=withhold, keep, as kro does)",
		[]string{"drop", "keep"}, [surfaces]Right{Free, No, No, No, No, No}, func(v *Values) *string { return &v.Idioms })
	idioms.Elsewhere = "servers drop them"
	const strictest = "for a RenderedSource, the default always applies"
	return []Setting{
		kroVersion("kro-version", "version of kro whose behavior is rendered: 0.9, or 0.10, a preview of 0.10.0-rc.0",
			[surfaces]Right{Free, No, No, Free, Free, Free}, func(v *Values) *compat.Version { return &v.Options.KroVersion }),
		warnNext("warn-next", "warn of what kro 0.10 would refuse, render or read otherwise; renders everything twice",
			[surfaces]Right{Free, No, No, Free, Free, Free}),
		version("kubernetes-version", "version of the bundled schemas, such as 1.34 or v1.34.7 (default the newest)",
			[surfaces]Right{Free, No, No, Free, Free, Free}, func(v *Values) *string { return &v.Options.KubernetesVersion }),
		runtime, residuals, graphs,
		switched("schema", "what to do with an unknown kind: strict reports an error, lenient treats it as untyped", "strict", "lenient",
			[surfaces]Right{Free, No, No, Free, No, No}, func(v *Values) *bool { return &v.Options.Lenient }).because(strictest),
		word("server-defaults", "values that references between nodes see in addition to the template: the API server's schema defaults, or none",
			[]string{string(render.DefaultsSchema), string(render.DefaultsNone)},
			[surfaces]Right{Free, No, No, Free, No, No}, func(v *Values) *render.ServerDefaults { return &v.Options.ServerDefaults }).because(strictest),
		word("admission-defaults", "values of well-known admission webhooks that references between nodes see: from the bundled rules and krowave.yaml, or only from krowave.yaml (none)",
			[]string{string(render.AdmissionBundled), string(render.AdmissionNone)},
			[surfaces]Right{Free, No, No, Free, No, Free}, func(v *Values) *render.AdmissionDefaults { return &v.Options.AdmissionDefaults }).because("for a RenderedSource, set admissionDefaults in krowave.yaml"),
		gates("feature-gates", "kro's feature gates: CELOmitFunction (alpha, default false), InstanceConditionEvents, InstanceConditionMetrics; of kro 0.10 also ConservativeCRDComparison and GraphKind",
			[surfaces]Right{Free, No, No, Free, No, No}, func(v *Values) *bool { return &v.Options.CELOmitFunction }).because(strictest),
		namespace, instance, idioms,
		jobs(),
	}
}

func policies(list []policy.Runtime) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = string(p)
	}
	return out
}

func graphPolicies() []string {
	var out []string
	for _, p := range policy.AllGraphs() {
		out = append(out, string(p))
	}
	return out
}

func jobs() Setting {
	s := count("jobs", "maximum number of files and instances processed at the same time (default the number of CPUs)",
		[surfaces]Right{Free, No, No, No, No, No}, func(v *Values) *int { return &v.Options.Jobs })
	s.Short, s.Elsewhere = "j", "servers have --max-concurrent and --concurrent"
	return s
}

// guards keep a render from passing where somebody should look.
func guards() []Setting {
	return []Setting{
		boolean("strict", "treat warnings as errors", [surfaces]Right{Free, Free, Free, Tighten, Tighten, Tighten},
			func(v *Values) *bool { return &v.Strict }).stricter(true),
		boolean("check-policies", "check rendered objects against the policies of krowave.yaml; validate and diff always do", [surfaces]Right{Free, Free, Free, Tighten, No, Tighten},
			func(v *Values) *bool { return &v.Options.CheckPolicies }).stricter(true).because("for a RenderedSource, set checkPolicies in krowave.yaml"),
		additive("instance-groups", "API group in which only ResourceGraphDefinitions define kinds: an object in it that none defines is an error, not passed through; repeatable",
			[surfaces]Right{Free, Free, Free, Tighten, No, Tighten}, apiGroup,
			func(v *Values) *[]string { return &v.Options.InstanceGroups }).because("for a RenderedSource, set instanceGroups in krowave.yaml"),
		boolean("allow-empty", "allow empty output", [surfaces]Right{Free, Free, Free, Free, Free, No},
			func(v *Values) *bool { return &v.Options.AllowEmpty }).stricter(false),
	}
}

// output says what is printed and how it is annotated. krowave.yaml has none of
// it: which objects reach a cluster is up to who applies them.
func output() []Setting {
	rights := [surfaces]Right{Free, No, No, Free, No, No}
	const fixed = "for Flux, objects always have gated waves and their origin"
	annotate := words("annotate", "annotations to add: sync waves, and the instance and node that an object comes from", []string{"waves", "origin"}, rights,
		func(v *Values) []*bool { return []*bool{&v.Options.Annotate.Waves, &v.Options.Annotate.Origin} })
	annotate.Elsewhere = fixed
	waves := word("waves", "when to start a new sync wave: after every dependency (levels), only after gated ones (gated), or never (none)",
		[]string{string(wave.Levels), string(wave.Gated), string(wave.None)}, rights, func(v *Values) *wave.Mode { return &v.Options.WaveMode })
	waves.Elsewhere = fixed
	return []Setting{
		annotate, waves,
		words("emit", "what to print in addition to the objects", []string{"definitions", "instances", "crds"}, rights,
			func(v *Values) []*bool {
				e := &v.Options.Emit
				return []*bool{&e.Definitions, &e.Instances, &e.CRDs}
			}).because("for Flux, only the objects are published"),
	}
}

// limits bound what one render may cost.
func limits() []Setting {
	rights := [surfaces]Right{Free, Free, Free, Tighten, No, Tighten}
	rows := []Setting{
		limit("max-collection-size", "maximum number of objects of one forEach", rights, func(v *Values) *int { return &v.Options.MaxCollectionSize }),
		limit("max-collection-dimensions", "maximum number of iterators of one forEach", rights, func(v *Values) *int { return &v.Options.MaxCollectionDimensions }),
		limit("max-resources", "maximum number of resources of one ResourceGraphDefinition or Graph", rights, func(v *Values) *int { return &v.Options.MaxResources }),
		limit("max-chain-depth", "maximum depth of nested instances", rights, func(v *Values) *int { return &v.Options.MaxChainDepth }),
		limit("cel-cost-limit", "maximum CEL cost of one evaluation", rights, func(v *Values) *uint { return &v.Options.CELCostLimit }),
		limit("cel-cost-per-instance", "maximum CEL cost of all evaluations of one instance, including nested instances", rights, func(v *Values) *int64 { return &v.Options.CELCostPerInstance }),
		limit("cel-cost-total", "maximum CEL cost of all evaluations of one render", rights, func(v *Values) *int64 { return &v.Options.CELCostTotal }),
		limit("max-objects-per-instance", "maximum number of objects of one instance, including nested instances", rights, func(v *Values) *int { return &v.Options.MaxObjectsPerInstance }),
		limit("max-objects", "maximum number of objects of one render", rights, func(v *Values) *int { return &v.Options.MaxObjects }),
		limit("max-output-bytes", "maximum size in bytes, approximately, of all objects of one render", rights, func(v *Values) *int64 { return &v.Options.MaxOutputBytes }),
		limit("max-file-bytes", "maximum size of one file in bytes", rights, func(v *Values) *int { return &v.Options.Documents.FileBytes }),
		limit("max-documents", "maximum number of objects in one file", rights, func(v *Values) *int { return &v.Options.Documents.Documents }),
		limit("max-depth", "maximum nesting depth of maps and lists", rights, func(v *Values) *int { return &v.Options.Documents.Depth }),
		limit("max-yaml-nodes", "maximum number of values in one document after aliases are expanded", rights, func(v *Values) *int { return &v.Options.Documents.Nodes }),
		limit("max-files", "maximum number of files that are read", rights, func(v *Values) *int { return &v.Files.Files }),
		limit("max-total-bytes", "maximum size of all files together in bytes", rights, func(v *Values) *int64 { return &v.Files.TotalBytes }),
	}
	for i := range rows {
		rows[i].Elsewhere = "for a RenderedSource, limits in krowave.yaml lower it"
	}
	return rows
}

// archives bound the archives that servers unpack, before anything in them is
// known.
func archives() []Setting {
	servers := [surfaces]Right{No, Free, Free, No, No, No}
	rows := []Setting{
		limit("max-entries", "maximum number of files, directories and links in a repository", servers, func(v *Values) *int { return &v.Archive.Entries }),
		limit("max-unpacked-bytes", "maximum size of a repository in bytes, including files that are not read", servers, func(v *Values) *int64 { return &v.Archive.Unpacked }),
		limit("max-other-file-bytes", "maximum size in bytes of a file that is not a manifest and that only a kustomization can read", servers, func(v *Values) *int64 { return &v.Archive.OtherFile }),
		limit("max-ratio", "maximum ratio of a repository's size to that of its archive", servers, func(v *Values) *int64 { return &v.Archive.Ratio }),
		limit("max-download-bytes", "maximum size of the archive of a source in bytes", [surfaces]Right{No, No, Free, No, No, No}, func(v *Values) *int64 { return &v.DownloadBytes }),
	}
	for i := range rows {
		rows[i].Elsewhere = "only servers unpack archives, and only their operator sets these limits"
	}
	return rows
}

// Default returns the defaults of a surface that is trusted most where it is:
// CommandLine, CMPServer or FluxController.
func Default(host Surface) Values {
	v := Values{host: host, Vendor: "vendor/krowave", DownloadBytes: 256 << 20,
		Files:   repo.Limits{Files: 50_000, TotalBytes: 512 << 20},
		Archive: repo.TarLimits{Entries: 200_000, Unpacked: 4 << 30, OtherFile: 1 << 20, Ratio: 250},
		Options: render.Options{
			KroVersion: compat.Default,
			Runtime:    render.Fail, Residuals: render.ResidualAll, Graphs: render.PassGraphs, ServerDefaults: render.DefaultsSchema, AdmissionDefaults: render.AdmissionBundled, WaveMode: wave.Levels,
			MaxCollectionSize: 1000, MaxCollectionDimensions: 10, MaxResources: 10_000, MaxChainDepth: 8, CELCostLimit: expr.DefaultCostLimit,
			CELCostPerInstance: 20_000_000, CELCostTotal: 1_000_000_000, MaxObjectsPerInstance: 10_000, MaxObjects: 1_000_000, MaxOutputBytes: 512 << 20,
			Documents: manifest.Limits{FileBytes: 32 << 20, Documents: 50_000, Depth: 200, Nodes: 1_000_000},
		},
	}
	switch host {
	case CommandLine:
		v.Options.Namespace = "default"
	case CMPServer:
		v.Options.Annotate, v.Idioms = render.Annotate{Waves: true, Origin: true}, "drop"
	case FluxController:
		v.Options.Annotate, v.Options.WaveMode, v.Idioms = render.Annotate{Origin: true}, wave.Gated, "drop"
	}
	return v
}
