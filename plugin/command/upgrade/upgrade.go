// Package upgrade contains the command upgrade-check, which compares what two
// versions of kro make of a repository.
package upgrade

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/settings"
)

// New returns the command.
func New(s cli.Streams) *cobra.Command {
	var flags options.Settings
	output := options.Choice{Value: "human", Allowed: []string{"human", "json", "markdown", "sarif"}}
	to := ""
	cmd := &cobra.Command{
		Use:   "upgrade-check [PATH|-]...",
		Short: "Show what the next version of kro changes for a repository",
		Long: "upgrade-check renders everything below the paths (default the working directory) for two versions of kro: the one that the " +
			"settings name, and --to. It reports each RGD and instance that the other version refuses, takes or renders otherwise, and each " +
			"text in an RGD that it reads otherwise, with its position and what to write so that both versions agree. kro 0.10 is a preview " +
			"of 0.10.0-rc.0.\n\n" +
			"Exit codes: 0 nothing changes, 1 something changes, 2 wrong usage or files with errors, 3 internal failure.",
		Example: "  krowave upgrade-check\n  krowave upgrade-check definitions --to 0.10 -o markdown",
	}
	defaults := options.Defaults()
	defaults.Options.Runtime, defaults.Idioms = render.Withhold, "drop"
	flags.Bind(cmd, defaults, append(options.OfOutput(), "instance", "residuals", "warn-next")...)
	flags.BindRef(cmd.Flags())
	cmd.Flags().StringVar(&to, "to", string(compat.Newest()), "version of kro to upgrade to")
	cmd.Flags().VarP(&output, "output", "o", "output format")
	options.Complete(cmd, "to", compat.Names()...)
	options.Complete(cmd, "output", output.Allowed...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		next, err := compat.Parse(to)
		if err != nil {
			return cli.Usagef("--to: %v", err)
		}
		flags.Adapt = func(v *settings.Values) {
			v.Options.WarnNext, v.Options.AllowEmpty, v.Strict = next, true, false
			if v.Options.Runtime.Fills() {
				v.Options.Runtime = render.Withhold
			}
		}
		if len(args) == 0 {
			args = []string{"."}
		}
		c, err := check(load.New(cmd, s, &flags), args, next)
		if err != nil {
			return err
		}
		failed := report.Findings(s.Err, c.errors, c.printing)
		if failed != nil && !errors.Is(failed, cli.ErrFindings) {
			return failed
		}
		if err := c.write(s.Out, output.Value); err != nil {
			return err
		}
		switch {
		case failed != nil:
			return cli.ErrFailed
		case len(c.findings) > 0:
			return cli.ErrFindings
		}
		return nil
	}
	return cmd
}

// result is what was found.
type result struct {
	from, to compat.Version
	checked  counts
	findings diag.List
	errors   diag.List // of both versions: what has them cannot be compared
	printing report.Printing
}

type counts struct {
	Definitions int `json:"definitions"`
	Instances   int `json:"instances"`
	Findings    int `json:"findings"`
}

// check renders what args name for both versions.
func check(c load.Loader, args []string, to compat.Version) (*result, error) {
	units, in, err := c.Units(args)
	if err != nil {
		return nil, err
	}
	out := &result{to: to, printing: in.Printing()}
	out.errors = append(out.errors, in.Diags.Errors()...)
	cache := render.NewCache(256 << 20)
	for _, u := range units {
		opts := u.Options
		opts.Cache = cache
		from := cmp.Or(opts.KroVersion, compat.Default)
		if compat.Of(from) == compat.Of(to) {
			return nil, cli.Usagef("the settings name kro %s already; --kro-version names the version to upgrade from", to)
		}
		out.from = from
		res, err := render.Render(c.Context(), u.Input, opts)
		if err != nil {
			return nil, err
		}
		out.add(res)
	}
	out.findings = out.findings.Sorted()
	out.checked.Findings = len(out.findings)
	return out, nil
}

// add takes the findings of a render. An error that only one version has is a finding
// about the upgrade.
func (r *result) add(res *render.Result) {
	r.checked.Definitions += len(res.Graphs)
	for _, i := range res.Instances {
		if i.Doc != nil {
			r.checked.Instances++
		}
	}
	for _, d := range res.Diagnostics {
		if d.Rule == render.NextRule {
			r.findings.Add(d)
		}
	}
	lifted := map[finding]bool{}
	for _, d := range res.Lifted {
		lifted[findingOf(d)] = true
	}
	for _, d := range res.Diagnostics.Errors() {
		if !lifted[findingOf(d)] {
			r.errors.Add(d)
		}
	}
}

// finding tells findings apart.
type finding struct {
	diag.Position
	rule, object, message string
}

func findingOf(d diag.Diagnostic) finding { return finding{d.Pos, d.Rule, d.Object, d.Message} }

// title names the two versions.
func (r *result) title() string { return fmt.Sprintf("kro %s to %s", r.from, r.to) }
