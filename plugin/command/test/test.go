// Package test contains the command test, which runs the tests of RGDs.
package test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/rgdtest"
	"github.com/krowave/krowave/render"
)

// testFlags are the flags of krowave test.
type testFlags struct {
	options.Settings
	output     options.Choice
	update     bool
	run        string
	allowEmpty bool
}

func (f *testFlags) bind(cmd *cobra.Command) {
	defaults, flags := options.Defaults(), cmd.Flags()
	defaults.Idioms = "drop"
	f.Settings.Bind(cmd, defaults, append(options.OfOutput(), "runtime", "instance")...) // of which cases say
	f.output = options.Choice{Value: "human", Allowed: rgdtest.Formats()}
	flags.VarP(&f.output, "output", "o", "output format")
	flags.BoolVar(&f.update, "update", false, "write the golden files")
	flags.StringVar(&f.run, "run", "", "run only cases whose \"FILE: NAME\" matches this regular expression")
	flags.BoolVar(&f.allowEmpty, "allow-empty", false, "succeed if there are no tests")
}

// New returns the command.
func New(s cli.Streams) *cobra.Command {
	var flags testFlags
	cmd := &cobra.Command{
		Use:   "test [PATH...]",
		Short: "Test RGDs: golden files, CEL assertions, expected errors",
		Long: "test runs tests of RGDs: the files tests/*.yaml below the given directories (default the working directory), or the given " +
			"files. Each case renders an instance, optionally with observed objects, and states the expected result: a golden file, CEL " +
			"assertions over the objects, or an error.\n\nA test uses the RGDs in the directory above tests, and the RGDs that " +
			"these use.\n\nExit codes: 0 all passed, 1 some failed, 2 no tests or a file that is not a test, 3 internal failure.",
		Example: "  krowave test\n  krowave test --run apples -o junit tests/stand.yaml",
	}
	flags.bind(cmd)
	options.Complete(cmd, "output", flags.output.Allowed...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			args = []string{"."}
		}
		t := &testRun{flags: &flags, Tests: load.Tests{
			Loader: load.New(cmd, s, &flags.Settings), Cache: render.NewCache(256 << 20),
		}}
		return t.test(args)
	}
	return cmd
}

// testRun is one run of krowave test.
type testRun struct {
	load.Tests
	flags *testFlags
}

// job is a case that is ready to run.
type job struct {
	test *load.TestFile
	c    *rgdtest.Case
	in   rgdtest.Input
}

func (t *testRun) test(args []string) error {
	want, err := regexp.Compile(t.flags.run)
	if err != nil {
		return cli.Usagef("--run: %w", err)
	}
	tests, err := t.Find(args)
	if err != nil {
		return err
	}
	var jobs []job
	for _, f := range tests {
		for _, c := range f.Cases {
			if !want.MatchString(f.Name + ": " + c.Name) {
				continue
			}
			in, err := t.Case(f, c)
			if err != nil {
				return err
			}
			in.Update = t.flags.update
			jobs = append(jobs, job{f, c, in})
		}
	}
	if len(jobs) == 0 && !t.flags.allowEmpty {
		if len(tests) > 0 {
			return cli.Usagef("no case matches --run %s (use --allow-empty to allow this)", t.flags.run)
		}
		return cli.Usagef("no tests found: a test is a file tests/*.yaml with apiVersion: %s and kind: %s (use --allow-empty to allow this)", rgdtest.APIVersion, rgdtest.Kind)
	}
	outcomes, err := t.runAll(jobs)
	if err != nil {
		return err
	}
	if t.flags.update {
		if err := t.writeGolden(jobs, outcomes); err != nil {
			return err
		}
	}
	format := rgdtest.Format(t.flags.output.Value)
	if format == rgdtest.Human && t.Streams.Color() {
		format = rgdtest.Colored
	}
	if err := rgdtest.Write(t.Streams.Out, outcomes, format); err != nil {
		return err
	}
	if rgdtest.Count(outcomes, rgdtest.Fail) > 0 {
		return cli.ErrFindings
	}
	return nil
}

// runAll runs cases in parallel, each into a slot of its own.
func (t *testRun) runAll(jobs []job) ([]*rgdtest.Outcome, error) {
	outcomes := make([]*rgdtest.Outcome, len(jobs))
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(runtime.GOMAXPROCS(0))
	if jobs := t.Settings.Own().Options.Jobs; jobs > 0 {
		group.SetLimit(jobs)
	}
	for i, j := range jobs {
		group.Go(func() error {
			out, err := rgdtest.Run(ctx, j.c, j.in)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", j.test.Name, j.c.Name, err)
			}
			outcomes[i] = out
			return nil
		})
	}
	return outcomes, group.Wait()
}

// writeGolden writes the golden files that are not as they should be. Two cases
// with one file must agree on it.
func (t *testRun) writeGolden(jobs []job, outcomes []*rgdtest.Outcome) error {
	written := map[string]*rgdtest.Outcome{}
	for i, o := range outcomes {
		if o.Golden == nil {
			continue
		}
		dir := jobs[i].test.Dir
		name := filepath.Join(dir, filepath.FromSlash(o.Case.Golden))
		if first := written[name]; first != nil && !slices.Equal(first.Golden, o.Golden) {
			return cli.Usagef("%s: cases %s and %s render different objects to one golden file, %s", o.Case.File, first.Case.Name, o.Case.Name, o.Case.Golden)
		}
		written[name] = o
		if jobs[i].in.Golden != nil && slices.Equal(jobs[i].in.Golden, o.Golden) {
			continue
		}
		if err := writeBelow(dir, o.Case.Golden, o.Golden); err != nil {
			return err
		}
		fmt.Fprintf(t.Streams.Err, "wrote %s\n", filepath.ToSlash(filepath.Join(filepath.Dir(o.Case.File), o.Case.Golden)))
	}
	return nil
}

// writeBelow writes a file that no symlink leads out of a directory.
func writeBelow(dir, name string, data []byte) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll(filepath.Dir(filepath.FromSlash(name)), 0o755); err != nil {
		return err
	}
	return root.WriteFile(filepath.FromSlash(name), data, 0o644)
}
