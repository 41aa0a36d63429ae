// Package argocd contains the commands for Argo CD.
package argocd

import (
	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
)

// New holds the commands of the hand-off to Argo CD.
func New(s cli.Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "argocd",
		Short: "Integrate with Argo CD",
		Long:  "argocd contains the config management plugin (CMP) that Argo CD's repo-server calls, and its tools.",
		Args:  cli.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCMPServer(s), newCMPProbe(s), newCMPGenerate(s), newArgoCDHealthCommand(s), newArgoCDInstallCommand(s))
	return cmd
}
