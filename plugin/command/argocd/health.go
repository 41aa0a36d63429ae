package argocd

import (
	"bytes"
	"io"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/argocd/health"
	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/output"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/manifest"
)

// healthOutput is argocd health -o json.
type healthOutput struct {
	Checks []healthCheck `json:"checks"`
}

func healthKind() report.Kind {
	return report.Kind{Name: "HealthChecks", Command: "argocd health -o json", Content: healthOutput{}}
}

type healthCheck struct {
	Key string `json:"key"`
	health.Check
}

func newArgoCDHealthCommand(s cli.Streams) *cobra.Command {
	var flags options.Settings
	output := options.Choice{Value: "yaml", Allowed: []string{"yaml", "configmap", "json"}}
	argoCD := options.Choice{Value: "3", Allowed: health.Versions()}
	policy := options.Choice{Value: "fail", Allowed: []string{"fail", "withhold", "delegate"}}
	cmd := &cobra.Command{
		Use:   "health [PATH|-]...",
		Short: "Print Argo CD health checks generated from readyWhen",
		Long: "health generates a Lua health check for each kind that has readyWhen in an RGD and no built-in check in Argo CD, as entries " +
			"of argocd-cm. With these checks, a sync wave waits until readyWhen is true. Expressions that cannot be translated are listed on " +
			"standard error with their node. The checks identify objects by the annotation krowave.dev/node, so render with " +
			"--annotate=waves,origin, as the plugin does.",
		Example: "  krowave argocd health definitions\n" +
			"  krowave argocd health -o configmap definitions > health.yaml && kubectl -n argocd patch configmap argocd-cm --patch-file health.yaml",
	}
	flags.Bind(cmd, options.Defaults(), options.OfInstances()...)
	cmd.Flags().VarP(&output, "output", "o", "output format: only the entries, a whole ConfigMap, or a list of checks")
	options.Complete(cmd, "output", output.Allowed...)
	cmd.Flags().Var(&argoCD, "version", "version of Argo CD, whose built-in health checks are kept")
	options.Complete(cmd, "version", argoCD.Allowed...)
	cmd.Flags().Var(&policy, "runtime", "runtime policy of the manifests; delegate adds checks for residual RGDs and instances")
	options.Complete(cmd, "runtime", policy.Allowed...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		checks, err := healthChecks(load.New(cmd, s, &flags), args, healthOptions{argoCD.Value, policy.Value == "delegate"})
		if err != nil {
			return err
		}
		return printChecks(s.Out, output.Value, checks)
	}
	return cmd
}

type healthOptions struct {
	argoCD   string
	delegate bool
}

// healthChecks compiles the RGDs of the arguments and writes their checks.
// Findings are printed.
func healthChecks(c load.Loader, args []string, opts healthOptions) ([]health.Check, error) {
	if len(args) == 0 {
		args = []string{"."}
	}
	r, err := c.Compile(args)
	if err != nil {
		return nil, err
	}
	if len(r.Result.Graphs) == 0 && !r.Result.Diagnostics.HasErrors() {
		return nil, cli.Usagef("the input has no ResourceGraphDefinition")
	}
	checks, findings, err := health.Generate(r.Result.Graphs, health.Options{ArgoCD: opts.argoCD, Delegate: opts.delegate})
	if err != nil {
		return nil, err
	}
	r.Result.Diagnostics = append(r.Result.Diagnostics, findings...).Sorted()
	return checks, report.Findings(c.Streams.Err, r.Result.Diagnostics, r.In.Printing())
}

func printChecks(w io.Writer, format string, checks []health.Check) error {
	switch format {
	case "json":
		out := healthOutput{Checks: []healthCheck{}}
		for _, c := range checks {
			out.Checks = append(out.Checks, healthCheck{Key: c.Key(), Check: c})
		}
		return healthKind().Write(w, out)
	case "configmap":
		return output.Objects(w, "yaml", []map[string]any{health.ConfigMap(checks)})
	}
	var b bytes.Buffer
	if err := manifest.EncodeYAML(&b, []map[string]any{health.Data(checks)}); err != nil {
		return err
	}
	_, err := w.Write(bytes.TrimPrefix(b.Bytes(), []byte("---\n"))) // entries are pasted below data:
	return err
}
