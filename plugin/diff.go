package plugin

import (
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/compare"
)

// exitFailed is the exit code of diff and impact when the change cannot be
// rendered, as that of diff(1) for trouble. Differences are exitFindings.
const exitFailed = 2

// errDiffers and errFailed end a command that has printed its report.
var (
	errDiffers = errors.New("there are differences")
	errFailed  = errors.New("the new side cannot be rendered")
)

// diffFlags are those of krowave diff.
type diffFlags struct {
	change   changeFlags
	output   choice
	noIndex  bool
	exitZero bool
	maxBytes int64
}

func newDiff(s Streams) *cobra.Command {
	var flags diffFlags
	cmd := &cobra.Command{
		Use:   "diff [PATH...]",
		Short: "Show what a change in Git does to every object",
		Long: "diff renders the files of two states of a Git repository and compares the objects: what is added, changed and deleted, " +
			"by instance, with what is dangerous about it first.\n\nThe old state is where HEAD left its upstream branch, or --base. " +
			"The new state is the work tree with what is not committed, or --head. Paths are those of both; the default is the " +
			"working directory. Only instances whose inputs differ are rendered.\n\nWith --no-index, and outside of a Git " +
			"repository, two paths are compared with each other.\n\n" +
			"Exit codes: 0 no difference, 1 differences, 2 wrong usage or a new state with errors, 3 internal failure. " +
			"KUBECTL_EXTERNAL_DIFF names another program for differences, as for kubectl diff.",
		Example: "  krowave diff\n  krowave diff --base main --head topic -o markdown\n  krowave diff --no-index shop.yaml shop-next.yaml",
	}
	flags.change.bind(cmd.Flags())
	flags.change.complete(cmd)
	for _, f := range compare.Formats() {
		flags.output.allowed = append(flags.output.allowed, string(f))
	}
	flags.output.value = string(compare.Human)
	cmd.Flags().VarP(&flags.output, "output", "o", "how to print")
	complete(cmd, "output", flags.output.allowed...)
	cmd.Flags().BoolVar(&flags.noIndex, "no-index", false, "compare two paths with each other, without Git")
	cmd.Flags().BoolVar(&flags.exitZero, "exit-zero", false, "exit with 0 when there are differences")
	cmd.Flags().Var(count{&flags.maxBytes}, "max-bytes", "bytes of -o markdown, for places that limit a comment; what is left out is counted (default no limit)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c := &change{cmd: cmd, streams: s, flags: &flags.change}
		if err := flags.read(c, args); err != nil {
			return err
		}
		return flags.show(c)
	}
	return cmd
}

// read reads the two states: two paths where that is what the arguments are, as
// git diff decides it.
func (f *diffFlags) read(c *change, args []string) error {
	revisions := f.change.base != "" || f.change.head != ""
	twoPaths := f.noIndex
	if !twoPaths && !revisions && len(args) == 2 {
		_, inGit := repository(absolute(".", c.streams.Dir))
		twoPaths = !inGit
	}
	switch {
	case f.noIndex && revisions:
		return usagef("--no-index compares two paths, --base and --head compare revisions")
	case twoPaths && len(args) != 2:
		return usagef("--no-index needs two paths, the old and the new one")
	case twoPaths:
		return c.paths(args[0], args[1])
	case len(args) == 0:
		args = []string{"."}
	}
	return c.history(args)
}

func (f *diffFlags) show(c *change) error {
	if err := c.render(); err != nil {
		return err
	}
	report, err := c.compare()
	if err != nil {
		return err
	}
	failed, err := c.report(c.streams.Err)
	if err != nil {
		return err
	}
	differs := report.Differs()
	if program := c.external(); program != "" && !c.cmd.Flags().Changed("output") {
		if differs, err = c.runExternal(program, report); err != nil {
			return err
		}
	} else {
		var out bytes.Buffer
		opts := compare.PrintOptions{Color: f.output.value == string(compare.Human) && c.streams.color(), MaxBytes: int(f.maxBytes)}
		if err := compare.Write(&out, report, compare.Format(f.output.value), opts); err != nil {
			return err
		}
		if _, err := out.WriteTo(c.streams.Out); err != nil {
			return err
		}
	}
	switch {
	case failed:
		return errFailed
	case differs && !f.exitZero:
		return errDiffers
	}
	return nil
}

// color reports whether results go to a terminal that should have colours
// (no-color.org).
func (s Streams) color() bool {
	return s.getenv("NO_COLOR") == "" && s.getenv("TERM") != "dumb" && isTerminal(s.Out)
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
