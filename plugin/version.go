package plugin

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/report"
)

func versionKind() report.Kind {
	return report.Kind{Name: "Version", Command: "version -o json", Content: cli.Build{}}
}

func newVersion(s Streams) *cobra.Command {
	output := options.Choice{Value: "text", Allowed: []string{"text", "json"}}
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the versions of krowave, kro and Kubernetes schemas",
		Example: "  krowave version\n  krowave version -o json",
		Args:    cli.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := cli.CurrentBuild()
			if output.Value == "json" {
				return versionKind().Write(s.Out, v)
			}
			revision := v.Revision
			if v.Modified {
				revision += " (modified)"
			}
			kro := v.Kro
			if v.KroPreview != "" {
				kro += "\nkro " + v.KroPreview + " (preview, --kro-version)"
			}
			_, err := fmt.Fprintf(s.Out, "krowave %s %s\n%s\nkro %s\nKubernetes %s to %s\n", v.Version, revision, v.Go, kro,
				v.Kubernetes[0], v.Kubernetes[len(v.Kubernetes)-1])
			return err
		},
	}
	cmd.Flags().VarP(&output, "output", "o", "output format")
	options.Complete(cmd, "output", output.Allowed...)
	return cmd
}
