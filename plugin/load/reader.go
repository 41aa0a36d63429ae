package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
	"github.com/krowave/krowave/render/settings"
)

// Input is everything that a render reads, and what was found on the way.
type Input struct {
	render.Input
	Settings settings.Values
	Diags    diag.List
	Sources  map[string][]byte // by name, for snippets
}

// Source gives diag.Print the text of a file.
func (in *Input) Source(name string) []byte { return in.Sources[name] }

// DefinitionsOnly is the input with RGDs to compile and nothing to expand.
func (in *Input) DefinitionsOnly() render.Input {
	all := append(append([]repo.File{}, in.Files...), in.Definitions...)
	return render.Input{Definitions: all, CRDs: in.CRDs}
}

// reader reads files for one command.
type reader struct {
	ctx     context.Context // of the run
	streams cli.Streams
	flags   *options.Settings
	own     settings.Values // of the flags alone
	dir     string          // absolute working directory
	only    *place          // nil reads wherever the arguments lead
	search  string          // absolute directory to look for definitions in; "" is the repository
	every   bool            // all definitions that are found, not those that the input needs
	trees   map[string]*repo.Tree
	in      Input
}

// place is a tree that stands for a directory, such as a Git revision for the
// work tree.
type place struct {
	root string // absolute
	tree *repo.Tree
}

func newReader(ctx context.Context, s cli.Streams, flags *options.Settings) (*reader, error) {
	dir, err := filepath.Abs(s.Dir)
	if err != nil {
		return nil, fmt.Errorf("working directory: %w", err)
	}
	r := &reader{ctx: ctx, streams: s, flags: flags, own: flags.Own(), dir: dir, trees: map[string]*repo.Tree{}}
	r.in.Sources, r.in.Settings = map[string][]byte{}, r.own
	if flags.Ref == "" {
		return r, nil
	}
	if r.own.Root != "" {
		return nil, cli.Usagef("--root and --ref are mutually exclusive: the root of a revision is its repository")
	}
	history, err := OpenHistory(dir)
	if err != nil {
		return nil, err
	}
	rev, err := history.Revision(flags.Ref)
	if err != nil {
		return nil, cli.Usage(err)
	}
	r.only = history.at(rev)
	return r, nil
}

// read reads the arguments and what the flags and krowave.yaml add.
func (r *reader) read(args []string, c *config) (*Input, error) {
	var err error
	if r.in.Files, err = r.files(args, r.dir); err != nil {
		return nil, err
	}
	crds, base := r.own.CRDs, r.dir
	if len(crds) == 0 {
		crds, base = c.crds, c.dir
	}
	if r.in.CRDs, err = r.files(crds, base); err != nil {
		return nil, err
	}
	if r.in.Definitions, err = r.definitions(args, c); err != nil {
		return nil, err
	}
	observed := r.own.Observed
	base = r.dir
	if len(observed) == 0 {
		observed, base = c.observed, c.dir
	}
	if r.in.Observed, err = r.files(observed, base); err != nil {
		return nil, err
	}
	if len(observed) > 0 && r.in.Observed == nil {
		r.in.Observed = []repo.File{}
	}
	return &r.in, r.complete()
}

// complete makes sure that nothing was passed over because a clone lacks it.
func (r *reader) complete() error {
	if r.only != nil {
		if err := r.only.tree.Lost(); err != nil {
			return cli.Usage(err)
		}
	}
	return nil
}

// files reads what the arguments name, relative to base. Neighbours of one tree
// are read together, so that each file is read once.
func (r *reader) files(args []string, base string) ([]repo.File, error) {
	var out []repo.File
	for len(args) > 0 {
		root := r.rootOf(args[0], base)
		n := 1
		for n < len(args) && (args[n] == "-" || r.rootOf(args[n], base) == root) {
			n++
		}
		found, err := r.group(args[:n], root, base)
		if err != nil {
			return nil, err
		}
		out, args = append(out, found...), args[n:]
	}
	return out, nil
}

func (r *reader) group(args []string, root, base string) ([]repo.File, error) {
	tree, err := r.tree(root)
	if err != nil {
		return nil, cli.Usage(err)
	}
	absolute := make([]string, len(args))
	for i, arg := range args {
		absolute[i] = arg
		if arg != "-" && !filepath.IsAbs(arg) {
			absolute[i] = filepath.Join(base, arg)
		}
	}
	found, diags, err := tree.Select(absolute)
	if err != nil {
		message := err.Error()
		for i := range args { // as the user wrote it, not as it was looked up
			message = strings.ReplaceAll(message, absolute[i], args[i])
		}
		return nil, cli.Usage(errors.New(message))
	}
	for _, d := range diags {
		d.Pos.File = r.relative(root, d.Pos.File)
		for i := range d.Related {
			d.Related[i].Position.File = r.relative(root, d.Related[i].Position.File)
		}
		r.in.Diags.Add(d)
	}
	var out []repo.File
	for _, f := range found {
		if path.Base(f.Name) == project.SettingsName {
			continue // settings, not a manifest
		}
		f.Name = r.relative(root, f.Name)
		r.in.Sources[f.Name] = f.Data
		out = append(out, f)
	}
	return out, nil
}

func (r *reader) tree(root string) (*repo.Tree, error) {
	if t := r.trees[root]; t != nil {
		return t, nil
	}
	var t *repo.Tree
	if r.only != nil {
		t = r.only.tree
	} else {
		var err error
		if t, err = repo.Dir(root); err != nil {
			return nil, err
		}
	}
	t.Stdin = r.streams.In
	t.Limits = r.in.Settings.Tree()
	r.trees[root] = t
	return t, nil
}

// relative turns a name in a tree into one relative to the working directory.
func (r *reader) relative(root, name string) string {
	if name == "-" {
		return name
	}
	rel, err := filepath.Rel(r.dir, filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		return name
	}
	return filepath.ToSlash(rel)
}

// rootOf returns the directory that reading an argument may not leave: --root,
// else the Git repository around it, else the working directory when it holds
// the argument, else the argument's own directory.
func (r *reader) rootOf(arg, base string) string {
	switch {
	case r.only != nil:
		return r.only.root
	case r.own.Root != "":
		if filepath.IsAbs(r.own.Root) {
			return filepath.Clean(r.own.Root)
		}
		return filepath.Join(r.dir, r.own.Root)
	case arg == "-":
		arg = "."
	}
	if !filepath.IsAbs(arg) {
		arg = filepath.Join(base, arg)
	}
	dir := existing(os.Stat, filepath.Clean(arg))
	if root, ok := Repository(dir); ok {
		return root
	}
	if within(r.dir, dir) {
		return r.dir
	}
	return dir
}
