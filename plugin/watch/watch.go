// Package watch reports that files below some directories changed. It follows
// new directories and files that editors replace, and takes many changes in a
// short time, such as those of git checkout, for one. It reads no file.
//
//	w, err := watch.New(roots)
//	for w.Next(ctx) == nil {
//		render()
//	}
package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A change is reported once nothing has changed for quiet, and at the latest
// after longest.
const (
	quiet   = 60 * time.Millisecond
	longest = 2 * time.Second
)

// Watcher watches directories.
type Watcher struct {
	notify *fsnotify.Watcher
	roots  []string
	git    map[string]bool // directories of Git, of which a few files count
	dirs   map[string]bool // that are watched
	err    error           // a directory that could not be watched

	changed map[string]bool // absolute names, since Changes was called
	all     bool            // anything may have changed
}

// New watches all directories below the roots, except those of Git and of
// node_modules. Of Git, it watches what says which revision is checked out.
// Roots are absolute.
func New(roots []string) (*Watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching files: %w", err)
	}
	w := &Watcher{notify: notify, roots: roots, git: map[string]bool{}, dirs: map[string]bool{}, changed: map[string]bool{}}
	for _, root := range roots {
		w.add(root)
		w.addGit(root)
	}
	return w, nil
}

// Err says which directory is not watched, if there is one: a system limits how
// many are.
func (w *Watcher) Err() error { return w.err }

// Close ends watching.
func (w *Watcher) Close() error { return w.notify.Close() }

// add watches a directory and all below it.
func (w *Watcher) add(dir string) {
	// A directory that is gone, or not to be read, is none to watch.
	_ = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && entry != nil && entry.IsDir():
			return fs.SkipDir
		case err != nil || !entry.IsDir():
			return nil
		case name != dir && passes(entry.Name()):
			return fs.SkipDir
		}
		switch err := w.notify.Add(name); {
		case err == nil:
			w.dirs[name] = true
		case w.err == nil && !errors.Is(err, fs.ErrNotExist):
			w.err = fmt.Errorf("%s is not watched: %w", name, err)
		}
		return nil
	})
}

// drop watches a directory no more that is gone or has another name now, nor what
// is below it: its events would come under the old name.
func (w *Watcher) drop(dir string) {
	if !w.dirs[dir] {
		return
	}
	for name := range w.dirs {
		if name == dir || strings.HasPrefix(name, dir+string(filepath.Separator)) {
			_ = w.notify.Remove(name) // which a system may have done already
			delete(w.dirs, name)
		}
	}
}

// Watched returns how many directories are watched, those of Git aside.
func (w *Watcher) Watched() int { return len(w.dirs) }

// Changes returns the absolute names of files and directories that changed since
// it was called last. With all, anything may have changed: another revision was
// checked out, too much happened at once, or some directory is not watched.
func (w *Watcher) Changes() (names []string, all bool) {
	names, all = slices.Sorted(maps.Keys(w.changed)), w.all || w.err != nil
	clear(w.changed)
	w.all = false
	return names, all
}

// passes reports whether a directory holds nothing that is rendered.
func passes(name string) bool { return name == ".git" || name == "node_modules" }

// addGit watches the directory of Git of a work tree.
func (w *Watcher) addGit(root string) {
	dir := filepath.Join(root, ".git")
	if text, err := os.ReadFile(dir); err == nil { // of a linked work tree
		to, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
		if !ok {
			return
		}
		if dir = to; !filepath.IsAbs(dir) {
			dir = filepath.Join(root, dir)
		}
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return
	}
	if err := w.notify.Add(dir); err == nil {
		w.git[dir] = true
	}
}

// Next waits for a change, and then until nothing changes any more. It returns
// an error when the context ends or the watcher is closed.
func (w *Watcher) Next(ctx context.Context) error {
	var settled, late <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case event, ok := <-w.notify.Events:
			if !ok {
				return fsnotify.ErrClosed
			}
			if !w.counts(event) {
				continue
			}
		case err, ok := <-w.notify.Errors:
			if !ok {
				return fsnotify.ErrClosed
			}
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				continue
			}
			w.all = true
			for _, root := range w.roots { // what was missed may be a new directory
				w.add(root)
			}
		case <-settled:
			if !w.busy() {
				return nil
			}
		case <-late:
			return nil
		}
		settled = time.After(quiet)
		if late == nil {
			late = time.After(longest)
		}
	}
}

// counts reports whether an event is about a file that may be rendered, and
// watches new directories.
func (w *Watcher) counts(event fsnotify.Event) bool {
	dir, name := filepath.Split(event.Name)
	if w.git[filepath.Clean(dir)] {
		switch name {
		case "HEAD", "packed-refs", "FETCH_HEAD", "ORIG_HEAD", "COMMIT_EDITMSG":
			w.all = true
			return true
		}
		return false
	}
	w.changed[event.Name] = true
	if event.Op == fsnotify.Chmod || passes(name) {
		return false
	}
	if event.Has(fsnotify.Rename) || event.Has(fsnotify.Remove) {
		w.drop(event.Name)
	}
	if event.Has(fsnotify.Create) {
		if info, err := os.Lstat(event.Name); err == nil && info.IsDir() {
			w.add(event.Name)
		}
	}
	return true
}

// busy reports whether Git is writing to a work tree.
func (w *Watcher) busy() bool {
	for dir := range w.git {
		if _, err := os.Stat(filepath.Join(dir, "index.lock")); err == nil {
			return true
		}
	}
	return false
}
