// Package project determines the files that a render of some paths reads. A
// project is a krowave.yaml and the tree below it, down to the next krowave.yaml.
// It takes a tree, paths and flags, and returns one Unit for each project that
// has files in the paths, with the files by role. The files of a project are
// rendered. RGDs are looked up in the files named as definitions or, if the
// project's files contain no RGD, in the files that Search finds.
//
//	plan, err := project.Read(ctx, tree, project.Request{Paths: []string{"clusters"}})
//
// It knows no options of the engine and expands nothing. docs/inputs.md is what
// users read about it.
package project

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/outline"
	"github.com/krowave/krowave/render/repo"
)

// Request says what to read. All paths start from the root of the tree.
type Request struct {
	Paths     []string
	Exclude   []string // patterns, beside those of krowave.yaml
	Documents manifest.Limits

	// Lookups are read for every project in place of what its krowave.yaml says,
	// unless there are none. Of, if not nil, says it for each.
	Lookups
	Of func(*Project) Lookups

	// Finder finds definitions that nothing names; nil means a new one. A caller
	// that reads one tree often can keep it.
	Finder *Finder
}

// Lookups are the paths that a project's files are read with.
type Lookups struct {
	Definitions, CRDs, Observed, Policies []string
	// NoSearch leaves it at that: definitions are not searched for.
	NoSearch bool
}

// Lookups are what the krowave.yaml of a project says, from the root of the tree.
func (p *Project) Lookups() Lookups {
	var out Lookups
	if p.Settings == nil {
		return out
	}
	for _, d := range p.Settings.Definitions {
		out.Definitions = append(out.Definitions, path.Join(p.Dir, d))
	}
	for _, o := range p.Settings.Observed {
		out.Observed = append(out.Observed, path.Join(p.Dir, o))
	}
	for _, o := range p.Settings.Policies {
		out.Policies = append(out.Policies, path.Join(p.Dir, o))
	}
	return out
}

// Files is what a render reads.
type Files struct {
	Paths, Definitions, CRDs []repo.File
	Observed                 []repo.File          // nil when no observed objects were asked for
	Policies                 []repo.File          // ValidatingAdmissionPolicies and what goes with them
	Others                   []outline.Definition // that the project sees and the files do not need
	Unread                   []outline.Unread     // where definitions were looked for
	// Locate says where the tree has the CRDs of kinds; see Finder.Locate.
	Locate func(ctx context.Context, kinds []string) (map[string]string, error)
}

// Unit is the part of a plan that is rendered at once, under one krowave.yaml.
type Unit struct {
	Project *Project
	Files
}

// Plan is what a render of some paths reads.
type Plan struct {
	Units  []Unit
	Passed []repo.Passed
	Found  diag.List // about the content of the tree
}

// Read reads the files of a request. An error says which path names nothing, or
// is that of ctx.
func Read(ctx context.Context, tree *repo.Tree, req Request) (Plan, error) {
	projects, err := Open(tree, Options{Exclude: req.Exclude})
	if err != nil {
		return Plan{}, err
	}
	split, err := projects.Split(ctx, req.Paths, ".")
	r := &reader{ctx: ctx, tree: tree, req: req, projects: projects, out: Plan{Passed: split.Passed, Found: split.Found}}
	if err != nil {
		return r.out, err
	}
	if r.req.Finder == nil {
		r.req.Finder = NewFinder(tree, req.Exclude, req.Documents)
	}
	for _, part := range split.Parts {
		unit, err := r.unit(part)
		if err != nil {
			r.errs = append(r.errs, err)
		}
		r.out.Units = append(r.out.Units, unit)
	}
	return r.out, errors.Join(r.errs...)
}

type reader struct {
	ctx      context.Context // of this Read alone
	tree     *repo.Tree
	req      Request
	projects *Projects
	out      Plan
	errs     []error
}

func (r *reader) unit(part Part) (Unit, error) {
	also := r.lookups(part.Project)
	unit := Unit{Project: part.Project, Files: Files{
		Paths: part.Files, CRDs: OnlyLookups(r.files(also.CRDs, true), part.Files, also.CRDs, r.req.Paths),
	}}
	unit.Locate = func(ctx context.Context, kinds []string) (map[string]string, error) {
		return r.req.Finder.Locate(ctx, part.Project, kinds, nil)
	}
	switch {
	case len(also.Definitions) > 0:
		unit.Definitions = OnlyLookups(r.files(also.Definitions, true), part.Files, also.Definitions, r.req.Paths)
	case !also.NoSearch && part.Searches(r.req.Documents):
		found, err := Search{Finder: r.req.Finder, Limits: r.req.Documents}.For(r.ctx, part)
		if err != nil {
			return unit, err
		}
		unit.Definitions, unit.Others, unit.Unread = found.Definitions, found.Others, found.Unread
		r.out.Found = append(r.out.Found, found.Diagnostics...)
	}
	if len(also.Observed) > 0 {
		if unit.Observed = r.files(also.Observed, false); unit.Observed == nil {
			unit.Observed = []repo.File{}
		}
	}
	unit.Policies = r.files(also.Policies, false)
	return unit, nil
}

func (r *reader) lookups(p *Project) Lookups {
	given := r.req.Lookups
	switch {
	case r.req.Of != nil:
		return r.req.Of(p)
	case given.NoSearch || len(given.Definitions)+len(given.CRDs)+len(given.Observed) > 0:
		return given
	}
	return p.Lookups()
}

// files reads what is not rendered.
func (r *reader) files(paths []string, lookup bool) []repo.File {
	if len(paths) == 0 {
		return nil
	}
	read, err := r.projects.Lookup(r.ctx, paths, lookup)
	r.out.Found = append(r.out.Found, read.Found...)
	r.out.Passed = append(r.out.Passed, read.Passed...)
	if err != nil {
		r.errs = append(r.errs, err)
	}
	return read.Files
}

// Lookup reads files that are not rendered: those with definitions if
// definitions is set, and all otherwise.
func (ps *Projects) Lookup(ctx context.Context, paths []string, definitions bool) (repo.Selection, error) {
	read, err := ps.tree.Read(ctx, repo.Request{Paths: paths, Skip: ps.Skip, Lookup: definitions})
	var passed []repo.Passed
	for _, p := range read.Passed {
		if p.Reason != settingsReason && !definitions {
			passed = append(passed, p)
		}
	}
	var files []repo.File
	for _, f := range read.Files {
		if path.Base(f.Name) != SettingsName {
			files = append(files, f)
		}
	}
	read.Passed, read.Files = passed, files
	return read, err
}

// OnlyLookups returns the files that are looked up and not rendered. A file that
// is also among those to render counts as looked up when the lookup that names
// it lies below the rendered paths, as crds/ does below ".": its CRDs belong to
// whoever installs the operator. When what is rendered lies in the lookup itself,
// as when platform/ is both, the file is rendered like any other.
func OnlyLookups(files, rendered []repo.File, lookups, paths []string) []repo.File {
	var below []string
	for _, lookup := range lookups {
		around := func(p string) bool {
			return isWithin(p, lookup) && (base(p) != base(lookup) || base(lookup) == path.Clean(lookup))
		}
		if !slices.ContainsFunc(paths, around) {
			below = append(below, lookup)
		}
	}
	extra := Without(files, rendered)
	names := map[string]bool{}
	for _, f := range extra {
		names[f.Name] = true
	}
	var out []repo.File
	for _, f := range files {
		if names[f.Name] || slices.ContainsFunc(below, func(lookup string) bool { return isWithin(f.Name, lookup) }) {
			out = append(out, f)
		}
	}
	return out
}

// isWithin reports whether a path is a directory or a file below it. Of a
// pattern, the directory before it counts.
func isWithin(name, dir string) bool {
	name, dir = base(name), base(dir)
	return dir == "." || name == dir || strings.HasPrefix(name, dir+"/")
}

// base is the part of a path before the first element with a pattern.
func base(name string) string {
	name = path.Clean(name)
	elements := strings.Split(name, "/")
	for i, e := range elements {
		if strings.ContainsAny(e, "*?[") {
			return path.Join(append([]string{"."}, elements[:i]...)...)
		}
	}
	return name
}

// Without returns the files that are not given already, by name.
func Without(files, given []repo.File) []repo.File {
	names := map[string]bool{}
	for _, f := range given {
		names[f.Name] = true
	}
	var out []repo.File
	for _, f := range files {
		if !names[f.Name] {
			out = append(out, f)
		}
	}
	return out
}

// reason is an error without the path that it is about.
func reason(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
