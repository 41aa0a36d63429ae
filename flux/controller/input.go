package controller

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/flux/source"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
)

// input is what goes into a render.
type input struct {
	render.Input
	options render.Options
	diags   diag.List
}

// input reads everything that the spec names.
func (s *step) input(ctx context.Context) (*input, error) {
	tree, err := s.fetch(ctx, s.obj.Spec.SourceRef)
	if err != nil {
		return nil, err
	}
	set := s.settings(tree)
	r := &reader{step: s, set: set, main: tree, in: &input{diags: set.diags}}
	r.read()
	if err := r.elsewhere(ctx); err != nil {
		return nil, err
	}
	r.in.options = set.options
	return r.in, nil
}

// settings puts krowave.yaml and the spec together; the spec wins.
func (s *step) settings(tree *source.Tree) *settings {
	dir := path.Clean(s.obj.Spec.Path)
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
	*step
	set  *settings
	main *source.Tree
	in   *input
}

// read reads what the source of the instances holds.
func (r *reader) read() {
	req := r.set.request
	req.Search = r.main.Definitions
	if len(r.obj.Spec.Definitions) > 0 {
		req.Search = func() []project.Definition { return nil }
	}
	for _, d := range r.obj.Spec.Definitions {
		if r.isMain(d) {
			req.Definitions = append(req.Definitions, path.Clean(d.Path))
		}
	}
	if o := r.obj.Spec.Observed; o != nil && r.isMain(*o) {
		req.Observed = append(req.Observed, path.Clean(o.Path))
	}
	files := r.project(r.main, req)
	r.in.Files, r.in.Definitions, r.in.CRDs, r.in.Observed = files.Paths, files.Definitions, files.CRDs, files.Observed
}

func (r *reader) isMain(p v1alpha1.SourcePath) bool {
	return r.source(p.Source(&r.obj.Spec)).Reference == r.source(r.obj.Spec.SourceRef).Reference
}

// project reads files of a tree. What is wrong with them is a finding.
func (r *reader) project(tree *source.Tree, req project.Request) project.Files {
	t := repo.FS(tree.Files)
	t.Limits = r.set.limits.Tree()
	req.Documents = r.set.options.Documents
	files, diags, err := project.Read(t, req)
	r.in.diags = append(r.in.diags, diags...)
	if err != nil {
		for _, text := range strings.Split(err.Error(), "\n") {
			r.in.diags.Errorf(diag.Position{File: req.Paths[0], Line: 1, Column: 1}, "path", "%s", strings.TrimPrefix(text, req.Paths[0]+": "))
		}
	}
	return files
}

// elsewhere reads definitions and observed objects of other sources.
func (r *reader) elsewhere(ctx context.Context) error {
	for _, d := range r.obj.Spec.Definitions {
		files, err := r.other(ctx, d)
		if err != nil {
			return err
		}
		r.in.Definitions = append(r.in.Definitions, files...)
	}
	if o := r.obj.Spec.Observed; o != nil {
		files, err := r.other(ctx, *o)
		if err != nil {
			return err
		}
		if r.in.Observed = append(r.in.Observed, files...); r.in.Observed == nil {
			r.in.Observed = []repo.File{}
		}
	}
	return nil
}

// other reads a place that is not in the source of the instances. Its files get
// the source's name before their own, so that a finding says where it is.
func (r *reader) other(ctx context.Context, p v1alpha1.SourcePath) ([]repo.File, error) {
	if r.isMain(p) {
		return nil, nil
	}
	ref := p.Source(&r.obj.Spec)
	tree, err := r.fetch(ctx, ref)
	if err != nil {
		return nil, err
	}
	before := len(r.in.diags)
	files := r.project(tree, project.Request{Paths: []string{path.Clean(p.Path)}, Search: func() []project.Definition { return nil }})
	rename := func(name string) string { return ref.Name + "//" + name }
	for i := range r.in.diags[before:] {
		d := &r.in.diags[before+i]
		d.Pos.File = rename(d.Pos.File)
		for j := range d.Related {
			d.Related[j].Position.File = rename(d.Related[j].Position.File)
		}
	}
	out := slices.Clone(files.Paths)
	for i := range out {
		out[i].Name = rename(out[i].Name)
	}
	return out, nil
}
