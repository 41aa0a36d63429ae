package flux

import (
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/krowave/krowave/flux/controller"
	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/options"
)

// fluxNamespace is where Flux is installed by default.
const fluxNamespace = "flux-system"

func newFluxController(s cli.Streams) *cobra.Command {
	var o controller.Options
	kubeconfig := ""
	cmd := &cobra.Command{
		Use:   "controller",
		Short: "Reconcile RenderedSources in a cluster",
		Long: "controller watches RenderedSources. It fetches the Flux sources that they name, expands the instances in them, and publishes " +
			"the objects as an ExternalArtifact. With spec.kustomizations, it also creates Kustomizations that apply the artifact wave by wave.\n\n" +
			"kustomize-controller reads ExternalArtifacts only with --feature-gates=ExternalArtifact=true.\n\n" +
			"The namespace that the controller runs in comes from RUNTIME_NAMESPACE (default " + fluxNamespace + ").",
		Example: "  krowave flux controller --storage-path /data --storage-adv-addr krowave.flux-system.svc.cluster.local.\n" +
			"  krowave flux controller --kubeconfig ~/.kube/config --storage-path ./artifacts --storage-addr 127.0.0.1:9790",
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Namespace = s.Env("RUNTIME_NAMESPACE")
			if o.Namespace == "" {
				o.Namespace = fluxNamespace
			}
			config, err := clusterConfig(s, kubeconfig)
			if err != nil {
				return cli.Usage(fmt.Errorf("no cluster is configured: %w", err))
			}
			cli.Stay(s.Getenv, 100)
			return controller.Run(cmd.Context(), config, o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&kubeconfig, "kubeconfig", "", "kubeconfig file (default $KUBECONFIG, else the cluster of the pod)")
	o.BindFlags(flags)
	options.Complete(cmd, "log-level", "debug", "info", "error")
	options.Complete(cmd, "log-encoding", "json", "console")
	options.Complete(cmd, "feature-gates", controller.LiveValuesGate+"=false")
	return cmd
}

// clusterConfig is the client configuration of a file, else that of the pod.
func clusterConfig(s cli.Streams, kubeconfig string) (*rest.Config, error) {
	if kubeconfig == "" {
		kubeconfig = s.Env("KUBECONFIG")
	}
	if kubeconfig != "" {
		return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
			&clientcmd.ClientConfigLoadingRules{ExplicitPath: kubeconfig}, &clientcmd.ConfigOverrides{}).ClientConfig()
	}
	return rest.InClusterConfig()
}
