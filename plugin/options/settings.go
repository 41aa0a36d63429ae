// Package options contains the flags that commands share. Flags of settings are
// generated from the table in render/settings. A command binds them, and resolves
// their values together with a krowave.yaml.
//
//	var flags options.Settings
//	flags.Bind(cmd, options.Defaults())
//	values, findings := flags.Resolve(krowaveYAML)
package options

import (
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/settings"
)

// Settings holds the flags of the settings of a command, and where files come
// from.
type Settings struct {
	Ref     string // only where --ref is a flag
	Verbose bool   // list what is skipped
	Fetch   Fetch

	// Adapt changes the resulting settings where the command leaves no choice.
	Adapt func(*settings.Values)

	flags *settings.Flags
}

// Defaults are the defaults of the command line. A command may change them before
// it binds them.
func Defaults() settings.Values { return settings.Default(settings.CommandLine) }

// Bind adds the flags of all settings but those left out, and what a shell offers
// as their values.
func (f *Settings) Bind(cmd *cobra.Command, defaults settings.Values, leaveOut ...string) {
	f.flags = settings.Bind(cmd.Flags(), defaults, leaveOut...)
	f.Fetch.Bind(cmd.Flags())
	cmd.Flags().BoolVarP(&f.Verbose, "verbose", "v", false, "list the files that directory walks skip, and why; print each finding, also equal ones and consequences")
	CompleteSettings(cmd, settings.CommandLine)
}

// CompleteSettings adds what a shell offers as values of the settings that a
// command has.
func CompleteSettings(cmd *cobra.Command, on settings.Surface) {
	for _, s := range settings.Offered(on) {
		if cmd.Flags().Lookup(s.Name) == nil || len(s.Words) == 0 {
			continue
		}
		words := s.WordsOn(on)
		if s.Type == settings.Words {
			words = slices.Concat([]string{"none"}, words)
		}
		Complete(cmd, s.Name, words...)
	}
}

// OfInstances names the settings of expanding instances and of printing objects,
// which commands leave out that only compile RGDs.
func OfInstances() []string { return append(OfGraphs(), "waves") }

// OfGraphs names those of OfInstances that do not matter for a graph and its waves.
func OfGraphs() []string {
	return []string{"annotate", "emit", "allow-empty", "runtime", "residuals", "graphs", "server-defaults", "instance", "argocd-idioms", "policies", "check-policies", "instance-groups"}
}

// OfOutput names the settings of printing objects.
func OfOutput() []string {
	return []string{"annotate", "waves", "emit", "allow-empty", "check-policies", "instance-groups"}
}

// BindRef adds --ref, for commands that read one revision.
func (f *Settings) BindRef(flags *pflag.FlagSet) {
	flags.StringVar(&f.Ref, "ref", "", "read the files of this Git revision instead of the work tree")
}

// Resolve returns the values of the flags and a krowave.yaml, or nil.
func (f *Settings) Resolve(file *project.Settings) (settings.Values, diag.List) {
	values, found := f.flags.Resolve(settings.File(file))
	values.Options.Today = values.Day(time.Now())
	if f.Adapt != nil {
		f.Adapt(&values)
	}
	return values, found
}

// Own is what the flags say alone.
func (f *Settings) Own() settings.Values {
	values, _ := f.Resolve(nil) // a flag with a wrong value was refused
	return values
}

// Given lists the settings that flags set.
func (f *Settings) Given() []settings.Value { return f.flags.Layer.Values }

// Operator returns the values of the flags of a server.
func Operator(flags *settings.Flags) (settings.Values, error) {
	values, found := flags.Resolve()
	for _, d := range found {
		return values, cli.Usagef("%s", d.Message)
	}
	return values, nil
}

// Fetch says where definitions of other repositories come from.
type Fetch struct {
	Offline  bool
	CacheDir string
}

// Bind adds the flags.
func (f *Fetch) Bind(flags *pflag.FlagSet) {
	flags.BoolVar(&f.Offline, "offline", false, "do not fetch definitions of other repositories; use only those in the cache")
	flags.StringVar(&f.CacheDir, "cache-dir", "", "cache directory for fetched definitions (default $XDG_CACHE_HOME/krowave)")
}
