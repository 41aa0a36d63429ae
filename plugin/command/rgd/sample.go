package rgd

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/output"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/repo"
	"github.com/krowave/krowave/render/simpleschema"
)

// NewSample returns krowave sample.
func NewSample(s cli.Streams) *cobra.Command {
	var flags options.Settings
	format := options.Choice{Value: "yaml", Allowed: []string{"yaml", "json"}}
	cmd := &cobra.Command{
		Use:   "sample PATH|-...",
		Short: "Print a small valid instance of each RGD",
		Long: "sample prints an instance of each RGD with the required fields and, if the RGD cannot be rendered without them, the " +
			"optional fields that its expressions read.",
		Example: "  krowave sample shop-rgd.yaml\n  krowave sample shop-rgd.yaml | krowave render shop-rgd.yaml -",
		Args:    cli.AtLeastOne("a file or directory with RGDs, or - for standard input"),
	}
	bind(cmd, &flags, &format)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r, err := load.New(cmd, s, &flags).Compile(args)
		if err != nil {
			return err
		}
		var samples []map[string]any
		graphs, units := r.Graphs()
		for i, g := range graphs {
			sampler := &sampler{Run: r, cmd: cmd, unit: units[i]}
			sample, err := sampler.sample(g)
			if err != nil {
				return err
			}
			samples = append(samples, sample)
		}
		natives, _ := r.Natives()
		for _, g := range natives {
			r.Result.Diagnostics.Add(diag.Diagnostic{
				Severity: diag.Info, Rule: "sample", Pos: g.RGD.Doc.Start(), Object: g.RGD.Doc.Title(),
				Message: "a Graph has no instances to give a sample of: it is what would be its own instance",
				Hint:    "krowave render --graphs=expand shows what kro makes of it, and krowave graph its nodes",
			})
		}
		if err := report.Findings(s.Err, r.Result.Diagnostics, r.In.Printing()); err != nil {
			return err
		}
		if len(samples) == 0 && len(natives) > 0 {
			return cli.Usagef("the input has no ResourceGraphDefinition, and a Graph has no instances")
		}
		if len(samples) == 0 {
			return errNone
		}
		return output.Objects(s.Out, format.Value, samples)
	}
	return cmd
}

// sampler finds instances that render.
type sampler struct {
	*load.Run
	cmd  *cobra.Command
	unit load.Unit // that the RGD is in
}

// sample returns the smallest instance that renders, of: what is required; what
// expressions read, too; every field; and then with other texts. When none
// renders, and be it for want of a cluster, the best is taken: a sample is
// useful even so.
func (s *sampler) sample(g *graph.Graph) (map[string]any, error) {
	read := reads(g)
	best, bestScore := map[string]any(nil), score{level: -1}
	try := func(sample map[string]any) (bool, error) {
		got, err := s.score(g, sample)
		if err == nil && got.better(bestScore) {
			best, bestScore = sample, got
		}
		return bestScore.level == renders, err
	}
	for _, sample := range []map[string]any{
		simpleschema.Sample(g.CRD, nil),
		simpleschema.Sample(g.CRD, read.exactly),
		read.keys(simpleschema.Sample(g.CRD, read.below)),
		read.keys(simpleschema.SampleFull(g.CRD)),
	} {
		if done, err := try(sample); done || err != nil {
			return best, err
		}
	}
	// From here on each text that leaves fewer findings is kept.
	current := read.keys(simpleschema.Sample(g.CRD, read.below))
	currentScore, err := s.score(g, current)
	if err != nil {
		return nil, err
	}
	for _, path := range textPaths(current, nil) {
		for _, word := range exampleTexts {
			sample := withText(current, path, word)
			got, err := s.score(g, sample)
			if err != nil || got.level == renders {
				return sample, err
			}
			if got.better(currentScore) {
				current, currentScore = sample, got
			}
		}
	}
	if bestScore.level < waits {
		s.Result.Diagnostics.Warnf(g.RGD.Doc.Start(), "sample", "no valid sample of %s was found; complete this one by hand", g.RGD.GVK.Kind)
	}
	return best, nil
}

// How good a sample is.
const (
	refused = iota // by the schema
	unset          // a field that is read is not there
	broken         // an expression fails on what is there
	waits          // only for what a cluster knows
	renders
)

// score is a level and the number of findings that keep it from the next.
type score struct{ level, findings int }

func (s score) better(other score) bool {
	return s.level > other.level || s.level == other.level && s.findings < other.findings
}

func (s *sampler) score(g *graph.Graph, sample map[string]any) (score, error) {
	if _, _, problems := g.Admitter.Admit(sample, s.unit.Options.Namespace); len(problems) > 0 {
		return score{refused, len(problems)}, nil
	}
	text, err := manifest.CanonicalJSON(sample)
	if err != nil {
		return score{}, fmt.Errorf("encoding a sample: %w", err)
	}
	in := s.unit.DefinitionsOnly().Input
	in.Files = []repo.File{{Name: "-", Data: text}}
	in.Observed = s.unit.Observed
	opts := s.unit.Options
	opts.AllowEmpty = true
	res, err := render.Render(s.cmd.Context(), in, opts)
	if err != nil {
		return score{}, err
	}
	out := score{level: renders}
	for _, d := range res.Diagnostics {
		known := slices.ContainsFunc(s.Result.Diagnostics, func(o diag.Diagnostic) bool { return o.Pos == d.Pos && o.Rule == d.Rule })
		if d.Severity != diag.Error || known {
			continue
		}
		out.findings++
		level := broken
		switch d.Rule {
		case "runtime-value":
			level = waits
		case "never-set":
			level = unset
		}
		out.level = min(out.level, level)
	}
	if out.level == renders && len(res.Objects) == 0 {
		out.level = waits
	}
	return out, nil
}
