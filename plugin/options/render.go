package options

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/wave"
)

// Render holds the flags of krowave render.
type Render struct {
	Engine         Engine
	Output         Output
	annotate, emit Choices
	instances      []string
	serverDefaults Choice
	runtime        Choice
	idioms         Choice
	allowEmpty     bool
	waves          Choice
	Wave           OptionalInt
}

// Bind adds the flags.
func (f *Render) Bind(flags *pflag.FlagSet) {
	f.Engine.Bind(flags)
	f.Output = NewOutput("yaml", "json", "name", "expansion")
	flags.VarP(&f.Output, "output", "o", "how to print")
	f.annotate.Allowed = []string{"waves", "origin"}
	flags.Var(&f.annotate, "annotate", "annotations to add: sync waves, and the instance and node an object comes from")
	f.waves = Choice{Value: "levels", Allowed: []string{"levels", "gated", "none"}}
	flags.Var(&f.waves, "waves", "where a new wave begins: behind every dependency, behind those that must be waited for, or nowhere")
	flags.Var(&f.Wave, "wave", "only the objects of this wave")
	f.emit.Allowed = []string{"definitions", "instances", "crds"}
	flags.Var(&f.emit, "emit", "what to print beside the objects")
	flags.StringArrayVar(&f.instances, "instance", nil, "only this instance: NAME, NAMESPACE/NAME, KIND/NAME or KIND/NAMESPACE/NAME; repeatable")
	f.serverDefaults = Choice{Value: "schema", Allowed: []string{"schema", "none"}}
	flags.Var(&f.serverDefaults, "server-defaults", "what references between nodes see beside the template: the API server's schema defaults, or nothing")
	f.runtime = Choice{Value: "fail", Allowed: []string{"fail", "withhold", "delegate", "placeholder"}}
	flags.Var(&f.runtime, "runtime", "nodes that need what only a cluster knows: an error, left out and listed, left to kro in the cluster, or, to look at only, with placeholders")
	f.idioms = Choice{Allowed: []string{"drop", "keep"}}
	flags.Var(&f.idioms, "argocd-idioms", "owner references to the instance and copied tracking ids in templates (default drop; keep with --runtime=withhold, which is exactly kro)")
	flags.BoolVar(&f.allowEmpty, "allow-empty", false, "accept instances that render to nothing")
}

// Complete adds what a shell offers as values.
func (f *Render) Complete(cmd *cobra.Command) {
	f.Engine.Complete(cmd)
	Complete(cmd, "output", "yaml", "json", "name", "expansion", "dir=")
	Complete(cmd, "annotate", "none", "waves", "origin", "waves,origin")
	Complete(cmd, "waves", f.waves.Allowed...)
	Complete(cmd, "emit", "definitions", "instances", "crds")
	Complete(cmd, "server-defaults", f.serverDefaults.Allowed...)
	Complete(cmd, "runtime", f.runtime.Allowed...)
	Complete(cmd, "argocd-idioms", f.idioms.Allowed...)
}

// Options yields the engine's options.
func (f *Render) Options() render.Options {
	o := f.Engine.Options()
	o.Runtime = render.Runtime(f.runtime.Value)
	o.KeepIdioms = f.idioms.Value == "keep" || f.idioms.Value == "" && o.Runtime == render.Withhold
	o.ServerDefaults = render.ServerDefaults(f.serverDefaults.Value)
	o.Instances = f.instances
	o.Annotate = render.Annotate{Waves: f.annotate.Has("waves"), Origin: f.annotate.Has("origin")}
	o.WaveMode = wave.Mode(f.waves.Value)
	o.Emit = render.Emit{Definitions: f.emit.Has("definitions"), Instances: f.emit.Has("instances"), CRDs: f.emit.Has("crds")}
	o.AllowEmpty = f.allowEmpty || f.Output.Value == "expansion" // which says what became of each node
	return o
}
