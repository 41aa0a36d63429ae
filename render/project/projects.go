package project

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/repo"
)

// Project is a krowave.yaml and the tree below it, down to the next one. What is
// below none belongs to the project of the tree's root.
type Project struct {
	Dir      string    // from the root of the tree; "." is the root
	Settings *Settings // nil without a krowave.yaml
	Found    diag.List // about the krowave.yaml
	Parent   *Project  // the project around it; nil for that of the root

	exclude []repo.Pattern
}

// File is where the krowave.yaml of the project is or would be.
func (p *Project) File() string { return path.Join(p.Dir, SettingsName) }

// Projects finds the project of any path of a tree. It is not safe for
// concurrent use.
type Projects struct {
	tree    *repo.Tree
	fetches bool
	exclude []repo.Pattern // from the root of the tree, whatever the projects say
	byDir   map[string]*Project
	met     []*Project // in a walk, in its order
}

// Options say how projects are read.
type Options struct {
	// Exclude are patterns, from the root of the tree, of what no walk reads.
	Exclude []string
	// Fetches is set for who can fetch remote definitions. For others they have to
	// be vendored, and are paths then.
	Fetches bool
}

// Open returns the projects of a tree.
func Open(tree *repo.Tree, opts Options) (*Projects, error) {
	out := &Projects{tree: tree, fetches: opts.Fetches, byDir: map[string]*Project{}}
	for _, text := range opts.Exclude {
		p, err := repo.ParsePattern(text)
		if err != nil {
			return nil, err
		}
		out.exclude = append(out.exclude, p)
	}
	return out, nil
}

// Of returns the project of a directory.
func (ps *Projects) Of(dir string) *Project {
	if p := ps.byDir[dir]; p != nil {
		return p
	}
	var parent *Project
	if dir != "." {
		parent = ps.Of(path.Dir(dir))
	}
	p := parent
	if name := path.Join(dir, SettingsName); isFile(ps.tree.FS(), name) || parent == nil {
		p = ps.read(dir, parent)
	}
	ps.byDir[dir] = p
	return p
}

// isFile reports whether a name is that of a file. A symlink that leads nowhere, or
// out of the tree, is one that cannot be read.
func isFile(fsys fs.FS, name string) bool {
	info, err := fs.Lstat(fsys, name)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if info, err = fs.Stat(fsys, name); err != nil {
			return true
		}
	}
	return err == nil && !info.IsDir()
}

// MaxSettingsBytes is the size of the largest krowave.yaml.
const MaxSettingsBytes = 1 << 20

func (ps *Projects) read(dir string, parent *Project) *Project {
	p := &Project{Dir: dir, Parent: parent}
	if !isFile(ps.tree.FS(), p.File()) {
		return p
	}
	at := diag.Position{File: p.File(), Line: 1, Column: 1}
	data, err := repo.ReadFile(ps.tree.FS(), p.File(), MaxSettingsBytes)
	if err != nil {
		p.Settings = &Settings{Dir: dir, Vendor: VendorDir}
		p.Found.Errorf(at, "config", "%s cannot be read: %v", SettingsName, reason(err))
		return p
	}
	p.Settings, p.Found = ReadSettings(p.File(), data)
	if !ps.fetches {
		p.Found = append(p.Found, p.Settings.onlyVendored(ps.tree.FS())...)
	}
	p.named(ps.tree)
	return p
}

// settingsReason is the reason of skipping a krowave.yaml, which is not input.
const settingsReason = "settings"

// Skip says why a walk skips a path, "" if it does not.
func (ps *Projects) Skip(name string, dir bool) string {
	for _, p := range ps.exclude {
		if p.Match(name) {
			return "--exclude"
		}
	}
	for p := ps.Of(path.Dir(name)); p != nil; p = p.Parent {
		below := name
		if p.Dir != "." {
			below = strings.TrimPrefix(name, p.Dir+"/")
		}
		if dir && p.Settings != nil && len(p.Settings.Remotes) > 0 && below == p.Settings.Vendor {
			return "copies of remote definitions"
		}
		for _, pattern := range p.exclude {
			if pattern.Match(below) {
				return fmt.Sprintf("exclude of %s", p.File())
			}
		}
	}
	if !dir && path.Base(name) == SettingsName {
		ps.met = append(ps.met, ps.Of(path.Dir(name)))
		return settingsReason
	}
	return ""
}

// Label is how reports name a project: its directory, "" for that of the root.
func (p *Project) Label() string {
	if p.Dir == "." {
		return ""
	}
	return p.Dir
}
