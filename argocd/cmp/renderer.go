package cmp

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
	table "github.com/krowave/krowave/render/settings"
)

// Tree is the repository of an application.
type Tree struct {
	fsys        fs.FS
	digest      string // of its content; "" remembers nothing of it
	definitions func() []project.Definition
}

// NewTree returns the tree of a file system. digest, if it is not empty, is
// different for any two trees of different content.
func NewTree(fsys fs.FS, digest string) *Tree {
	return &Tree{fsys: fsys, digest: digest, definitions: sync.OnceValue(func() []project.Definition {
		return project.Definitions(fsys, manifest.Limits{})
	})}
}

// Request names an application in a tree.
type Request struct {
	Path string // with slashes; "" is the root
	Env  Environment

	// Enter, if not nil, is told what happens next.
	Enter func(stage string)
	// Slot, if not nil, is waited for before anything that takes CPU.
	Slot func(context.Context) error
}

// dir is the cleaned path.
func (r *Request) dir() (string, error) {
	dir := path.Clean(strings.ReplaceAll(r.Path, `\`, "/"))
	if !fs.ValidPath(dir) {
		return "", usage("appRelPath", "path", "the application's path %q leads out of its repository", r.Path)
	}
	return dir, nil
}

func (r *Request) enter(stage string) {
	if r.Enter != nil {
		r.Enter(stage)
	}
}

// begin waits for the slot and enters the stage "reading".
func (r *Request) begin(ctx context.Context) error {
	if r.Slot != nil {
		r.enter("waiting")
		if err := r.Slot(ctx); err != nil {
			return err
		}
	}
	r.enter("reading")
	return nil
}

// Answer is a rendered application.
type Answer struct {
	Manifests []string // JSON, in order
	Warnings  diag.List
	Cached    bool

	objects   int
	instances int
}

// Renderer renders applications. It is safe for concurrent use.
type Renderer struct {
	// Operator are the settings of who runs the server: an application may tighten
	// what guards there, and not loosen it.
	Operator table.Values

	documents *render.Cache
	answers   *cache.LRU[*outcome]
}

// NewRenderer returns a Renderer that remembers about cacheBytes of parsed
// files, compiled graphs, expansions and answers.
func NewRenderer(operator table.Values, cacheBytes int64) *Renderer {
	return &Renderer{
		Operator:  operator,
		documents: render.NewCache(cacheBytes * 2 / 3),
		answers:   cache.New[*outcome](cacheBytes / 3),
	}
}

// outcome is what a render of the same content always comes to.
type outcome struct {
	answer   *Answer
	findings *Findings
}

func (o *outcome) result() (*Answer, error) {
	if o.findings != nil {
		return nil, o.findings
	}
	answer := *o.answer
	return &answer, nil
}

func (o *outcome) bytes() int64 {
	var n int64 = 500
	if o.findings != nil {
		return n + int64(len(o.findings.List))*500
	}
	for _, m := range o.answer.Manifests {
		n += int64(len(m)) + 16
	}
	return n + int64(len(o.answer.Warnings))*500
}

// Generate renders an application. The error is a *Findings when the
// application is at fault, ctx's when it ended, and a *render.Crash or another
// error when krowave is.
func (r *Renderer) Generate(ctx context.Context, tree *Tree, req Request) (*Answer, error) {
	dir, err := req.dir()
	if err != nil {
		return nil, err
	}
	// The same tree, path and environment again: nothing needs to be read.
	quick := ""
	if tree.digest != "" {
		quick = cache.Digest("tree", tree.digest, dir, req.Env.key())
		if o, ok := r.answers.Get(quick); ok {
			return cached(o)
		}
	}
	if err := req.begin(ctx); err != nil {
		return nil, err
	}
	s := r.settings(tree, dir, req.Env)
	in, err := s.read(tree)
	if err != nil {
		return nil, err
	}
	// Other commits and other applications may come to the same input.
	slow := s.digest(in, req.Env[kubeAPIs])
	if o, ok := r.answers.Get(slow); ok {
		r.remember(quick, o)
		return cached(o)
	}
	req.enter("rendering")
	res, err := render.Render(ctx, in, s.options)
	if err != nil {
		return nil, err
	}
	req.enter("encoding")
	o, err := s.outcome(res, req.Env)
	if err != nil {
		return nil, err
	}
	r.remember(slow, o)
	r.remember(quick, o)
	return o.result()
}

func cached(o *outcome) (*Answer, error) {
	answer, err := o.result()
	if answer != nil {
		answer.Cached = true
	}
	return answer, err
}

func (r *Renderer) remember(key string, o *outcome) {
	if key != "" {
		r.answers.Put(key, o, o.bytes())
	}
}

// settings puts the settings of an application together.
func (r *Renderer) settings(tree *Tree, dir string, env Environment) *settings {
	base := r.Operator
	base.Options.Cache = r.documents
	return readSettings(tree.fsys, dir, env, base)
}

// read reads the input. What is wrong with the files is kept for the outcome,
// unless there is nothing to render.
func (s *settings) read(tree *Tree) (render.Input, error) {
	if s.diags.HasErrors() {
		return render.Input{}, &Findings{s.diags.Sorted()} // with other settings, other things are wrong
	}
	from := repo.FS(tree.fsys)
	from.Limits = s.limits.Tree()
	s.request.Search = tree.definitions
	files, diags, err := project.Read(from, s.request)
	s.diags = append(s.diags, diags...)
	if err != nil {
		for _, text := range strings.Split(err.Error(), "\n") {
			s.diags.Errorf(source(s.request.Paths[0]), "path", "%s", strings.TrimPrefix(text, s.request.Paths[0]+": "))
		}
		return render.Input{}, &Findings{s.diags.Sorted()}
	}
	return render.Input{Files: files.Paths, Definitions: files.Definitions, CRDs: files.CRDs, Observed: files.Observed}, nil
}

// digest is that of everything that the outcome depends on.
func (s *settings) digest(in render.Input, apis string) string {
	opts := s.options
	opts.Cache = nil
	parts := []any{"input", fmt.Sprintf("%+v", opts), s.strict, apis, fmt.Sprintf("%+v", s.diags), in.Observed != nil, s.request.Paths[0]}
	for _, role := range [][]repo.File{in.Files, in.Definitions, in.CRDs, in.Observed} {
		parts = append(parts, len(role))
		for _, f := range role {
			parts = append(parts, f.Name, f.Data)
		}
	}
	return cache.Digest(parts...)
}

// outcome turns a result into manifests or findings.
func (s *settings) outcome(res *render.Result, env Environment) (*outcome, error) {
	all := append(append(diag.List{}, s.diags...), res.Diagnostics...)
	all = append(all, s.destination(res, env)...)
	if s.strict {
		for i := range all {
			if all[i].Severity == diag.Warning {
				all[i].Severity = diag.Error
			}
		}
	}
	if len(res.Objects) == 0 && !s.options.AllowEmpty && !all.HasErrors() {
		all.Errorf(source(s.request.Paths[0]), "empty", "nothing is rendered, and Argo CD would delete what is there; "+
			"krowave.yaml cannot allow that, %sALLOW_EMPTY=true can", table.VariablePrefix)
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
