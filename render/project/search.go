package project

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/outline"
	"github.com/krowave/krowave/render/repo"
)

// Search finds the definitions that a project's files need and that nothing
// names: those of the project itself, and what it lacks of the project around
// it, and so on up to the root of the tree. It never takes those of another
// project: an object whose kind only such a one defines is a finding.
type Search struct {
	Finder *Finder
	Limits manifest.Limits
	// Every takes all definitions that the project sees, needed or not.
	Every bool
}

// Searches reports whether definitions are looked for that nothing names: the
// files hold none, or there are projects around that may define what they lack.
func (p Part) Searches(limits manifest.Limits) bool {
	return p.Project.Parent != nil || !Define(p.Files, limits)
}

// Found is the result of a Search.
type Found struct {
	Definitions []repo.File          // that the files need; what they define themselves is not among them
	Others      []outline.Definition // that the project sees as well, and its files do not need
	Unread      []outline.Unread     // that may hold definitions
	Diagnostics diag.List
}

// For returns the definitions for a part.
func (s Search) For(ctx context.Context, part Part) (Found, error) {
	if !s.Every && !slices.ContainsFunc(part.Files, holdsInstances) {
		return Found{}, nil
	}
	c := &chooser{wanted: map[string]bool{}, every: s.Every}
	docs := s.documents(part)
	used := make([]k8sschema.GroupKind, 0, len(docs))
	for _, d := range docs {
		c.wanted[d.Kind()] = true
		used = append(used, object.GVK(d.Object).GroupKind())
	}
	own := map[string]bool{}
	known := map[k8sschema.GroupKind]bool{{Group: object.RGDGroup, Kind: object.RGDKind}: true}
	for _, f := range part.Files {
		own[f.Name] = true
		for _, o := range Outlines(f, s.Limits) {
			known[o.Kind.GroupKind()] = true
			if !o.IsRGD {
				continue
			}
			if o.Kind.Kind != "" {
				c.given = append(c.given, o.Kind.GroupKind())
			}
			for _, use := range o.Uses() {
				c.wanted[use.Kind] = true
				used = append(used, use.GroupKind())
			}
		}
	}
	if !s.Every && !slices.ContainsFunc(used, func(k k8sschema.GroupKind) bool { return outline.MayBeCustom(k.Group) && !known[k] }) {
		return Found{}, nil // so that no file of the tree is opened
	}
	all, found, err := s.Finder.Find(ctx)
	if err != nil {
		return Found{}, err
	}
	for p := part.Project; p != nil; p = p.Parent {
		c.levels = append(c.levels, slices.DeleteFunc(definitionsOf(all, p.Dir), func(d Definition) bool { return own[d.File.Name] }))
	}
	out := c.choose()
	out.Unread = s.Finder.Unread()
	out.Diagnostics = append(slices.Clone(found), c.elsewhere(part.Project, all, docs)...)
	return out, nil
}

// holdsInstances reports whether a file may hold instances.
func holdsInstances(f repo.File) bool { return f.Objects != nil || MayHoldInstance(f.Data) }

// documents reads the files that may hold instances.
func (s Search) documents(part Part) []*manifest.Document {
	var out []*manifest.Document
	for _, f := range part.Files {
		if !holdsInstances(f) {
			continue
		}
		docs, _ := f.Read(s.Limits)
		out = append(out, docs...)
	}
	return out
}

func definitionsOf(all []Definition, dir string) []Definition {
	var out []Definition
	for _, d := range all {
		if d.Dir == dir {
			out = append(out, d)
		}
	}
	return out
}

// chooser picks definitions level by level: a project's own, then those around
// it. A kind that a nearer level defines is not taken from a farther one.
type chooser struct {
	levels [][]Definition
	given  []k8sschema.GroupKind // what the files define themselves
	every  bool
	wanted map[string]bool              // kinds by name: a wrong group or version is told by who compiles
	seen   map[k8sschema.GroupKind]bool // defined at a level so far
}

// want notes the kinds that a definition builds on.
func (c *chooser) want(d Definition) {
	for _, rgd := range d.RGDs {
		for _, use := range rgd.Uses() {
			c.wanted[use.Kind] = true
		}
	}
}

func (c *chooser) choose() Found {
	taken := make([][]bool, len(c.levels))
	for i, level := range c.levels {
		taken[i] = make([]bool, len(level))
	}
	for again := true; again; {
		again = false
		c.seen = map[k8sschema.GroupKind]bool{}
		for _, k := range c.given {
			c.seen[k] = true
		}
		for i, level := range c.levels {
			if again = c.level(level, taken[i]); again {
				break // what these build on may be defined nearer
			}
		}
	}
	var out Found
	for i, level := range c.levels {
		for j, d := range level {
			if taken[i][j] {
				out.Definitions = append(out.Definitions, d.File)
			} else {
				out.Others = append(out.Others, d.RGDs...)
			}
		}
	}
	return out
}

// level takes what is needed of a level, and reports whether that is more than
// before.
func (c *chooser) level(all []Definition, taken []bool) (more bool) {
	var here []k8sschema.GroupKind
	for i, d := range all {
		if !taken[i] && c.takes(d) {
			taken[i], more = true, true
			c.want(d)
		}
		if taken[i] {
			here = append(here, d.defines()...)
		}
	}
	for _, k := range here {
		c.seen[k] = true
	}
	return more
}

func (c *chooser) takes(d Definition) bool {
	defines := d.defines()
	if c.every && len(defines) == 0 {
		return true // broken, and said so
	}
	return slices.ContainsFunc(defines, func(k k8sschema.GroupKind) bool { return (c.every || c.wanted[k.Kind]) && !c.seen[k] })
}

// elsewhere reports objects whose kind only another project defines.
func (c *chooser) elsewhere(p *Project, all []Definition, docs []*manifest.Document) diag.List {
	foreign := map[k8sschema.GroupKind]Definition{}
	for _, d := range all {
		for _, k := range d.defines() {
			if _, ok := foreign[k]; !ok && !c.seen[k] {
				foreign[k] = d
			}
		}
	}
	var out diag.List
	for _, d := range docs {
		kind := object.GVK(d.Object).GroupKind()
		from, ok := foreign[kind]
		if !ok {
			continue
		}
		name := from.File.Name
		if rel, err := filepath.Rel(filepath.FromSlash(p.Dir), filepath.FromSlash(name)); err == nil {
			name = filepath.ToSlash(rel)
		}
		out.Add(diag.Diagnostic{
			Severity: diag.Error, Rule: "other-project", Pos: d.Position(diag.Path{"kind"}), Object: d.Title(), Path: "kind",
			Message: fmt.Sprintf("kind %s of group %s is defined in %s, which belongs to another project (%s)", kind.Kind, kind.Group, from.File.Name, path.Join(from.Dir, SettingsName)),
			Hint:    fmt.Sprintf("to use it here, add %q to definitions in %s", name, p.File()),
			Related: []diag.Related{{Position: diag.Position{File: from.File.Name, Line: 1, Column: 1}, Message: "the definition"}},
		})
	}
	return out
}
