package cmpserver

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
	table "github.com/krowave/krowave/render/settings"
)

// job is one application at work: its path may hold files of several projects,
// each with settings of its own.
type job struct {
	renderer *Renderer
	tree     *Tree
	dir      string // the application's path
	env      Environment
	byDir    map[string]*settings
	diags    diag.List // about the files and the settings
}

// unit is what is rendered under one krowave.yaml.
type unit struct {
	*settings
	in render.Input
}

// settings are the settings of the files of a directory.
func (j *job) settings(dir string) *settings {
	if s := j.byDir[dir]; s != nil {
		return s
	}
	s := j.renderer.settings(j.tree, dir, j.env)
	s.request.Paths = []string{j.dir} // what findings without a place are about
	j.byDir[dir] = s
	j.diags = append(j.diags, s.diags...)
	return s
}

// read reads the input. What is wrong with the files is kept for the outcome,
// unless there is nothing to render.
func (j *job) read(ctx context.Context) ([]unit, error) {
	main := j.settings(j.dir)
	if j.diags.HasErrors() {
		return nil, &Findings{j.diags.Sorted()} // with other settings, other things are wrong
	}
	from := *j.tree.files
	from.Limits = main.limits.Tree()
	plan, err := project.Read(ctx, &from, project.Request{
		Paths: []string{j.dir}, Exclude: main.limits.Exclude, Documents: main.options.Documents,
		Finder: j.tree.definitions(j.renderer.Operator),
		Of:     func(p *project.Project) project.Lookups { return j.settings(p.Dir).request.Lookups },
	})
	j.diags = append(j.diags, plan.Found...)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("reading files: %w", ctx.Err())
	}
	if err != nil {
		for _, text := range strings.Split(err.Error(), "\n") {
			j.diags.Errorf(source(j.dir), "path", "%s", strings.TrimPrefix(text, j.dir+": "))
		}
		return nil, &Findings{j.diags.Sorted()}
	}
	units := make([]unit, len(plan.Units))
	for i, u := range plan.Units {
		units[i] = unit{j.settings(u.Project.Dir), render.Input{
			Project: u.Project.Label(), Files: u.Paths, Definitions: u.Definitions, CRDs: u.CRDs, Observed: u.Observed, Policies: u.Policies,
			Others: u.Others, Unread: u.Unread, Locate: u.Locate,
		}}
	}
	return units, nil
}

// render renders each project under its own settings.
func (j *job) render(ctx context.Context, units []unit) ([]*render.Result, error) {
	out := make([]*render.Result, len(units))
	for i, u := range units {
		var err error
		if out[i], err = render.Render(ctx, u.in, u.options); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// digest is the digest of everything that the outcome depends on.
func (j *job) digest(units []unit) string {
	parts := []any{"input", j.env[kubeAPIs], fmt.Sprintf("%+v", j.diags), j.dir}
	for _, u := range units {
		opts := u.options
		opts.Cache = nil
		parts = append(parts, "project", u.in.Project, fmt.Sprintf("%+v", opts), u.strict, u.in.Observed != nil, fmt.Sprintf("%+v", u.in.Others), fmt.Sprintf("%+v", u.in.Unread))
		for _, role := range [][]repo.File{u.in.Files, u.in.Definitions, u.in.CRDs, u.in.Observed, u.in.Policies} {
			parts = append(parts, len(role))
			for _, f := range role {
				parts = append(parts, f.Name, f.Walked, f.Data)
			}
		}
	}
	return cache.Digest(parts...)
}

// nothingRendered is the finding about an empty output, whether there are
// instances or not.
const nothingRendered = "nothing is rendered, and Argo CD would delete the objects of the application; to allow this, set " +
	table.VariablePrefix + "ALLOW_EMPTY=true in the Application (krowave.yaml cannot allow it)"

// outcome turns the results into manifests or findings.
func (j *job) outcome(units []unit, results []*render.Result) (*outcome, error) {
	res := render.Merge(results)
	main := j.settings(j.dir)
	all := append(append(diag.List{}, j.diags...), res.Diagnostics...)
	for i := range all {
		switch d := &all[i]; d.Rule {
		case render.InstanceUnmatched:
			d.Pos = source("parameter instances")
		case render.EmptyOutput:
			d.Message, d.Hint = nothingRendered, ""
		}
	}
	for i, u := range units {
		all = append(all, u.destination(results[i], j.env)...)
	}
	all = append(all, render.Collisions(res.Objects)...)
	if slices.ContainsFunc(units, func(u unit) bool { return u.strict }) || main.strict {
		for i := range all {
			if all[i].Severity == diag.Warning {
				all[i].Severity = diag.Error
			}
		}
	}
	if len(res.Objects) == 0 && !main.options.AllowEmpty && !all.HasErrors() {
		all.Errorf(source(j.dir), render.EmptyOutput, nothingRendered)
	}
	if all.HasErrors() {
		return &outcome{findings: &Findings{all.Sorted()}}, nil
	}
	answer := &Answer{Warnings: all.Sorted(), Manifests: make([]string, len(res.Objects)), objects: len(res.Objects), instances: len(res.Instances)}
	for i, o := range res.Objects {
		text, err := manifest.CanonicalJSON(o.Object)
		if err != nil {
			return nil, fmt.Errorf("encoding an object: %w", err)
		}
		answer.Manifests[i] = string(text)
	}
	return &outcome{answer: answer}, nil
}
