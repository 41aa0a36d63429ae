package change

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/outline"
)

// impactFlags are the flags of krowave impact.
type impactFlags struct {
	change   options.Change
	output   options.Choice
	exitZero bool
}

// NewImpact returns krowave impact.
func NewImpact(s cli.Streams) *cobra.Command {
	var flags impactFlags
	cmd := &cobra.Command{
		Use:   "impact RGD|GRAPH [PATH...]",
		Short: "Show what a change to an RGD does to each of its instances, or a change to a Graph to its objects",
		Long: "impact lists every instance of an RGD in the repository, including instances of RGDs that use it, and shows whether " +
			"the change leaves it unchanged, changes its objects, or breaks it. RGD is the name of a ResourceGraphDefinition, the kind that " +
			"it defines, or a file that contains RGDs. GRAPH is an object of kind Graph, such as graph/NAME, or its file: what kro makes of it is compared, as far as Git " +
			"knows, also when Git hands it over. Without paths, the whole repository is read.\n\nIt compares the same states as krowave diff.\n\n" +
			"Exit codes: 0 nothing changes, 1 instances change, 2 wrong usage or instances that break, 3 internal failure.",
		Example: "  krowave impact shop-rgd.yaml\n  krowave impact --base main -o markdown stand",
		Args:    cli.AtLeastOne("the name of an RGD or a Graph, or a file with one"),
	}
	flags.change.Bind(cmd)
	flags.output = options.Choice{Value: "text", Allowed: []string{"text", "json", "markdown"}}
	cmd.Flags().VarP(&flags.output, "output", "o", "output format")
	options.Complete(cmd, "output", flags.output.Allowed...)
	cmd.Flags().BoolVar(&flags.exitZero, "exit-zero", false, "exit with 0 if instances change")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c := &comparison{Comparison: load.Comparison{Command: cmd, Streams: s, Flags: &flags.change}}
		report, err := c.impact(args[0], args[1:])
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := report.write(&out, flags.output.Value); err != nil {
			return err
		}
		failed, err := c.report(s.Err)
		if err != nil {
			return err
		}
		if _, err := out.WriteTo(s.Out); err != nil {
			return err
		}
		switch {
		case failed:
			return cli.ErrFailed
		case report.Counts.Unchanged+report.Counts.Edited < len(report.Instances) && !flags.exitZero:
			return cli.ErrDiffers
		}
		return nil
	}
	return cmd
}

// impact reads the two states and compares the instances of an RGD.
func (c *comparison) impact(rgd string, paths []string) (*impactReport, error) {
	if len(paths) == 0 {
		h, err := load.OpenHistory(load.Absolute(".", c.Streams.Dir))
		if err != nil {
			return nil, err
		}
		paths = []string{load.Absolute(h.Root(), c.Streams.Dir)}
		if err := h.Close(); err != nil {
			return nil, err
		}
	}
	if err := c.Revisions(paths); err != nil {
		return nil, err
	}
	all := c.definitions()
	found, err := chosen(all, rgd)
	if err != nil {
		return nil, err
	}
	c.ExpandGraphs = slices.ContainsFunc(found, func(d definedKind) bool { return d.graph.Kind != "" })
	if err := c.Render(); err != nil {
		return nil, err
	}
	report, err := c.compare()
	if err != nil {
		return nil, err
	}
	out := impactOf(report, found, consumers(all, found))
	c.about = out.about(found)
	return out, nil
}

// definedKind is an RGD of either state.
type definedKind struct {
	name, file string
	kind       schema.GroupKind // of its instances
	renders    []schema.GroupVersionKind
	graph      render.Identity // of an object of kind Graph, which is no RGD; else empty
}

// called reports whether an argument names it: an RGD by its name, a Graph by one of those of an
// object, such as graph/NAME.
func (d definedKind) called(arg string) bool {
	if d.graph.Kind == "" {
		return d.name == arg
	}
	key := d.graph.Key()
	plain := key
	plain.Kind = strings.ToLower(key.Kind)
	return key.Matches(arg) || plain.Matches(arg)
}

// definitions lists the RGDs of both states.
func (c *comparison) definitions() []definedKind {
	var out []definedKind
	for _, v := range []*load.Side{&c.Old, &c.New} {
		if v.In == nil {
			continue
		}
		seen := map[string]bool{}
		for _, u := range v.In.Units {
			for _, f := range slices.Concat(u.Files, u.Definitions) {
				if !seen[f.Name] {
					seen[f.Name] = true
					out = append(out, definedIn(f)...)
				}
			}
		}
	}
	return out
}

func definedIn(f manifest.File) []definedKind {
	text, err := f.Key()
	if err != nil || !bytes.Contains(text, []byte(object.RGDKind)) && !bytes.Contains(text, []byte("Graph")) {
		return nil
	}
	var out []definedKind
	docs, _ := f.Read(manifest.Limits{})
	for _, doc := range docs {
		if d, ok := outline.Read(doc.Object); ok && d.IsRGD {
			out = append(out, definedKind{name: d.Name, file: f.Name, kind: d.Kind.GroupKind(), renders: d.Renders})
		} else if gvk := object.GVK(doc.Object); object.IsGraphKind(gvk) {
			out = append(out, definedKind{name: doc.Title(), file: f.Name, kind: gvk.GroupKind(), graph: render.IdentityOf(doc.Object)})
		}
	}
	return out
}

// chosen returns the RGDs that an argument names, by file or by name.
func chosen(all []definedKind, arg string) ([]definedKind, error) {
	var out []definedKind
	var names []string
	for _, d := range all {
		if d.called(arg) || d.file == filepath.ToSlash(filepath.Clean(arg)) {
			out = append(out, d)
		}
		names = append(names, d.name)
		if d.graph.Kind != "" {
			names = append(names, strings.ToLower(d.graph.Kind)+"/"+d.graph.Name)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	for _, d := range all { // nobody has to know the name who knows the kind
		if d.kind.Kind == arg && d.graph.Kind == "" {
			out = append(out, d)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	hint := ""
	if like := diag.Closest(arg, names); like != "" {
		hint = "; did you mean " + like + "?"
	}
	return nil, cli.Usagef("neither side has a ResourceGraphDefinition or a Graph named %s, or a file of that name with one%s", arg, hint)
}

// consumers returns the kinds whose instances render by one of some RGDs: its
// own, and those of RGDs that build on it.
func consumers(all, found []definedKind) map[schema.GroupKind]bool {
	kinds := map[schema.GroupKind]bool{}
	for _, d := range found {
		if d.graph.Kind == "" {
			kinds[d.kind] = true
		}
	}
	for again := true; again; {
		again = false
		for _, d := range all {
			if d.graph.Kind == "" && !kinds[d.kind] && slices.ContainsFunc(d.renders, func(k schema.GroupVersionKind) bool { return kinds[k.GroupKind()] }) {
				kinds[d.kind], again = true, true
			}
		}
	}
	return kinds
}

// impactOf is the part of a comparison that is about instances of some kinds.
func impactOf(report *compare.Report, found []definedKind, kinds map[schema.GroupKind]bool) *impactReport {
	out := &impactReport{Old: report.Old, New: report.New, Instances: []impactInstance{}, kinds: kinds}
	for _, d := range found {
		if !slices.Contains(out.Definitions, d.name) {
			out.Definitions = append(out.Definitions, d.name)
		}
	}
	out.report = report.About(out.Definitions, func(i *compare.InstanceChange) bool {
		return kinds[i.Identity.Key().GroupKind()] || isOneOf(found, i) || i.IsGraph() && slices.ContainsFunc(i.Definitions, func(name string) bool { return slices.Contains(out.Definitions, name) })
	})
	out.Changes, out.Groups, out.DangerGroups = out.report.Definitions, out.report.Groups, out.report.DangerGroups
	dangers := map[render.Identity]int{}
	for _, d := range out.report.Dangers {
		switch {
		case d.Instance == nil:
			out.Dangers = append(out.Dangers, fmt.Sprintf("%s: %s", d.Rule, d.Message))
		case d.Severity != diag.Info:
			dangers[*d.Instance]++
		}
	}
	own := out.report.OwnEdits()
	for n := range out.report.Instances {
		i := &out.report.Instances[n]
		x := impactInstance{
			name: i.Title(), Identity: i.Identity, Status: i.Status, Position: i.Position, Diagnostics: i.Diagnostics,
			Edited: i.Edited && !isOneOf(found, i), Dangers: dangers[i.Identity], own: own[i.Identity] && !isOneOf(found, i),
		}
		for _, o := range i.Objects {
			switch o.Action {
			case compare.AddObject:
				x.Objects.Added++
			case compare.DeleteObject:
				x.Objects.Deleted++
			case compare.ChangeObject:
				x.Objects.Changed++
			case compare.MoveObject:
				x.Objects.Moved++
			}
		}
		out.Instances = append(out.Instances, x)
		if x.own {
			out.Counts.Edited++
		} else {
			out.Counts.add(i.Status)
		}
	}
	return out
}

// isOneOf reports whether an instance is a Graph that is asked for.
func isOneOf(found []definedKind, i *compare.InstanceChange) bool {
	return slices.ContainsFunc(found, func(d definedKind) bool {
		key, is := d.graph.Key(), i.Identity.Key()
		return d.graph.Kind != "" && (key == is || key.Namespace == "" && key.Kind == is.Kind && key.Group == is.Group && key.Name == is.Name) && (d.file == i.Identity.Path || i.Identity.Path == "")
	})
}

// about returns what tells findings about the RGDs and their instances from
// others.
func (r *impactReport) about(found []definedKind) func(diag.Diagnostic) bool {
	files, titles := map[string]bool{}, map[string]bool{}
	for _, d := range found {
		files[d.file] = true
		titles[object.RGDKind+" "+d.name], titles[d.name] = true, d.graph.Kind != ""
	}
	for _, i := range r.Instances {
		for _, d := range i.Diagnostics {
			titles[d.Object], files[d.Pos.File] = titles[d.Object] || d.Object != "", true
		}
	}
	kinds := map[string]bool{}
	for k := range r.kinds {
		kinds[k.Kind] = true
	}
	return func(d diag.Diagnostic) bool {
		kind, _, _ := strings.Cut(d.Object, " ")
		return titles[d.Object] || kinds[kind] || d.Object == "" && files[d.Pos.File]
	}
}
