// Package rgd contains the commands that need only an RGD: crd, docs, fmt, sample and schema.
package rgd

import (
	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/output"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/definition"
)

// NewCRD returns krowave crd.
func NewCRD(s cli.Streams) *cobra.Command {
	var flags options.Settings
	format := options.Choice{Value: "yaml", Allowed: []string{"yaml", "json"}}
	cmd := &cobra.Command{
		Use:     "crd PATH|-...",
		Short:   "Print the CustomResourceDefinition that kro would generate for each RGD",
		Example: "  krowave crd shop-rgd.yaml\n  krowave crd -o json shop-rgd.yaml",
		Args:    cli.AtLeastOne("a file or directory with RGDs, or - for standard input"),
	}
	bind(cmd, &flags, &format)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r, err := load.New(cmd, s, &flags).Compile(args)
		if err != nil {
			return err
		}
		if err := report.Findings(s.Err, r.Result.Diagnostics, r.In.Printing()); err != nil {
			return err
		}
		var crds []map[string]any
		graphs, _ := r.Graphs()
		for _, g := range graphs {
			crds = append(crds, definition.CRD(g))
		}
		if len(crds) == 0 {
			return errNone
		}
		return output.Objects(s.Out, format.Value, crds)
	}
	return cmd
}

// bind adds the flags that all commands of the package have.
func bind(cmd *cobra.Command, flags *options.Settings, format *options.Choice) {
	flags.Bind(cmd, options.Defaults(), options.OfInstances()...)
	flags.BindRef(cmd.Flags())
	cmd.Flags().VarP(format, "output", "o", "output format")
	options.Complete(cmd, "output", format.Allowed...)
}

// errNone says that there is nothing to print.
var errNone = cli.Usagef("the input has no ResourceGraphDefinition")
