package deps

import (
	"context"
	"fmt"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/remote"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/project"
)

// NewVendor returns krowave vendor.
func NewVendor(s cli.Streams) *cobra.Command {
	var fetch options.Fetch
	check := false
	cmd := &cobra.Command{
		Use:   "vendor [FILE]",
		Short: "Copy the definitions of other repositories that krowave.yaml names",
		Long: "vendor copies the pinned definitions that krowave.yaml names in other repositories and registries into the directory " +
			project.VendorDir + " beside it, or the one that its setting vendor names, with a record of where they come from. From then on a " +
			"render reads the copies. Argo CD and Flux need them, because they fetch nothing.\n\n" +
			"With --check nothing is written or fetched: the copies are compared with their record, and the record with krowave.yaml.\n\n" +
			"Exit codes: 0 done, 1 findings, and with --check copies that differ, 2 wrong usage, 3 internal failure.",
		Example: "  krowave vendor\n  krowave vendor --check apps/krowave.yaml",
		Args:    cobra.MaximumNArgs(1),
	}
	fetch.Bind(cmd.Flags())
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; exit with 1 if the copies differ from the pins")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		file, err := readSettings(s, args)
		if err != nil {
			return err
		}
		if check {
			return file.checkVendor(s)
		}
		store, err := load.Store(s, &fetch, filepath.Dir(file.path))
		if err != nil {
			return err
		}
		return file.copyVendor(cmd.Context(), s, store)
	}
	return cmd
}

func (f *settingsFile) vendorDir() (dir, shown string) {
	return filepath.Join(filepath.Dir(f.path), filepath.FromSlash(f.Vendor)), path.Join(path.Dir(f.name), f.Vendor)
}

// pinned are the sources with a pin; one without is a finding.
func (f *settingsFile) pinned() []project.Remote {
	var out []project.Remote
	seen := map[string]bool{}
	for _, r := range f.Remotes {
		switch {
		case r.Pin() == "":
			f.diags.Errorf(r.Position, "remote-definitions", "%s has no %s; run krowave update, which finds it", r.Address(), r.PinKey())
		case !seen[r.Folder()]:
			seen[r.Folder()] = true
			out = append(out, r)
		}
	}
	return out
}

func (f *settingsFile) checkVendor(s cli.Streams) error {
	remotes := f.pinned()
	if err := f.report(s); err != nil {
		return err
	}
	dir, shown := f.vendorDir()
	differ, err := remote.CheckVendor(dir, remotes)
	if err != nil {
		return err
	}
	for _, text := range differ {
		fmt.Fprintf(s.Err, "%s: %s\n", shown, text)
	}
	if len(differ) > 0 {
		fmt.Fprintln(s.Err, "run krowave vendor")
		return cli.ErrFindings
	}
	fmt.Fprintf(s.Out, "%s: %s as copied\n", shown, report.Counted(len(remotes), "remote source is", "remote sources are"))
	return nil
}

func (f *settingsFile) copyVendor(ctx context.Context, s cli.Streams, store *remote.Store) error {
	var copies []remote.Copy
	for _, r := range f.pinned() {
		one, err := openCopy(ctx, store, r)
		switch {
		case ctx.Err() != nil:
			return err
		case err != nil:
			f.diags.Errorf(r.Position, "remote-definitions", "%v", err)
		}
		copies = append(copies, one)
	}
	if err := f.report(s); err != nil {
		return err
	}
	dir, shown := f.vendorDir()
	if err := remote.WriteVendor(dir, copies); err != nil {
		return fmt.Errorf("writing %s: %w", shown, err)
	}
	for _, c := range copies {
		fmt.Fprintf(s.Out, "%s: %s from %s\n", path.Join(shown, c.Folder()), report.Counted(len(c.Files), "file", "files"), c.Name())
	}
	return nil
}

func openCopy(ctx context.Context, store *remote.Store, r project.Remote) (remote.Copy, error) {
	files, err := store.Open(ctx, r)
	if err != nil {
		return remote.Copy{}, err
	}
	return remote.Read(r, files)
}
