package load

import (
	"path"
	"path/filepath"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/repo"
)

// Present sorts out the arguments that name nothing, because it was deleted: the
// others, and those.
func (l Loader) Present(args []string) (present, gone []string, err error) {
	r, err := newReader(l)
	if err != nil {
		return nil, nil, err
	}
	for _, arg := range args {
		tree, err := r.tree(r.rootOf(arg, r.dir))
		if err != nil {
			return nil, nil, cli.Usage(err)
		}
		name := arg
		if !repo.IsStream(arg) && !filepath.IsAbs(arg) {
			name = filepath.Join(r.dir, arg)
		}
		if !repo.IsStream(arg) && tree.Gone(name) {
			gone = append(gone, arg)
		} else {
			present = append(present, arg)
		}
	}
	return present, gone, r.complete()
}

// PathsAndNames divides arguments into paths and names of something else: a name is
// what names no file, and does not look like one. Without a path, the working
// directory is read.
func (l Loader) PathsAndNames(args []string) (paths, names []string, err error) {
	var perhaps []string
	for _, arg := range args {
		switch path.Ext(arg) {
		case ".yaml", ".yml", ".json":
			paths = append(paths, arg)
		default:
			perhaps = append(perhaps, arg)
		}
	}
	present, names, err := l.Present(perhaps)
	if paths = append(paths, present...); len(paths) == 0 {
		paths = []string{"."}
	}
	return paths, names, err
}

// Written reads the files with definitions that the arguments name, as they are
// written: nothing is built.
func (l Loader) Written(args []string) ([]repo.File, error) {
	r, err := newReader(l)
	if err != nil {
		return nil, err
	}
	files, err := r.files(args, r.dir, true)
	if err != nil {
		return nil, err
	}
	if err := diag.Print(l.Streams.Err, r.in.Diags.Sorted(), diag.PrintOptions{Source: r.in.Source}); err != nil {
		return nil, err
	}
	if r.in.Diags.HasErrors() {
		return nil, cli.ErrFindings
	}
	return files, SayPassed(l.Streams.Err, r.in.Passed, l.Settings.Verbose)
}
