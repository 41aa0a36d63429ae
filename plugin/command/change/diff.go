package change

import (
	"bytes"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/watch"
)

// diffFlags are the flags of krowave diff.
type diffFlags struct {
	change   options.Change
	output   options.Choice
	noIndex  bool
	exitZero bool
	watch    bool
	maxBytes int64
	live     liveFlags
}

// NewDiff returns krowave diff.
func NewDiff(s cli.Streams) *cobra.Command {
	var flags diffFlags
	cmd := &cobra.Command{
		Use:   "diff [PATH...]",
		Short: "Show what a change in Git does to every object",
		Long: "diff renders the files of two states of a Git repository and compares the objects: which are added, changed and deleted, " +
			"by instance, with dangerous changes first.\n\nThe old state is --base, or the merge base of HEAD and its upstream branch. " +
			"The new state is the work tree with uncommitted changes, or --head. Paths are those of both; the default is the " +
			"working directory. Only instances whose inputs differ are rendered.\n\nWith --no-index, and outside a Git " +
			"repository, two paths are compared.\n\nWith --live, the old state is a cluster: diff sends the objects as server-side " +
			"dry runs, so that admission, defaults and immutable fields count, and writes nothing. With --base too, it shows the change in Git and, apart " +
			"from it, how the cluster differs from the base. The cluster is the one that kubectl uses.\n\n" +
			"Exit codes: 0 no difference, 1 differences, 2 wrong usage or a new state with errors, 3 internal failure. " +
			"KUBECTL_EXTERNAL_DIFF names another program for differences, as for kubectl diff.",
		Example: "  krowave diff\n  krowave diff --base main --head topic -o markdown\n  krowave diff --no-index shop.yaml shop-next.yaml\n  krowave diff --live --context staging shop",
	}
	flags.change.Bind(cmd)
	for _, f := range compare.Formats() {
		flags.output.Allowed = append(flags.output.Allowed, string(f))
	}
	flags.output.Value = string(compare.Human)
	cmd.Flags().VarP(&flags.output, "output", "o", "output format")
	options.Complete(cmd, "output", flags.output.Allowed...)
	cmd.Flags().BoolVar(&flags.noIndex, "no-index", false, "compare two paths, without Git")
	cmd.Flags().BoolVar(&flags.exitZero, "exit-zero", false, "exit with 0 if there are differences")
	cmd.Flags().Var(options.NewCount(&flags.maxBytes), "max-bytes", "maximum size of -o markdown in bytes, for services that limit comments; the text states what was left out (default no limit)")
	flags.live.bind(cmd)
	cmd.Flags().BoolVar(&flags.watch, "watch", false, "compare again after every change of a file, until Ctrl-C")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := flags.checkLive(cmd); err != nil {
			return err
		}
		if flags.watch {
			return flags.follow(cmd, s, args)
		}
		return flags.run(cmd, s, args)
	}
	return cmd
}

// follow compares now and after every change.
func (f *diffFlags) follow(cmd *cobra.Command, s cli.Streams, args []string) error {
	if f.change.Head != "" || f.live.live {
		return cli.Usagef("--watch follows files; the revision of --head does not change, and --live asks a cluster")
	}
	paths := args
	if len(paths) == 0 {
		paths = []string{"."}
	}
	roots, err := load.New(cmd, s, &f.change.Settings).Roots(paths)
	if err != nil {
		return err
	}
	return watch.Loop(cmd.Context(), s, roots, func() error { return f.run(cmd, s, args) })
}

// run compares and prints once.
func (f *diffFlags) run(cmd *cobra.Command, s cli.Streams, args []string) error {
	c := &comparison{Comparison: load.Comparison{Command: cmd, Streams: s, Flags: &f.change}}
	if f.live.live {
		report, err := f.compareLive(c, args)
		if err != nil {
			return err
		}
		return f.show(c, report)
	}
	if err := f.read(c, args); err != nil {
		return err
	}
	if err := c.Render(); err != nil {
		return err
	}
	report, err := c.compare()
	if err != nil {
		return err
	}
	return f.show(c, report)
}

// read reads the two states: two paths where that is what the arguments are, as
// git diff decides it.
func (f *diffFlags) read(c *comparison, args []string) error {
	revisions := f.change.Base != "" || f.change.Head != ""
	twoPaths := f.noIndex
	if !twoPaths && !revisions && len(args) == 2 {
		_, inGit := load.Repository(load.Absolute(".", c.Streams.Dir))
		twoPaths = !inGit
	}
	switch {
	case f.noIndex && revisions:
		return cli.Usagef("--no-index compares two paths, --base and --head compare revisions")
	case twoPaths && len(args) != 2:
		return cli.Usagef("--no-index needs two paths, the old and the new one")
	case twoPaths:
		return c.Paths(args[0], args[1])
	case len(args) == 0:
		args = []string{"."}
	}
	return c.Revisions(args)
}

// show prints a report, and says by its error what the exit code is.
func (f *diffFlags) show(c *comparison, report *compare.Report) error {
	failed, err := c.report(c.Streams.Err)
	if err != nil {
		return err
	}
	differs := report.Differs()
	if program := c.external(); program != "" && !c.Command.Flags().Changed("output") {
		if differs, err = c.runExternal(program, report); err != nil {
			return err
		}
	} else {
		var out bytes.Buffer
		opts := compare.PrintOptions{Color: f.output.Value == string(compare.Human) && c.Streams.Color(), MaxBytes: int(f.maxBytes)}
		if err := compare.Write(&out, report, compare.Format(f.output.Value), opts); err != nil {
			return err
		}
		if _, err := out.WriteTo(c.Streams.Out); err != nil {
			return err
		}
	}
	switch {
	case failed:
		return cli.ErrFailed
	case differs && !f.exitZero:
		return cli.ErrDiffers
	}
	return nil
}
