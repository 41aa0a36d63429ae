package argocd

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/argocd/cmpserver"
	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/render/repo"
	"github.com/krowave/krowave/render/settings"
)

func newCMPGenerate(s cli.Streams) *cobra.Command {
	var root string
	var operator *settings.Flags
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Render the working directory, as the generate command of Argo CD's own plugin server",
		Long: "generate is the command for spec.generate of a plugin.yaml. It reads the working directory and the environment that Argo CD " +
			"sets, and prints the manifests that cmp-server would return. RGDs are looked up in the repository that contains the directory.",
		Example: "  krowave argocd generate",
		Args:    cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := filepath.Abs(s.Dir)
			if err != nil {
				return fmt.Errorf("working directory: %w", err)
			}
			env := cmpserver.Environment{}
			for _, name := range cmpserver.Variables() {
				if value := s.Env(name); value != "" {
					env[name] = value
				}
			}
			top := root
			switch {
			case top == "":
				top = uploadRoot(dir)
			case !filepath.IsAbs(top):
				top = filepath.Join(dir, top)
			}
			path, err := filepath.Rel(top, dir)
			if err != nil || !filepath.IsLocal(path) {
				return cli.Usagef("the working directory is not below --root %s", root)
			}
			tree, err := repo.Dir(top)
			if err != nil {
				return err
			}
			values, err := options.Operator(operator)
			if err != nil {
				return err
			}
			answer, err := cmpserver.NewRenderer(values, 0).Generate(cmd.Context(), cmpserver.WorkTree(tree), cmpserver.Request{Path: filepath.ToSlash(path), Env: env})
			var findings *cmpserver.Findings
			if errors.As(err, &findings) {
				fmt.Fprintln(s.Err, findings)
				return cli.ErrFindings
			}
			if err != nil {
				return err
			}
			for _, m := range answer.Manifests {
				if _, err := fmt.Fprintf(s.Out, "---\n%s\n", m); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&root, "root", "", "root directory; paths outside it are refused (default the directory that Argo CD unpacked, else the Git repository)")
	operator = settings.Bind(cmd.Flags(), settings.Default(settings.CMPServer), archiveLimits()...)
	return cmd
}

// archiveLimits are settings that count for archives alone.
func archiveLimits() []string {
	return []string{"max-entries", "max-unpacked-bytes", "max-other-file-bytes", "max-ratio"}
}

// uploadRoot is the directory that Argo CD's plugin server unpacked around the
// application: a random name in _cmp_server. Elsewhere it is the Git repository.
func uploadRoot(dir string) string {
	for at := dir; ; {
		parent := filepath.Dir(at)
		if filepath.Base(parent) == "_cmp_server" {
			return at
		}
		if parent == at {
			break
		}
		at = parent
	}
	if root, ok := load.Repository(dir); ok {
		return root
	}
	return dir
}
