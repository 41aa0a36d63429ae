package change

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/deployer"
	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/plugin/live"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
)

// liveFlags are the flags of krowave diff --live.
type liveFlags struct {
	live           bool
	fieldManager   string
	applications   []string
	kustomizations []string
	cluster        *genericclioptions.ConfigFlags
}

func (f *liveFlags) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.live, "live", false, "compare with a cluster: what applying the objects there would change, by server-side dry run")
	flags.StringVar(&f.fieldManager, "field-manager", "", "field manager of the dry run (default the GitOps tool that applied the object, else "+live.FieldManager+")")
	flags.StringSliceVar(&f.applications, "application", nil, "Argo CD Applications as NAMESPACE/NAME: objects that they have and the render does not are pruned")
	flags.StringSliceVar(&f.kustomizations, "kustomization", nil, "Flux Kustomizations as NAMESPACE/NAME: objects in their inventory that the render does not have are pruned")
	f.cluster = genericclioptions.NewConfigFlags(true)
	f.cluster.Namespace, f.cluster.CacheDir = nil, nil // -n is the instances', and nothing is cached
	f.cluster.AddFlags(flags)
}

// check refuses flags that mean nothing without --live, and the other way round.
func (f *diffFlags) checkLive(cmd *cobra.Command) error {
	if f.live.live {
		if f.noIndex {
			return cli.Usagef("--no-index compares two paths, --live compares with a cluster")
		}
		return nil
	}
	for _, name := range []string{"field-manager", "application", "kustomization", "kubeconfig", "context"} {
		if cmd.Flags().Changed(name) {
			return cli.Usagef("--%s needs --live", name)
		}
	}
	return nil
}

// compareLive compares a render with a cluster. With --base, the change in Git and
// the drift of the cluster are told apart.
func (f *diffFlags) compareLive(c *comparison, args []string) (*compare.Report, error) {
	if len(args) == 0 {
		args = []string{"."}
	}
	if f.change.Base == "" {
		if err := c.Alone(args); err != nil {
			return nil, err
		}
	} else {
		c.Flags.All = true // what Git leaves as it is may have drifted
		if err := c.Revisions(args); err != nil {
			return nil, err
		}
		if err := c.Render(); err != nil {
			return nil, err
		}
	}
	ask, label, err := f.live.connect(c.Command.Context())
	if err != nil {
		return nil, err
	}
	jobs := c.New.In.Settings.Options.Jobs
	hides := compare.Side{Unread: c.New.In.Unread, Hides: c.New.Hides}
	now, err := ask.Ask(c.Command.Context(), c.New.Run.Result)
	if err != nil {
		return nil, err
	}
	findings := now.Findings
	if f.change.Base == "" {
		return c.reportOf(side(now.Live, label, compare.Side{}), side(now.Applied, c.New.Label, hides), compare.Options{Cluster: true, Dangers: now.Dangers, Policies: c.Policies, Jobs: jobs}, findings)
	}
	was, err := ask.Ask(c.Command.Context(), c.Old.Run.Result)
	if err != nil {
		return nil, err
	}
	old := compare.Side{Unread: c.Old.In.Unread, Hides: c.Old.Hides}
	drift, err := c.reportOf(side(was.Live, label, compare.Side{}), side(was.Applied, c.Old.Label, old), compare.Options{Cluster: true, Dangers: was.Dangers, Jobs: jobs}, nil)
	if err != nil {
		return nil, err
	}
	report, err := c.reportOf(side(was.Applied, c.Old.Label, old), side(now.Applied, c.New.Label, hides), compare.Options{Dangers: now.Dangers, Policies: c.Policies, Jobs: jobs}, append(findings, was.Findings...))
	if err != nil {
		return nil, err
	}
	report.Drift = drift
	return report, nil
}

func side(res *render.Result, label string, from compare.Side) compare.Side {
	from.Result, from.Label = res, label
	return from
}

// reportOf compares, and notes findings that only the cluster shows.
func (c *comparison) reportOf(old, now compare.Side, opts compare.Options, findings diag.List) (*compare.Report, error) {
	report, err := compare.Compare(c.Command.Context(), old, now, opts)
	if err != nil {
		return nil, err
	}
	c.found = append(c.found, report.Findings()...)
	for _, d := range findings {
		if !contains(c.found, d) {
			c.found.Add(d)
		}
	}
	return report, nil
}

func contains(list diag.List, d diag.Diagnostic) bool {
	for _, other := range list {
		if other.Rule == d.Rule && other.Message == d.Message {
			return true
		}
	}
	return false
}

// connect returns who asks the cluster, and what the cluster is called.
func (f *liveFlags) connect(ctx context.Context) (*live.Asker, string, error) {
	config, err := f.cluster.ToRESTConfig()
	if err != nil {
		return nil, "", cli.Usagef("no cluster: %w", err)
	}
	c, err := kubeapi.Connect(config, live.FieldManager)
	if err != nil {
		return nil, "", cli.Usage(err)
	}
	opts := live.Options{FieldManager: f.fieldManager}
	loader := f.cluster.ToRawKubeConfigLoader()
	if opts.Namespace, _, err = loader.Namespace(); err != nil {
		return nil, "", cli.Usagef("no cluster: %w", err)
	}
	label := "cluster"
	if raw, err := loader.RawConfig(); err == nil {
		name := raw.CurrentContext
		if f.cluster.Context != nil && *f.cluster.Context != "" {
			name = *f.cluster.Context
		}
		if name != "" {
			label = "cluster " + name
		}
	}
	for _, of := range []struct {
		kind  schema.GroupKind
		flag  string
		names []string
	}{{deployer.Applications(), "application", f.applications}, {deployer.Kustomizations(), "kustomization", f.kustomizations}} {
		for _, name := range of.names {
			owner, err := owner(ctx, c, of.kind, of.flag, name)
			if err != nil {
				return nil, "", err
			}
			opts.Owners = append(opts.Owners, *owner)
		}
	}
	return live.New(c, opts), label, nil
}

func owner(ctx context.Context, c *kubeapi.Cluster, kind schema.GroupKind, flag, text string) (*deployer.Tool, error) {
	namespace, name, ok := strings.Cut(text, "/")
	if !ok || namespace == "" || name == "" {
		return nil, cli.Usagef("--%s: %q is not NAMESPACE/NAME", flag, text)
	}
	mapping, err := c.Served(kind)
	if err != nil {
		return nil, err
	}
	if mapping == nil {
		return nil, cli.Usagef("--%s: the cluster has no kind %s", flag, kind)
	}
	live, err := c.Get(ctx, kubeapi.Ref{APIVersion: mapping.GroupVersionKind.GroupVersion().String(), Kind: kind.Kind, Namespace: namespace, Name: name})
	if err != nil {
		return nil, fmt.Errorf("--%s: %w", flag, err)
	}
	if live == nil {
		return nil, cli.Usagef("--%s: the cluster has no %s %s", flag, kind.Kind, text)
	}
	tool := deployer.Of(live)
	return &tool, nil
}
