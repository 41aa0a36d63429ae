// Package load turns arguments into the input of the engine: files, directories
// and Git revisions, by project, each with the settings of its krowave.yaml and
// the definitions that it needs. It contains no rules about graphs.
//
//	l := load.New(cmd, streams, &flags)
//	in, err := l.Read(args)
package load

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/repo"
)

// Loader reads the input of a command, and renders it.
type Loader struct {
	*cobra.Command
	Streams  cli.Streams
	Settings *options.Settings

	// Texts are read in place of files, by their absolute names.
	Texts map[string][]byte

	// Kept remembers files between reads; nil for none.
	Kept *repo.Kept
}

// New returns the loader of a command.
func New(cmd *cobra.Command, s cli.Streams, flags *options.Settings) Loader {
	return Loader{Command: cmd, Streams: s, Settings: flags}
}

// For is the loader for a directory until a context ends. It reads no standard
// input, and prints nothing.
func (l Loader) For(ctx context.Context, dir string) Loader {
	l.Command = &cobra.Command{}
	l.SetContext(ctx)
	l.Streams.Dir, l.Streams.In, l.Streams.Err = dir, nil, io.Discard
	return l
}

// Read reads everything that the flags and arguments name.
func (l Loader) Read(args []string) (*Input, error) {
	r, err := newReader(l)
	if err != nil {
		return nil, err
	}
	in, err := r.read(args)
	if err != nil {
		return nil, err
	}
	return in, SayPassed(l.Streams.Err, in.Passed, l.Settings.Verbose)
}

// SayPassed says how many files were skipped, or which ones. What Git
// ignores, nobody misses.
func SayPassed(w io.Writer, passed []repo.Passed, verbose bool) error {
	count := 0
	for _, p := range passed {
		if verbose {
			name := p.Name
			if p.Dir {
				name += "/"
			}
			if _, err := fmt.Fprintf(w, "skipped: %s (%s)\n", name, p.Reason); err != nil {
				return err
			}
			continue
		}
		if p.Reason != repo.Ignored {
			count++
		}
	}
	if count == 0 {
		return nil
	}
	what := "1 file or directory is"
	if count > 1 {
		what = fmt.Sprintf("%d files and directories are", count)
	}
	_, err := fmt.Fprintf(w, "%s skipped (--verbose lists them)\n", what)
	return err
}

// Render reads and renders.
func (l Loader) Render(args []string) (*Run, error) {
	in, err := l.Read(args)
	if err != nil {
		return nil, err
	}
	return Render(l.Context(), in, in.Units)
}

// Compile reads, and compiles RGDs only: instances are not looked at.
func (l Loader) Compile(args []string) (*Run, error) {
	in, err := l.Read(args)
	if err != nil {
		return nil, err
	}
	return Compile(l.Context(), in)
}

// Compile compiles the RGDs of what was read.
func Compile(ctx context.Context, in *Input) (*Run, error) {
	units := make([]Unit, len(in.Units))
	for i, u := range in.Units {
		units[i] = u.DefinitionsOnly()
	}
	return Render(ctx, in, units)
}

// Run is one render by a command: its input and its result.
type Run struct {
	In     *Input
	Result *render.Result   // of all projects
	Parts  []*render.Result // of each
}

// Render renders what was read, or a part of it, project by project.
func Render(ctx context.Context, in *Input, units []Unit) (*Run, error) {
	run := &Run{In: in}
	for _, u := range units {
		res, err := render.Render(ctx, u.Input, u.Options)
		if err != nil {
			return nil, err
		}
		if u.Settings.Strict {
			strict(res.Diagnostics)
		}
		run.Parts = append(run.Parts, res)
	}
	merged := *render.Merge(run.Parts)
	merged.Diagnostics = append(append(merged.Diagnostics[:0:0], in.Diags...), merged.Diagnostics...).Sorted()
	run.Result = &merged
	return run, nil
}

// strict turns warnings into errors.
func strict(list diag.List) {
	for i := range list {
		if list[i].Severity == diag.Warning {
			list[i].Severity = diag.Error
		}
	}
}

// Graphs are the graphs of RGDs that came from the arguments, not from a lookup, with
// the unit of each.
func (r *Run) Graphs() (graphs []*graph.Graph, units []Unit) {
	return r.own(func(res *render.Result) []*graph.Graph { return res.Graphs })
}

// Natives are those of objects of kind Graph.
func (r *Run) Natives() (graphs []*graph.Graph, units []Unit) {
	return r.own(func(res *render.Result) []*graph.Graph { return res.Natives })
}

func (r *Run) own(list func(*render.Result) []*graph.Graph) (graphs []*graph.Graph, units []Unit) {
	for n, part := range r.Parts {
		own := map[string]bool{}
		for _, f := range r.In.Units[n].Files {
			own[f.Name] = true
		}
		for _, g := range list(part) {
			if own[g.RGD.Doc.File] {
				graphs, units = append(graphs, g), append(units, r.In.Units[n])
			}
		}
	}
	return graphs, units
}

// Collide makes objects that two places render findings: where they go there is
// one of each.
func (r *Run) Collide() {
	r.Result.Diagnostics = append(r.Result.Diagnostics, render.Collisions(r.Result.Objects)...).Sorted()
}
