// Package deps contains the commands that manage definitions of other
// repositories: update and vendor.
package deps

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/remote"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/plugin/staging"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
)

// NewUpdate returns krowave update.
func NewUpdate(s cli.Streams) *cobra.Command {
	check := false
	cmd := &cobra.Command{
		Use:   "update [FILE]",
		Short: "Pin the definitions of other repositories that krowave.yaml names",
		Long: "update resolves each ref and tag under definitions in krowave.yaml to its current commit or digest, and " +
			"writes it into the file. Nothing else in the file changes. The default of ref is the default branch, " +
			"the default of tag is latest.\n\nThe default FILE is krowave.yaml in the working directory or the nearest one above it. " +
			"Credentials for Git are those that git has for the host, those for registries of docker login.\n\n" +
			"Exit codes: 0 done, 1 findings, and with --check pins that are out of date, 2 wrong usage, 3 internal failure.",
		Example: "  krowave update\n  krowave update --check apps/krowave.yaml",
		Args:    cobra.MaximumNArgs(1),
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; exit with 1 if a pin is out of date")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		file, err := readSettings(s, args)
		if err != nil {
			return err
		}
		return file.update(cmd.Context(), s, load.Sources(s, filepath.Dir(file.path)), check)
	}
	return cmd
}

// settingsFile is a krowave.yaml.
type settingsFile struct {
	path, name string // absolute, and as it is printed
	data       []byte
	*project.Settings
	diags diag.List
}

// readSettings reads the krowave.yaml that the arguments name or the nearest one.
func readSettings(s cli.Streams, args []string) (*settingsFile, error) {
	dir, err := filepath.Abs(s.Dir)
	if err != nil {
		return nil, fmt.Errorf("working directory: %w", err)
	}
	name := ""
	if len(args) > 0 {
		name = load.Absolute(args[0], dir)
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			name = filepath.Join(name, project.SettingsName)
		}
	} else if name = nearest(dir); name == "" {
		return nil, cli.Usagef("there is no %s in the working directory or above it; name one", project.SettingsName)
	}
	data, err := repo.ReadFile(os.DirFS(filepath.Dir(name)), filepath.Base(name), project.MaxSettingsBytes)
	if err != nil {
		return nil, cli.Usagef("reading %s: %w", cmp.Or(first(args), project.SettingsName), cmp.Or(errors.Unwrap(err), err))
	}
	f := &settingsFile{path: name, data: data, name: load.Relative(dir, name)}
	f.Settings, f.diags = project.ReadSettings(f.name, data)
	return f, nil
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// nearest is the krowave.yaml of a directory or the nearest one above it, up to
// the root of the Git repository.
func nearest(dir string) string {
	root, inGit := load.Repository(dir)
	for {
		name := filepath.Join(dir, project.SettingsName)
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			return name
		}
		if parent := filepath.Dir(dir); parent != dir && (!inGit || dir != root) {
			dir = parent
			continue
		}
		return ""
	}
}

// report prints findings; with an error among them the command ends.
func (f *settingsFile) report(s cli.Streams) error {
	opts := diag.PrintOptions{Source: func(string) []byte { return f.data }}
	if err := diag.Print(s.Err, f.diags.Sorted(), opts); err != nil {
		return err
	}
	if f.diags.HasErrors() {
		return cli.ErrFindings
	}
	return nil
}

func (f *settingsFile) update(ctx context.Context, s cli.Streams, store *remote.Store, check bool) error {
	var updates []remote.Update
	for _, r := range f.Remotes {
		pin, err := store.Resolve(ctx, r)
		switch {
		case ctx.Err() != nil:
			return err
		case err != nil:
			f.diags.Errorf(r.Position, "remote-definitions", "%v", err)
		case pin != r.Pin():
			updates = append(updates, remote.Update{Remote: r, To: pin})
		}
	}
	if err := f.report(s); err != nil {
		return err
	}
	var out bytes.Buffer
	for _, u := range updates {
		fmt.Fprintf(&out, "%s: %s %s: %s -> %s\n", u.Position, u.Address(), cmp.Or(u.Ref, u.Tag, "(default)"), cmp.Or(u.Pin(), "none"), u.To)
	}
	if len(updates) == 0 {
		fmt.Fprintf(&out, "%s: %s up to date\n", f.name, report.Counted(len(f.Remotes), "remote source is", "remote sources are"))
	}
	if !check {
		if err := f.write(updates); err != nil {
			return err
		}
	}
	if _, err := out.WriteTo(s.Out); err != nil {
		return err
	}
	if check && len(updates) > 0 {
		return cli.ErrFindings
	}
	return nil
}

func (f *settingsFile) write(updates []remote.Update) error {
	if len(updates) == 0 {
		return staging.Clean(filepath.Dir(f.path))
	}
	data, err := remote.SetPins(f.name, f.data, updates)
	if err != nil {
		return err
	}
	info, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	return staging.WriteFile(f.path, data, info.Mode().Perm())
}
