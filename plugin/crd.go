package plugin

import (
	"github.com/spf13/cobra"

	"github.com/krowave/krowave/render"
)

func newCRD(s Streams) *cobra.Command {
	var in inputFlags
	var engine engineFlags
	output := choice{value: "yaml", allowed: []string{"yaml", "json"}}
	cmd := &cobra.Command{
		Use:     "crd PATH|-...",
		Short:   "Print the CustomResourceDefinition that kro would generate for each RGD",
		Example: "  krowave crd shop-rgd.yaml\n  krowave crd -o json shop-rgd.yaml",
		Args:    atLeastOne("a file or directory with RGDs, or - for standard input"),
	}
	in.bind(cmd.Flags())
	engine.bind(cmd.Flags())
	engine.complete(cmd)
	cmd.Flags().VarP(&output, "output", "o", "how to print")
	complete(cmd, "output", output.allowed...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r, err := command{cmd, s, &in, engine.options}.compile(args)
		if err != nil {
			return err
		}
		if err := r.report(s.Err, engine.strict); err != nil {
			return err
		}
		var crds []map[string]any
		for _, g := range r.res.Graphs {
			if r.own(g.RGD.Doc) {
				crds = append(crds, render.CRD(g))
			}
		}
		if len(crds) == 0 {
			return usagef("no ResourceGraphDefinition in what was given")
		}
		return printObjects(s.Out, output.value, crds)
	}
	return cmd
}
