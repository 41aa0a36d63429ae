package plugin

import (
	"github.com/spf13/cobra"
)

// newFlux holds the commands of the hand-off to Flux.
func newFlux(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "flux",
		Short: "Hand rendered objects to Flux",
		Long:  "flux holds what runs beside Flux: the controller that turns a source into an ExternalArtifact with rendered manifests, and its tools.",
		Args:  none,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newFluxController(s), newFluxInstall(s))
	return cmd
}
