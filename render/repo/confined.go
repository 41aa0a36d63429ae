package repo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// confined shows a selection's tree to kustomize as a read-only file system
// whose root is "/". What is read counts towards the limits.
type confined struct {
	s    *selection
	read map[string][]byte // what was read, by name
}

var _ filesys.FileSystem = confined{}

var errReadOnly = errors.New("the tree is read-only")

func (confined) Create(string) (filesys.File, error) { return nil, errReadOnly }
func (confined) Mkdir(string) error                  { return errReadOnly }
func (confined) MkdirAll(string) error               { return errReadOnly }
func (confined) RemoveAll(string) error              { return errReadOnly }
func (confined) WriteFile(string, []byte) error      { return errReadOnly }

// inside returns the name in the tree; "/.." is "/", as everywhere.
func inside(name string) string {
	name = strings.TrimPrefix(path.Clean("/"+filepath.ToSlash(name)), "/")
	if name == "" {
		return "."
	}
	return name
}

func (c confined) Open(name string) (filesys.File, error) {
	data, err := c.ReadFile(name)
	if err != nil {
		return nil, err
	}
	info, err := fs.Stat(c.s.fsys, inside(name))
	if err != nil {
		return nil, err
	}
	return &openFile{bytes.NewReader(data), info}, nil
}

type openFile struct {
	*bytes.Reader
	info fs.FileInfo
}

func (f *openFile) Write([]byte) (int, error)  { return 0, errReadOnly }
func (f *openFile) Close() error               { return nil }
func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }

func (c confined) IsDir(name string) bool {
	info, err := fs.Stat(c.s.fsys, inside(name))
	return err == nil && info.IsDir()
}

func (c confined) Exists(name string) bool {
	_, err := fs.Stat(c.s.fsys, inside(name))
	return err == nil
}

func (c confined) ReadDir(name string) ([]string, error) {
	entries, err := fs.ReadDir(c.s.fsys, inside(name))
	var out []string
	for _, entry := range entries {
		out = append(out, entry.Name())
	}
	return out, err
}

// CleanedAbs resolves symlinks, since kustomize's own rule that a kustomization
// reads only files below it is checked on the result.
func (c confined) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	real := c.s.resolve(inside(name))
	info, err := fs.Stat(c.s.fsys, inside(name))
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", inside(name), err)
	}
	absolute := path.Join("/", real)
	if info.IsDir() {
		return filesys.ConfirmedDir(absolute), "", nil
	}
	return filesys.ConfirmedDir(path.Dir(absolute)), path.Base(absolute), nil
}

func (c confined) Glob(pattern string) ([]string, error) {
	names, err := fs.Glob(c.s.fsys, inside(pattern))
	for i, name := range names {
		names[i] = path.Join("/", name)
	}
	return names, err
}

func (c confined) ReadFile(name string) ([]byte, error) {
	name = inside(name)
	if _, err := fs.Stat(c.s.fsys, name); err != nil {
		return nil, err
	}
	info, err := c.s.check(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if !c.s.charge(name, info.Size()) {
		return nil, fmt.Errorf("%s exceeds the limits", name)
	}
	data, err := c.s.content(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	c.read[name] = data
	return data, nil
}

func (c confined) Walk(root string, walkFn filepath.WalkFunc) error {
	return fs.WalkDir(c.s.fsys, inside(root), func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return walkFn(path.Join("/", name), nil, err)
		}
		info, err := entry.Info()
		return walkFn(path.Join("/", name), info, err)
	})
}
