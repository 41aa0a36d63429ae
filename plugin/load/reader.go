package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
	"github.com/krowave/krowave/render/settings"
)

// reader reads files for one command.
type reader struct {
	Loader
	ctx    context.Context // of the run
	flags  *options.Settings
	own    settings.Values // of the flags alone
	dir    string          // absolute working directory
	only   *place          // nil reads wherever the arguments lead
	search string          // absolute directory to look for definitions in; "" is the repository
	paths  []string        // that are rendered, as the user wrote them
	every  bool            // all definitions that a project sees, not those that its files need
	trees  map[string]*tree
	in     Input
}

// place is a tree that stands for a directory, such as a Git revision for the
// work tree.
type place struct {
	root string // absolute
	tree *repo.Tree
}

// tree is a file tree with the projects in it.
type tree struct {
	*repo.Tree
	root     string // absolute
	projects *project.Projects
	finder   *project.Finder
}

func newReader(l Loader) (*reader, error) {
	dir, err := filepath.Abs(l.Streams.Dir)
	if err != nil {
		return nil, fmt.Errorf("working directory: %w", err)
	}
	r := &reader{Loader: l, ctx: l.Context(), flags: l.Settings, own: l.Settings.Own(), dir: dir, trees: map[string]*tree{}}
	r.in.Sources, r.in.Settings = map[string][]byte{}, r.own
	r.in.Verbose, r.in.Color = l.Settings.Verbose, l.Streams.ColorOn(l.Streams.Err)
	if l.Settings.Ref == "" {
		r.in.Link = l.Streams.Links(l.Streams.Err)
		return r, nil
	}
	if r.own.Root != "" {
		return nil, cli.Usagef("--root and --ref are mutually exclusive: the root of a revision is its repository")
	}
	history, err := OpenHistory(dir)
	if err != nil {
		return nil, err
	}
	rev, err := history.Revision(l.Settings.Ref)
	if err != nil {
		return nil, cli.Usage(err)
	}
	r.only = history.at(rev)
	return r, nil
}

// read reads the arguments, and for each project what the flags and its
// krowave.yaml add.
func (r *reader) read(args []string) (*Input, error) {
	r.paths = args
	if err := cmp.Or(r.once(args), r.patterns()); err != nil {
		return nil, err
	}
	parts, err := r.split(args)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		unit, err := r.unit(p)
		if err != nil {
			return nil, err
		}
		r.in.Units = append(r.in.Units, unit)
	}
	if len(r.in.Units) == 1 {
		r.in.Settings = r.in.Units[0].Settings
	}
	return &r.in, r.complete()
}

// complete makes sure that nothing was skipped because a clone lacks it.
func (r *reader) complete() error {
	if r.only != nil {
		if err := r.only.tree.Lost(); err != nil {
			return cli.Usage(err)
		}
	}
	return nil
}

// part is the files of one project, by their names in its tree.
type part struct {
	project.Part
	tree *tree
}

// split reads what the arguments name, by project.
func (r *reader) split(args []string) ([]part, error) {
	var out []part
	index := map[*project.Project]int{}
	err := r.groups(args, r.dir, func(t *tree, absolute []string) error {
		first := r.inTree(t, r.dir)
		if !repo.IsStream(absolute[0]) {
			first = t.Directory(absolute[0])
		}
		main := r.settle(t, t.projects.Of(first))
		t.Limits = main.Tree()
		split, err := t.projects.Split(r.ctx, absolute, r.inTree(t, r.dir))
		r.found(t, split.Found)
		r.passed(t, split.Passed)
		for _, name := range split.Unread {
			r.in.Unread = append(r.in.Unread, r.shown(t, name))
		}
		for _, p := range split.Parts {
			i, ok := index[p.Project]
			if !ok {
				i = len(out)
				index[p.Project] = i
				out = append(out, part{project.Part{Project: p.Project}, t})
				r.settingsSource(t, p.Project)
			}
			out[i].Files = append(out[i].Files, p.Files...)
		}
		return err
	})
	if err == nil && len(args) == 0 { // nothing is there on this side of a comparison
		err = r.nothing(&out)
	}
	return out, err
}

// nothing is the part of the working directory's project without any file.
func (r *reader) nothing(out *[]part) error {
	t, err := r.tree(r.rootOf(".", r.dir))
	if err != nil {
		return cli.Usage(err)
	}
	p := t.projects.Of(r.inTree(t, r.dir))
	r.found(t, p.Found)
	r.settingsSource(t, p)
	*out = append(*out, part{project.Part{Project: p}, t})
	return nil
}

// settingsSource keeps the text of a krowave.yaml for snippets.
func (r *reader) settingsSource(t *tree, p *project.Project) {
	if data, err := repo.ReadFile(t.FS(), p.File(), 1<<20); err == nil {
		r.in.Sources[r.relative(t.root, p.File())] = data
	}
}

// inTree is an absolute directory as a tree names it, its root if it is outside.
func (r *reader) inTree(t *tree, dir string) string {
	if !within(t.root, dir) {
		return "."
	}
	return t.Directory(dir)
}

// groups calls visit with the arguments of each tree, in their order and as
// absolute paths. Neighbours of one tree are together, so that each file is read
// once.
func (r *reader) groups(args []string, base string, visit func(t *tree, absolute []string) error) error {
	for len(args) > 0 {
		root := r.rootOf(args[0], base)
		n := 1
		for n < len(args) && (repo.IsStream(args[n]) || r.rootOf(args[n], base) == root) {
			n++
		}
		t, err := r.tree(root)
		if err != nil {
			return cli.Usage(err)
		}
		if err := r.visit(t, args[:n], base, visit); err != nil {
			return err
		}
		args = args[n:]
	}
	return nil
}

// visit calls visit with the arguments of a tree as absolute paths.
func (r *reader) visit(t *tree, args []string, base string, visit func(t *tree, absolute []string) error) error {
	absolute := make([]string, len(args))
	for i, arg := range args {
		absolute[i] = arg
		if !repo.IsStream(arg) {
			absolute[i] = Absolute(arg, base)
		}
	}
	err := visit(t, absolute)
	if err == nil || r.ctx.Err() != nil {
		return err
	}
	message := err.Error()
	for i, arg := range args { // as the user wrote it, not as it was looked up
		message = strings.ReplaceAll(message, absolute[i], arg)
	}
	return cli.Usage(errors.New(message))
}

// files reads what the arguments name, relative to base, to look up: only files
// with definitions, if definitions is set.
func (r *reader) files(args []string, base string, definitions bool) ([]repo.File, error) {
	var out []repo.File
	err := r.groups(args, base, r.lookup(definitions, &out))
	return out, err
}

// found keeps findings about a tree.
func (r *reader) found(t *tree, list diag.List) {
	for _, d := range list {
		r.in.Diags.Add(renamed(d, func(name string) string { return r.shown(t, name) }))
	}
}

// renamed is a finding with other names of files.
func renamed(d diag.Diagnostic, name func(string) string) diag.Diagnostic {
	d.Pos.File = name(d.Pos.File)
	related := append(d.Related[:0:0], d.Related...)
	for i := range related {
		related[i].Position.File = name(related[i].Position.File)
	}
	d.Related = related
	return d
}

// shown is the name that people see of a file in a tree.
func (r *reader) shown(t *tree, name string) string { return r.relative(t.root, name) }

func (r *reader) passed(t *tree, list []repo.Passed) {
	for _, p := range list {
		p.Name = r.relative(t.root, p.Name)
		r.in.Passed = append(r.in.Passed, p)
	}
}

// named gives files of a tree their names for people, and keeps their texts.
func (r *reader) named(t *tree, files []repo.File) []repo.File {
	out := make([]repo.File, len(files))
	for i, f := range files {
		f.Name = r.relative(t.root, f.Name)
		r.in.Sources[f.Name] = f.Data
		if f.Origin != nil {
			f.Origin = f.Origin.Renamed(func(name string) string { return r.relative(t.root, name) })
			delete(r.in.Sources, f.Name) // nobody wrote it
			maps.Copy(r.in.Sources, f.Origin.Files())
		}
		out[i] = f
	}
	return out
}

func (r *reader) tree(root string) (*tree, error) {
	if t := r.trees[root]; t != nil {
		return t, nil
	}
	t := &tree{root: root}
	if r.only != nil {
		t.Tree = r.only.tree
	} else {
		var err error
		if t.Tree, err = repo.Dir(root); err != nil {
			return nil, err
		}
		t.Keep(r.Kept)
		t.Over(r.texts(root))
	}
	t.Stdin, t.Tree.Streams = r.Streams.In, r.Streams.Read
	t.Limits = r.own.Tree()
	exclude := make([]string, 0, len(r.own.Exclude))
	for _, pattern := range r.own.Exclude {
		rel, err := filepath.Rel(root, Absolute(pattern, r.dir))
		if err != nil || !filepath.IsLocal(rel) {
			continue // of another tree
		}
		exclude = append(exclude, filepath.ToSlash(rel))
	}
	var err error
	if t.projects, err = project.Open(t.Tree, project.Options{Exclude: exclude, Fetches: true}); err != nil {
		return nil, err
	}
	t.finder = project.NewFinder(t.Tree, exclude, manifest.Limits{})
	if r.search != "" {
		t.finder.Below = r.inTree(t, r.search)
	}
	r.trees[root] = t
	return t, nil
}

// texts are those of Texts that stand for files of a tree, by their names in it.
func (r *reader) texts(root string) map[string][]byte {
	out := map[string][]byte{}
	for name, text := range r.Texts {
		if rel, err := filepath.Rel(root, name); err == nil && filepath.IsLocal(rel) {
			out[filepath.ToSlash(rel)] = text
		}
	}
	return out
}

// relative turns a name in a tree into one relative to the working directory.
func (r *reader) relative(root, name string) string {
	if repo.IsStream(name) {
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
	case repo.IsStream(arg):
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
