package controller

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/flux/source"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
)

// input is what goes into a render, by project.
type input struct {
	units []unit
	diags diag.List

	strict     bool // any project, the spec or the operator asks for it
	allowEmpty bool // the spec or the operator does; krowave.yaml cannot
}

// unit is what is rendered under one krowave.yaml.
type unit struct {
	render.Input
	options render.Options
}

// input reads everything that the spec names.
func (s *reconcileScope) input(ctx context.Context) (*input, error) {
	tree, err := s.fetch(ctx, s.obj.Spec.SourceRef)
	if err != nil {
		return nil, err
	}
	r := &reader{reconcileScope: s, main: tree, in: &input{}, byDir: map[string]*settings{}}
	if err := r.read(ctx); err != nil {
		return nil, err
	}
	if err := r.elsewhere(ctx); err != nil {
		return nil, err
	}
	for _, set := range r.byDir {
		r.in.strict = r.in.strict || set.limits.Strict
	}
	r.in.allowEmpty = r.set(path.Clean(s.obj.Spec.Path)).limits.Options.AllowEmpty
	return r.in, nil
}

// settings puts the krowave.yaml of a directory and the spec together; the spec
// wins.
func (s *reconcileScope) settings(tree *source.Tree, dir string) *settings {
	found, diags := project.NearestSettings(tree.Files, dir)
	spec := &s.obj.Spec
	set := newSettings(s.Settings, found, spec)
	set.diags = append(diags, set.diags...)
	set.options.Cache = s.Cache
	set.options.AllowEmpty = true // refused by the controller, in words of its own
	set.request.Paths = []string{dir}
	if len(spec.Definitions) > 0 {
		set.request.Definitions = nil
	}
	set.request.Observed = set.observed
	if spec.Observed != nil {
		set.request.Observed = nil
	}
	return set
}

// reader reads the files of one render.
type reader struct {
	*reconcileScope
	main  *source.Tree
	in    *input
	byDir map[string]*settings
}

// set are the settings for files of a directory of the main source.
func (r *reader) set(dir string) *settings {
	if set := r.byDir[dir]; set != nil {
		return set
	}
	set := r.settings(r.main, dir)
	r.byDir[dir] = set
	r.in.diags = append(r.in.diags, set.diags...)
	return set
}

// read reads what the source of the instances holds.
func (r *reader) read(ctx context.Context) error {
	plan, err := r.plan(ctx, path.Clean(r.obj.Spec.Path))
	for _, u := range plan.Units {
		r.in.units = append(r.in.units, unit{render.Input{
			Project: u.Project.Label(), Files: u.Paths, Definitions: u.Definitions, CRDs: u.CRDs, Observed: u.Observed, Policies: u.Policies,
			Others: u.Others, Unread: u.Unread, Locate: u.Locate,
		}, r.set(u.Project.Dir).options})
	}
	return err
}

// lookups are what files of a project are read with: where the spec names places,
// they count for every project.
func (r *reader) lookups(p *project.Project) project.Lookups {
	out := r.set(p.Dir).request.Lookups
	out.NoSearch = len(r.obj.Spec.Definitions) > 0
	for _, d := range r.obj.Spec.Definitions {
		if r.isMain(d) {
			out.Definitions = append(out.Definitions, path.Clean(d.Path))
		}
	}
	if o := r.obj.Spec.Observed; o != nil && r.isMain(*o) {
		out.Observed = append(out.Observed, path.Clean(o.Path))
	}
	return out
}

func (r *reader) isMain(p v1alpha1.SourcePath) bool {
	return r.source(p.Source(&r.obj.Spec)).Reference == r.source(r.obj.Spec.SourceRef).Reference
}

// plan reads what is rendered. What is wrong with it is a finding.
func (r *reader) plan(ctx context.Context, dir string) (project.Plan, error) {
	main := r.set(dir)
	plan, err := project.Read(ctx, r.tree(r.main), project.Request{
		Paths: []string{dir}, Documents: main.options.Documents, Finder: r.main.Definitions(), Of: r.lookups,
	})
	r.in.diags = append(r.in.diags, plan.Found...)
	return plan, r.found(ctx, dir, err)
}

// lookUp reads a place of another source.
func (r *reader) lookUp(ctx context.Context, tree *source.Tree, dir string, definitions bool) ([]repo.File, error) {
	projects, err := project.Open(r.tree(tree), project.Options{Fetches: true})
	if err != nil {
		return nil, err
	}
	read, err := projects.Lookup(ctx, []string{dir}, definitions)
	r.in.diags = append(r.in.diags, read.Found...)
	return read.Files, r.found(ctx, dir, err)
}

// tree is a source's, within the limits of the object.
func (r *reader) tree(from *source.Tree) *repo.Tree {
	t := repo.FS(from.Files)
	t.Limits = r.set(path.Clean(r.obj.Spec.Path)).limits.Tree()
	return t
}

// found turns the error of a path that names nothing into findings.
func (r *reader) found(ctx context.Context, dir string, err error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("reading files: %w", ctx.Err())
	case err != nil:
		for _, text := range strings.Split(err.Error(), "\n") {
			r.in.diags.Errorf(diag.Position{File: dir, Line: 1, Column: 1}, "path", "%s", strings.TrimPrefix(text, dir+": "))
		}
	}
	return nil
}

// elsewhere reads definitions and observed objects of other sources, for every
// project.
func (r *reader) elsewhere(ctx context.Context) error {
	for _, d := range r.obj.Spec.Definitions {
		files, err := r.other(ctx, d, true)
		if err != nil {
			return err
		}
		for i := range r.in.units {
			r.in.units[i].Definitions = append(r.in.units[i].Definitions, files...)
		}
	}
	o := r.obj.Spec.Observed
	if o == nil {
		return nil
	}
	files, err := r.other(ctx, *o, false)
	if err != nil {
		return err
	}
	for i := range r.in.units {
		u := &r.in.units[i]
		if u.Observed = append(u.Observed, files...); u.Observed == nil {
			u.Observed = []repo.File{}
		}
	}
	return nil
}

// other reads a place that is not in the source of the instances. Its files get
// the source's name before their own, so that a finding says where it is.
func (r *reader) other(ctx context.Context, p v1alpha1.SourcePath, definitions bool) ([]repo.File, error) {
	if r.isMain(p) {
		return nil, nil
	}
	ref := p.Source(&r.obj.Spec)
	tree, err := r.fetch(ctx, ref)
	if err != nil {
		return nil, err
	}
	before := len(r.in.diags)
	out, err := r.lookUp(ctx, tree, path.Clean(p.Path), definitions)
	if err != nil {
		return nil, err
	}
	rename := func(name string) string { return ref.Name + "//" + name }
	for i := range r.in.diags[before:] {
		d := &r.in.diags[before+i]
		d.Pos.File = rename(d.Pos.File)
		for j := range d.Related {
			d.Related[j].Position.File = rename(d.Related[j].Position.File)
		}
	}
	for i := range out {
		out[i].Name = rename(out[i].Name)
		if from := out[i].Origin; from != nil {
			out[i].Origin = from.Renamed(rename)
		}
	}
	return out, nil
}
