// Package load turns arguments into what the engine renders: files, directories
// and Git revisions, with the settings of krowave.yaml and the definitions that
// they need. It decides nothing about graphs.
//
//	l := load.New(cmd, streams, &flags)
//	in, err := l.Read(args)
package load

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
)

// Loader reads the input of a command, and renders it.
type Loader struct {
	*cobra.Command
	Streams  cli.Streams
	Settings *options.Settings
}

// New returns the loader of a command.
func New(cmd *cobra.Command, s cli.Streams, flags *options.Settings) Loader {
	return Loader{Command: cmd, Streams: s, Settings: flags}
}

// Read reads everything that the flags and arguments name.
func (l Loader) Read(args []string) (*Input, error) {
	r, err := newReader(l.Context(), l.Streams, l.Settings)
	if err != nil {
		return nil, err
	}
	c, err := r.config(args)
	if err != nil {
		return nil, err
	}
	return r.read(args, c)
}

// Render reads and renders.
func (l Loader) Render(args []string) (*Run, error) {
	in, err := l.Read(args)
	if err != nil {
		return nil, err
	}
	return Render(l.Context(), in, in.Input, in.Settings.Options)
}

// Compile reads, and compiles RGDs only: instances are not looked at.
func (l Loader) Compile(args []string) (*Run, error) {
	in, err := l.Read(args)
	if err != nil {
		return nil, err
	}
	return Render(l.Context(), in, in.DefinitionsOnly(), in.Settings.Options)
}

// Run is one render by a command: its input and its result.
type Run struct {
	In     *Input
	Result *render.Result
}

// Render renders what was read, or a part of it.
func Render(ctx context.Context, in *Input, what render.Input, opts render.Options) (*Run, error) {
	res, err := render.Render(ctx, what, opts)
	if err != nil {
		return nil, err
	}
	res.Diagnostics = append(in.Diags, res.Diagnostics...).Sorted()
	return &Run{In: in, Result: res}, nil
}

// Own reports whether a document came from the arguments, not from a lookup.
func (r *Run) Own(doc *manifest.Document) bool {
	for _, f := range r.In.Files {
		if f.Name == doc.File {
			return true
		}
	}
	return false
}
