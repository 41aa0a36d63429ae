// Package scaffold contains the commands that write files for a start: init and
// new rgd.
package scaffold

import (
	"embed"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/staging"
)

//go:embed files
var files embed.FS

// NewInit returns krowave init.
func NewInit(s cli.Streams) *cobra.Command {
	ci := options.Choice{Value: "none", Allowed: []string{"github", "gitlab", "none"}}
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a first krowave.yaml, RGD, instance, test and CI file",
		Long: "init writes what a repository with RGDs begins with: krowave.yaml, a commented RGD in definitions, a test of it, an instance in apps, " +
			"and with --ci the file for pull requests on GitHub or merge requests on GitLab, at the root of the Git repository. DIR is by default the " +
			"working directory, and is made when it is not there.\n\n" +
			"It asks nothing and overwrites nothing: if one of the files is there, or cannot be written, none is written.",
		Example: "  krowave init shop\n  krowave init shop --ci=github",
	}
	cmd.Flags().Var(&ci, "ci", "CI that shows what a change does")
	options.Complete(cmd, "ci", ci.Allowed...)
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 1 {
			return cli.Usagef("unexpected argument %q: init takes one directory", args[1])
		}
		return nil
	}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		dir := "."
		if len(args) == 1 {
			dir = args[0]
		}
		return initialize(s, dir, ci.Value)
	}
	return cmd
}

// starters are the files below the directory, and what they are made of.
var starters = [...][2]string{
	{"krowave.yaml", "krowave.yaml"}, {"definitions/webapp.yaml", "webapp.yaml"}, {"definitions/tests/webapp.yaml", "test.yaml"}, {"apps/hello.yaml", "hello.yaml"},
}

func initialize(s cli.Streams, dir, ci string) error {
	absolute := load.Absolute(dir, s.Dir)
	working, err := filepath.Abs(s.Dir)
	if err != nil {
		return fmt.Errorf("working directory: %w", err)
	}
	if absolute, err = filepath.Abs(absolute); err != nil {
		return fmt.Errorf("directory: %w", err)
	}
	base, ok := load.Repository(absolute)
	if !ok {
		base = absolute
	}
	below := load.Relative(base, absolute)
	var all []staging.New
	for _, f := range starters {
		data, err := files.ReadFile("files/" + f[1])
		if err != nil {
			return err
		}
		all = append(all, staging.New{Name: path.Join(below, f[0]), Data: data})
	}
	if ci != "none" {
		f, err := ciFile(ci, below)
		if err != nil {
			return err
		}
		all = append(all, f)
	}
	if err := staging.WriteNew(base, all); err != nil {
		return explained(err, working, base)
	}
	for _, f := range all {
		fmt.Fprintln(s.Out, load.Relative(working, filepath.Join(base, filepath.FromSlash(f.Name))))
	}
	in := ""
	if below := load.Relative(working, absolute); below != "." {
		in = " in " + below
	}
	_, err = fmt.Fprintf(s.Err, "next%s: krowave validate, krowave render apps, krowave test, krowave graph hello\n", in)
	return err
}

// ciFile is the file of a CI for the directory.
func ciFile(ci, below string) (staging.New, error) {
	name := map[string]string{"github": ".github/workflows/krowave.yml", "gitlab": ".gitlab-ci.yml"}[ci]
	data, err := files.ReadFile("files/" + ci + ".yml")
	if err != nil {
		return staging.New{}, err
	}
	text := string(data)
	for _, key := range []string{"paths: .", "KROWAVE_PATHS: ."} {
		text = strings.ReplaceAll(text, key, strings.TrimSuffix(key, ".")+below)
	}
	return staging.New{Name: name, Data: []byte(text)}, nil
}
