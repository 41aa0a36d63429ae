package rgd

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/plugin/rgdfmt"
	"github.com/krowave/krowave/plugin/staging"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/repo"
)

// fmtFlags are the flags of krowave fmt.
type fmtFlags struct {
	options.Settings
	check, diff bool
}

// NewFmt returns krowave fmt.
func NewFmt(s cli.Streams) *cobra.Command {
	var f fmtFlags
	cmd := &cobra.Command{
		Use:   "fmt [PATH|-]...",
		Short: "Give RGDs one form: order of keys, spacing of SimpleSchema and expressions",
		Long: "fmt rewrites the RGDs of the paths, by default of the working directory: their keys stand in one order, SimpleSchema has one space between its " +
			"parts and its markers in one order, and expressions have no space at their ends. Comments, blank lines and everything else stay, and so does " +
			"what is rendered. It prints the names of the files that it changes. - reads standard input and prints the result.\n\n" +
			"Exit codes: 0 done, 1 a file cannot be read or, with --check or --diff, is not in its form, 2 wrong usage, 3 internal failure.",
		Example: "  krowave fmt shop-rgd.yaml\n  krowave fmt --check\n  krowave fmt --diff shop-rgd.yaml",
	}
	f.Bind(cmd, options.Defaults(), options.OfInstances()...)
	cmd.Flags().BoolVar(&f.check, "check", false, "print the names of files that are not in their form, and write nothing")
	cmd.Flags().BoolVar(&f.diff, "diff", false, "print the differences, and write nothing")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			args = []string{"."}
		}
		if slices.Contains(args, "-") {
			return f.stream(s, args)
		}
		files, err := load.New(cmd, s, &f.Settings).Written(args)
		if err != nil {
			return err
		}
		return f.files(s, files)
	}
	return cmd
}

func (f *fmtFlags) stream(s cli.Streams, args []string) error {
	if len(args) > 1 {
		return cli.Usagef("- and other paths are mutually exclusive")
	}
	data, err := io.ReadAll(s.In)
	if err != nil {
		return err
	}
	if f.check || f.diff {
		return f.files(s, []repo.File{{Name: "-", Data: data}})
	}
	out, err := rgdfmt.Format("-", data)
	if err != nil {
		return f.broken(s, []repo.File{{Name: "-", Data: data}}, err)
	}
	_, err = s.Out.Write(out)
	return err
}

// files writes those that are not in their form, or says which they are.
func (f *fmtFlags) files(s cli.Streams, files []repo.File) error {
	changed := 0
	var unread []repo.File
	var failure error
	for _, file := range files {
		fresh, err := rgdfmt.Format(file.Name, file.Data)
		if err != nil {
			unread, failure = append(unread, file), cmp.Or(failure, err)
			continue
		}
		if bytes.Equal(fresh, file.Data) {
			if !f.check && !f.diff {
				_ = staging.Clean(filepath.Dir(load.Absolute(file.Name, s.Dir))) // what a run that was killed left
			}
			continue
		}
		changed++
		if f.diff {
			if _, err := s.Out.Write(diff.Diff(file.Name, file.Data, file.Name+" (formatted)", fresh)); err != nil {
				return err
			}
			continue
		}
		if !f.check {
			name := load.Absolute(file.Name, s.Dir)
			mode := os.FileMode(0o644)
			if info, err := os.Stat(name); err == nil {
				mode = info.Mode().Perm()
			}
			if err := staging.WriteFile(name, fresh, mode); err != nil {
				return err
			}
		}
		fmt.Fprintln(s.Out, file.Name)
	}
	if failure != nil {
		return f.broken(s, unread, failure)
	}
	if changed > 0 && (f.check || f.diff) {
		return cli.ErrDiffers
	}
	return nil
}

// broken says what is wrong with files that are not YAML; err is why the first of
// them has no form.
func (f *fmtFlags) broken(s cli.Streams, files []repo.File, err error) error {
	var found diag.List
	texts := map[string][]byte{}
	for _, file := range files {
		_, diags := manifest.Read(file.Name, file.Data, manifest.Limits{})
		found, texts[file.Name] = append(found, diags...), file.Data
	}
	if !found.HasErrors() {
		return cli.Usage(err)
	}
	return report.Findings(s.Err, found, report.Printing{Source: func(file string) []byte { return texts[file] }, Verbose: f.Verbose})
}
