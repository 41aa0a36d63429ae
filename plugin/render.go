package plugin

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/wave"
)

// renderFlags are those of krowave render.
type renderFlags struct {
	engine         engineFlags
	output         outputFormat
	annotate, emit choices
	instances      []string
	serverDefaults choice
	runtime        choice
	idioms         choice
	allowEmpty     bool
	waves          choice
	wave           optionalInt
}

func (f *renderFlags) bind(flags *pflag.FlagSet) {
	f.engine.bind(flags)
	f.output = "yaml"
	flags.VarP(&f.output, "output", "o", "how to print")
	f.annotate.allowed = []string{"waves", "origin"}
	flags.Var(&f.annotate, "annotate", "annotations to add: sync waves, and the instance and node an object comes from")
	f.waves = choice{value: "levels", allowed: []string{"levels", "gated", "none"}}
	flags.Var(&f.waves, "waves", "where a new wave begins: behind every dependency, behind those that must be waited for, or nowhere")
	flags.Var(&f.wave, "wave", "only the objects of this wave")
	f.emit.allowed = []string{"definitions", "instances", "crds"}
	flags.Var(&f.emit, "emit", "what to print beside the objects")
	flags.StringArrayVar(&f.instances, "instance", nil, "only this instance: NAME, NAMESPACE/NAME, KIND/NAME or KIND/NAMESPACE/NAME; repeatable")
	f.serverDefaults = choice{value: "schema", allowed: []string{"schema", "none"}}
	flags.Var(&f.serverDefaults, "server-defaults", "what references between nodes see beside the template: the API server's schema defaults, or nothing")
	f.runtime = choice{value: "fail", allowed: []string{"fail", "withhold", "delegate", "placeholder"}}
	flags.Var(&f.runtime, "runtime", "nodes that need what only a cluster knows: an error, left out and listed, left to kro in the cluster, or, to look at only, with placeholders")
	f.idioms = choice{allowed: []string{"drop", "keep"}}
	flags.Var(&f.idioms, "argocd-idioms", "owner references to the instance and copied tracking ids in templates (default drop; keep with --runtime=withhold, which is exactly kro)")
	flags.BoolVar(&f.allowEmpty, "allow-empty", false, "accept instances that render to nothing")
}

func (f *renderFlags) complete(cmd *cobra.Command) {
	f.engine.complete(cmd)
	complete(cmd, "output", "yaml", "json", "name", "expansion", "dir=")
	complete(cmd, "annotate", "none", "waves", "origin", "waves,origin")
	complete(cmd, "waves", f.waves.allowed...)
	complete(cmd, "emit", "definitions", "instances", "crds")
	complete(cmd, "server-defaults", f.serverDefaults.allowed...)
	complete(cmd, "runtime", f.runtime.allowed...)
	complete(cmd, "argocd-idioms", f.idioms.allowed...)
}

// options yields the engine's options.
func (f *renderFlags) options() render.Options {
	o := f.engine.options()
	o.Runtime = render.Runtime(f.runtime.value)
	o.KeepIdioms = f.idioms.value == "keep" || f.idioms.value == "" && o.Runtime == render.Withhold
	o.ServerDefaults = render.ServerDefaults(f.serverDefaults.value)
	o.Instances = f.instances
	o.Annotate = render.Annotate{Waves: f.annotate.has("waves"), Origin: f.annotate.has("origin")}
	o.WaveMode = wave.Mode(f.waves.value)
	o.Emit = render.Emit{Definitions: f.emit.has("definitions"), Instances: f.emit.has("instances"), CRDs: f.emit.has("crds")}
	o.AllowEmpty = f.allowEmpty || f.output == "expansion" // which says what became of each node
	return o
}

// outputFormat is yaml, json, name, expansion or dir=DIR.
type outputFormat string

func (o *outputFormat) String() string { return string(*o) }
func (o *outputFormat) Type() string   { return "yaml|json|name|expansion|dir=DIR" }

func (o *outputFormat) Set(s string) error {
	words := []string{"yaml", "json", "name", "expansion"}
	if dir, ok := strings.CutPrefix(s, "dir="); !ok || dir == "" {
		if err := (&choice{allowed: words}).Set(s); err != nil {
			return fmt.Errorf("%w, dir=DIR", err)
		}
	}
	*o = outputFormat(s)
	return nil
}

func newRender(s Streams) *cobra.Command {
	var in inputFlags
	var flags renderFlags
	cmd := &cobra.Command{
		Use:   "render PATH|-...",
		Short: "Print the objects that kro would create",
		Long: "render expands the instances among the files, directories, globs or standard input (-) that it is given, and prints the " +
			"objects that kro would create. What is neither an RGD nor an instance passes through. A directory with a " +
			"kustomization file is built first.\n\nRGDs are taken from the input and from -d; without -d, from the paths that " +
			"krowave.yaml lists; and when neither gives one, from the whole repository.\n\n" +
			"With --ref, every file is read from a Git revision: paths are those of the revision at the place of the working directory.",
		Example: "  krowave render shop.yaml\n  krowave render -o json --annotate=waves,origin shop.yaml\n  kustomize build . | krowave render -d definitions -",
		Args:    atLeastOne("a file, a directory, a pattern, or - for standard input"),
	}
	in.bind(cmd.Flags())
	in.bindRef(cmd.Flags())
	flags.bind(cmd.Flags())
	flags.complete(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if list, err := readResourceList(&s, args, in.totalBytes); list != nil || err != nil {
			if err != nil {
				return err
			}
			return list.render(command{cmd, s, &in, flags.options}, &flags)
		}
		r, err := command{cmd, s, &in, flags.options}.render(args)
		if err != nil {
			return err
		}
		found := r.report(s.Err, flags.engine.strict)
		if flags.output == "expansion" {
			if err := writeExpansion(s.Out, r.res); err != nil {
				return err
			}
		}
		if found != nil {
			return found
		}
		if flags.wave.set {
			r.res.Objects = slices.DeleteFunc(r.res.Objects, func(o render.Object) bool { return o.Instance == nil && o.For == nil || o.Wave != flags.wave.n })
		}
		return r.print(s, flags.output)
	}
	return cmd
}

// atLeastOne makes a missing argument an error that says what is missing.
func atLeastOne(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("an argument is missing: %s", what)
		}
		return nil
	}
}

// print writes the objects in any format but the expansion.
func (r *run) print(s Streams, format outputFormat) error {
	objects := make([]map[string]any, len(r.res.Objects))
	for i, o := range r.res.Objects {
		objects[i] = o.Object
	}
	if dir, ok := strings.CutPrefix(string(format), "dir="); ok {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(s.Dir, dir)
		}
		return r.writeDir(s.Err, dir, objects)
	}
	if format == "expansion" {
		return nil
	}
	return printObjects(s.Out, string(format), objects)
}

func printObjects(w io.Writer, format string, objects []map[string]any) error {
	switch format {
	case "json":
		return manifest.EncodeJSON(w, objects)
	case "name":
		for _, o := range objects {
			if _, err := fmt.Fprintln(w, resourceName(o)); err != nil {
				return err
			}
		}
		return nil
	}
	return manifest.EncodeYAML(w, objects)
}

// resourceName is kind.group/name, as kubectl prints it.
func resourceName(o map[string]any) string {
	d := manifest.Document{Object: o}
	kind := strings.ToLower(d.Kind())
	if group, _, ok := strings.Cut(d.APIVersion(), "/"); ok {
		kind += "." + group
	}
	return kind + "/" + d.Name()
}
