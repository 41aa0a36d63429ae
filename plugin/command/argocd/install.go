package argocd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/krowave/krowave/argocd/health"
	"github.com/krowave/krowave/argocd/install"
	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/output"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

// installFlags are the flags of argocd install.
type installFlags struct {
	argoCD, size     options.Choice
	namespace, image string
	output           options.Output
	check            string
}

func (f *installFlags) bind(flags *pflag.FlagSet) {
	f.argoCD = options.Choice{Value: "3", Allowed: health.Versions()}
	flags.Var(&f.argoCD, "version", "version of Argo CD")
	flags.StringVarP(&f.namespace, "namespace", "n", "argocd", "namespace of Argo CD")
	flags.StringVar(&f.image, "image", install.DefaultImage, "image of the plugin")
	f.size = options.Choice{Value: "small", Allowed: install.Sizes()}
	flags.Var(&f.size, "size", "settings for up to 100 (small), 1,000 (medium) or 10,000 (large) Applications")
	f.output = options.NewOutput("yaml")
	flags.VarP(&f.output, "output", "o", "output: print everything, or write a kustomize component to a directory")
	flags.StringVar(&f.check, "check", "", "check the installation exported to FILE (- for standard input) and print what it lacks")
}

func newArgoCDInstallCommand(s cli.Streams) *cobra.Command {
	var shared options.Settings
	var flags installFlags
	cmd := &cobra.Command{
		Use:   "install [PATH]...",
		Short: "Print manifests that add the plugin to Argo CD, or check an installation",
		Long: "install prints a kustomize component that adds the plugin to repo-server, with its settings, a network policy and examples; " +
			"with paths of RGDs, also their health checks. It applies nothing.\n\n--check reads exported manifests and reports what they lack: " +
			"exit code 0 if nothing, else 1.",
		Example: "  krowave argocd install -o dir=krowave definitions\n" +
			"  krowave argocd install --size medium -o dir=krowave\n" +
			"  kubectl get deployments,configmaps,applications -n argocd -o yaml | krowave argocd install --check - definitions",
	}
	shared.Bind(cmd, options.Defaults(), append(options.OfInstances(), "namespace")...) // which is Argo CD's here
	flags.bind(cmd.Flags())
	options.Complete(cmd, "version", flags.argoCD.Allowed...)
	options.Complete(cmd, "size", flags.size.Allowed...)
	options.Complete(cmd, "output", "yaml", "dir=")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts := install.Options{ArgoCD: flags.argoCD.Value, Namespace: flags.namespace, Image: flags.image, Size: flags.size.Value}
		if len(args) > 0 {
			checks, err := healthChecks(load.New(cmd, s, &shared), args, healthOptions{argoCD: flags.argoCD.Value})
			if err != nil {
				return err
			}
			opts.Health = health.ConfigMap(checks)
		}
		if flags.check != "" && cmd.Flags().Changed("size") {
			return cli.Usage(errors.New("--check does not compare sizes; leave --size out"))
		}
		if flags.check != "" {
			return checkInstallation(s, flags.check, opts)
		}
		files, err := install.Files(opts)
		if err != nil {
			return cli.Usage(err)
		}
		dir, ok := flags.output.Dir()
		if !ok {
			_, err := s.Out.Write(install.Text(files))
			return err
		}
		converted := make([]output.File, len(files))
		for i, f := range files {
			converted[i] = output.File(f)
		}
		return output.Files(load.Absolute(dir, s.Dir), converted)
	}
	return cmd
}

// checkInstallation prints what exported manifests lack.
func checkInstallation(s cli.Streams, name string, opts install.Options) error {
	data, err := readExport(s, name)
	if err != nil {
		return cli.Usage(err)
	}
	documents, found := manifest.Read(name, data, manifest.Limits{})
	if !found.HasErrors() {
		found = append(found, install.Check(name, documents, opts)...)
	}
	if err := diag.Print(s.Err, found.Sorted(), diag.PrintOptions{}); err != nil {
		return err
	}
	if len(found) > 0 {
		return cli.ErrFindings
	}
	return nil
}

func readExport(s cli.Streams, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(s.In)
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(s.Dir, name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("--check: %w", err)
	}
	return data, nil
}
