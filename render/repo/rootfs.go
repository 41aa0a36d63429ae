package repo

import (
	"cmp"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// rootFS is the file system of a directory that symlinks cannot lead out of.
// Unlike os.Root's own it opens files whose names are not UTF-8, under the name
// that printable gives them.
type rootFS struct {
	root   *os.Root
	nested bool // directories with a .git are other repositories, and are not read
}

var (
	_ fs.ReadFileFS = rootFS{}
	_ fs.ReadDirFS  = rootFS{}
	_ fs.StatFS     = rootFS{}
	_ fs.ReadLinkFS = rootFS{}
)

// printable writes each byte of a file name that is not UTF-8 as \xHH, since
// paths of an fs.FS and of messages are UTF-8.
func printable(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	var b strings.Builder
	for len(name) > 0 {
		r, n := utf8.DecodeRuneInString(name)
		if r == utf8.RuneError && n == 1 {
			b.WriteString(`\x` + strconv.FormatUint(uint64(name[0]), 16))
		} else {
			b.WriteString(name[:n])
		}
		name = name[n:]
	}
	return b.String()
}

var escaped = regexp.MustCompile(`\\x[89a-f][0-9a-f]`)

// real returns the name on disk of a printable one.
func (f rootFS) real(op, name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if !strings.Contains(name, `\x`) {
		return name, nil
	}
	if _, err := f.root.Lstat(name); err == nil {
		return name, nil // which has the backslash in its own name
	}
	return escaped.ReplaceAllStringFunc(name, func(s string) string {
		b, _ := strconv.ParseUint(s[2:], 16, 8) // two hexadecimal digits
		return string([]byte{byte(b)})
	}), nil
}

// Open implements fs.FS.
func (f rootFS) Open(name string) (fs.File, error) {
	real, err := f.real("open", name)
	if err != nil {
		return nil, err
	}
	file, err := f.root.Open(real)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// ReadFile implements fs.ReadFileFS.
func (f rootFS) ReadFile(name string) ([]byte, error) {
	real, err := f.real("open", name)
	if err != nil {
		return nil, err
	}
	return f.root.ReadFile(real)
}

// ReadDir implements fs.ReadDirFS.
func (f rootFS) ReadDir(name string) ([]fs.DirEntry, error) {
	real, err := f.real("open", name)
	if err != nil {
		return nil, err
	}
	dir, err := f.root.Open(real)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	for i, e := range entries {
		if f.nested && name != "." && e.Name() == ".git" {
			return nil, &fs.PathError{Op: "readdir", Path: name, Err: &Submodule{name}}
		}
		if !utf8.ValidString(e.Name()) {
			entries[i] = renamed{e, printable(e.Name())}
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, err
}

// Stat implements fs.StatFS.
func (f rootFS) Stat(name string) (fs.FileInfo, error) {
	real, err := f.real("stat", name)
	if err != nil {
		return nil, err
	}
	return look(f.root.Stat, real)
}

// Lstat implements fs.ReadLinkFS.
func (f rootFS) Lstat(name string) (fs.FileInfo, error) {
	real, err := f.real("lstat", name)
	if err != nil {
		return nil, err
	}
	return look(f.root.Lstat, real)
}

// look stats a file and gives it its printable name.
func look(stat func(string) (fs.FileInfo, error), real string) (fs.FileInfo, error) {
	info, err := stat(real)
	if err == nil && !utf8.ValidString(info.Name()) {
		return renamedInfo{info, printable(info.Name())}, nil
	}
	return info, err
}

// ReadLink implements fs.ReadLinkFS.
func (f rootFS) ReadLink(name string) (string, error) {
	real, err := f.real("readlink", name)
	if err != nil {
		return "", err
	}
	target, err := f.root.Readlink(real)
	return printable(target), err
}

// renamed is a directory entry under its printable name.
type renamed struct {
	fs.DirEntry
	name string
}

func (e renamed) Name() string { return e.name }

// renamedInfo is what is known of a file, under its printable name.
type renamedInfo struct {
	fs.FileInfo
	name string
}

func (i renamedInfo) Name() string { return i.name }
