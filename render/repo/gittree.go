package repo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// Tree returns the files of the revision. Nothing is checked out: directories
// and files are read from the repository's objects when they are asked for, as
// they were committed, without a change of line ends. Symlinks are followed
// inside the tree, and never out of it. Absolute arguments start from root, the
// directory that the revision stands for.
func (v *Revision) Tree(root string) *Tree {
	return &Tree{root: root, fsys: &commitFS{
		repository: v.repository,
		nodes:      map[string]*node{".": {kind: directory, object: v.commit.tree}},
	}}
}

// commitFS is the file system of a commit. It is safe for concurrent use.
type commitFS struct {
	repository *Repository

	mu    sync.Mutex
	nodes map[string]*node // what was looked at so far
	lost  error            // the first *MissingObject
}

var (
	_ fs.ReadFileFS = (*commitFS)(nil)
	_ fs.ReadDirFS  = (*commitFS)(nil)
	_ fs.StatFS     = (*commitFS)(nil)
	_ fs.ReadLinkFS = (*commitFS)(nil)
)

// Submodule is the error of a path below one: its files are those of another
// repository.
type Submodule struct{ Name string }

func (e *Submodule) Error() string {
	return e.Name + " is a Git submodule, whose files are in another repository and are not read; copy what is needed into this one"
}

// pointer is the error of a file that is kept in Git LFS.
type pointer struct{}

func (e *pointer) Error() string {
	return "the file is kept in Git LFS and its content is not in the clone; run git lfs fetch --all"
}

func (c *commitFS) fail(err error) error {
	var missing *MissingObject
	if errors.As(err, &missing) {
		c.mu.Lock()
		if c.lost == nil {
			c.lost = err
		}
		c.mu.Unlock()
	}
	return err
}

// node returns what is at a path that has no symlinks in it, nil for nothing.
func (c *commitFS) node(name string) (*node, error) {
	c.mu.Lock()
	n := c.nodes[name]
	c.mu.Unlock()
	if n != nil {
		return n, nil
	}
	dir := path.Dir(name)
	parent, err := c.node(dir)
	if parent == nil || err != nil {
		return nil, err
	}
	if err := c.list(dir, parent); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nodes[name], nil
}

// list reads the entries of a directory, once.
func (c *commitFS) list(name string, dir *node) error {
	switch {
	case dir.kind == submodule:
		return &Submodule{name}
	case dir.kind != directory:
		return nil
	}
	c.mu.Lock()
	done := dir.listed
	c.mu.Unlock()
	if done {
		return nil
	}
	data, err := c.repository.object(plumbing.TreeObject, dir.object)
	if err != nil {
		return c.fail(err)
	}
	entries, err := treeEntries(data)
	if err != nil {
		return fmt.Errorf("reading Git tree %s of %s: %w", dir.object, name, err)
	}
	for i := range entries {
		if n := entries[i].node; n.kind == symlink {
			target, err := c.repository.blob(n.object)
			if err != nil {
				return c.fail(err)
			}
			n.target, n.size = printable(string(target)), int64(len(target))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if dir.listed {
		return nil
	}
	for _, e := range entries {
		dir.children = append(dir.children, e.name)
		c.nodes[path.Join(name, e.name)] = e.node
	}
	slices.Sort(dir.children)
	dir.listed = true
	return nil
}

// treeEntry is an entry of a Git tree.
type treeEntry struct {
	name string
	node *node
}

// treeEntries decodes a tree: mode, space, name, NUL and hash, again and again.
func treeEntries(data []byte) ([]treeEntry, error) {
	var out []treeEntry
	for len(data) > 0 {
		mode, rest, ok := bytes.Cut(data, []byte{' '})
		name, rest, ok2 := bytes.Cut(rest, []byte{0})
		var hash plumbing.Hash
		if !ok || !ok2 || len(rest) < len(hash) {
			return nil, errors.New("malformed")
		}
		if s := string(name); s == "" || s == "." || s == ".." || strings.Contains(s, "/") {
			return nil, fmt.Errorf("an entry has the name %q", s)
		}
		data = rest[copy(hash[:], rest):]
		m, err := filemode.New(string(mode))
		if err != nil {
			return nil, fmt.Errorf("mode %q: %w", mode, err)
		}
		n := &node{kind: regular, size: -1, object: hash}
		switch {
		case m == filemode.Dir:
			n.kind = directory
		case m == filemode.Symlink:
			n.kind = symlink
		case m == filemode.Submodule:
			n.kind = submodule
		}
		out = append(out, treeEntry{printable(string(name)), n})
	}
	return out, nil
}

func (c *commitFS) resolve(op, name string, last bool) (string, *node, error) {
	return resolveLinks(c.node, op, name, last)
}

func (c *commitFS) stat(op, name string, last bool) (commitInfo, error) {
	_, n, err := c.resolve(op, name, last)
	if err == nil && n.kind == regular {
		if _, err = c.size(n); err != nil {
			err = &fs.PathError{Op: op, Path: name, Err: err}
		}
	}
	return commitInfo{memoryInfo{path.Base(name), n}, c}, err
}

// size returns the size of a file, which is looked up when it is asked for.
func (c *commitFS) size(n *node) (int64, error) {
	c.mu.Lock()
	size := n.size
	c.mu.Unlock()
	if size >= 0 || n.kind != regular {
		return max(size, 0), nil
	}
	size, err := c.repository.size(n.object)
	if err != nil {
		return 0, c.fail(err)
	}
	c.mu.Lock()
	n.size = size
	c.mu.Unlock()
	return size, nil
}

// Open implements fs.FS.
func (c *commitFS) Open(name string) (fs.File, error) {
	info, err := c.stat("open", name, true)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		entries, err := c.ReadDir(name)
		return &openDir{info, entries}, err
	}
	data, err := c.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return &openFile{bytes.NewReader(data), info}, nil
}

// ReadFile implements fs.ReadFileFS. The bytes are the caller's own.
func (c *commitFS) ReadFile(name string) ([]byte, error) {
	_, n, err := c.resolve("open", name, true)
	if err != nil {
		return nil, err
	}
	if n.kind != regular {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is a directory")}
	}
	data, err := c.repository.blob(n.object)
	if err == nil {
		data, err = c.repository.smudged(data)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: c.fail(err)}
	}
	return bytes.Clone(data), nil
}

// ReadDir implements fs.ReadDirFS.
func (c *commitFS) ReadDir(name string) ([]fs.DirEntry, error) {
	real, n, err := c.resolve("readdir", name, true)
	if err == nil && n.kind == regular {
		err = errors.New("not a directory")
	}
	if err == nil {
		err = c.list(real, n)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	out := make([]fs.DirEntry, len(n.children))
	for i, base := range n.children {
		child, err := c.node(path.Join(real, base))
		if err != nil {
			return nil, err
		}
		out[i] = fs.FileInfoToDirEntry(commitInfo{memoryInfo{base, child}, c})
	}
	return out, nil
}

// Stat implements fs.StatFS.
func (c *commitFS) Stat(name string) (fs.FileInfo, error) {
	info, err := c.stat("stat", name, true)
	if err != nil {
		return nil, err
	}
	return info, nil
}

// Lstat implements fs.ReadLinkFS.
func (c *commitFS) Lstat(name string) (fs.FileInfo, error) {
	info, err := c.stat("lstat", name, false)
	if err != nil {
		return nil, err
	}
	return info, nil
}

// ReadLink implements fs.ReadLinkFS.
func (c *commitFS) ReadLink(name string) (string, error) {
	_, n, err := c.resolve("readlink", name, false)
	if err == nil && n.kind != symlink {
		err = &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	if err != nil {
		return "", err
	}
	return n.target, nil
}

// commitInfo is the fs.FileInfo of a node whose size is looked up late.
type commitInfo struct {
	memoryInfo
	fsys *commitFS
}

func (i commitInfo) Size() int64 {
	size, _ := i.fsys.size(i.node) // remembered as lost
	return size
}
