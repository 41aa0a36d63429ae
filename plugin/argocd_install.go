package plugin

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/krowave/krowave/argocd/health"
	"github.com/krowave/krowave/argocd/install"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

// installFlags are those of argocd install.
type installFlags struct {
	argoCD           choice
	namespace, image string
	output           installOutput
	check            string
}

func (f *installFlags) bind(flags *pflag.FlagSet) {
	f.argoCD = choice{value: "3", allowed: health.Versions()}
	flags.Var(&f.argoCD, "version", "version of Argo CD")
	flags.StringVarP(&f.namespace, "namespace", "n", "argocd", "namespace of Argo CD")
	flags.StringVar(&f.image, "image", install.DefaultImage, "image of the plugin")
	f.output = "yaml"
	flags.VarP(&f.output, "output", "o", "print everything, or write a kustomize component to a directory")
	flags.StringVar(&f.check, "check", "", "print what the installation in FILE, or - for standard input, lacks")
}

// installOutput is yaml or dir=DIR.
type installOutput string

func (o *installOutput) String() string { return string(*o) }
func (o *installOutput) Type() string   { return "yaml|dir=DIR" }

func (o *installOutput) Set(s string) error {
	if dir, ok := strings.CutPrefix(s, "dir="); s != "yaml" && (!ok || dir == "") {
		return fmt.Errorf("%q is not yaml or dir=DIR", s)
	}
	*o = installOutput(s)
	return nil
}

func newArgoCDInstallCommand(s Streams) *cobra.Command {
	var in inputFlags
	var engine engineFlags
	var flags installFlags
	cmd := &cobra.Command{
		Use:   "install [PATH]...",
		Short: "Print what adds the plugin to Argo CD, or check an installation",
		Long: "install prints a kustomize component that adds the plugin to repo-server, with its settings, a network policy and examples; " +
			"with paths of RGDs also their health checks. Nothing is applied.\n\n--check reads exported manifests and says what they lack: " +
			"exit code 0 when nothing, else 1.",
		Example: "  krowave argocd install -o dir=krowave definitions\n" +
			"  kubectl get deployments,configmaps -n argocd -o yaml | krowave argocd install --check - definitions",
	}
	in.bind(cmd.Flags())
	shared := pflag.NewFlagSet("", pflag.ContinueOnError)
	engine.bind(shared)
	shared.VisitAll(func(f *pflag.Flag) {
		if f.Name != "namespace" { // of instances; here it is Argo CD's
			cmd.Flags().AddFlag(f)
		}
	})
	flags.bind(cmd.Flags())
	complete(cmd, "version", flags.argoCD.allowed...)
	complete(cmd, "output", "yaml", "dir=")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts := install.Options{ArgoCD: flags.argoCD.value, Namespace: flags.namespace, Image: flags.image}
		if len(args) > 0 {
			checks, err := healthChecks(command{cmd, s, &in, engine.options}, args, healthOptions{argoCD: flags.argoCD.value, strict: engine.strict})
			if err != nil {
				return err
			}
			opts.Health = health.ConfigMap(checks)
		}
		if flags.check != "" {
			return checkInstallation(s, flags.check, opts)
		}
		files, err := install.Files(opts)
		if err != nil {
			return usageError{err}
		}
		return writeInstallation(s, string(flags.output), files)
	}
	return cmd
}

func writeInstallation(s Streams, output string, files []install.File) error {
	dir, ok := strings.CutPrefix(output, "dir=")
	if !ok {
		_, err := s.Out.Write(install.Text(files))
		return err
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(s.Dir, dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the output directory: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("opening the output directory: %w", err)
	}
	defer root.Close()
	for _, f := range files {
		if err := writeFile(root, f.Name, f.Data); err != nil {
			return err
		}
	}
	return nil
}

// checkInstallation prints what exported manifests lack.
func checkInstallation(s Streams, name string, opts install.Options) error {
	data, err := readExport(s, name)
	if err != nil {
		return usageError{err}
	}
	documents, found := manifest.Read(name, data, manifest.Limits{})
	if !found.HasErrors() {
		found = append(found, install.Check(name, documents, opts)...)
	}
	if err := diag.Print(s.Err, found.Sorted(), diag.PrintOptions{}); err != nil {
		return err
	}
	if len(found) > 0 {
		return errFindings
	}
	return nil
}

func readExport(s Streams, name string) ([]byte, error) {
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
