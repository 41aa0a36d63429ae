// Package repo is where files come from, and the only package that opens them.
// A Tree is a directory or an fs.FS; Select turns arguments (files,
// directories, globs, "-") into Files, confined to the tree after symlinks are
// resolved and bounded in number and bytes. It never writes and uses no network
// and no process.
//
// A directory means every .yaml, .yml and .json file below it that is not
// hidden, by name. A directory with a kustomization file means what kustomize
// builds from it: one met on the way is built and not descended into, unless it
// is a Component or another selected kustomization includes it.
package repo

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

// File is a file, standard input, or the build of a kustomization.
type File = manifest.File

// Limits bounds what one Select may read. A zero field means its default.
type Limits struct {
	Files      int   // default 50,000; raised by --max-files
	TotalBytes int64 // default 512 MiB; raised by --max-total-bytes
}

// Tree is a file tree to select from. Set its fields before the first Select.
type Tree struct {
	Limits Limits
	Stdin  io.Reader // what "-" reads; nil makes "-" an error

	fsys fs.FS
	root string // absolute path of a Dir, else ""
}

// Dir returns the tree below a directory. Symlinks may not lead out of it.
func Dir(root string) (*Tree, error) { return openDirectory(root, false) }

// WorkTree returns the tree below a directory, without the files of nested
// repositories, as a commit of it would be.
func WorkTree(root string) (*Tree, error) { return openDirectory(root, true) }

func openDirectory(root string, nested bool) (*Tree, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", root, err)
	}
	r, err := os.OpenRoot(abs)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", root, err)
	}
	return &Tree{fsys: rootFS{r, nested}, root: abs}, nil
}

// FS returns the tree of a file system, which is trusted to confine itself.
func FS(fsys fs.FS) *Tree { return &Tree{fsys: fsys} }

// Lost returns the first object of a commit that was asked for and is not in the
// clone: what was read without it is incomplete.
func (t *Tree) Lost() error {
	c, ok := t.fsys.(*commitFS)
	if !ok {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost
}

// FS returns the file system that the tree reads.
func (t *Tree) FS() fs.FS { return t.fsys }

// Select reads what the arguments name, each file once, in the order of the
// arguments. The diagnostics are about the content of the tree; an error says
// which argument names nothing.
func (t *Tree) Select(args []string) ([]File, diag.List, error) {
	s := &selection{tree: t, fsys: t.fsys, seen: map[string]bool{}, limits: t.Limits}
	if s.limits.Files <= 0 {
		s.limits.Files = 50_000
	}
	if s.limits.TotalBytes <= 0 {
		s.limits.TotalBytes = 512 << 20
	}
	var errs []error
	for _, arg := range args {
		if err := s.argument(arg); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return nil, s.found, errors.Join(errs...)
	}
	if err := s.load(); err != nil {
		return nil, s.found, err
	}
	return s.files, s.found, nil
}

// Has reports whether an argument names something in the tree.
func (t *Tree) Has(arg string) bool {
	s := &selection{tree: &Tree{Stdin: strings.NewReader(""), root: t.root}, fsys: t.fsys, seen: map[string]bool{}}
	return s.argument(arg) == nil
}

// selection is one Select at work: first names are picked, then files read.
type selection struct {
	tree   *Tree
	fsys   fs.FS
	limits Limits

	picks []pick
	seen  map[string]bool
	stdin bool

	files []File
	bytes int64
	count int
	found diag.List
}

// pick is a file, or a kustomization directory.
type pick struct {
	name      string
	kustomize bool
	walked    bool // met in a walk, so dropped when another one includes it
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

func (s *selection) argument(arg string) error {
	if arg == "-" {
		switch {
		case s.stdin:
			return errors.New(`"-" is named twice, but standard input can be read only once`)
		case s.tree.Stdin == nil:
			return errors.New(`"-": there is no standard input here`)
		}
		s.stdin = true
		s.picks = append(s.picks, pick{name: "-"})
		return nil
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
		return fmt.Errorf("%s: no such file or directory", arg)
	}
	if err := foreign(err); err != nil {
		return fmt.Errorf("%s: %w", arg, err)
	}
	return fmt.Errorf("%s: symlinks must stay inside the tree, and files readable: %w", arg, err)
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
		return "", fmt.Errorf("%s is outside of the tree", arg)
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
	before := len(s.picks)
	w := walk{s: s, visited: map[string]bool{}}
	w.directory(name)
	if len(s.picks) == before && len(s.found) == 0 && !w.any {
		return fmt.Errorf("%s: no .yaml, .yml or .json file below it", name)
	}
	return nil
}

// load reads what was picked.
func (s *selection) load() error {
	included := s.included()
	for _, p := range s.picks {
		switch {
		case p.name == "-":
			data, err := io.ReadAll(io.LimitReader(s.tree.Stdin, s.limits.TotalBytes-s.bytes+1))
			if err != nil {
				return fmt.Errorf("reading standard input: %w", err)
			}
			if s.charge("-", int64(len(data))) {
				s.files = append(s.files, File{Name: "-", Data: data})
			}
		case p.kustomize:
			if p.walked && (included[p.name] || s.isComponent(p.name)) {
				continue
			}
			s.build(p.name)
		default:
			if data, ok := s.read(p.name); ok {
				s.files = append(s.files, File{Name: p.name, Data: data})
			}
		}
	}
	return nil
}

// read reads one file within the limits; what is wrong with it is a finding.
func (s *selection) read(name string) ([]byte, bool) {
	info, err := fs.Stat(s.fsys, name)
	if err == nil && !s.charge(name, info.Size()) {
		return nil, false
	}
	if err == nil && !info.Mode().IsRegular() {
		s.found.Errorf(begin(name), "file-read", "not a regular file")
		return nil, false
	}
	if err == nil {
		var data []byte
		if data, err = fs.ReadFile(s.fsys, name); err == nil {
			return data, true
		}
	}
	s.unreadable(name, err)
	return nil, false
}

func (s *selection) charge(name string, size int64) bool {
	if s.count > s.limits.Files || s.bytes > s.limits.TotalBytes {
		return false // reported already
	}
	s.count++
	s.bytes += size
	switch {
	case s.count > s.limits.Files:
		s.found.Errorf(begin(name), "limit-files", "more than %d files are selected; raise --max-files to read them", s.limits.Files)
	case s.bytes > s.limits.TotalBytes:
		s.found.Errorf(begin(name), "limit-total-bytes", "the selected files have more than %d bytes together; raise --max-total-bytes to read them", s.limits.TotalBytes)
	default:
		return true
	}
	return false
}

func (s *selection) unreadable(name string, err error) {
	var outside *Submodule
	if errors.As(err, &outside) {
		s.found.Warnf(begin(name), "git-submodule", "%v", outside)
		return
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err // without the machine's own paths
	}
	if info, lerr := fs.Lstat(s.fsys, name); lerr == nil && info.Mode()&fs.ModeSymlink != 0 {
		s.found.Errorf(begin(name), "file-symlink", "symlink cannot be followed, it must lead to a file inside the tree: %v", err)
		return
	}
	s.found.Errorf(begin(name), "file-read", "file cannot be read: %v", err)
}

// foreign returns the part of an error that says that a path's content is not
// in the tree, nil for other errors.
func foreign(err error) error {
	var outside *Submodule
	var missing *MissingObject
	var kept *pointer
	switch {
	case errors.As(err, &outside):
		return outside
	case errors.As(err, &missing):
		return missing
	case errors.As(err, &kept):
		return kept
	}
	return nil
}

func begin(name string) diag.Position { return diag.Position{File: name, Line: 1, Column: 1} }

func isManifest(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

func isGlob(name string) bool { return strings.ContainsAny(name, "*?[") }
