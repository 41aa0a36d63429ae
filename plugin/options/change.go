package options

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/krowave/krowave/render"
)

// Change holds the flags of commands that compare two states of a repository.
type Change struct {
	Input      Input
	Engine     Engine
	runtime    Choice
	Base, Head string
	All        bool
}

// Bind adds the flags.
func (f *Change) Bind(flags *pflag.FlagSet) {
	f.Input.Bind(flags)
	f.Engine.Bind(flags)
	f.runtime = Choice{Value: "withhold", Allowed: []string{"withhold", "fail", "delegate", "placeholder"}}
	flags.Var(&f.runtime, "runtime", "nodes that need what only a cluster knows: left out and listed, or an error; the others are as withhold")
	flags.StringVar(&f.Base, "base", "", "Git revision to compare with (default where HEAD left its upstream branch)")
	flags.StringVar(&f.Head, "head", "", "Git revision with the change (default the work tree, with what is not committed)")
	flags.BoolVar(&f.All, "all", false, "render every instance, also those that nothing changes")
}

// Complete adds what a shell offers as values.
func (f *Change) Complete(cmd *cobra.Command) {
	f.Engine.Complete(cmd)
	Complete(cmd, "runtime", f.runtime.Allowed...)
}

// Options yields the engine's options. Waves and objects are compared, so no
// annotation says either, and an instance may render to nothing.
func (f *Change) Options() render.Options {
	o := f.Engine.Options()
	o.Runtime, o.AllowEmpty = render.Withhold, true
	if f.runtime.Value == string(render.Fail) {
		o.Runtime = render.Fail
	}
	return o
}
