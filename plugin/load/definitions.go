package load

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"

	"github.com/krowave/krowave/plugin/remote"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
)

// unit reads what the files of a project are rendered with. What flags name
// counts for every project, in place of what its krowave.yaml names.
func (r *reader) unit(p part) (Unit, error) {
	set := r.settle(p.tree, p.Project)
	out := Unit{Settings: set, Options: set.Options, part: p}
	out.Project, out.Files = r.label(p), r.named(p.tree, p.Files)
	var own project.Settings
	if p.Project.Settings != nil {
		own = *p.Project.Settings
	}
	dir := filepath.Join(p.tree.root, filepath.FromSlash(p.Project.Dir))
	list := func(flags, file []string, definitions bool) ([]repo.File, error) {
		if len(flags) > 0 {
			return r.files(flags, r.dir, definitions)
		}
		return r.inside(p.tree, p.Project.File(), file, dir, definitions)
	}
	var err error
	if out.CRDs, err = list(r.own.CRDs, own.CRDs, true); err != nil {
		return out, err
	}
	out.CRDs = r.onlyLookups(out.CRDs, out.Files, r.own.CRDs, own.CRDs, dir)
	if out.Observed, err = list(r.own.Observed, own.Observed, false); err != nil {
		return out, err
	}
	if len(r.own.Observed)+len(own.Observed) > 0 && out.Observed == nil {
		out.Observed = []repo.File{}
	}
	if out.Policies, err = list(r.own.Policies, own.Policies, false); err != nil {
		return out, err
	}
	if out.lists, out.named, err = r.listed(p, dir); err != nil {
		return out, err
	}
	switch {
	case out.lists:
		out.Definitions = r.onlyLookups(out.named, out.Files, r.own.Definitions, own.Definitions, dir)
	case r.every && r.search == "" || p.Searches(manifest.Limits{}): // of two paths, each has its own definitions
		var found project.Found
		found, err = r.searched(p.tree, p.Part)
		out.Others, out.Unread = found.Others, found.Unread
		out.Definitions = project.Without(found.Definitions, out.Files)
	}
	out.Locate = r.locate(p)
	return out, err
}

// locate says where the tree of a part has the CRDs of kinds.
func (r *reader) locate(p part) func(context.Context, []string) (map[string]string, error) {
	return func(ctx context.Context, kinds []string) (map[string]string, error) {
		return p.tree.finder.Locate(ctx, p.Project, kinds, func(name string) string { return r.shown(p.tree, name) })
	}
}

// onlyLookups are the files that are looked up and not rendered.
func (r *reader) onlyLookups(found, rendered []repo.File, flags, file []string, dir string) []repo.File {
	base := r.dir
	if len(flags) == 0 {
		flags, base = file, dir
	}
	var lookups, paths []string
	for _, l := range flags {
		lookups = append(lookups, Relative(r.dir, Absolute(l, base)))
	}
	for _, p := range r.paths {
		if !repo.IsStream(p) {
			paths = append(paths, Relative(r.dir, Absolute(p, r.dir)))
		}
	}
	return project.OnlyLookups(found, rendered, lookups, paths)
}

// label is how reports name a project: by its directory, "" for that of the root.
func (r *reader) label(p part) string {
	if p.Project.Dir == "." {
		return ""
	}
	return r.relative(p.tree.root, p.Project.Dir)
}

// listed reads the definitions that -d names, else those that a krowave.yaml
// lists, if either names any.
func (r *reader) listed(p part, dir string) (lists bool, found []repo.File, err error) {
	if len(r.own.Definitions) > 0 {
		found, err = r.files(r.own.Definitions, r.dir, true)
		return true, found, err
	}
	s := p.Project.Settings
	if s == nil {
		return false, nil, nil
	}
	copies, missing := s.Vendored(p.tree.FS(), p.Project.Dir)
	paths := append(append([]string{}, s.Definitions...), copies...)
	if len(paths)+len(missing) == 0 {
		return false, nil, nil
	}
	if found, err = r.inside(p.tree, p.Project.File(), paths, dir, true); err != nil || len(missing) == 0 {
		return true, found, err
	}
	store, err := Store(r.Streams, &r.flags.Fetch, r.dir)
	if err != nil {
		return true, nil, err
	}
	for _, from := range missing {
		files, err := r.remote(store, from)
		if err != nil {
			if r.ctx.Err() != nil {
				return true, nil, err
			}
			at := from.Position
			at.File = r.relative(p.tree.root, at.File)
			r.in.Diags.Errorf(at, "remote-definitions", "%v", err)
		}
		found = append(found, project.Without(files, found)...)
	}
	return true, found, nil
}

// searched finds definitions that nothing names, what the project sees beside
// them, and what could not be read.
func (r *reader) searched(t *tree, p project.Part) (project.Found, error) {
	found, err := project.Search{Finder: t.finder, Every: r.every}.For(r.ctx, p)
	if err != nil {
		return project.Found{}, err
	}
	r.found(t, found.Diagnostics)
	found.Definitions = r.named(t, found.Definitions)
	found.Unread = slices.Clone(found.Unread)
	for i := range found.Unread {
		found.Unread[i].Name = r.shown(t, found.Unread[i].Name)
	}
	return found, nil
}

// remote reads one source. Its files are named after it.
func (r *reader) remote(store *remote.Store, from project.Remote) ([]repo.File, error) {
	files, err := store.Open(r.ctx, from)
	if err != nil {
		return nil, err
	}
	tree := repo.FS(files)
	tree.Limits = r.own.Tree()
	projects, err := project.Open(tree, project.Options{Fetches: true})
	if err != nil {
		return nil, err
	}
	read, err := projects.Lookup(r.ctx, []string{from.Path}, true)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from.Name(), err)
	}
	name := func(file string) string { return path.Join(from.Name(), file) }
	for _, d := range read.Found {
		r.in.Diags.Add(renamed(d, name))
	}
	for i := range read.Files {
		read.Files[i].Name = name(read.Files[i].Name)
		if from := read.Files[i].Origin; from != nil {
			read.Files[i].Origin = from.Renamed(name)
		}
		r.in.Sources[read.Files[i].Name] = read.Files[i].Data
	}
	return read.Files, nil
}

// Parts splits a unit into what is applied together: what a kustomization builds
// is a part of its own, since overlays repeat what they share, and all other
// files are one.
func (r *reader) parts(u Unit) ([]Unit, error) {
	plain := u
	plain.Input = render.Input{Project: u.Project, CRDs: u.CRDs, Observed: u.Observed, Policies: u.Policies, Definitions: u.named, Locate: u.Locate}
	var out []Unit
	texts := map[string]repo.File{} // by the name in the tree
	for _, f := range u.part.Files {
		texts[r.shown(u.part.tree, f.Name)] = f
	}
	for _, f := range project.Without(u.Files, u.Observed) {
		if !isBuilt(f.Name) {
			plain.Files = append(plain.Files, f)
			continue
		}
		each := plain
		each.Files = []repo.File{f}
		out = append(out, each)
	}
	if len(plain.Files) > 0 || len(out) == 0 {
		out = append([]Unit{plain}, out...)
	}
	for i := range out {
		each := &out[i]
		if !u.lists {
			part := project.Part{Project: u.part.Part.Project}
			for _, f := range each.Files {
				part.Files = append(part.Files, texts[f.Name])
			}
			found, err := r.searched(u.part.tree, part)
			if err != nil {
				return nil, err
			}
			own := definedKinds(each.Files)
			each.Definitions, each.Others, each.Unread = nil, found.Others, found.Unread
			for _, f := range found.Definitions {
				if !overlap(own, definedKinds([]repo.File{f})) {
					each.Definitions = append(each.Definitions, f)
				}
			}
		}
		each.Definitions = project.Without(each.Definitions, each.Files)
	}
	return out, nil
}
