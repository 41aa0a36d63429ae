package flux

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/krowave/krowave/flux/install"
	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/output"
)

// fluxInstallFlags are the flags of flux install.
type fluxInstallFlags struct {
	opts       install.Options
	liveValues options.Choice
	size       options.Choice
	output     options.Output
}

func (f *fluxInstallFlags) bind(flags *pflag.FlagSet) {
	o := &f.opts
	flags.StringVarP(&o.Namespace, "namespace", "n", install.DefaultNamespace, "namespace of the controller")
	flags.StringVar(&o.Flux, "flux-namespace", install.DefaultNamespace, "namespace of Flux's controllers; only they may fetch artifacts")
	flags.StringVar(&o.Image, "image", install.DefaultImage, "image of the controller")
	flags.StringSliceVar(&o.Shards, "shards", nil, "additional controllers, one for each value of the label sharding.fluxcd.io/key")
	f.size = options.Choice{Value: "small", Allowed: install.Sizes()}
	flags.Var(&f.size, "size", "settings for up to 100 (small), 1,000 (medium) or 10,000 (large) RenderedSources; large has the shards shard1, shard2 and shard3 unless --shards is set")
	f.liveValues = options.Choice{Value: string(install.LiveOwn), Allowed: []string{string(install.LiveNone), string(install.LiveOwn), string(install.LiveImpersonate)}}
	flags.Var(&f.liveValues, "live-values", "permissions with which runtime: withhold reads live objects: none, the controller's own, or also those of the service accounts that objects name")
	flags.StringVar(&o.DefaultServiceAccount, "default-service-account", "", "service account of objects that set none")
	flags.BoolVar(&o.NoCrossNamespaceRefs, "no-cross-namespace-refs", false, "allow only sources in the object's own namespace")
	flags.StringVar(&o.StorageSize, "storage-size", "", "size of a volume for artifacts; without one, artifacts are rendered again after a restart")
	flags.StringVar(&o.StorageClass, "storage-class", "", "storage class of the volume for artifacts")
	flags.StringVar(&o.TLSSecret, "tls-secret", "", "secret with tls.crt and tls.key, to serve artifacts over HTTPS")
	flags.BoolVar(&o.ServiceMonitor, "service-monitor", false, "add a ServiceMonitor for the Prometheus operator")
	f.output = options.NewOutput("yaml")
	flags.VarP(&f.output, "output", "o", "output: print everything, or write files to a directory")
}

func newFluxInstall(s cli.Streams) *cobra.Command {
	var flags fluxInstallFlags
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Print the manifests of the controller",
		Long: "install prints the CRD, the controller with its permissions, service and network policy, and a ValidatingAdmissionPolicy that " +
			"protects ExternalArtifacts. It applies nothing.\n\nkustomize-controller reads ExternalArtifacts only with " +
			"--feature-gates=ExternalArtifact=true; a comment in the manifests shows how to set it.",
		Example: "  krowave flux install\n" +
			"  krowave flux install --size medium\n" +
			"  krowave flux install --shards=a,b --live-values=impersonate -o dir=clusters/prod/krowave",
		Args: cli.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			flags.opts.Size = flags.size.Value
			flags.opts.LiveValues = install.LiveValues(flags.liveValues.Value)
			files, err := install.Files(flags.opts)
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
		},
	}
	flags.bind(cmd.Flags())
	options.Complete(cmd, "live-values", flags.liveValues.Allowed...)
	options.Complete(cmd, "size", flags.size.Allowed...)
	options.Complete(cmd, "output", "yaml", "dir=")
	return cmd
}
