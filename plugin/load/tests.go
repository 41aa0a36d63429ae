package load

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/rgdtest"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
)

// Tests reads the test files of RGDs, and what their cases render.
type Tests struct {
	Loader
	Cache *render.Cache

	trees map[string]*tree // read once for all tests
}

// TestFile is a test file and the directory that its paths start from.
type TestFile struct {
	*rgdtest.File
	Dir string // absolute

	text []byte
}

// maxTestBytes is the size of the largest test, or definition beside one.
const maxTestBytes = 32 << 20

// Find reads the test files that arguments name, or that are below them.
func (t *Tests) Find(args []string) ([]*TestFile, error) {
	r, err := newReader(t.Loader)
	if err != nil {
		return nil, err
	}
	var out []*TestFile
	var bad diag.List
	seen := map[string]bool{}
	for _, arg := range args {
		names, explicit, err := r.testNames(arg)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if seen[name] {
				continue
			}
			seen[name] = true
			f, diags, err := r.testFile(name)
			if err != nil {
				return nil, err
			}
			bad = append(bad, diags...)
			switch {
			case f != nil:
				out = append(out, f)
			case explicit && !diags.HasErrors():
				return nil, cli.Usagef("%s is not a test: a test has apiVersion: %s and kind: %s", arg, rgdtest.APIVersion, rgdtest.Kind)
			}
		}
	}
	if bad.HasErrors() {
		if err := diag.Print(t.Streams.Err, bad.Sorted(), diag.PrintOptions{Source: r.in.Source}); err != nil {
			return nil, err
		}
		return nil, cli.Usagef("some tests cannot be read; no test was run")
	}
	return out, nil
}

// testNames returns the absolute names of the test files that an argument
// stands for: a file itself, or tests/*.yaml at any depth below a directory.
func (r *reader) testNames(arg string) (names []string, explicit bool, err error) {
	root := r.rootOf(arg, r.dir)
	tree, err := r.tree(root)
	if err != nil {
		return nil, false, cli.Usage(err)
	}
	absolute := arg
	if !filepath.IsAbs(arg) {
		absolute = filepath.Join(r.dir, arg)
	}
	below, err := filepath.Rel(root, absolute)
	if err != nil || !filepath.IsLocal(below) {
		return nil, false, cli.Usagef("%s is outside of %s (--root)", arg, root)
	}
	below = filepath.ToSlash(below)
	info, err := fs.Stat(tree.FS(), below)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, cli.Usagef("%s does not exist", arg)
	case err != nil:
		return nil, false, cli.Usagef("%s: %w", arg, err)
	case !info.IsDir():
		return []string{absolute}, true, nil
	}
	err = fs.WalkDir(tree.FS(), below, func(name string, entry fs.DirEntry, err error) error {
		switch ext := path.Ext(name); {
		case err != nil:
			return err
		case entry.IsDir() && name != below && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case !entry.IsDir() && (ext == ".yaml" || ext == ".yml") && path.Base(path.Dir(path.Join("/"+filepath.ToSlash(root), name))) == "tests":
			names = append(names, filepath.Join(root, filepath.FromSlash(name)))
		}
		return nil
	})
	if err != nil {
		return nil, false, cli.Usagef("%s: %w", arg, err)
	}
	return names, false, nil
}

func (r *reader) testFile(name string) (*TestFile, diag.List, error) {
	root := r.rootOf(name, r.dir)
	tree, err := r.tree(root)
	if err != nil {
		return nil, nil, cli.Usage(err)
	}
	rel, err := filepath.Rel(root, name)
	if err != nil {
		return nil, nil, cli.Usage(err)
	}
	shown := r.relative(root, filepath.ToSlash(rel))
	data, err := repo.ReadFile(tree.FS(), filepath.ToSlash(rel), maxTestBytes)
	if err != nil {
		return nil, nil, cli.Usagef("reading %s: %w", shown, err)
	}
	r.in.Sources[shown] = data
	f, diags := rgdtest.Read(shown, data)
	if f == nil {
		return nil, diags, nil
	}
	return &TestFile{f, filepath.Dir(name), data}, diags, nil
}

// Case reads what a case renders. Settings of krowave.yaml hold for the
// tests below it.
func (t *Tests) Case(f *TestFile, c *rgdtest.Case) (rgdtest.Input, error) {
	if c.Skip != "" {
		return rgdtest.Input{}, nil
	}
	in, err := t.readCase(f, c)
	if err != nil {
		return in, cli.Usage(fmt.Errorf("%s: %s: %w", f.Name, c.Name, err))
	}
	return in, nil
}

func (t *Tests) readCase(f *TestFile, c *rgdtest.Case) (rgdtest.Input, error) {
	var out rgdtest.Input
	r, err := newReader(t.Loader)
	if err != nil {
		return out, err
	}
	if t.trees == nil {
		t.trees = r.trees
	}
	r.trees = t.trees
	near, err := r.tree(r.rootOf(f.Dir, r.dir))
	if err != nil {
		return out, cli.Usage(err)
	}
	own := part{project.Part{Project: near.projects.Of(r.inTree(near, f.Dir))}, near}
	r.settingsSource(near, own.Project)
	r.found(near, own.Project.Found)
	set := r.settle(near, own.Project)
	out.Options = set.Options
	out.Options.Runtime, out.Options.Jobs, out.Options.Cache, out.Options.AllowEmpty = c.Runtime, 1, t.Cache, true
	out.Strict = set.Strict
	out.Inline = map[string]rgdtest.Source{}
	r.in.Sources[f.Name] = f.text
	if out.Files, err = r.given([]rgdtest.Source{c.Instance}, f, c.Name, out.Inline); err != nil {
		return out, err
	}
	if isGraph(out.Files) && !out.Options.Graphs.Renders() { // to hand it over tests nothing
		out.Options.Graphs = render.ExpandGraphs
	}
	if out.CRDs, err = r.lookUp(f, r.own.CRDs, f.CRDs); err != nil {
		return out, err
	}
	if out.Definitions, err = t.caseDefinitions(r, f, own, &out.Input); err != nil {
		return out, err
	}
	if out.Observed, err = r.files(r.own.Observed, r.dir, false); err != nil {
		return out, err
	}
	live, err := r.given(c.Observed, f, c.Name+", observed", out.Inline)
	if err != nil {
		return out, err
	}
	if out.Observed = append(out.Observed, live...); out.Observed == nil && c.IsObserved {
		out.Observed = []repo.File{}
	}
	out.Found, out.Source = r.in.Diags, r.in.Source
	if c.Golden != "" {
		out.Golden, err = readBelow(f.Dir, c.Golden)
	}
	return out, err
}

// isGraph reports whether a Graph is what a case tests.
func isGraph(files []repo.File) bool {
	for _, f := range files {
		docs, _ := f.Read(manifest.Limits{})
		for _, d := range docs {
			if object.IsGraphKind(object.GVK(d.Object)) {
				return true
			}
		}
	}
	return false
}

// given reads the files that a test names, and adds the objects that it holds. An
// object's file is named for its test and case.
func (r *reader) given(list []rgdtest.Source, f *TestFile, name string, inline map[string]rgdtest.Source) ([]repo.File, error) {
	var out []repo.File
	for i, s := range list {
		if s.Object == nil {
			if _, err := os.Stat(filepath.Join(f.Dir, filepath.FromSlash(s.Path))); errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(s.Path, "*?[") {
				r.in.Diags.Errorf(s.At, "test-file", "%s is not there", s.Path)
				continue
			}
			found, err := r.beside(f, []string{s.Path}, false)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
			continue
		}
		file := repo.File{Name: fmt.Sprintf("%s[%s]", f.Name, name), Objects: []map[string]any{s.Object}}
		if len(list) > 1 {
			file.Name = fmt.Sprintf("%s[%s %d]", f.Name, name, i)
		}
		inline[file.Name] = s
		out = append(out, file)
	}
	return out, nil
}

// lookUp reads the definitions that a flag and a test name.
func (r *reader) lookUp(f *TestFile, flag, own []string) ([]repo.File, error) {
	first, err := r.files(flag, r.dir, true)
	if err != nil {
		return nil, err
	}
	second, err := r.beside(f, own, true)
	return append(first, second...), err
}

// beside reads what a test names.
func (r *reader) beside(f *TestFile, paths []string, definitions bool) ([]repo.File, error) {
	t, err := r.tree(r.rootOf(f.Dir, r.dir))
	if err != nil {
		return nil, cli.Usage(err)
	}
	return r.inside(t, t.Directory(f.Dir)+"/"+filepath.Base(f.Name), paths, f.Dir, definitions)
}

// caseDefinitions reads the RGDs of a test: those that it names or -d does; else
// those next to it, and what these and the instance build on, from where
// krowave.yaml says, or from the repository.
func (t *Tests) caseDefinitions(r *reader, f *TestFile, own part, in *render.Input) ([]repo.File, error) {
	if len(f.Definitions) > 0 || len(r.own.Definitions) > 0 {
		return r.lookUp(f, r.own.Definitions, f.Definitions)
	}
	near, err := r.neighbours(f.Dir)
	if err != nil {
		return nil, err
	}
	lists, found, err := r.listed(own, filepath.Join(own.tree.root, filepath.FromSlash(own.Project.Dir)))
	if err != nil {
		return nil, err
	}
	if !lists {
		own.Files = in.Files
		search, err := r.searched(own.tree, own.Part)
		if err != nil {
			return nil, err
		}
		found, in.Others, in.Unread = search.Definitions, search.Others, search.Unread
	}
	in.Locate = r.locate(own)
	return append(near, project.Without(found, near)...), nil
}

// neighbours reads the files with RGDs or CRDs in the directory above tests.
func (r *reader) neighbours(dir string) ([]repo.File, error) {
	if filepath.Base(dir) == "tests" {
		dir = filepath.Dir(dir)
	}
	root := r.rootOf(dir, r.dir)
	tree, err := r.tree(root)
	if err != nil {
		return nil, err
	}
	rel, err := filepath.Rel(root, dir)
	if err != nil || !filepath.IsLocal(rel) {
		return nil, nil // above what may be read
	}
	entries, err := fs.ReadDir(tree.FS(), filepath.ToSlash(rel))
	if err != nil {
		return nil, err
	}
	var out []repo.File
	for _, e := range entries {
		name := path.Join(filepath.ToSlash(rel), e.Name())
		if ext := path.Ext(name); !e.Type().IsRegular() || ext != ".yaml" && ext != ".yml" && ext != ".json" {
			continue
		}
		data, err := repo.ReadFile(tree.FS(), name, maxTestBytes)
		if err != nil {
			return nil, err
		}
		file := repo.File{Name: r.relative(root, name), Data: data}
		if len(project.Outlines(file, manifest.Limits{})) > 0 {
			r.in.Sources[file.Name] = data
			out = append(out, file)
		}
	}
	return out, nil
}

// readBelow reads a file that no symlink leads out of a directory; nil when
// there is none.
func readBelow(dir, name string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	data, err := root.ReadFile(filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if data == nil {
		data = []byte{} // there, but empty
	}
	return data, err
}
