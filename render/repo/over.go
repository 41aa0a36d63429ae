package repo

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Over makes the tree read texts in place of its files, by their names, and as
// files that are not there yet: an editor has text that nobody saved.
func (t *Tree) Over(texts map[string][]byte) {
	if len(texts) > 0 {
		t.fsys = overFS{t.fsys, texts}
	}
}

// overFS is a file system with other texts for some files.
type overFS struct {
	below fs.FS
	texts map[string][]byte
}

var (
	_ fs.ReadFileFS = overFS{}
	_ fs.ReadDirFS  = overFS{}
	_ fs.StatFS     = overFS{}
	_ fs.ReadLinkFS = overFS{}
)

// Open implements fs.FS.
func (f overFS) Open(name string) (fs.File, error) {
	if text, ok := f.texts[name]; ok {
		return &overlaidFile{Reader: bytes.NewReader(text), info: overlaid{name: name, size: len(text)}}, nil
	}
	if info, err := f.Stat(name); err == nil && info.IsDir() {
		entries, err := f.ReadDir(name)
		return &openDir{info, entries}, err
	}
	return f.below.Open(name)
}

// ReadFile implements fs.ReadFileFS.
func (f overFS) ReadFile(name string) ([]byte, error) {
	if text, ok := f.texts[name]; ok {
		return bytes.Clone(text), nil
	}
	return fs.ReadFile(f.below, name)
}

// ReadDir implements fs.ReadDirFS.
func (f overFS) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(f.below, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return entries, err
	}
	found := false
	for file, text := range f.texts {
		at, ok := below(name, file)
		if !ok {
			continue
		}
		found = true
		own := fs.FileInfoToDirEntry(overlaid{name: at, size: len(text)})
		if dir, _, deeper := strings.Cut(at, "/"); deeper {
			own = fs.FileInfoToDirEntry(overlaid{name: dir, dir: true})
		}
		same := func(e fs.DirEntry) bool { return e.Name() == own.Name() }
		switch i := slices.IndexFunc(entries, same); {
		case i < 0:
			entries = append(entries, own)
		case !own.IsDir():
			entries[i] = own
		}
	}
	if found {
		err = nil
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, err
}

// below returns the name of a file from a directory above it.
func below(dir, file string) (string, bool) {
	if dir == "." {
		return file, true
	}
	return strings.CutPrefix(file, dir+"/")
}

// Stat implements fs.StatFS.
func (f overFS) Stat(name string) (fs.FileInfo, error) { return f.look(name, fs.Stat) }

// Lstat implements fs.ReadLinkFS.
func (f overFS) Lstat(name string) (fs.FileInfo, error) { return f.look(name, fs.Lstat) }

func (f overFS) look(name string, stat func(fs.FS, string) (fs.FileInfo, error)) (fs.FileInfo, error) {
	if text, ok := f.texts[name]; ok {
		return overlaid{name: name, size: len(text)}, nil
	}
	info, err := stat(f.below, name)
	if errors.Is(err, fs.ErrNotExist) {
		for file := range f.texts {
			if _, ok := below(name, file); ok {
				return overlaid{name: name, dir: true}, nil
			}
		}
	}
	return info, err
}

// ReadLink implements fs.ReadLinkFS.
func (f overFS) ReadLink(name string) (string, error) { return fs.ReadLink(f.below, name) }

// overlaid is what is known of a file whose text is another, or of a directory
// that only such a file is in.
type overlaid struct {
	name string
	size int
	dir  bool
}

func (i overlaid) Name() string     { return path.Base(i.name) }
func (i overlaid) Size() int64      { return int64(i.size) }
func (overlaid) ModTime() time.Time { return time.Time{} }
func (i overlaid) IsDir() bool      { return i.dir }
func (overlaid) Sys() any           { return nil }

func (i overlaid) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

// overlaidFile is such a file, opened.
type overlaidFile struct {
	*bytes.Reader
	info overlaid
}

func (f *overlaidFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (*overlaidFile) Close() error                 { return nil }
