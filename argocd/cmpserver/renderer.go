package cmpserver

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/cache"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
	table "github.com/krowave/krowave/render/settings"
)

// Tree is the repository of an application.
type Tree struct {
	files  *repo.Tree
	digest string // of its content; "" remembers nothing of it
	once   sync.Once
	finder *project.Finder
}

// NewTree returns the tree of a file system. digest, if it is not empty, is
// different for any two trees of different content.
func NewTree(fsys fs.FS, digest string) *Tree { return &Tree{files: repo.FS(fsys), digest: digest} }

// WorkTree returns the tree of a directory, of which Git may ignore a part.
func WorkTree(files *repo.Tree) *Tree { return &Tree{files: files} }

// definitions finds the RGDs of the tree, within the limits of the server.
func (t *Tree) definitions(operator table.Values) *project.Finder {
	t.once.Do(func() {
		tree := *t.files
		tree.Limits = operator.Tree()
		t.finder = project.NewFinder(&tree, nil, operator.Options.Documents)
	})
	return t.finder
}

// Request names an application in a tree.
type Request struct {
	Path string // with slashes; "" is the root
	Env  Environment

	// OnStage, if not nil, is told what happens next.
	OnStage func(stage string)
	// AcquireSlot, if not nil, is waited for before anything that takes CPU.
	AcquireSlot func(context.Context) error
}

// dir is the cleaned path.
func (r *Request) dir() (string, error) {
	dir := path.Clean(strings.ReplaceAll(r.Path, `\`, "/"))
	if !fs.ValidPath(dir) {
		return "", usage("appRelPath", "path", "the application's path %q is outside its repository", r.Path)
	}
	return dir, nil
}

func (r *Request) enter(stage string) {
	if r.OnStage != nil {
		r.OnStage(stage)
	}
}

// begin waits for the slot and enters the stage "reading".
func (r *Request) begin(ctx context.Context) error {
	if r.AcquireSlot != nil {
		r.enter("waiting")
		if err := r.AcquireSlot(ctx); err != nil {
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

// outcome is the result of a render, always the same for the same content.
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

func (o *outcome) hasUnknownKind() bool {
	return o.findings != nil && slices.ContainsFunc(o.findings.List, func(d diag.Diagnostic) bool { return d.Rule == "unknown-kind" })
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
	treeKey := ""
	if tree.digest != "" {
		treeKey = cache.Digest("tree", tree.digest, dir, req.Env.key())
		if o, ok := r.answers.Get(treeKey); ok {
			return cached(o)
		}
	}
	if err := req.begin(ctx); err != nil {
		return nil, err
	}
	j := &job{renderer: r, tree: tree, dir: dir, env: req.Env, byDir: map[string]*settings{}}
	units, err := j.read(ctx)
	if err != nil {
		return nil, err
	}
	// Other commits and other applications may have the same input.
	inputKey := j.digest(units)
	if o, ok := r.answers.Get(inputKey); ok {
		r.remember(treeKey, o)
		return cached(o)
	}
	req.enter("rendering")
	results, err := j.render(ctx, units)
	if err != nil {
		return nil, err
	}
	req.enter("encoding")
	o, err := j.outcome(units, results)
	if err != nil {
		return nil, err
	}
	if !o.hasUnknownKind() { // of which a finding says where else in the tree it is
		r.remember(inputKey, o)
	}
	r.remember(treeKey, o)
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

// settings puts the settings of an application together, as they are for the
// files of a directory.
func (r *Renderer) settings(tree *Tree, dir string, env Environment) *settings {
	base := r.Operator
	base.Options.Cache = r.documents
	return readSettings(tree.files.FS(), dir, env, base)
}
