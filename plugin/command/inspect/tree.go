package inspect

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/plugin/tree"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/settings"
)

// graphFlags are the flags of krowave graph.
type graphFlags struct {
	options.Settings
	output options.Choice
	tree   bool
}

func (f *graphFlags) bind(cmd *cobra.Command) {
	defaults := options.Defaults()
	defaults.Idioms = "drop"
	f.Settings.Bind(cmd, defaults, slices.DeleteFunc(options.OfGraphs(), func(name string) bool { return name == "graphs" })...)
	f.BindRef(cmd.Flags())
	f.Adapt = func(v *settings.Values) {
		v.Options.AllowEmpty, v.Options.Runtime, v.Options.Foresee = true, render.Withhold, true
	}
	f.output = options.Choice{Value: "text", Allowed: []string{"text", "json", "dot", "mermaid", "svg"}}
	cmd.Flags().VarP(&f.output, "output", "o", "output format; of trees text or json")
	options.Complete(cmd, "output", f.output.Allowed...)
	cmd.Flags().BoolVar(&f.tree, "tree", false, "print the tree of each instance in the paths")
}

// named divides the arguments into the name of an instance and paths. A first
// argument that names no file, and does not look like one, is an instance.
func (f *graphFlags) named(l load.Loader, args []string) (name string, paths []string, err error) {
	_, names, err := l.PathsAndNames(args[:1])
	if err != nil || len(names) == 0 {
		return "", args, err
	}
	if paths = args[1:]; len(paths) == 0 {
		paths = []string{"."}
	}
	return names[0], paths, nil
}

// trees prints the tree of one instance, or those of all that the paths have.
func (f *graphFlags) trees(l load.Loader, s cli.Streams, name string, paths []string) error {
	in, err := l.Read(paths)
	if err != nil {
		return err
	}
	return f.ofInput(l.Context(), s, in, name)
}

func (f *graphFlags) ofInput(ctx context.Context, s cli.Streams, in *load.Input, name string) error {
	r, err := renderNamed(ctx, in, name)
	if err != nil {
		return err
	}
	var tops []*render.Instance
	for _, i := range slices.Concat(r.Result.Instances, r.Result.Foreseen) {
		if i.Parent == nil && i.Doc != nil {
			tops = append(tops, i)
		}
	}
	found := r.Result.Diagnostics.Errors()
	if name != "" {
		top, err := tree.Named(r.Result, name)
		if err != nil {
			if printed := report.Findings(s.Err, found, in.Printing()); printed != nil {
				return printed
			}
			return cli.Usagef("%s is neither a file nor an instance: %w", diag.Name(name), err)
		}
		tops = []*render.Instance{top}
	}
	switch {
	case len(tops) == 0:
		if printed := report.Findings(s.Err, found, in.Printing()); printed != nil {
			return printed
		}
		return cli.Usagef("the input has no ResourceGraphDefinition, no Graph and no instance")
	case f.output.Value != "text" && f.output.Value != "json":
		return cli.Usagef("-o %s draws an RGD: name its file; the tree of an instance is printed with -o text or json", f.output.Value)
	}
	out := tree.List{}
	for _, top := range tops {
		t, err := tree.Rendered(ctx, r.Result, top)
		if err != nil {
			return err
		}
		out.Items = append(out.Items, t)
	}
	if err := f.printTrees(s, out, name != ""); err != nil {
		return err
	}
	return report.Findings(s.Err, found, in.Printing())
}

// renderNamed renders one instance, and everything when none is called so or no name
// is given.
func renderNamed(ctx context.Context, in *load.Input, name string) (*load.Run, error) {
	units := slices.Clone(in.Units)
	if name != "" {
		for i := range units {
			units[i].Options.Instances = []string{name}
		}
	}
	r, err := load.Render(ctx, in, units)
	if err != nil || name == "" {
		return r, err
	}
	if len(r.Result.Instances) == 0 {
		return load.Render(ctx, in, in.Units)
	}
	r.Result.Diagnostics = slices.DeleteFunc(r.Result.Diagnostics, func(d diag.Diagnostic) bool { return d.Rule == render.InstanceUnmatched })
	return r, nil
}

func (f *graphFlags) printTrees(s cli.Streams, trees tree.List, one bool) error {
	switch {
	case f.output.Value == "json" && one:
		return tree.Kind().Write(s.Out, trees.Items[0])
	case f.output.Value == "json":
		return tree.ListKind().Write(s.Out, trees)
	}
	for n, t := range trees.Items {
		if n > 0 {
			if _, err := s.Out.Write([]byte("\n")); err != nil {
				return err
			}
		}
		if err := t.PrintBranches(s.Out); err != nil {
			return err
		}
	}
	return nil
}
