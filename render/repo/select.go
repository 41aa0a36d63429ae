package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/progress"
)

// Request says what to select.
type Request struct {
	// Paths are files, directories, patterns, or "-".
	Paths []string
	// Skip, if not nil, says why a walk skips a file or a directory; "" reads
	// it. It is asked about directories before what is in them.
	Skip func(name string, dir bool) string
	// Lookup selects files to look definitions up in: of a walk, those stay that
	// hold an RGD or a CRD.
	Lookup bool
	// Search is a Lookup for which nobody named anything: files are read as they
	// are, nothing is built, no link is followed, and what cannot be read is passed
	// over.
	Search bool
}

// Selection is what a Request selects.
type Selection struct {
	Files  []File    // in the order of the paths, each once
	Passed []Passed  // what was met and not read, in the order of the walk
	Found  diag.List // about the content of the tree
	// Unread are files and directories that are meant and could not be read: what
	// is in them is not known.
	Unread []string
}

// Passed is a file or a directory that a walk skipped.
type Passed struct {
	Name   string
	Dir    bool
	Reason string
	Absent bool // a submodule that is not here
}

// Select reads what the arguments name.
func (t *Tree) Select(args []string) ([]File, diag.List, error) {
	out, err := t.Read(context.Background(), Request{Paths: args})
	return out.Files, out.Found, err
}

// Read reads what a request names, each file once, in the order of its paths. An
// error says which path names nothing, or is that of ctx when it ended.
func (t *Tree) Read(ctx context.Context, req Request) (Selection, error) {
	s := t.selection(ctx, req)
	var errs []error
	for _, arg := range req.Paths {
		if err := s.argument(arg); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return Selection{Passed: s.out.Passed, Found: s.out.Found, Unread: s.out.Unread}, errors.Join(errs...)
	}
	if err := s.load(); err != nil {
		return Selection{Passed: s.out.Passed, Found: s.out.Found, Unread: s.out.Unread}, err
	}
	return s.out, nil
}

func (t *Tree) selection(ctx context.Context, req Request) *selection {
	req.Lookup = req.Lookup || req.Search
	return &selection{
		ctx: ctx, tree: t, fsys: t.fsys, limits: t.Limits.withDefaults(), req: req,
		seen: map[string]bool{}, scans: map[string]*scan{}, counter: progress.Of(ctx),
	}
}

// Has reports whether an argument names something in the tree.
func (t *Tree) Has(arg string) bool {
	bare := &Tree{Stdin: strings.NewReader(""), root: t.root, fsys: t.fsys}
	return bare.selection(context.Background(), Request{}).argument(arg) == nil
}

// Gone reports whether an argument names nothing because there is nothing: not
// because a sparse checkout, a missing submodule or a symlink hides it.
func (t *Tree) Gone(arg string) bool {
	bare := &Tree{Stdin: strings.NewReader(""), root: t.root, fsys: t.fsys, work: t.work}
	s := bare.selection(context.Background(), Request{})
	var none nothing
	if !errors.As(s.argument(arg), &none) {
		return false
	}
	name, err := t.relative(arg)
	hidden := len(t.work.absent(t.fsys, ".")) > 0 && (isGlob(name) || s.left(name))
	return err == nil && !hidden
}

// Hidden lists what a sparse checkout leaves out: tracked files, and directories
// of which nothing is there.
func (t *Tree) Hidden() []string { return t.work.absent(t.fsys, ".") }

// HiddenBelow is the finding about an argument that a sparse checkout leaves out,
// with what it hides; false when it hides nothing.
func (t *Tree) HiddenBelow(arg string) (diag.Diagnostic, []string, bool) {
	name, err := t.relative(arg)
	if err != nil {
		return diag.Diagnostic{}, nil, false
	}
	var names []string
	for _, absent := range t.Hidden() {
		if absent == name || strings.HasPrefix(absent, name+"/") || strings.HasPrefix(name, absent+"/") {
			names = append(names, absent)
		}
	}
	if len(names) == 0 {
		return diag.Diagnostic{}, nil, false
	}
	return diag.Diagnostic{
		Severity: diag.Error, Rule: "sparse-checkout", Pos: begin(names[0]), Message: outsideOfSparse(len(names)),
	}, names, true
}

// nothing is the error of an argument that names nothing.
type nothing string

func (n nothing) Error() string { return string(n) }

// selection is one Read at work: first names are picked, then files read.
type selection struct {
	ctx    context.Context // of this Read alone
	tree   *Tree
	fsys   fs.FS
	limits Limits
	req    Request

	picks []pick
	seen  map[string]bool
	stdin bool
	scans map[string]*scan // of kustomization directories

	out     Selection
	bytes   int64
	count   int
	counter *progress.Counter // of files, for who shows them
}

// pick is a file, or a kustomization directory.
type pick struct {
	name      string
	kustomize bool
	stream    bool
	walked    bool // met in a walk; a kustomization is dropped when another one includes it
}

func (s *selection) pick(p pick) {
	key := p.name
	if p.kustomize {
		key += "/"
	}
	if !s.seen[key] {
		s.seen[key] = true
		s.picks = append(s.picks, p)
	}
}

func (s *selection) pass(name string, dir bool, reason string) {
	s.out.Passed = append(s.out.Passed, Passed{Name: name, Dir: dir, Reason: reason})
}

func (s *selection) argument(arg string) error {
	if arg == "-" || s.tree.Stdin != nil && IsStream(arg) {
		return s.stream(arg)
	}
	name, err := s.tree.relative(arg)
	if err != nil {
		return err
	}
	info, err := fs.Stat(s.fsys, name)
	switch {
	case err == nil && info.IsDir():
		return s.directory(name)
	case err == nil && isKustomization(path.Base(name)):
		s.pick(pick{name: path.Dir(name), kustomize: true})
		return nil
	case err == nil:
		s.pick(pick{name: name})
		return nil
	case isGlob(name):
		return s.glob(arg, name)
	case errors.Is(err, fs.ErrNotExist):
		if len(s.tree.work.absent(s.fsys, path.Dir(name))) > 0 && s.left(name) {
			return fmt.Errorf("%s is outside the sparse checkout; add it with git sparse-checkout add", arg)
		}
		return nothing(arg + ": no such file or directory")
	}
	if err := foreign(err); err != nil {
		return fmt.Errorf("%s: %w", arg, err)
	}
	return fmt.Errorf("%s: symlinks must stay inside the tree, and files readable: %w", arg, err)
}

// left reports whether a sparse checkout leaves out a path or what is below it.
func (s *selection) left(name string) bool {
	for _, absent := range s.tree.work.absent(s.fsys, ".") {
		if absent == name || strings.HasPrefix(absent, name+"/") || strings.HasPrefix(name, absent+"/") {
			return true
		}
	}
	return false
}

func (t *Tree) relative(arg string) (string, error) {
	name := filepath.ToSlash(arg)
	if filepath.IsAbs(arg) && t.root != "" {
		rel, err := filepath.Rel(t.root, arg)
		if err != nil {
			return "", fmt.Errorf("%s is outside of %s", arg, t.root)
		}
		name = filepath.ToSlash(rel)
	}
	name = path.Clean(name)
	if !fs.ValidPath(name) {
		return "", fmt.Errorf("%s is outside the tree", arg)
	}
	return name, nil
}

func (s *selection) directory(name string) error {
	var outside *Submodule
	if _, err := fs.ReadDir(s.fsys, name); errors.As(err, &outside) {
		return outside
	}
	if s.kustomization(name) != "" {
		s.pick(pick{name: name, kustomize: true})
		return nil
	}
	picks, found, passed := len(s.picks), len(s.out.Found), len(s.out.Passed)
	w := s.walk()
	w.begin(name)
	none := len(s.picks) == picks && len(s.out.Found) == found && len(s.out.Passed) == passed
	if none && !w.any && s.ctx.Err() == nil {
		return nothing(name + ": no .yaml, .yml or .json file below it")
	}
	return nil
}

// load reads what was picked.
func (s *selection) load() error {
	included := s.included()
	for _, p := range s.picks {
		if err := s.ctx.Err(); err != nil {
			return fmt.Errorf("reading files: %w", err)
		}
		switch {
		case p.stream:
			if err := s.drain(p.name); err != nil {
				return err
			}
		case p.kustomize:
			if p.walked && (included[p.name] || s.isComponent(p.name)) {
				continue
			}
			s.build(p)
		default:
			s.file(p)
		}
	}
	if err := s.ctx.Err(); err != nil {
		return fmt.Errorf("reading files: %w", err)
	}
	return nil
}

// file reads a file that was picked. What is wrong with it is a finding.
func (s *selection) file(p pick) {
	data, shared, ok := s.read(p.name)
	if !ok {
		s.out.Unread = append(s.out.Unread, p.name)
		return
	}
	if p.walked {
		if reason := s.passedOver(data); reason != "" {
			s.pass(p.name, false, reason)
			return
		}
	}
	if shared {
		data = bytes.Clone(data)
	}
	s.out.Files = append(s.out.Files, File{Name: p.name, Data: data, Walked: p.walked})
}
