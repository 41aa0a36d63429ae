package rgd

import (
	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/apidoc"
	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/report"
)

// NewDocs returns krowave docs.
func NewDocs(s cli.Streams) *cobra.Command {
	var flags options.Settings
	format := options.Choice{Value: "markdown", Allowed: []string{"markdown", "html"}}
	cmd := &cobra.Command{
		Use:   "docs PATH|-...",
		Short: "Print the API of each RGD as documentation for those who write instances",
		Long: "docs prints the fields that an instance of each RGD has: type, default, constraints and description, and an example. " +
			"Defaults that end up in Secrets are not shown. krowave preview shows the same in a browser.",
		Example: "  krowave docs shop-rgd.yaml\n  krowave docs -o html shop-rgd.yaml > shop.html",
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
		var docs []*apidoc.Document
		graphs, _ := r.Graphs()
		for _, g := range graphs {
			doc, err := apidoc.Of(g)
			if err != nil {
				return err
			}
			docs = append(docs, doc)
		}
		switch {
		case len(docs) == 0:
			return errNone
		case format.Value == "html":
			return apidoc.HTML(s.Out, docs...)
		}
		return apidoc.Markdown(s.Out, docs...)
	}
	return cmd
}
