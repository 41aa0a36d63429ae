package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Ignored is the reason of skipping what Git ignores.
const Ignored = ".gitignore"

// walk collects the files below a directory. A directory that a symlink leads
// to is entered once, however many names it has.
type walk struct {
	s       *selection
	match   func(name string) bool // nil takes all manifests
	visited map[string]bool
	any     bool // something was there, picked before or not
	strict  bool // the directory that was named is ignored itself, so that nothing else is
}

func (s *selection) walk() walk { return walk{s: s, visited: map[string]bool{}} }

// begin walks a directory that somebody named.
func (w *walk) begin(dir string) {
	w.strict = dir != "." && w.ignored(dir)
	w.directory(dir)
	w.absent(dir)
}

// ignored reports whether Git ignores a directory or one above it.
func (w *walk) ignored(dir string) bool {
	for ; dir != "."; dir = path.Dir(dir) {
		if w.s.tree.work.ignores(dir, true) {
			return true
		}
	}
	return false
}

// absent reports what a sparse checkout leaves out below a directory.
func (w *walk) absent(dir string) {
	var first string
	count := 0
	for _, name := range w.s.tree.work.absent(w.s.fsys, dir) {
		if ext := path.Ext(name); ext != "" && !isManifest(name) || w.match != nil && ext != "" && !w.match(name) {
			continue
		}
		if count++; count == 1 {
			first = name
		}
		w.s.out.Unread = append(w.s.out.Unread, name)
	}
	if count > 0 && !w.s.req.Lookup {
		w.s.out.Found.Errorf(begin(first), "sparse-checkout", "%s", outsideOfSparse(count))
	}
}

// outsideOfSparse says that a file, and maybe more, is not checked out.
func outsideOfSparse(count int) string {
	if count == 1 {
		return "this tracked file or directory is outside the sparse checkout and is not read; " +
			"add it with git sparse-checkout add, or name only paths that are checked out"
	}
	return fmt.Sprintf("this and %d more tracked files or directories are outside the sparse checkout and are not read; "+
		"add them with git sparse-checkout add, or name only paths that are checked out", count-1)
}

// kustomization returns the name of the kustomization file that counts in a
// directory, "" for none.
func (w *walk) kustomization(dir string) string {
	if w.s.req.Search {
		return ""
	}
	return w.s.kustomization(dir)
}

// maxLevels is how deep directories may be nested: finding out where a path leads
// costs a step for each level.
const maxLevels = 100

func (w *walk) directory(dir string) {
	if w.s.ctx.Err() != nil {
		return
	}
	if strings.Count(dir, "/") >= maxLevels {
		w.any = true
		w.s.report(dir, &problem{rule: "limit-depth", text: fmt.Sprintf("directories are nested more than %d deep; move them, or exclude them with exclude in krowave.yaml or --exclude", maxLevels)})
		w.s.out.Unread = append(w.s.out.Unread, dir)
		return
	}
	if !w.s.req.Search { // which follows no link
		real := w.s.resolve(dir)
		if w.visited[real] {
			return
		}
		w.visited[real] = true
	}
	if k := w.kustomization(dir); k != "" && (w.match == nil || w.match(path.Join(dir, k))) {
		w.any = true
		w.s.pick(pick{name: dir, kustomize: true, walked: true})
		return
	}
	entries, err := fs.ReadDir(w.s.fsys, dir)
	if err != nil {
		w.s.report(dir, w.s.unreadable(dir, err))
		w.s.out.Unread = append(w.s.out.Unread, dir)
		return
	}
	if len(entries) == 0 && w.s.tree.work.submodule(dir) {
		w.s.report(dir, &problem{rule: "git-submodule", text: "the submodule is not checked out; run git submodule update --init", warning: w.s.req.Lookup})
		w.s.out.Unread = append(w.s.out.Unread, dir)
		return
	}
	chart := isChart(entries)
	// Real directories go first, so that a link never takes their place.
	var links []string
	for _, entry := range entries { // fs.ReadDir sorts
		name := path.Join(dir, entry.Name())
		isDir := entry.IsDir()
		switch {
		case strings.HasPrefix(entry.Name(), "."):
		case !isDir && entry.Type()&fs.ModeSymlink == 0 && !w.takes(name):
		case w.passes(name, isDir, chart):
		case entry.Type()&fs.ModeSymlink != 0:
			if !w.s.req.Search {
				links = append(links, name)
			}
		case isDir:
			w.directory(name)
		case entry.Type().IsRegular():
			w.any = true
			w.s.pick(pick{name: name, walked: true})
		default:
			w.file(name)
		}
	}
	for _, name := range links {
		w.link(name)
	}
}

// passes skips what is not looked at, and says why.
func (w *walk) passes(name string, dir, chart bool) bool {
	reason := ""
	switch base := path.Base(name); {
	case chart && chartPart(base, dir, w.s.req.Lookup):
		reason = "part of a Helm chart"
	case !w.strict && w.s.tree.work.ignores(name, dir):
		reason = Ignored
	case w.s.req.Skip != nil:
		reason = w.s.req.Skip(name, dir)
	}
	if reason != "" {
		w.s.pass(name, dir, reason)
	}
	return reason != ""
}

func isChart(entries []fs.DirEntry) bool {
	for _, e := range entries {
		if e.Name() == "Chart.yaml" && !e.IsDir() {
			return true
		}
	}
	return false
}

// chartPart reports whether Helm gives a name in a chart's directory a meaning.
// CRDs of a chart are plain, and found by a lookup.
func chartPart(base string, dir, lookup bool) bool {
	switch {
	case dir:
		return base == "templates" || base == "charts" || base == "crds" && !lookup
	case base == "Chart.yaml":
		return true
	}
	return strings.HasPrefix(base, "values") && isManifest(base)
}

func (w *walk) link(name string) {
	info, err := fs.Stat(w.s.fsys, name)
	switch {
	case err != nil && (w.match == nil || w.match(name)):
		w.any = true
		w.s.report(name, w.s.unreadable(name, err))
		w.s.out.Unread = append(w.s.out.Unread, name)
	case err == nil && info.IsDir():
		w.directory(name)
	case err == nil && w.takes(name):
		w.file(name)
	}
}

// takes reports whether a file is of the kind that the walk looks for.
func (w *walk) takes(name string) bool {
	return isManifest(name) && !isKustomization(path.Base(name)) && (w.match == nil || w.match(name))
}

// file picks a file. One that is not a regular file, such as a device, was not named.
func (w *walk) file(name string) {
	w.any = true
	info, err := fs.Stat(w.s.fsys, name)
	if err == nil && !info.Mode().IsRegular() {
		w.s.pass(name, false, "not a regular file")
		return
	}
	w.s.pick(pick{name: name, walked: true})
}

// resolve returns the name of a directory without symlinks, as far as the file
// system can tell.
func (s *selection) resolve(name string) string {
	done := "."
	rest := strings.Split(name, "/")
	for hops := 0; len(rest) > 0 && hops < 255; {
		next := path.Join(done, rest[0])
		rest = rest[1:]
		info, err := fs.Lstat(s.fsys, next)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		target, err := fs.ReadLink(s.fsys, next)
		if err != nil {
			return name
		}
		hops++
		rest = append(strings.Split(target, "/"), rest...)
	}
	return done
}

// missingModule reports whether a directory is a submodule of which nothing is
// here.
func (s *selection) missingModule(dir string) bool {
	if !s.tree.work.submodule(dir) {
		return false
	}
	entries, err := fs.ReadDir(s.fsys, dir)
	return err == nil && len(entries) == 0 || errors.Is(err, fs.ErrNotExist)
}
