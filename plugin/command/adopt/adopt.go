// Package adopt is krowave adopt: it moves instances between kro and a GitOps tool,
// and deletes nothing.
package adopt

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/krowave/krowave/plugin/adopt"
	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
)

// Kinds lists the JSON documents.
func Kinds() []report.Kind { return []report.Kind{adopt.PlanKind()} }

// New returns the command.
func New(s cli.Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "adopt",
		Short: "Move instances between kro and a GitOps tool without deleting their objects",
		Long: "adopt moves the objects of instances from kro to Argo CD or Flux, or back to kro, without deleting one of them. plan prints the " +
			"steps, with a kubectl command for each; apply runs them; verify checks the result; rollback undoes apply " +
			"until the instance is deleted.\n\nBegin with plan and with apply --dry-run server.\n\nThe paths hold the instances and their RGDs, as for krowave render. The cluster is the one that kubectl uses.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPlan(s), newApply(s), newVerify(s), newRollback(s))
	return cmd
}

// flags are those of all subcommands.
type flags struct {
	options.Settings
	to      options.Choice
	rgds    []string
	stopped bool
	dryRun  options.Choice
	limit   int64
	timeout time.Duration
	cluster *genericclioptions.ConfigFlags
}

func (f *flags) bind(cmd *cobra.Command) {
	set := cmd.Flags()
	f.Settings.Bind(cmd, options.Defaults(), "annotate", "waves", "emit", "allow-empty", "check-policies", "instance-groups")
	f.to = options.Choice{Allowed: []string{string(adopt.ArgoCD), string(adopt.Flux), string(adopt.Kro)}}
	set.Var(&f.to, "to", "new manager of the objects")
	options.Complete(cmd, "to", f.to.Allowed...)
	set.StringSliceVar(&f.rgds, "rgd", nil, "only instances of these ResourceGraphDefinitions")
	set.BoolVar(&f.stopped, "kro-stopped", false, "kro does not run: do not wait for it, and remove its finalizer")
	f.cluster = genericclioptions.NewConfigFlags(true)
	f.cluster.Namespace, f.cluster.CacheDir, f.cluster.Timeout = nil, nil, nil // -n is the instances', --timeout that of a wait
	f.cluster.AddFlags(set)
}

// writes adds the flags of what writes.
func (f *flags) writes(cmd *cobra.Command) {
	f.dryRun = options.Choice{Value: "none", Allowed: []string{"none", "server"}}
	cmd.Flags().Var(&f.dryRun, "dry-run", "server: send every write except the deletion of the instance with dry run, so the cluster stores nothing")
	options.Complete(cmd, "dry-run", f.dryRun.Allowed...)
	f.waits(cmd)
}

func (f *flags) waits(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.timeout, "timeout", 5*time.Minute, "maximum time to wait for kro or the GitOps tool in one step; for the change in Git, of all instances together")
}

// read renders the paths and connects to the cluster.
func (f *flags) read(cmd *cobra.Command, s cli.Streams, args []string) (*adopt.Cluster, []adopt.Family, error) {
	if f.to.Value == "" && cmd.Flags().Lookup("to") != nil {
		return nil, nil, cli.Usagef("--to is required: argocd, flux or kro")
	}
	run, err := load.New(cmd, s, &f.Settings).Render(args)
	if err != nil {
		return nil, nil, err
	}
	if err := report.Findings(s.Err, run.Result.Diagnostics, run.In.Printing()); err != nil {
		return nil, nil, cli.ErrFailed
	}
	if run.In.Placeholder() {
		return nil, nil, cli.Usagef("--runtime=placeholder is only for previews: placeholders cannot be compared with a cluster")
	}
	families := adopt.Families(run.Parts, func(i *render.Instance) bool {
		if len(f.rgds) == 0 {
			return true
		}
		for _, name := range f.rgds {
			if i.Graph.RGD.Name == name {
				return true
			}
		}
		return false
	})
	if len(families) == 0 {
		return nil, nil, cli.Usagef("no instance in the given paths matches; check the paths, --instance and --rgd")
	}
	config, err := f.cluster.ToRESTConfig()
	if err != nil {
		return nil, nil, cli.Usagef("no cluster: %w", err)
	}
	c, err := adopt.Connect(config)
	if err != nil {
		return nil, nil, cli.Usage(err)
	}
	c.DryRun = f.dryRun.Value == "server"
	return c, families, nil
}

func (f *flags) options() adopt.Options {
	return adopt.Options{To: adopt.Target(f.to.Value), Stopped: f.stopped}
}

func (f *flags) run(s cli.Streams, c *adopt.Cluster) *adopt.Run {
	return &adopt.Run{
		Cluster: c, Options: f.options(), Timeout: f.timeout, Poll: 500 * time.Millisecond, Max: int(f.limit),
		Say: func(format string, args ...any) { fmt.Fprintf(s.Out, format+"\n", args...) },
	}
}

// exit is the error of an exit code.
func exit(code int) error {
	switch code {
	case 0:
		return nil
	case 1:
		return cli.ErrDiffers
	}
	return cli.ErrFailed
}

func newPlan(s cli.Streams) *cobra.Command {
	var f flags
	output := options.Choice{Value: "human", Allowed: []string{"human", "markdown", "json"}}
	cmd := &cobra.Command{
		Use:   "plan PATH|-... --to argocd|flux|kro",
		Short: "Print the steps and what is not safe",
		Long: "plan compares the rendered paths with the cluster. For each instance it prints the objects that belong to it, what would " +
			"change in them, who owns them, the risks, and the steps with a kubectl command for each.\n\nIt writes " +
			"nothing.\n\nExit codes: 0 nothing to do, 1 steps to do, 2 not safe, wrong usage or errors in the input, 3 internal failure.",
		Example: "  krowave adopt plan shop --to argocd\n  krowave adopt plan shop --to flux -o markdown",
		Args:    cli.AtLeastOne("a file, a directory, a pattern, or - for standard input"),
	}
	f.bind(cmd)
	cmd.Flags().VarP(&output, "output", "o", "output format")
	options.Complete(cmd, "output", output.Allowed...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, families, err := f.read(cmd, s, args)
		if err != nil {
			return err
		}
		plan, err := adopt.NewPlan(cmd.Context(), c, families, f.options())
		if err != nil {
			return err
		}
		if err := plan.Print(s.Out, output.Value); err != nil {
			return err
		}
		return exit(plan.Code())
	}
	return cmd
}

func newApply(s cli.Streams) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "apply PATH|-... --to argocd|flux|kro",
		Short: "Run the steps of the plan",
		Long: "apply runs the steps that plan prints, and prints each before it runs it. It never deletes an object of an instance. It deletes " +
			"only the instance, once kro would find nothing else to delete.\n\napply first prepares all instances. Then commit the " +
			"change in Git, and run apply again if it has ended. The ConfigMap krowave-adopt-... in the namespace of an instance is the journal: the next run continues where an " +
			"interrupted one stopped, and a second run at the same time is refused.\n\nExit codes: 0 done, 1 steps are left, 2 not safe, wrong usage or " +
			"errors in the input, 3 internal failure.",
		Example: "  krowave adopt apply shop --to argocd --dry-run server\n  krowave adopt apply shop --to argocd --max 5",
		Args:    cli.AtLeastOne("a file, a directory, a pattern, or - for standard input"),
	}
	f.bind(cmd)
	f.writes(cmd)
	cmd.Flags().Var(options.NewCount(&f.limit), "max", "change at most so many instances (default all)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, families, err := f.read(cmd, s, args)
		if err != nil {
			return err
		}
		code, err := f.run(s, c).Apply(cmd.Context(), families)
		if err != nil {
			return err
		}
		return exit(code)
	}
	return cmd
}

func newRollback(s cli.Streams) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "rollback PATH|-...",
		Short: "Undo apply, until the instance is deleted",
		Long: "rollback returns instances that are moving to Argo CD or Flux to kro, from any step before the instance is deleted. Put the instances " +
			"into Git again first: rollback waits until the GitOps tool no longer has their objects.\n\nExit codes: 0 undone, 1 steps are left, 2 no longer possible, " +
			"wrong usage or errors in the input, 3 internal failure.",
		Example: "  krowave adopt rollback shop",
		Args:    cli.AtLeastOne("a file, a directory, a pattern, or - for standard input"),
	}
	f.bind(cmd)
	f.writes(cmd)
	cmd.Flags().Lookup("to").Hidden = true
	f.to.Value = string(adopt.ArgoCD)
	cmd.RunE = over(&f, s, (*adopt.Run).Rollback)
	return cmd
}

func over(f *flags, s cli.Streams, do func(*adopt.Run, context.Context, []adopt.Family) (int, error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, families, err := f.read(cmd, s, args)
		if err != nil {
			return err
		}
		code, err := do(f.run(s, c), cmd.Context(), families)
		if err != nil {
			return err
		}
		return exit(code)
	}
}

func newVerify(s cli.Streams) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "verify PATH|-...",
		Short: "Check that every object is unchanged and in sync",
		Long: "verify compares the objects with the journal of apply: each has its old uid, none is being deleted, the GitOps tool reports it in sync, and " +
			"nothing changes it during two reconciles. verify requests the reconciles with an annotation on the Application or Kustomization, and " +
			"writes nothing else.\n\nExit codes: 0 no findings, 1 findings, 2 wrong usage or errors in the input, 3 internal failure.",
		Example: "  krowave adopt verify shop",
		Args:    cli.AtLeastOne("a file, a directory, a pattern, or - for standard input"),
	}
	f.bind(cmd)
	f.waits(cmd)
	cmd.Flags().Lookup("to").Hidden = true
	f.to.Value = string(adopt.ArgoCD)
	cmd.RunE = over(&f, s, func(r *adopt.Run, ctx context.Context, families []adopt.Family) (int, error) {
		found, err := r.Verify(ctx, families)
		if err != nil {
			return 0, err
		}
		for _, risk := range found {
			r.Say("%s", risk)
		}
		if len(found) > 0 {
			return 1, nil
		}
		r.Say("every object is the one that it was, in sync, and nobody fights over it")
		return 0, nil
	})
	return cmd
}
