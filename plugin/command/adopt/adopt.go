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
		Short: "Move instances between kro and a GitOps tool without a deletion",
		Long: "adopt gives the objects of instances to Argo CD or Flux, or back to kro, and no object is deleted on the way. plan says what " +
			"has to be done, with a kubectl command for each step; apply does it; verify looks at it afterwards; rollback takes it " +
			"back.\n\nadopt is experimental: its steps are proven in a model and tested against stand-ins for the API server, kro and the GitOps " +
			"tool. Try it with --dry-run server and on a cluster without valuable data first.\n\nThe paths are those of the instances and their RGDs, as for krowave render. The cluster is that of kubectl.",
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
	f.Settings.Bind(cmd, options.Defaults(), "annotate", "waves", "emit", "allow-empty")
	f.to = options.Choice{Allowed: []string{string(adopt.ArgoCD), string(adopt.Flux), string(adopt.Kro)}}
	set.Var(&f.to, "to", "who gets the objects")
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
	cmd.Flags().Var(&f.dryRun, "dry-run", "server sends every write but the removal of the instance, and the cluster stores none")
	options.Complete(cmd, "dry-run", f.dryRun.Allowed...)
	f.waits(cmd)
}

func (f *flags) waits(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.timeout, "timeout", 5*time.Minute, "how long to wait for kro, or for the GitOps tool, at one step")
}

// read renders the paths and connects to the cluster.
func (f *flags) read(cmd *cobra.Command, s cli.Streams, args []string) (*adopt.Cluster, []adopt.Family, error) {
	if f.to.Value == "" && cmd.Flags().Lookup("to") != nil {
		return nil, nil, cli.Usagef("--to says who gets the objects: argocd, flux or kro")
	}
	run, err := load.New(cmd, s, &f.Settings).Render(args)
	if err != nil {
		return nil, nil, err
	}
	if err := report.Findings(s.Err, run.Result.Diagnostics, run.In.Printing()); err != nil {
		return nil, nil, cli.ErrFailed
	}
	if run.In.Placeholder() {
		return nil, nil, cli.Usagef("--runtime=placeholder is for previews: what it renders is not an object of a cluster")
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
		return nil, nil, cli.Usagef("there is no such instance in what was given")
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
		Short: "Say what has to be done, and what is not safe",
		Long: "plan compares what the paths render to with what the cluster has, and says for each instance which objects belong to it, what " +
			"would change in them, who owns them, what may go wrong, and the steps, with a kubectl command for each.\n\nIt reads " +
			"only.\n\nExit codes: 0 nothing to do, 1 steps to do, 2 not safe, wrong usage or errors in the input, 3 internal failure.",
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
		Short: "Do the steps of the plan",
		Long: "apply does the steps that plan lists, and says each before it does it. It is experimental. It deletes no object of an instance: only the instance, when kro " +
			"would find nothing to delete with it.\n\nThe steps until Git has to change are done for all instances first; then commit " +
			"the change, and run it again if it has ended. A ConfigMap krowave-adopt-... in the namespace of an instance is the journal: a run that was ended at any point goes on " +
			"where it was, and two runs at once are refused.\n\nExit codes: 0 all is done, 1 steps are left, 2 something is not safe, wrong usage or " +
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
		Short: "Take back what apply did, until the instance is removed",
		Long: "rollback gives instances on the way to Argo CD or Flux back to kro, from any step before the instance is removed. Git has to have the instances " +
			"again: it waits until the GitOps tool has let their objects go.\n\nExit codes: 0 taken back, 1 steps are left, 2 not possible any longer, " +
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
		Short: "Say whether every object is the one that it was, and in sync",
		Long: "verify compares the objects with the journal of apply: each has the uid that it had, none is being deleted, the GitOps tool has it in sync, and " +
			"nobody changes it while the tool looks at it twice. It asks the Application or Kustomization to look again, by an annotation, and " +
			"writes nothing else.\n\nExit codes: 0 all is well, 1 findings, 2 wrong usage or errors in the input, 3 internal failure.",
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
