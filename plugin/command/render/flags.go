package render

import (
	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/render/settings"
)

// renderFlags are the flags of krowave render.
type renderFlags struct {
	options.Settings
	output options.Output
	wave   options.OptionalInt

	watch   bool
	release string // namespace of the Helm release that standard input is of
	prints  bool   // YAML, and nothing else is done with the objects
}

func (f *renderFlags) bind(cmd *cobra.Command) {
	f.Settings.Bind(cmd, options.Defaults())
	f.BindRef(cmd.Flags())
	f.Adapt = func(v *settings.Values) {
		if f.release != "" && !cmd.Flags().Changed("namespace") {
			v.Options.Namespace = f.release
		}
		v.Options.Encode = f.prints
		if f.output.Value == "expansion" { // which says what became of each node
			v.Options.AllowEmpty = true
		}
	}
	f.output = options.NewOutput("yaml", "json", "name", "expansion")
	cmd.Flags().VarP(&f.output, "output", "o", "how to print")
	cmd.Flags().BoolVar(&f.watch, "watch", false, "render again after every change of a file, until Ctrl-C")
	cmd.Flags().Var(&f.wave, "wave", "only the objects of this wave")
	options.Complete(cmd, "output", "yaml", "json", "name", "expansion", "dir=")
}
