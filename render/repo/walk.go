package repo

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// walk collects the files below a directory. A directory that a symlink leads
// to is entered once, however many names it has.
type walk struct {
	s       *selection
	match   func(name string) bool // nil takes all manifests
	visited map[string]bool
	any     bool // something was there, picked before or not
}

func (w *walk) directory(dir string) {
	real := w.s.resolve(dir)
	if w.visited[real] {
		return
	}
	w.visited[real] = true
	if k := w.s.kustomization(dir); k != "" && (w.match == nil || w.match(path.Join(dir, k))) {
		w.any = true
		w.s.pick(pick{name: dir, kustomize: true, walked: true})
		return
	}
	entries, err := fs.ReadDir(w.s.fsys, dir)
	if err != nil {
		w.s.unreadable(dir, err)
		return
	}
	// Real directories go first, so that a link never takes their place.
	var links []string
	for _, entry := range entries { // fs.ReadDir sorts
		name := path.Join(dir, entry.Name())
		switch {
		case strings.HasPrefix(entry.Name(), "."):
		case entry.Type()&fs.ModeSymlink != 0:
			links = append(links, name)
		case entry.IsDir():
			w.directory(name)
		default:
			w.file(name)
		}
	}
	for _, name := range links {
		w.link(name)
	}
}

func (w *walk) link(name string) {
	info, err := fs.Stat(w.s.fsys, name)
	switch {
	case err != nil && (w.match == nil || w.match(name)):
		w.any = true
		w.s.unreadable(name, err)
	case err == nil && info.IsDir():
		w.directory(name)
	case err == nil:
		w.file(name)
	}
}

func (w *walk) file(name string) {
	if !isManifest(name) || isKustomization(path.Base(name)) || w.match != nil && !w.match(name) {
		return
	}
	w.any = true
	w.s.pick(pick{name: name})
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

// glob picks what a pattern matches: path.Match for each element, and ** for
// any number of directories. A matched directory is read as if it were named.
func (s *selection) glob(arg, pattern string) error {
	if _, err := path.Match(strings.ReplaceAll(pattern, "**", "*"), ""); err != nil {
		return fmt.Errorf("%s: malformed pattern", arg)
	}
	elements := strings.Split(pattern, "/")
	base := 0
	for base < len(elements)-1 && !isGlob(elements[base]) {
		base++
	}
	root := path.Join(append([]string{"."}, elements[:base]...)...)
	if info, err := fs.Stat(s.fsys, root); err != nil || !info.IsDir() {
		return fmt.Errorf("%s matches nothing", arg)
	}
	w := walk{s: s, visited: map[string]bool{}}
	w.match = func(name string) bool { return matches(elements, strings.Split(name, "/")) }
	found := s.globDirectories(elements, root, w.match)
	for _, dir := range found {
		if err := s.directory(dir); err != nil {
			return err
		}
	}
	before := len(s.found)
	w.directory(root)
	if len(found) == 0 && !w.any && len(s.found) == before {
		return fmt.Errorf("%s matches nothing", arg)
	}
	return nil
}

// globDirectories returns the directories that a pattern without ** matches.
func (s *selection) globDirectories(elements []string, root string, match func(string) bool) []string {
	for _, e := range elements {
		if e == "**" {
			return nil
		}
	}
	dirs := []string{root}
	depth := 0
	if root != "." {
		depth = strings.Count(root, "/") + 1
	}
	for ; depth < len(elements); depth++ {
		var next []string
		for _, dir := range dirs {
			entries, _ := fs.ReadDir(s.fsys, dir)
			for _, entry := range entries {
				name := path.Join(dir, entry.Name())
				if ok, _ := path.Match(elements[depth], entry.Name()); !ok || strings.HasPrefix(entry.Name(), ".") {
					continue
				}
				if info, err := fs.Stat(s.fsys, name); err == nil && info.IsDir() {
					next = append(next, name)
				}
			}
		}
		dirs = next
	}
	return dirs
}

func matches(pattern, name []string) bool {
	if len(pattern) == 0 {
		return len(name) == 0
	}
	if pattern[0] == "**" {
		for i := range len(name) + 1 {
			if matches(pattern[1:], name[i:]) {
				return true
			}
		}
		return false
	}
	if len(name) == 0 {
		return false
	}
	ok, _ := path.Match(pattern[0], name[0])
	return ok && matches(pattern[1:], name[1:])
}
