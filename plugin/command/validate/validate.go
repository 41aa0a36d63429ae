// Package validate contains the command validate, which checks RGDs, instances
// and rendered objects against schemas.
package validate

import (
	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/check"
	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
)

// New returns the command.
func New(s cli.Streams) *cobra.Command {
	var flags options.Settings
	output := options.Choice{Value: "human", Allowed: []string{"human", "json", "sarif", "github", "junit"}}
	explain := false
	cmd := &cobra.Command{
		Use:   "validate [PATH|-]...",
		Short: "Check RGDs, instances and rendered objects against schemas",
		Long: "validate reads everything below the paths (default the working directory). It checks RGDs like kro and the API " +
			"server, instances against the schema of their RGD, and rendered and other objects against the schema of their kind. " +
			"Problems of a rendered object are reported at the line of the template. The build output of each kustomization " +
			"is checked. What render refuses with the same settings is an error.\n\nExit code 1 means that there are errors.",
		Example: "  krowave validate definitions\n  krowave validate -o sarif shop.yaml\n  krowave validate --explain-runtime shop-rgd.yaml",
	}
	flags.Bind(cmd, options.Defaults(), "annotate", "waves", "emit", "instance", "check-policies")
	flags.BindRef(cmd.Flags())
	cmd.Flags().VarP(&output, "output", "o", "output format; --explain-runtime supports human and json")
	options.Complete(cmd, "output", output.Allowed...)
	cmd.Flags().BoolVar(&explain, "explain-runtime", false, "list the expressions of each RGD that depend on cluster-only values, and the reasons")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			args = []string{"."}
		}
		c := load.New(cmd, s, &flags)
		if explain {
			return explainRuntime(c, args, output.Value)
		}
		v, err := validate(c, args)
		if err != nil {
			return err
		}
		if err := v.Write(s.Out, output.Value); err != nil {
			return err
		}
		if v.Diags.HasErrors() {
			return cli.ErrFindings
		}
		return nil
	}
	return cmd
}

// validate checks what args name.
func validate(c load.Loader, args []string) (*report.Report, error) {
	units, in, err := c.Units(args)
	if err != nil {
		return nil, err
	}
	checked, err := check.Units(c.Context(), units, in, render.NewCache(256<<20))
	if err != nil {
		return nil, err
	}
	checked.Report.Color = c.Streams.Color()
	if c.Settings.Ref == "" {
		checked.Report.Link = c.Streams.Links(c.Streams.Out)
	}
	return checked.Report, nil
}
