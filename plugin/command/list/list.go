// Package list contains the command list, which shows what a repository has as
// kubectl get shows what a cluster has: RGDs, instances, Graphs, objects and images.
package list

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/settings"
)

// noun is something that can be listed.
type noun struct {
	name string
	also []string // how people write it, too
	list func(*lister) (listing, error)
}

func nouns() []noun {
	return []noun{
		{"rgds", []string{"rgd", "resourcegraphdefinition", "resourcegraphdefinitions"}, (*lister).rgds},
		{"instances", []string{"instance"}, (*lister).instances},
		{"graphs", []string{"graph"}, (*lister).graphs},
		{"objects", []string{"object", "all"}, (*lister).objects},
		{"images", []string{"image"}, (*lister).images},
	}
}

// flags are those of krowave list.
type flags struct {
	options.Settings
	output        format
	labels        string
	fields        string
	sortBy        string
	allNamespaces bool
	noHeaders     bool
	showLabels    bool
}

func (f *flags) bind(cmd *cobra.Command) {
	defaults, set := options.Defaults(), cmd.Flags()
	defaults.Options.Runtime, defaults.Idioms = render.Withhold, "drop"
	f.Settings.Bind(cmd, defaults, "allow-empty", "annotate", "emit")
	f.BindRef(set)
	f.Adapt = func(v *settings.Values) {
		if v.Options.AllowEmpty = true; v.Options.Runtime.Refuses() {
			v.Options.Runtime = render.Withhold
		}
	}
	set.Lookup("namespace").Usage = "list only what is in this namespace; instances that set none are in it"
	set.VarP(&f.output, "output", "o", "output format: name, wide, json, yaml, jsonpath=TEMPLATE, jsonpath-as-json=TEMPLATE, go-template=TEMPLATE, or custom-columns=HEADER:PATH,... (default a table)")
	options.Complete(cmd, "output", "name", "wide", "json", "yaml", "jsonpath=", "jsonpath-as-json=", "go-template=", "custom-columns=")
	set.StringVarP(&f.labels, "selector", "l", "", "label selector, such as app=web,tier!=cache or 'env in (dev, prod)'")
	set.StringVar(&f.fields, "field-selector", "", "field selector with =, == and !=: "+strings.Join(selectable(), ", "))
	set.StringVar(&f.sortBy, "sort-by", "", "JSONPath of the field to sort by, such as .metadata.name")
	set.BoolVarP(&f.allNamespaces, "all-namespaces", "A", false, "list all namespaces, whatever -n says (default without -n)")
	set.BoolVar(&f.noHeaders, "no-headers", false, "print no header line")
	set.BoolVar(&f.showLabels, "show-labels", false, "print the labels in the last column")
}

// New returns the command.
func New(s cli.Streams) *cobra.Command {
	var f flags
	var words []string
	for _, n := range nouns() {
		words = append(words, n.name)
	}
	cmd := &cobra.Command{
		Use:   "list [rgds|instances|graphs|objects|images] [PATH|-...]",
		Short: "List RGDs, instances, Graphs, rendered objects or images, as kubectl get does",
		Long: "list prints what the paths have, by default the working directory: RGDs; instances, also those that other instances render; objects of kind Graph, with what becomes of them; the objects that they render to and those that pass " +
			"through; or the images of all these objects, with their number and place. Without a word it lists instances.\n\n" +
			"Selectors, -o, --sort-by, --show-labels and --no-headers work as in kubectl get; a selector of images selects the objects that have them. Items of -o json have apiVersion, kind and metadata, " +
			"and in krowave where they come from; objects are whole, but for the values of Secrets. The column PROJECT is there if the paths have several projects. " +
			"Nodes that need cluster-only values are left out and counted, unless --runtime says otherwise.\n\n" +
			"An empty list is no error.",
		Example: "  krowave list instances shop.yaml\n  krowave list rgds shop-rgd.yaml\n  krowave list objects shop.yaml -l app=market --sort-by=.metadata.name -o wide\n" +
			"  krowave list objects shop.yaml --field-selector kind=ConfigMap -o custom-columns=NAME:.metadata.name,GOODS:.data.goods\n  krowave list images shop.yaml -o json",
		ValidArgs: words,
	}
	f.bind(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		what := nouns()[1] // instances
		if len(args) > 0 {
			var err error
			if what, err = named(args[0]); err != nil {
				return err
			}
			args = args[1:]
		}
		if len(args) == 0 {
			args = []string{"."}
		}
		return f.run(cmd, s, what, args)
	}
	return cmd
}

func named(word string) (noun, error) {
	var all []string
	for _, n := range nouns() {
		if n.name == strings.ToLower(word) || slices.Contains(n.also, strings.ToLower(word)) {
			return n, nil
		}
		all = append(all, n.name)
	}
	if like := diag.Closest(word, all); like != "" {
		return noun{}, cli.Usagef("%s cannot be listed; did you mean %s?", word, like)
	}
	return noun{}, cli.Usagef("%s cannot be listed: use %s before the paths, such as krowave list instances %s", word, strings.Join(all, ", "), word)
}

func (f *flags) run(cmd *cobra.Command, s cli.Streams, what noun, paths []string) error {
	l := &lister{ctx: cmd.Context(), labels: labels.Everything(), fields: fields.Everything()}
	var err error
	if l.labels, err = labels.Parse(f.labels); err != nil {
		return cli.Usagef("--selector: %w", err)
	}
	if l.fields, err = parseFields(f.fields); err != nil {
		return err
	}
	order, err := newOrder(f.sortBy)
	if err != nil {
		return err
	}
	if l.in, err = load.New(cmd, s, &f.Settings).Read(paths); err != nil {
		return err
	}
	if cmd.Flags().Changed("namespace") && !f.allNamespaces {
		l.namespace = f.Own().Options.Namespace
	}
	rows, err := what.list(l)
	if err != nil {
		return err
	}
	if err := order.sort(rows); err != nil {
		return err
	}
	p := printer{flags: f, projects: len(l.in.Units) > 1, namespace: l.namespace}
	if err := p.print(s, rows); err != nil {
		return err
	}
	if l.waiting > 0 {
		count, verb := "1 node", "waits"
		if l.waiting > 1 {
			count, verb = fmt.Sprintf("%d nodes", l.waiting), "wait"
		}
		fmt.Fprintf(s.Err, "note: %s %s for cluster-only values, and what they would render is not listed (krowave graph INSTANCE shows it)\n", count, verb)
	}
	return report.Findings(s.Err, l.run.Result.Diagnostics.Errors(), l.in.Printing())
}

// lister reads what is listed.
type lister struct {
	ctx       context.Context
	in        *load.Input
	run       *load.Run
	namespace string // "" for all
	labels    labels.Selector
	fields    fields.Selector
	waiting   int // nodes that are not among the objects
}

func (l *lister) render() (err error) {
	l.run, err = load.Render(l.ctx, l.in, l.in.Units)
	return err
}

// selects reports whether the selectors take something that has metadata.
func (l *lister) selects(id render.Identity, own map[string]string, from origin) bool {
	if l.namespace != "" && id.Namespace != l.namespace || !l.labels.Matches(labels.Set(own)) {
		return false
	}
	return l.fields.Matches(fields.Set{
		"apiVersion": id.APIVersion, "kind": id.Kind, "metadata.name": id.Name, "metadata.namespace": id.Namespace,
		"project": from.Project, "path": from.Path, "rgd": from.RGD, "instance": from.Instance, "node": from.Node,
	})
}

// selectable are the fields that a selector may name.
func selectable() []string {
	return []string{"apiVersion", "kind", "metadata.name", "metadata.namespace", "project", "path", "rgd", "instance", "node"}
}

func parseFields(text string) (fields.Selector, error) {
	out, err := fields.ParseSelector(text)
	if err != nil {
		return nil, cli.Usagef("--field-selector: %w", err)
	}
	for _, r := range out.Requirements() {
		if slices.Contains(selectable(), r.Field) {
			continue
		}
		hint := "there are " + strings.Join(selectable(), ", ")
		if like := diag.Closest(r.Field, selectable()); like != "" {
			hint = "did you mean " + like + "?"
		}
		return nil, cli.Usagef("--field-selector: no field is called %s; %s", r.Field, hint)
	}
	return out, nil
}

// byIdentity is the order of a list: project, kind, namespace, name.
func byIdentity(a, b render.Identity) int {
	return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.APIVersion, b.APIVersion),
		cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Path, b.Path))
}
