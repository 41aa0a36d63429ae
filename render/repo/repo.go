// Package repo reads files, and is the only package that opens them. A Tree is a
// directory or an fs.FS; Select turns arguments (files, directories, globs, "-")
// into Files, confined to the tree after symlinks are resolved and bounded in
// number and bytes. It never writes, and uses neither the network nor processes.
//
// A directory means every .yaml, .yml and .json file below it that is not
// hidden, by name. A directory with a kustomization file means what kustomize
// builds from it: one met on the way is built and not descended into, unless it
// is a Component or another selected kustomization includes it.
package repo

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/krowave/krowave/render/manifest"
)

// File is a file, standard input, or the build of a kustomization.
type File = manifest.File

// Limits bounds what one Select may read. A zero field means its default.
type Limits struct {
	Files      int   // default 50,000; raised by --max-files
	TotalBytes int64 // default 512 MiB; raised by --max-total-bytes
	FileBytes  int64 // default 32 MiB; raised by --max-file-bytes
}

func (l Limits) withDefaults() Limits {
	if l.Files <= 0 {
		l.Files = 50_000
	}
	if l.TotalBytes <= 0 {
		l.TotalBytes = 512 << 20
	}
	if l.FileBytes <= 0 {
		l.FileBytes = 32 << 20
	}
	return l
}

// Tree is a file tree to select from. Set its fields before the first Select.
type Tree struct {
	Limits Limits
	Stdin  io.Reader // what "-" reads; nil makes "-" an error
	// Streams, if not nil, keeps what streams held, for trees that are asked for the
	// same one: a stream can be read only once.
	Streams *sync.Map

	fsys fs.FS
	root string // absolute path of a Dir, else ""
	work *workTree
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
	return &Tree{fsys: rootFS{r, nested}, root: abs, work: openWorkTree(abs)}, nil
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

func isManifest(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}
