// Package flux contains the commands for Flux.
package flux

import (
	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
)

// New holds the commands of the hand-off to Flux.
func New(s cli.Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "flux",
		Short: "Integrate with Flux",
		Long:  "flux contains the controller that renders a source to an ExternalArtifact, and its tools.",
		Args:  cli.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newFluxController(s), newFluxInstall(s))
	return cmd
}
