package rgd

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/apidoc"
	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/output"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
)

// schemaFlags are the flags of krowave schema.
type schemaFlags struct {
	options.Settings
	dir   string
	check bool
}

// NewSchema returns krowave schema.
func NewSchema(s cli.Streams) *cobra.Command {
	var flags schemaFlags
	cmd := &cobra.Command{
		Use:   "schema [PATH|RGD|-]... [-o DIR]",
		Short: "Print a JSON schema of the instances of each RGD, for editors and kubeconform",
		Long: "schema makes a JSON schema of the instances of each RGD: of those in the paths, by default the working directory, or of those that are " +
			"named by RGD or kind. One schema is printed; several need -o DIR, which writes them to DIR/GROUP/kind_version.json, where kubeconform finds them. " +
			"Defaults that end up in Secrets are left out.\n\n" +
			"An editor uses it by a first line such as # yaml-language-server: $schema=schemas/kro.run/stand_v1alpha1.json.\n\n" +
			"With --check nothing is written, and files of DIR that are missing, not current or left over are listed.\n\n" +
			"Exit codes: 0 done or current, 1 findings or files that are not current, 2 wrong usage, 3 internal failure.",
		Example: "  krowave schema shop-rgd.yaml\n  krowave schema shop-rgd.yaml -o schemas",
	}
	flags.Bind(cmd, options.Defaults(), options.OfInstances()...)
	flags.BindRef(cmd.Flags())
	cmd.Flags().StringVarP(&flags.dir, "output", "o", "", "directory to write to (default the standard output)")
	_ = cmd.MarkFlagDirname("output") // it was bound just before
	cmd.Flags().BoolVar(&flags.check, "check", false, "check that the files in the directory of -o are current, and write nothing")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if flags.check && flags.dir == "" {
			return cli.Usagef("--check needs the directory with the schemas: -o DIR")
		}
		l := load.New(cmd, s, &flags.Settings)
		paths, names, err := l.PathsAndNames(args)
		if err != nil {
			return err
		}
		r, err := l.Compile(paths)
		if err != nil {
			return err
		}
		if err := report.Findings(s.Err, r.Result.Diagnostics, r.In.Printing()); err != nil {
			return err
		}
		graphs, _ := r.Graphs()
		if graphs, err = called(graphs, names); err != nil {
			return err
		}
		files, err := schemas(graphs)
		switch {
		case err != nil:
			return err
		case len(files) == 0:
			return errNone
		case flags.dir == "" && len(files) > 1:
			return cli.Usagef("%d RGDs are in the paths: name one of them, or a directory for all schemas with -o DIR", len(files))
		case flags.dir == "":
			_, err := s.Out.Write(diag.EscapeJSON(files[0].Data))
			return err
		}
		return flags.files(s, files, len(names) == 0)
	}
	return cmd
}

// called are the graphs of the RGDs that are called one of the names, or define a
// kind of that name; all without names.
func called(graphs []*graph.Graph, names []string) ([]*graph.Graph, error) {
	if len(names) == 0 {
		return graphs, nil
	}
	var out []*graph.Graph
	var all []string
	for _, g := range graphs {
		all = append(all, g.RGD.Name, g.RGD.GVK.Kind)
	}
	for _, name := range names {
		found := false
		for _, g := range graphs {
			if g.RGD.Name != name && !strings.EqualFold(g.RGD.GVK.Kind, name) {
				continue
			}
			if found = true; !slices.Contains(out, g) {
				out = append(out, g)
			}
		}
		if !found {
			hint := ""
			if like := diag.Closest(name, all); like != "" {
				hint = "; did you mean " + like + "?"
			}
			return nil, cli.Usagef("%s is neither a file nor an RGD%s", diag.Name(name), hint)
		}
	}
	return out, nil
}

// schemas are the files of the schemas, in the order of their names.
func schemas(graphs []*graph.Graph) ([]output.File, error) {
	var out []output.File
	by := map[string]*graph.Graph{}
	for _, g := range graphs {
		data, err := apidoc.JSONSchema(g)
		if err != nil {
			return nil, err
		}
		f := output.File{Name: apidoc.SchemaFile(g), Data: diag.EscapeJSON(data)}
		k := slices.IndexFunc(out, func(o output.File) bool { return o.Name == f.Name })
		switch {
		case k < 0:
			out, by[f.Name] = append(out, f), g
		case !bytes.Equal(out[k].Data, f.Data):
			return nil, cli.Usagef("two RGDs define kind %s of version %s otherwise, and there is one schema of it: %s and %s; name the paths of one project",
				g.RGD.GVK.Kind, g.RGD.GVK.GroupVersion(), by[f.Name].RGD.Doc.Start(), g.RGD.Doc.Start())
		}
	}
	slices.SortFunc(out, func(a, b output.File) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// files writes or checks the files of a directory, and prints the names of those that
// were written, are not current, or are left over. all says that there are no
// others in the directory.
func (f *schemaFlags) files(s cli.Streams, files []output.File, all bool) error {
	dir, stale := load.Absolute(f.dir, s.Dir), 0
	if !f.check {
		if err := output.Files(dir, files); err != nil {
			return err
		}
		for _, file := range files {
			fmt.Fprintln(s.Out, filepath.ToSlash(filepath.Join(f.dir, file.Name)))
		}
		return nil
	}
	for _, file := range files {
		name := filepath.ToSlash(filepath.Join(f.dir, file.Name))
		have, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file.Name)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			fmt.Fprintf(s.Out, "%s is missing\n", name)
		case err != nil:
			return err
		case !bytes.Equal(have, file.Data):
			fmt.Fprintf(s.Out, "%s is not current\n", name)
		default:
			continue
		}
		stale++
	}
	var left []string
	if all {
		var err error
		if left, err = leftOver(dir, files); err != nil {
			return err
		}
	}
	for _, name := range left {
		fmt.Fprintf(s.Out, "%s is left over: no RGD defines its kind\n", filepath.ToSlash(filepath.Join(f.dir, name)))
	}
	if stale > 0 {
		fmt.Fprintf(s.Err, "error: %d of %d schemas are not current: run krowave schema with the same arguments and without --check\n", stale, len(files))
	}
	if len(left) > 0 {
		fmt.Fprintf(s.Err, "error: %s left over: delete what is of no use\n", report.Counted(len(left), "schema is", "schemas are"))
	}
	if stale+len(left) > 0 {
		return cli.ErrDiffers
	}
	return nil
}

// schemaName is the form of GROUP/kind_version.json.
var schemaName = regexp.MustCompile(`^[a-z0-9.-]+/[a-z0-9]+_v[0-9][a-z0-9]*\.json$`)

// leftOver are the files of a directory that have the names of schemas, and are not
// among those that there should be.
func leftOver(dir string, files []output.File) ([]string, error) {
	found, err := fs.Glob(os.DirFS(dir), "*/*.json")
	if err != nil {
		return nil, fmt.Errorf("looking for schemas: %w", err)
	}
	return slices.DeleteFunc(found, func(name string) bool {
		return !schemaName.MatchString(name) || slices.ContainsFunc(files, func(f output.File) bool { return f.Name == name })
	}), nil
}
