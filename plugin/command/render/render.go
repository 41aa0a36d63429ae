// Package render contains the command render, which prints the objects that kro
// would create, also as a KRM function.
package render

import (
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/output"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/plugin/watch"
	"github.com/krowave/krowave/render"
)

// New returns the command.
func New(s cli.Streams) *cobra.Command {
	var flags renderFlags
	cmd := &cobra.Command{
		Use:   "render PATH|-...",
		Short: "Print the objects that kro would create",
		Long: "render expands the instances in the given files, directories, globs or standard input (-), and prints the " +
			"objects that kro would create. Objects that are neither RGDs nor instances pass through. A directory with a " +
			"kustomization file is built first.\n\nRGDs are taken from the input and from -d; without -d, from the paths that " +
			"krowave.yaml lists; if neither contains one, from the whole repository.\n\n" +
			"With --ref, every file is read from a Git revision; paths are relative to the working directory's place in it.",
		Example: "  krowave render shop.yaml\n  krowave render -o json --annotate=waves,origin shop.yaml\n  kustomize build . | krowave render -d definitions -",
		Args:    cli.AtLeastOne("a file, a directory, a pattern, or - for standard input"),
	}
	flags.bind(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if flags.watch {
			return flags.follow(cmd, s, args)
		}
		return flags.run(cmd, s, args)
	}
	return cmd
}

// follow renders now and after every change.
func (f *renderFlags) follow(cmd *cobra.Command, s cli.Streams, args []string) error {
	if slices.Contains(args, "-") || f.Ref != "" {
		return cli.Usagef("--watch follows files; standard input and the revision of --ref do not change")
	}
	roots, err := load.New(cmd, s, &f.Settings).Roots(args)
	if err != nil {
		return err
	}
	return watch.Loop(cmd.Context(), s, roots, func() error { return f.run(cmd, s, args) })
}

// run renders and prints once.
func (f *renderFlags) run(cmd *cobra.Command, s cli.Streams, args []string) error {
	if slices.Contains(args, "-") { // Helm and its post-renderer both read it, and manifests leave the namespace out
		f.release = s.Env("HELM_NAMESPACE")
	}
	if list, err := readResourceList(&s, args, f.Own().Files.TotalBytes); list != nil || err != nil {
		if err != nil {
			return err
		}
		return list.render(load.New(cmd, s, &f.Settings))
	}
	f.prints = f.output.Value == "yaml"
	r, err := load.New(cmd, s, &f.Settings).Render(args)
	if err != nil {
		return err
	}
	if f.output.Value != "expansion" { // which goes nowhere
		r.Collide()
	}
	found := report.Findings(s.Err, r.Result.Diagnostics, r.In.Printing())
	if f.output.Value == "expansion" {
		if err := writeExpansion(s.Out, r.Result); err != nil {
			return err
		}
	}
	if found != nil {
		return found
	}
	if f.wave.Given {
		r.Result.Objects = slices.DeleteFunc(r.Result.Objects, func(o render.Object) bool { return o.Instance == nil && o.For == nil || o.Wave != f.wave.N })
	}
	return printObjects(s, r, &f.output)
}

// printObjects writes the objects in any format but the expansion.
func printObjects(s cli.Streams, r *load.Run, format *options.Output) error {
	if format.Value == "yaml" {
		return output.YAML(s.Out, r.Result.Objects)
	}
	objects := make([]map[string]any, len(r.Result.Objects))
	for i, o := range r.Result.Objects {
		objects[i] = o.Object
	}
	if dir, ok := format.Dir(); ok {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(s.Dir, dir)
		}
		return output.Dir(s.Err, dir, objects)
	}
	if format.Value == "expansion" {
		return nil
	}
	return output.Objects(s.Out, format.Value, objects)
}
