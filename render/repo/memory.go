package repo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// Memory is a read-only file system in memory. Symlinks are followed inside it
// and never out of it. It is safe for concurrent use.
type Memory struct {
	nodes map[string]*node
	bytes int64
}

var (
	_ fs.ReadFileFS = (*Memory)(nil)
	_ fs.ReadDirFS  = (*Memory)(nil)
	_ fs.StatFS     = (*Memory)(nil)
	_ fs.ReadLinkFS = (*Memory)(nil)
)

type nodeKind int

const (
	regular nodeKind = iota
	directory
	symlink
	submodule // a directory whose files are in another repository
)

type node struct {
	kind     nodeKind
	size     int64
	data     []byte
	target   string   // of a symlink
	omitted  string   // why a file has no data
	children []string // of a directory: names, sorted by finish

	object plumbing.Hash // in a commit
	listed bool          // in a commit: children are there
}

func newMemory() *Memory {
	return &Memory{nodes: map[string]*node{".": {kind: directory}}}
}

// add puts a node and the directories above it.
func (m *Memory) add(name string, n *node) error {
	if old := m.nodes[name]; old != nil {
		if old.kind == directory && n.kind == directory {
			return nil
		}
		return fmt.Errorf("the archive has two entries named %q", clip(name))
	}
	m.nodes[name] = n
	dir := path.Dir(name)
	parent := m.nodes[dir]
	if parent == nil {
		parent = &node{kind: directory}
		if err := m.add(dir, parent); err != nil {
			return err
		}
	}
	if parent.kind != directory {
		return fmt.Errorf("the archive has an entry %q below an entry that is not a directory", clip(name))
	}
	parent.children = append(parent.children, path.Base(name))
	return nil
}

// finish sorts directories and lets go of files that only a kustomization above
// them could have used, where there is none.
func (m *Memory) finish() {
	for _, n := range m.nodes {
		slices.Sort(n.children)
	}
	m.prune(".", false)
}

func (m *Memory) prune(dir string, kustomized bool) {
	children := m.nodes[dir].children
	kustomized = kustomized || slices.ContainsFunc(children, isKustomization)
	for _, base := range children {
		name := path.Join(dir, base)
		switch n := m.nodes[name]; {
		case n.kind == directory:
			m.prune(name, kustomized)
		case n.kind == regular && n.omitted == "":
			if !kustomized && !isManifest(name) {
				n.data, n.omitted = nil, "it is not a .yaml, .yml or .json file, and no kustomization is above it"
			}
			m.bytes += int64(len(n.data))
		}
		m.bytes += int64(len(name)) + nodeBytes
	}
}

// nodeBytes is about what a node takes beside its content.
const nodeBytes = 200

// Bytes returns about how much memory the file system takes.
func (m *Memory) Bytes() int64 { return m.bytes }

// Len returns the number of files, directories and links.
func (m *Memory) Len() int { return len(m.nodes) - 1 }

var (
	errEscape = errors.New("the symlink points outside the repository")
	errLoop   = errors.New("too many symlinks")
)

// resolve follows the symlinks of a path, those of its last element if last.
func (m *Memory) resolve(op, name string, last bool) (string, *node, error) {
	// Nodes lie below real directories only: one under this very name has no link above it.
	if n := m.nodes[name]; n != nil && (n.kind != symlink || !last) && fs.ValidPath(name) {
		return name, n, nil
	}
	return resolveLinks(func(name string) (*node, error) { return m.nodes[name], nil }, op, name, last)
}

// resolveLinks follows the symlinks of a path in a tree whose nodes are looked
// up by paths without symlinks; nil is a node that is not there.
func resolveLinks(lookUp func(name string) (*node, error), op, name string, last bool) (string, *node, error) {
	fail := func(err error) (string, *node, error) { return "", nil, &fs.PathError{Op: op, Path: name, Err: err} }
	if !fs.ValidPath(name) {
		return fail(fs.ErrInvalid)
	}
	done, rest := ".", strings.Split(name, "/")
	for hops := 0; len(rest) > 0; {
		element := rest[0]
		rest = rest[1:]
		switch element {
		case ".", "":
			continue
		case "..":
			if done == "." {
				return fail(errEscape)
			}
			done = path.Dir(done)
			continue
		}
		next := path.Join(done, element)
		n, err := lookUp(next)
		switch {
		case err != nil:
			return fail(err)
		case n == nil:
			return fail(fs.ErrNotExist)
		case n.kind != symlink || len(rest) == 0 && !last:
			done = next
			if n.kind == submodule && len(rest) > 0 {
				return fail(&Submodule{next})
			}
			if n.kind != directory && len(rest) > 0 {
				return fail(fs.ErrNotExist)
			}
			continue
		case path.IsAbs(n.target):
			return fail(errEscape)
		}
		if hops++; hops > 40 {
			return fail(errLoop)
		}
		rest = append(strings.Split(n.target, "/"), rest...)
	}
	n, err := lookUp(done)
	if err != nil {
		return fail(err)
	}
	return done, n, nil
}

// Open implements fs.FS.
func (m *Memory) Open(name string) (fs.File, error) {
	info, n, err := m.stat("open", name, true)
	if err != nil {
		return nil, err
	}
	if n.kind == directory {
		entries, err := m.ReadDir(name)
		return &openDir{info, entries}, err
	}
	if n.omitted != "" {
		return nil, omittedError(name, n)
	}
	return &memoryFile{info, bytes.NewReader(n.data)}, nil
}

func omittedError(name string, n *node) error {
	return &fs.PathError{Op: "open", Path: name, Err: errors.New("the file was left out: " + n.omitted)}
}

// ReadFile implements fs.ReadFileFS. The bytes are the caller's own.
func (m *Memory) ReadFile(name string) ([]byte, error) {
	data, err := m.look(name)
	return bytes.Clone(data), err
}

// look returns the content of a file, which must not be changed.
func (m *Memory) look(name string) ([]byte, error) {
	_, n, err := m.resolve("open", name, true)
	switch {
	case err != nil:
		return nil, err
	case n.kind == directory:
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is a directory")}
	case n.omitted != "":
		return nil, omittedError(name, n)
	}
	return n.data, nil
}

// ReadDir implements fs.ReadDirFS.
func (m *Memory) ReadDir(name string) ([]fs.DirEntry, error) {
	real, n, err := m.resolve("readdir", name, true)
	if err != nil {
		return nil, err
	}
	if n.kind != directory {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a directory")}
	}
	out := make([]fs.DirEntry, len(n.children))
	for i, base := range n.children {
		out[i] = fs.FileInfoToDirEntry(memoryInfo{base, m.nodes[path.Join(real, base)]})
	}
	return out, nil
}

// Stat implements fs.StatFS.
func (m *Memory) Stat(name string) (fs.FileInfo, error) {
	info, _, err := m.stat("stat", name, true)
	return info, err
}

// Lstat implements fs.ReadLinkFS.
func (m *Memory) Lstat(name string) (fs.FileInfo, error) {
	info, _, err := m.stat("lstat", name, false)
	return info, err
}

// ReadLink implements fs.ReadLinkFS.
func (m *Memory) ReadLink(name string) (string, error) {
	_, n, err := m.resolve("readlink", name, false)
	if err == nil && n.kind != symlink {
		err = &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	if err != nil {
		return "", err
	}
	return n.target, nil
}

func (m *Memory) stat(op, name string, follow bool) (memoryInfo, *node, error) {
	_, n, err := m.resolve(op, name, follow)
	return memoryInfo{path.Base(name), n}, n, err
}

// memoryInfo is the fs.FileInfo of a node.
type memoryInfo struct {
	name string
	node *node
}

func (i memoryInfo) Name() string       { return i.name }
func (i memoryInfo) Size() int64        { return i.node.size }
func (i memoryInfo) ModTime() time.Time { return time.Time{} }
func (i memoryInfo) IsDir() bool        { return i.node.kind == directory || i.node.kind == submodule }
func (i memoryInfo) Sys() any           { return nil }

func (i memoryInfo) Mode() fs.FileMode {
	switch i.node.kind {
	case directory, submodule:
		return fs.ModeDir | 0o555
	case symlink:
		return fs.ModeSymlink | 0o777
	}
	return 0o444
}

type memoryFile struct {
	memoryInfo
	*bytes.Reader
}

func (f *memoryFile) Stat() (fs.FileInfo, error) { return f.memoryInfo, nil }
func (f *memoryFile) Close() error               { return nil }
func (f *memoryFile) Size() int64                { return f.memoryInfo.Size() }

// openDir is an open directory of any tree.
type openDir struct {
	info    fs.FileInfo
	entries []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }
func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.Name(), Err: errors.New("is a directory")}
}

func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(d.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.entries) {
		n = len(d.entries)
	}
	out := d.entries[:n:n]
	d.entries = d.entries[n:]
	return out, nil
}
