package repo

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Pattern is a glob: path.Match for each element of a path, and ** for any
// number of directories.
type Pattern struct{ elements []string }

// ParsePattern reads a pattern with slashes.
func ParsePattern(text string) (Pattern, error) {
	clean := path.Clean(text)
	if _, err := path.Match(strings.ReplaceAll(clean, "**", "*"), ""); err != nil {
		return Pattern{}, fmt.Errorf("%s: malformed pattern", text)
	}
	var elements []string
	for _, e := range strings.Split(clean, "/") {
		if e != "**" || len(elements) == 0 || elements[len(elements)-1] != "**" {
			elements = append(elements, e)
		}
	}
	return Pattern{elements}, nil
}

// Match reports whether the pattern matches a path. It takes at most as many
// steps as the product of their lengths, since only the last ** is ever tried
// again.
func (p Pattern) Match(name string) bool { return p.match(strings.Split(name, "/")) }

// Covers reports whether the pattern matches a path or a directory above it.
func (p Pattern) Covers(name string) bool {
	elements := strings.Split(name, "/")
	for i := range elements {
		if p.match(elements[:i+1]) {
			return true
		}
	}
	return false
}

func (p Pattern) match(name []string) bool {
	pattern := p.elements
	at, star, resume := 0, -1, 0 // of the pattern; its last **, and where that goes on in the name
	for i := 0; i < len(name); {
		switch {
		case at < len(pattern) && pattern[at] == "**":
			star, resume = at, i
			at++
		case at < len(pattern) && matchElement(pattern[at], name[i]):
			at++
			i++
		case star >= 0:
			resume++
			at, i = star+1, resume
		default:
			return false
		}
	}
	for at < len(pattern) && pattern[at] == "**" {
		at++
	}
	return at == len(pattern)
}

func matchElement(pattern, name string) bool {
	ok, _ := path.Match(pattern, name)
	return ok
}

func isGlob(name string) bool { return strings.ContainsAny(name, "*?[") }

// glob picks what a pattern matches. A matched directory is read as if it were
// named.
func (s *selection) glob(arg, text string) error {
	pattern, err := ParsePattern(text)
	if err != nil {
		return fmt.Errorf("%s: malformed pattern", arg)
	}
	elements := pattern.elements
	base := 0
	for base < len(elements)-1 && !isGlob(elements[base]) {
		base++
	}
	root := path.Join(append([]string{"."}, elements[:base]...)...)
	if info, err := fs.Stat(s.fsys, root); err != nil || !info.IsDir() {
		return nothing(arg + " matches nothing")
	}
	w := s.walk()
	w.match = pattern.Match
	found := s.globDirectories(elements, root)
	for _, dir := range found {
		if err := s.directory(dir); err != nil {
			return err
		}
	}
	before := len(s.out.Found)
	w.begin(root)
	if len(found) == 0 && !w.any && len(s.out.Found) == before && s.ctx.Err() == nil {
		return nothing(arg + " matches nothing")
	}
	return nil
}

// globDirectories returns the directories that a pattern without ** matches.
func (s *selection) globDirectories(elements []string, root string) []string {
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
			if s.ctx.Err() != nil {
				return nil
			}
			entries, _ := fs.ReadDir(s.fsys, dir)
			for _, entry := range entries {
				name := path.Join(dir, entry.Name())
				if !matchElement(elements[depth], entry.Name()) || strings.HasPrefix(entry.Name(), ".") {
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
