package repo

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// Kept remembers what was read below some directories, for a program that reads
// the same files again and again and is told which ones change. It is safe for
// concurrent use, and what it gives must not be changed.
type Kept struct {
	roots   []string // absolute
	mu      sync.Mutex
	told    int // how often Forget was called
	reads   int
	entries map[keptName]*keptEntry
}

// keptName is what somebody asked for.
type keptName struct {
	nested bool // of a directory: as WorkTree reads it
	name   string
	asked  byte
}

const (
	askStat, askLstat, askDir, askFile = 's', 'l', 'd', 'f'
)

// keptEntry is an answer.
type keptEntry struct {
	info    fs.FileInfo
	entries []fs.DirEntry
	data    []byte
	missing error
}

// NewKept remembers what is below directories, of which each change is told.
// They are absolute.
func NewKept(roots []string) *Kept {
	return &Kept{roots: roots, entries: map[keptName]*keptEntry{}}
}

// Forget lets go of files and directories that may have changed, by their absolute
// names, and of all below them; with all, of everything.
func (k *Kept) Forget(names []string, all bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.told++
	// And some file systems write letters beyond ASCII in another way than they were told.
	if all || slices.ContainsFunc(names, func(name string) bool {
		return strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII })
	}) {
		clear(k.entries)
		return
	}
	gone, listed := map[string]bool{}, map[string]bool{}
	for _, name := range names {
		name = strings.ToLower(filepath.Clean(name))
		gone[name], listed[filepath.Dir(name)] = true, true
	}
	for entry := range k.entries {
		// Some file systems take names in any case for the same.
		name := strings.ToLower(entry.name)
		if entry.asked == askDir && listed[name] || within(name, gone) {
			delete(k.entries, entry)
		}
	}
}

// within reports whether a name is among others or below one.
func within(name string, of map[string]bool) bool {
	for !of[name] {
		above := filepath.Dir(name)
		if above == name {
			return false
		}
		name = above
	}
	return true
}

// Reads returns how often something was looked up that was not remembered.
func (k *Kept) Reads() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.reads
}

// Keep makes a tree of Dir or WorkTree answer from what is remembered. It does
// nothing for a tree that is not below one of the directories.
func (t *Tree) Keep(k *Kept) {
	below, ok := t.fsys.(rootFS)
	if k == nil || !ok {
		return
	}
	for _, root := range k.roots {
		if rel, err := filepath.Rel(root, t.root); err == nil && filepath.IsLocal(rel) {
			t.fsys = keptFS{below, t.root, k}
			return
		}
	}
}

// keptFS is the file system of a directory that is remembered. What is behind a
// symlink is not, since a change of it has another name; nor is what nobody
// watches.
type keptFS struct {
	rootFS
	dir  string // absolute
	kept *Kept
}

var (
	_ fs.ReadFileFS = keptFS{}
	_ fs.ReadDirFS  = keptFS{}
	_ fs.StatFS     = keptFS{}
	_ fs.ReadLinkFS = keptFS{}
)

// ReadFile implements fs.ReadFileFS.
func (f keptFS) ReadFile(name string) ([]byte, error) {
	e, err := f.plain(name, askFile, func() (e keptEntry, err error) {
		e.data, err = f.rootFS.ReadFile(name)
		return e, err
	})
	return e.data, err
}

// ReadDir implements fs.ReadDirFS.
func (f keptFS) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := f.plain(name, askDir, func() (e keptEntry, err error) {
		e.entries, err = f.rootFS.ReadDir(name)
		return e, err
	})
	return slices.Clone(e.entries), err
}

// Stat implements fs.StatFS.
func (f keptFS) Stat(name string) (fs.FileInfo, error) {
	e, err := f.plain(name, askStat, func() (e keptEntry, err error) {
		e.info, err = f.rootFS.Stat(name)
		return e, err
	})
	return e.info, err
}

// Lstat implements fs.ReadLinkFS.
func (f keptFS) Lstat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) || unwatched(name) || name != "." && !f.isPlain(path.Dir(name)) {
		return f.rootFS.Lstat(name)
	}
	return f.lstat(name)
}

func (f keptFS) lstat(name string) (fs.FileInfo, error) {
	e, err := f.ask(name, askLstat, func() (e keptEntry, err error) {
		e.info, err = f.rootFS.Lstat(name)
		return e, err
	})
	return e.info, err
}

// unwatched reports whether a name is in a directory that a watcher passes over.
func unwatched(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == ".git" || part == "node_modules" {
			return true
		}
	}
	return false
}

// isPlain reports whether a name is there, or not, without a symlink on the way.
func (f keptFS) isPlain(name string) bool {
	if name != "." && !f.isPlain(path.Dir(name)) {
		return false
	}
	info, err := f.lstat(name)
	return err == nil && info.Mode()&fs.ModeSymlink == 0 || errors.Is(err, fs.ErrNotExist)
}

// plain asks for something that is remembered if no symlink is on the way to it.
func (f keptFS) plain(name string, asked byte, read func() (keptEntry, error)) (keptEntry, error) {
	if !fs.ValidPath(name) || unwatched(name) || !f.isPlain(name) {
		return read()
	}
	return f.ask(name, asked, read)
}

// ask answers from what is remembered, and remembers. Of errors, only that
// nothing is there is remembered.
func (f keptFS) ask(name string, asked byte, read func() (keptEntry, error)) (keptEntry, error) {
	key := keptName{f.nested && asked == askDir, filepath.Join(f.dir, filepath.FromSlash(name)), asked}
	f.kept.mu.Lock()
	known, told := f.kept.entries[key], f.kept.told
	if known == nil {
		f.kept.reads++
	}
	f.kept.mu.Unlock()
	if known != nil {
		return *known, known.missing
	}
	e, err := read()
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		e.missing = err
		f.kept.mu.Lock()
		if f.kept.told == told { // else it may be what was there before
			f.kept.entries[key] = &e
		}
		f.kept.mu.Unlock()
	}
	return e, err
}
