// Package lsp contains the command lsp, a language server for editors.
package lsp

import (
	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/lsp"
	"github.com/krowave/krowave/plugin/options"
)

// New returns krowave lsp.
func New(s cli.Streams) *cobra.Command {
	var flags options.Settings
	cmd := &cobra.Command{
		Use:   "lsp",
		Short: "Run a language server for editors",
		Long: "lsp speaks the Language Server Protocol over standard input and output. An editor starts it; docs/editor.md has the lines for " +
			"VS Code, Neovim and Helix.\n\nFindings are those of krowave validate for the project of each open file, with what is not saved " +
			"yet in place of the files. Nothing is ever written.",
		Example: "  krowave lsp",
		Args:    cli.NoArgs,
	}
	flags.Bind(cmd, options.Defaults(), "annotate", "waves", "emit", "instance")
	cmd.Flags().Bool("stdio", true, "use standard input and output, which is the only way; editors add it")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cli.Stay(s.Getenv, 100)
		return lsp.Serve(cmd.Context(), s.In, s.Out, lsp.Options{Loader: load.New(cmd, s, &flags), Version: cli.CurrentBuild().Version, Log: s.Err})
	}
	return cmd
}
