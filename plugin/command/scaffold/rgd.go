package scaffold

import (
	"bytes"
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/plugin/staging"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/repo"
	"github.com/krowave/krowave/render/settings"
)

// NewNew returns krowave new.
func NewNew(s cli.Streams) *cobra.Command {
	cmd := &cobra.Command{Use: "new", Short: "Write an RGD"}
	cmd.AddCommand(newRGD(s))
	return cmd
}

// rgdFlags are the flags of krowave new rgd.
type rgdFlags struct {
	options.Settings
	from   []string
	params []string
	kind   string
	group  string
	output string
}

func newRGD(s cli.Streams) *cobra.Command {
	var f rgdFlags
	cmd := &cobra.Command{
		Use:   "rgd NAME --from PATH... [--param PATH=NAME]...",
		Short: "Make an RGD from plain manifests",
		Long: "rgd makes an RGD and an instance from manifests: a node of each object. The name of another object of the manifests (of a ConfigMap, Secret, " +
			"Service, ServiceAccount, claim, namespace, and wherever a kind stands beside a name) becomes an expression that reads it. " +
			"${ in the manifests is written so that it stays text.\n\n" +
			"--param gives the schema a field: deployment.spec.replicas=replicas is of one node, spec.replicas=replicas of each object that has the field. " +
			"What the manifests have there is the default, or stands in the instance. The name metadata.name is the instance's own: --param metadata.name=metadata.name.\n\n" +
			"The result is rendered and compared with the manifests before it is printed. Objects that set no namespace get that of the instance. " +
			"Of manifests that were exported from a cluster, status, ownerReferences and the metadata that the cluster sets are left out.",
		Example: "  krowave new rgd kiosk --from plain.yaml\n  krowave new rgd kiosk --from plain.yaml --param configMap.data.goods=goods --param metadata.name=metadata.name -o kiosk-rgd.yaml",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Usagef("one argument is needed: the name of the RGD")
			}
			return nil
		},
	}
	defaults := options.Defaults()
	f.Settings.Bind(cmd, defaults, append(options.OfInstances(), "namespace")...)
	f.Adapt = func(v *settings.Values) { v.Options.AllowEmpty, v.Options.Runtime = true, render.Fail }
	set := cmd.Flags()
	set.StringArrayVar(&f.from, "from", nil, "file, directory, glob pattern or - with manifests; repeatable")
	set.StringArrayVar(&f.params, "param", nil, "field of the manifests that becomes a field of the schema, `PATH=NAME`; repeatable")
	set.StringVar(&f.kind, "kind", "", "kind that the RGD defines (default NAME in UpperCamelCase)")
	set.StringVar(&f.group, "group", "", "API group of the kind (default kro.run)")
	set.StringVarP(&f.output, "output", "o", "", "file to write, which must not be there yet (default the standard output)")
	_ = cmd.MarkFlagFilename("output", "yaml", "yml") // it was bound just before
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(f.from) == 0 {
			return cli.Usagef("--from is missing: a file or directory with manifests")
		}
		return f.run(cmd, s, args[0])
	}
	return cmd
}

func (f *rgdFlags) run(cmd *cobra.Command, s cli.Streams, name string) error {
	in, err := load.New(cmd, s, &f.Settings).Read(f.from)
	if err != nil {
		return err
	}
	if len(in.Units) != 1 {
		return cli.Usagef("the manifests are of %d projects: name those of one", len(in.Units))
	}
	unit := in.Units[0]
	objects, found, err := manifests(unit)
	if err != nil {
		return err
	}
	if err := report.Findings(s.Err, found, in.Printing()); err != nil {
		return err
	}
	objects, left := authored(objects)
	if err := sayLeft(s.Err, left); err != nil {
		return err
	}
	d := &draft{name: name, kind: f.kind, group: f.group, instance: name, namespace: cmp.Or(unit.Options.Namespace, "default")}
	if d.kind == "" {
		d.kind = camel(name, true)
	}
	if err := d.make(objects, f.params); err != nil {
		return err
	}
	text, err := d.text()
	if err != nil {
		return err
	}
	if err := f.verify(cmd, s, in, d, objects, text); err != nil {
		return err
	}
	if f.output == "" {
		_, err := s.Out.Write(text)
		return err
	}
	file, err := filepath.Abs(load.Absolute(f.output, s.Dir))
	if err != nil {
		return err
	}
	working, err := filepath.Abs(s.Dir)
	if err != nil {
		return err
	}
	dir, base := filepath.Split(file)
	if err := staging.WriteNew(filepath.Clean(dir), []staging.New{{Name: base, Data: text}}); err != nil {
		return explained(err, working, dir)
	}
	_, err = fmt.Fprintln(s.Out, load.Relative(working, file))
	return err
}

// manifests are the objects of a unit. Definitions are none.
func manifests(u load.Unit) ([]map[string]any, diag.List, error) {
	var out []map[string]any
	var found diag.List
	for _, f := range u.Files {
		docs, diags := f.Read(u.Options.Documents)
		found = append(found, diags...)
		for _, d := range docs {
			switch gvk := object.GVK(d.Object); {
			case gvk.Empty(), object.IsTestKind(gvk), object.IsReportKind(gvk):
			case object.IsRGDKind(gvk):
				return nil, nil, cli.Usagef("%s: a ResourceGraphDefinition cannot be a node: leave it out of --from, and look it up with -d", d.Start())
			default:
				out = append(out, d.Object)
			}
		}
	}
	return out, found, nil
}

// verify renders the result and compares it with the manifests.
func (f *rgdFlags) verify(cmd *cobra.Command, s cli.Streams, in *load.Input, d *draft, want []map[string]any, text []byte) error {
	unit := in.Units[0]
	name := d.name + ".yaml"
	unit.Definitions = unit.Definitions[:len(unit.Definitions):len(unit.Definitions)]
	unit.Files = []repo.File{{Name: name, Data: text}}
	res, err := render.Render(cmd.Context(), unit.Input, unit.Options)
	if err != nil {
		return err
	}
	printing := in.Printing()
	source := printing.Source
	printing.Source = func(file string) []byte {
		if file == name {
			return text
		}
		return source(file)
	}
	if err := report.Findings(s.Err, res.Diagnostics.Errors(), printing); err != nil {
		fmt.Fprintf(s.Err, "error: the RGD of these manifests would not render; %s above is what would be written\n", name)
		return err
	}
	got := map[object.Key]map[string]any{}
	for _, o := range res.Objects {
		got[object.KeyOf(o.Object)] = o.Object
	}
	for _, obj := range want {
		if d.chained(res, obj) {
			continue
		}
		rendered := got[object.KeyOf(obj)]
		if rendered == nil && object.Namespace(obj) == "" {
			key := object.KeyOf(obj)
			key.Namespace = d.namespace
			if rendered = got[key]; rendered != nil {
				obj = object.WithNamespace(obj, d.namespace)
			}
		}
		if rendered == nil || canonical(rendered) != canonical(obj) {
			return fmt.Errorf("the RGD does not give %s back: please report this", object.KeyOf(obj).Title())
		}
	}
	return nil
}

// canonical is an object as JSON, where 1 and 1.0 are the same.
func canonical(obj map[string]any) string {
	text, err := manifest.CanonicalJSON(obj)
	if err != nil {
		return ""
	}
	return string(text)
}

// camel is a name in CamelCase.
func camel(name string, upper bool) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z' && upper:
			b.WriteRune(r - 'a' + 'A')
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9' && b.Len() > 0:
			b.WriteRune(r)
		default:
			upper = true
			continue
		}
		upper = false
	}
	return b.String()
}

// indented is YAML of a value with spaces before each line.
func indented(v map[string]any, spaces int) (string, error) {
	var text bytes.Buffer
	if err := manifest.EncodeYAML(&text, []map[string]any{v}); err != nil {
		return "", err
	}
	var out strings.Builder
	for line := range strings.Lines(strings.TrimPrefix(text.String(), "---\n")) {
		if line != "\n" {
			out.WriteString(strings.Repeat(" ", spaces))
		}
		out.WriteString(line)
	}
	return out.String(), nil
}
