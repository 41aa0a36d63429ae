// Package flux holds the commands of the hand-off to Flux.
package flux

import (
	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
)

// New holds the commands of the hand-off to Flux.
func New(s cli.Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "flux",
		Short: "Hand rendered objects to Flux",
		Long:  "flux holds what runs beside Flux: the controller that turns a source into an ExternalArtifact with rendered manifests, and its tools.",
		Args:  cli.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newFluxController(s), newFluxInstall(s))
	return cmd
}
