// Package tree contains the command tree, which shows an instance as a cluster has it.
package tree

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/plugin/live"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/observe"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/plugin/tree"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/repo"
	"github.com/krowave/krowave/render/settings"
)

// Kinds lists the JSON documents.
func Kinds() []report.Kind { return []report.Kind{tree.Kind()} }

// flags are those of krowave tree.
type flags struct {
	options.Settings
	output    options.Choice
	noCluster bool
	watch     bool
	interval  time.Duration
	cluster   *genericclioptions.ConfigFlags
}

func (f *flags) bind(cmd *cobra.Command) {
	defaults := options.Defaults()
	defaults.Options.Runtime, defaults.Idioms = render.Withhold, "drop"
	f.Settings.Bind(cmd, defaults, append(options.OfOutput(), "runtime", "residuals", "instance")...)
	f.Adapt = func(v *settings.Values) {
		v.Options.AllowEmpty, v.Options.Runtime, v.Options.Foresee = true, render.Withhold, true
	}
	set := cmd.Flags()
	f.output = options.Choice{Value: "text", Allowed: []string{"text", "json"}}
	set.VarP(&f.output, "output", "o", "output format")
	options.Complete(cmd, "output", f.output.Allowed...)
	set.BoolVar(&f.noCluster, "no-cluster", false, "print the rendered tree, and ask no cluster")
	set.BoolVarP(&f.watch, "watch", "w", false, "print the tree again when it changes, until the command is interrupted")
	set.DurationVar(&f.interval, "interval", 2*time.Second, "time between two looks of --watch")
	f.cluster = genericclioptions.NewConfigFlags(true)
	f.cluster.Namespace, f.cluster.CacheDir = nil, nil // -n is the instances', and nothing is cached
	f.cluster.AddFlags(set)
}

// New returns the command.
func New(s cli.Streams) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "tree INSTANCE [PATH...]",
		Short: "Show the objects of an instance in a cluster, and why it is not ready",
		Long: "tree prints the objects of an instance by wave, as a cluster has them: whether each is as rendered (by a server-side dry run), and its " +
			"health, by readyWhen of its node, else by kstatus. Below that it shows the first object that is not healthy, and the values that its " +
			"readyWhen reads.\n\nINSTANCE is NAME, NAMESPACE/NAME, KIND/NAME or KIND/NAMESPACE/NAME. The paths hold the instance and its RGD; the default is the working " +
			"directory. The cluster is the one that kubectl uses. With --no-cluster, and where no cluster is configured, tree prints the rendered tree. It writes " +
			"nothing.\n\nExit codes: 0 ready, 1 not ready, 2 wrong usage, errors in the input, or something that the cluster does not allow to read, 3 internal failure.",
		Example: "  krowave tree market --no-cluster shop-rgd.yaml instance.yaml\n  krowave tree shop/market stand --watch",
		Args:    cli.AtLeastOne("the name of an instance"),
	}
	f.bind(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		paths := args[1:]
		if len(paths) == 0 {
			paths = []string{"."}
		}
		return f.run(cmd, s, args[0], paths)
	}
	return cmd
}

func (f *flags) run(cmd *cobra.Command, s cli.Streams, name string, paths []string) error {
	in, err := load.New(cmd, s, &f.Settings).Read(paths)
	if err != nil {
		return err
	}
	config, err := f.config(s.Err)
	if err != nil {
		return err
	}
	last := ""
	for {
		t, text, err := f.look(cmd.Context(), s, in, config, name)
		if err != nil {
			return err
		}
		if text != last {
			if last != "" {
				text = "\n" + text
			}
			if _, err := io.WriteString(s.Out, text); err != nil {
				return err
			}
			last = strings.TrimPrefix(text, "\n")
		}
		if !f.watch || config == nil {
			return t
		}
		select {
		case <-cmd.Context().Done():
			return t
		case <-time.After(f.interval):
		}
	}
}

// config is that of the cluster; nil for none.
func (f *flags) config(w io.Writer) (*rest.Config, error) {
	if f.noCluster {
		return nil, nil
	}
	raw, err := f.cluster.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return nil, cli.Usagef("no cluster: %w", err)
	}
	if _, inside := rest.InClusterConfig(); len(raw.Contexts) == 0 && *f.cluster.APIServer == "" && inside != nil {
		_, err := fmt.Fprintln(w, "note: no cluster is configured, so this is the rendered tree")
		return nil, err
	}
	config, err := f.cluster.ToRESTConfig()
	if err != nil {
		return nil, cli.Usagef("no cluster: %w", err)
	}
	return config, nil
}

// look renders the instance with the values that the cluster has, and prints it. The
// last error is that of the exit code; err is a failure.
func (f *flags) look(ctx context.Context, s cli.Streams, in *load.Input, config *rest.Config, name string) (code error, text string, err error) {
	units := slices.Clone(in.Units)
	if config != nil {
		if err := withObserved(ctx, config, units); err != nil {
			return nil, "", err
		}
	}
	run, err := load.Render(ctx, in, units)
	if err != nil {
		return nil, "", err
	}
	if err := report.Findings(s.Err, run.Result.Diagnostics.Errors(), in.Printing()); err != nil {
		return nil, "", cli.ErrFailed
	}
	top, err := tree.Named(run.Result, name)
	if err != nil {
		return nil, "", err
	}
	t, err := tree.Rendered(ctx, run.Result, top)
	if err != nil {
		return nil, "", err
	}
	if config != nil {
		c, err := kubeapi.Connect(config, "krowave-tree")
		if err != nil {
			return nil, "", cli.Usage(err)
		}
		if err := t.Ask(ctx, live.New(c, live.Options{Jobs: in.Settings.Options.Jobs})); err != nil {
			return nil, "", err
		}
	}
	var out bytes.Buffer
	if f.output.Value == "json" {
		err = tree.Kind().Write(&out, t)
	} else {
		err = t.Print(&out)
	}
	if err != nil {
		return nil, "", err
	}
	switch {
	case len(t.Forbidden) > 0:
		if err := report.Findings(s.Err, t.Forbidden, in.Printing()); err != nil {
			return cli.ErrFailed, out.String(), nil
		}
	case t.Ready != nil && !*t.Ready:
		return cli.ErrDiffers, out.String(), nil
	}
	return nil, out.String(), nil
}

// withObserved adds to the units what their runtime values need of the cluster. What
// may not be read is as if it were not there: its nodes wait.
func withObserved(ctx context.Context, config *rest.Config, units []load.Unit) error {
	cluster, err := observe.NewCluster(config)
	if err != nil {
		return cli.Usage(err)
	}
	req := observe.Request{}
	for _, u := range units {
		req.Units = append(req.Units, observe.Unit{Input: u.Input, Options: u.Options})
	}
	found, err := observe.Objects(ctx, cluster, req)
	if err != nil || len(found.Objects) == 0 {
		return err
	}
	var text bytes.Buffer
	if err := manifest.EncodeYAML(&text, found.Objects); err != nil {
		return err
	}
	for i := range units {
		units[i].Observed = []repo.File{{Name: observe.ObservedFile, Data: text.Bytes()}}
	}
	return nil
}
