package plugin

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
)

func newValidate(s Streams) *cobra.Command {
	var in inputFlags
	var engine engineFlags
	output := choice{value: "human", allowed: []string{"human", "json", "sarif", "github", "junit"}}
	explain := false
	cmd := &cobra.Command{
		Use:   "validate [PATH|-]...",
		Short: "Check RGDs, instances and rendered objects against schemas",
		Long: "validate reads everything below the paths, the working directory when none is given, and checks RGDs as kro and the API " +
			"server would, instances against the schema of their RGD, and the objects that they render, like all other objects, against " +
			"the schema of their kind. What is wrong with a rendered object is reported at the line of the template. Each kustomization " +
			"is checked as what it builds. Nodes that need what only a cluster knows are notes.\n\nExit code 1 means that something is wrong.",
		Example: "  krowave validate definitions\n  krowave validate -o sarif shop.yaml\n  krowave validate --explain-runtime shop-rgd.yaml",
	}
	in.bind(cmd.Flags())
	engine.bind(cmd.Flags())
	engine.complete(cmd)
	cmd.Flags().VarP(&output, "output", "o", "how to print; --explain-runtime takes human and json")
	complete(cmd, "output", output.allowed...)
	cmd.Flags().BoolVar(&explain, "explain-runtime", false, "list the expressions of each RGD that need what only a cluster knows, and why")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			args = []string{"."}
		}
		c := command{cmd, s, &in, engine.options}
		if explain {
			return explainRuntime(c, args, output.value, engine.strict)
		}
		v, err := c.validate(args)
		if err != nil {
			return err
		}
		if engine.strict {
			v.strict()
		}
		if err := v.print(s.Out, output.value); err != nil {
			return err
		}
		if v.diags.HasErrors() {
			return errFindings
		}
		return nil
	}
	return cmd
}

// validation is what validate found.
type validation struct {
	diags    diag.List // one for all instances that have the same
	each     diag.List // one for each instance
	source   func(file string) []byte
	subjects []subject // what was checked, in the order of the input
	summary  validationSummary
}

// validationSummary counts what was checked and what was found.
type validationSummary struct {
	Definitions int `json:"definitions"`
	Instances   int `json:"instances"`
	Rendered    int `json:"rendered"`
	Others      int `json:"others"`
	Errors      int `json:"errors"`
	Warnings    int `json:"warnings"`
	Notes       int `json:"notes"`
}

// subject is an RGD, an instance or another object of the input: one test case
// of -o junit.
type subject struct {
	suite string
	title string
	at    diag.Position
}

// Suites.
const (
	suiteDefinitions = "definitions"
	suiteInstances   = "instances"
	suiteObjects     = "objects"
	suiteFiles       = "files" // findings about files that cannot be read
)

// validate checks what args name.
func (c command) validate(args []string) (*validation, error) {
	units, in, err := c.units(args)
	if err != nil {
		return nil, err
	}
	v := &validation{source: in.source, each: append(diag.List{}, in.diags...)}
	opts := c.options()
	opts.Runtime, opts.AllowEmpty = render.Withhold, true
	opts.Cache = render.NewCache(256 << 20)
	for _, u := range units {
		if err := v.unit(c.Context(), u, opts); err != nil {
			return nil, err
		}
	}
	v.each = v.each.Sorted()
	v.count()
	return v, nil
}

// unit renders one unit and checks what is in it and what it renders.
func (v *validation) unit(ctx context.Context, in render.Input, opts render.Options) error {
	res, err := render.Render(ctx, in, opts)
	if err != nil {
		return err
	}
	v.each = append(v.each, res.Diagnostics...)
	k := newChecks(in, opts, res)
	k.inputs(v)
	k.rendered(v)
	k.unchecked(v)
	v.each = append(v.each, k.diags...)
	return nil
}

func (v *validation) strict() {
	for i := range v.each {
		if v.each[i].Severity == diag.Warning {
			v.each[i].Severity = diag.Error
		}
	}
	v.count()
}

// count merges the findings and counts them.
func (v *validation) count() {
	v.diags = merged(v.each)
	s := &v.summary
	s.Errors, s.Warnings, s.Notes = 0, 0, 0
	for _, d := range v.diags {
		switch d.Severity {
		case diag.Error:
			s.Errors++
		case diag.Warning:
			s.Warnings++
		default:
			s.Notes++
		}
	}
}

// merged keeps one of the findings that differ only in the instance that they
// are about, and says how many more there are.
func merged(l diag.List) diag.List {
	type key struct {
		diag.Position
		rule, message string
	}
	first := map[key]int{}
	more := map[int]int{}
	out := diag.List{}
	for _, d := range l {
		k := key{d.Pos, d.Rule, d.Message}
		if i, ok := first[k]; ok {
			more[i]++
			continue
		}
		first[k] = len(out)
		out = append(out, d)
	}
	for i := range out {
		if n := more[i]; n > 0 {
			out[i].Related = append(out[i].Related[:len(out[i].Related):len(out[i].Related)],
				diag.Related{Position: out[i].Pos, Message: "and for " + counted(n, "more object", "more objects")})
		}
	}
	return out
}

// print writes the findings in a format.
func (v *validation) print(w io.Writer, format string) error {
	switch format {
	case "json":
		return v.json(w)
	case "sarif":
		return v.sarif(w)
	case "github":
		return v.github(w)
	case "junit":
		return v.junit(w)
	}
	return v.human(w)
}
