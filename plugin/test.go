package plugin

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/krowave/krowave/plugin/suite"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/project"
)

// testFlags are those of krowave test.
type testFlags struct {
	engine     engineFlags
	output     choice
	update     bool
	run        string
	allowEmpty bool
}

func (f *testFlags) bind(flags *pflag.FlagSet) {
	f.engine.bind(flags)
	f.output = choice{value: "human", allowed: suite.Formats()}
	flags.VarP(&f.output, "output", "o", "how to print")
	flags.BoolVar(&f.update, "update", false, "write the golden files anew")
	flags.StringVar(&f.run, "run", "", "only cases whose \"FILE: NAME\" matches this regular expression")
	flags.BoolVar(&f.allowEmpty, "allow-empty", false, "accept that there are no tests")
}

func newTest(s Streams) *cobra.Command {
	var in inputFlags
	var flags testFlags
	cmd := &cobra.Command{
		Use:   "test [PATH...]",
		Short: "Test RGDs: golden files, CEL assertions, expected errors",
		Long: "test runs the tests of RGDs: the files tests/*.yaml below the directories that it is given (default the working directory), " +
			"or the files themselves. Each case renders an instance, with observed objects if it gives some, and says what is expected: " +
			"a golden file, CEL assertions over the objects, or an error.\n\nRGDs are those in the directory above tests, and what they " +
			"build on.\n\nExit codes: 0 all passed, 1 some failed, 2 no tests or a file that is none, 3 internal failure.",
		Example: "  krowave test\n  krowave test --run apples -o junit tests/stand.yaml",
	}
	in.bind(cmd.Flags())
	flags.bind(cmd.Flags())
	flags.engine.complete(cmd)
	complete(cmd, "output", flags.output.allowed...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			args = []string{"."}
		}
		t := &testRun{
			command: command{Command: cmd, streams: s, input: &in}, flags: &flags,
			cache: render.NewCache(256 << 20), found: map[string][]project.Definition{},
		}
		return t.test(args)
	}
	return cmd
}

// testRun is one run of krowave test.
type testRun struct {
	command
	flags *testFlags
	cache *render.Cache
	found map[string][]project.Definition // by root: the RGDs of a repository
}

// job is a case that is ready to run.
type job struct {
	test *testFile
	c    *suite.Case
	in   suite.Input
}

func (t *testRun) test(args []string) error {
	want, err := regexp.Compile(t.flags.run)
	if err != nil {
		return usagef("--run: %w", err)
	}
	tests, err := t.discover(args)
	if err != nil {
		return err
	}
	var jobs []job
	for _, f := range tests {
		for _, c := range f.Cases {
			if !want.MatchString(f.Name + ": " + c.Name) {
				continue
			}
			in, err := t.caseInput(f, c)
			if err != nil {
				return err
			}
			jobs = append(jobs, job{f, c, in})
		}
	}
	if len(jobs) == 0 && !t.flags.allowEmpty {
		if len(tests) > 0 {
			return usagef("no case matches --run %s (--allow-empty accepts that)", t.flags.run)
		}
		return usagef("no tests found: a test is a file tests/*.yaml with apiVersion: %s and kind: %s (--allow-empty accepts that)", suite.APIVersion, suite.Kind)
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
	if err := suite.Write(t.streams.Out, outcomes, suite.Format(t.flags.output.value)); err != nil {
		return err
	}
	if suite.Count(outcomes, suite.Fail) > 0 {
		return errFindings
	}
	return nil
}

// runAll runs cases in parallel, each into a slot of its own.
func (t *testRun) runAll(jobs []job) ([]*suite.Outcome, error) {
	outcomes := make([]*suite.Outcome, len(jobs))
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(runtime.GOMAXPROCS(0))
	if t.flags.engine.jobs > 0 {
		group.SetLimit(int(t.flags.engine.jobs))
	}
	for i, j := range jobs {
		group.Go(func() error {
			out, err := suite.Run(ctx, j.c, j.in)
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
func (t *testRun) writeGolden(jobs []job, outcomes []*suite.Outcome) error {
	written := map[string]*suite.Outcome{}
	for i, o := range outcomes {
		if o.Golden == nil {
			continue
		}
		dir := jobs[i].test.dir
		name := filepath.Join(dir, filepath.FromSlash(o.Case.Golden))
		if first := written[name]; first != nil && !slices.Equal(first.Golden, o.Golden) {
			return usagef("%s: cases %s and %s render different objects to one golden file, %s", o.Case.File, first.Case.Name, o.Case.Name, o.Case.Golden)
		}
		written[name] = o
		if jobs[i].in.Golden != nil && slices.Equal(jobs[i].in.Golden, o.Golden) {
			continue
		}
		if err := writeBelow(dir, o.Case.Golden, o.Golden); err != nil {
			return err
		}
		fmt.Fprintf(t.streams.Err, "wrote %s\n", filepath.ToSlash(filepath.Join(filepath.Dir(o.Case.File), o.Case.Golden)))
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
