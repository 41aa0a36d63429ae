package options

import (
	"github.com/spf13/cobra"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/settings"
)

// Change holds the flags of commands that compare two states of a repository.
type Change struct {
	Settings
	Base, Head string
	All        bool
}

// Bind adds the flags. Waves and objects are compared, so no annotation says
// either, and an instance may render to nothing.
func (f *Change) Bind(cmd *cobra.Command) {
	f.BindBase(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.Head, "head", "", "Git revision with the change (default the work tree, with uncommitted changes)")
	flags.BoolVar(&f.All, "all", false, "render every instance, including unchanged ones")
}

// BindBase adds those of them for a command that always compares the work tree.
func (f *Change) BindBase(cmd *cobra.Command) {
	defaults := Defaults()
	defaults.Options.Runtime, defaults.Idioms = render.Withhold, "drop"
	f.Settings.Bind(cmd, defaults, append(OfOutput(), "instance")...)
	f.Adapt = func(v *settings.Values) {
		v.Options.AllowEmpty = true
		if v.Options.Runtime.Fills() {
			v.Options.Runtime = render.Withhold
		}
	}
	flags := cmd.Flags()
	flags.Lookup("runtime").Usage = "how to handle nodes that depend on cluster-only values: withhold leaves them out and lists them, fail reports an error, delegate leaves them to kro and compares what kro gets; placeholder acts like withhold"
	flags.StringVar(&f.Base, "base", "", "Git revision to compare with (default the merge base of HEAD and its upstream branch)")
}
