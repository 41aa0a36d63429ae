package load

import (
	"slices"

	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/repo"
	"github.com/krowave/krowave/render/settings"
)

// Input is everything that a command reads, one unit for each project, and what
// was found on the way.
type Input struct {
	Units []Unit
	// Settings are the settings of the project, of several what the flags say alone.
	Settings settings.Values
	Diags    diag.List
	Sources  map[string][]byte        // by name, for snippets
	Passed   []repo.Passed            // what walks skipped
	Verbose  bool                     // findings are printed one by one
	Color    bool                     // they go to a terminal that has colours
	Link     func(file string) string // the address of a file for such a terminal; nil for others
	Unread   []string                 // files and directories that are meant and could not be read
}

// Unit is the part of an input that is rendered at once, under the settings of
// one krowave.yaml.
type Unit struct {
	render.Input
	Settings settings.Values
	Options  render.Options // of Settings

	part  part
	lists bool        // flags or krowave.yaml name definitions
	named []repo.File // these, also those among Files
}

// Source gives diag.Print the text of a file.
func (in *Input) Source(name string) []byte { return in.Sources[name] }

// Printing says how findings about the input are printed.
func (in *Input) Printing() report.Printing {
	return report.Printing{Source: in.Source, Strict: in.Settings.Strict, Verbose: in.Verbose, Color: in.Color, Link: in.Link}
}

// Files are the files of all units that are rendered.
func (in *Input) Files() []repo.File {
	var out []repo.File
	for _, u := range in.Units {
		out = append(out, u.Files...)
	}
	return out
}

// All are the files of all units, whatever they are for.
func (in *Input) All() []repo.File {
	var out []repo.File
	for _, u := range in.Units {
		out = slices.Concat(out, u.Files, u.Definitions, u.CRDs, u.Observed, u.Policies)
	}
	return out
}

// DefinitionsOnly is the unit with RGDs to compile and nothing to expand.
func (u Unit) DefinitionsOnly() Unit {
	all := append(append([]repo.File{}, u.Files...), u.Definitions...)
	u.Input = render.Input{Project: u.Project, Definitions: all, CRDs: u.CRDs, Locate: u.Locate}
	return u
}

// Placeholder reports whether a unit is rendered to look at only.
func (in *Input) Placeholder() bool {
	return slices.ContainsFunc(in.Units, func(u Unit) bool { return u.Options.Runtime.Fills() })
}
