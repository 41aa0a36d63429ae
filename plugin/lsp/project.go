package lsp

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/plugin/check"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/outline"
	projects "github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/schema"
)

// project is a directory that is checked as a whole: that of the krowave.yaml
// nearest to an open file, else the root of its repository.
type project struct {
	root string // absolute; findings name files from here
	path string // absolute, that is checked: a directory, or a file that is in no workspace

	changed chan struct{} // has an item when there is something to check
	urgent  chan struct{} // has one when somebody waits for it
	stop    context.CancelFunc

	mu        sync.Mutex
	cancel    context.CancelFunc // of the check that runs
	newest    *snapshot
	made      chan struct{}                                                     // closed when there is a newer one
	published map[string]bool                                                   // URIs that have findings
	crds      map[k8sschema.GroupKind]*apiextensionsv1.CustomResourceDefinition // that RGDs generated last
}

// absolute is the path of a file that a finding names.
func (p *project) absolute(name string) string {
	return filepath.Clean(load.Absolute(filepath.FromSlash(name), p.root))
}

// snapshot is what a check found.
type snapshot struct {
	revision int            // of the texts
	open     map[string]int // the versions of the open files, by URI
	units    []load.Unit
	in       *load.Input
	checked  *check.Checked
	crds     map[k8sschema.GroupKind]*apiextensionsv1.CustomResourceDefinition // of all RGDs, also of those with errors
	err      error                                                             // why there is nothing
}

// projectOf finds the project of a file.
func (s *server) projectOf(file string) *project {
	if file == "" {
		return nil
	}
	root, path := s.place(file)
	s.mu.Lock()
	defer s.mu.Unlock()
	key := root + "\x00" + path
	p := s.projects[key]
	if p == nil {
		ctx, stop := context.WithCancel(s.base)
		p = &project{
			root: root, path: path, changed: make(chan struct{}, 1), urgent: make(chan struct{}, 1), stop: stop,
			made: make(chan struct{}), published: map[string]bool{}, crds: map[k8sschema.GroupKind]*apiextensionsv1.CustomResourceDefinition{},
		}
		s.projects[key] = p
		s.work.Go(func() { s.follow(ctx, p) })
	}
	return p
}

// place is the root of the tree that a file is in, and what is checked with it.
func (s *server) place(file string) (root, path string) {
	dir := filepath.Dir(file)
	root, known := load.Repository(dir)
	if !known {
		root = ""
		s.mu.Lock()
		for _, f := range s.folders {
			if within(f, dir) && len(f) > len(root) {
				root = f
			}
		}
		s.mu.Unlock()
	}
	if root == "" {
		return dir, file
	}
	for at := dir; at != root; at = filepath.Dir(at) {
		if info, err := os.Stat(filepath.Join(at, projects.SettingsName)); err == nil && !info.IsDir() {
			return root, at
		}
	}
	return root, root
}

// touch notes that texts have changed: those of an open file, or any. Projects
// of which no file is open are forgotten.
func (s *server) touch(uri string) {
	s.mu.Lock()
	s.revision++
	var file string
	if d := s.documents[uri]; d != nil {
		file = d.path
	}
	var open []string
	for _, d := range s.documents {
		open = append(open, d.path)
	}
	s.mu.Unlock()
	used := map[*project]bool{}
	for _, name := range open {
		if p := s.projectOf(name); p != nil {
			used[p] = true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, p := range s.projects {
		switch {
		case !used[p]:
			delete(s.projects, key)
			p.stop()
		case file == "" || within(p.root, file):
			p.touch()
		}
	}
}

// touch has the project checked again.
func (p *project) touch() {
	p.mu.Lock()
	if p.cancel != nil {
		p.cancel()
	}
	p.mu.Unlock()
	signal(p.changed)
}

func signal(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default: // there is one already
	}
}

// pause is how long nothing is typed before a check begins.
const pause = 200 * time.Millisecond

// follow checks a project whenever it changed, until the context ends.
func (s *server) follow(ctx context.Context, p *project) {
	first := true
	for {
		select {
		case <-ctx.Done():
			s.clear(p)
			return
		case <-p.changed:
		}
		if !first {
			p.rest(ctx)
		}
		first = false
		s.check(ctx, p)
	}
}

// rest waits until nothing has been typed for a moment, or somebody asks.
func (p *project) rest(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.urgent:
			return
		case <-p.changed:
		case <-time.After(pause):
			return
		}
	}
}

// check checks a project once, and publishes what it found.
func (s *server) check(ctx context.Context, p *project) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.mu.Lock()
	p.cancel = cancel
	p.mu.Unlock()
	s.mu.Lock()
	snap := &snapshot{revision: s.revision, open: map[string]int{}}
	texts := map[string][]byte{}
	for _, d := range s.documents {
		if d.path != "" && within(p.root, d.path) {
			texts[d.path] = []byte(d.text)
			if within(p.path, d.path) {
				snap.open[d.uri] = d.version
			}
		}
	}
	s.mu.Unlock()
	l := s.options.Loader.For(ctx, p.root)
	l.Texts = texts
	snap.err = guard(s.log, "checking", func() error { return snap.read(l, p.path, s) })
	if ctx.Err() != nil {
		return // something changed, and is checked next
	}
	p.mu.Lock()
	if snap.err != nil && p.newest != nil { // what was known before stays for who asks
		snap.units, snap.in, snap.checked = p.newest.units, p.newest.in, p.newest.checked
	}
	p.newest = snap
	maps.Copy(p.crds, snap.crds)
	close(p.made)
	p.made = make(chan struct{})
	p.mu.Unlock()
	s.publish(ctx, p, snap)
}

func (snap *snapshot) read(l load.Loader, path string, s *server) error {
	units, in, err := l.Units([]string{path})
	if err != nil {
		return err
	}
	checked, err := check.Units(l.Context(), units, in, s.cache)
	if err != nil {
		return err
	}
	snap.units, snap.in, snap.checked = units, in, checked
	snap.define()
	return nil
}

// define notes what the RGDs define, also those that have errors.
func (snap *snapshot) define() {
	snap.crds = map[k8sschema.GroupKind]*apiextensionsv1.CustomResourceDefinition{}
	for n, res := range snap.checked.Renders {
		for _, g := range res.Graphs {
			snap.crds[g.RGD.GVK.GroupKind()] = g.CRD
		}
		if res.Catalog == nil || !res.Diagnostics.HasErrors() {
			continue
		}
		for _, f := range slices.Concat(snap.units[n].Files, snap.units[n].Definitions) {
			if !bytes.Contains(f.Data, []byte(object.RGDKind)) {
				continue
			}
			docs, _ := f.Read(manifest.Limits{})
			for _, doc := range docs {
				kind := outline.Kind(doc.Object)
				if object.IsRGDKind(object.GVK(doc.Object)) && kind.Kind != "" && snap.crds[kind.GroupKind()] == nil {
					snap.crds[kind.GroupKind()] = graph.NewSketch(doc.Object, res.Catalog).CRD
				}
			}
		}
	}
}

// completed is a catalog with the kinds of RGDs that have errors now and had none
// before.
func (p *project) completed(c *schema.Catalog) *schema.Catalog {
	p.mu.Lock()
	defer p.mu.Unlock()
	var more []*apiextensionsv1.CustomResourceDefinition
	for kind, crd := range p.crds {
		if !slices.ContainsFunc(crd.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool { return c.Has(kind.WithVersion(v.Name)) }) {
			more = append(more, crd)
		}
	}
	return c.With(more...)
}

// errNothing is the answer about a file that no check covers.
var errNothing = errors.New("the file is not part of a project that can be checked")

// current waits for a snapshot that is at least of a revision.
func (p *project) current(ctx context.Context, revision int) (*snapshot, error) {
	for {
		p.mu.Lock()
		newest, made := p.newest, p.made
		p.mu.Unlock()
		if newest != nil && newest.revision >= revision {
			if newest.checked == nil {
				return nil, newest.err
			}
			return newest, nil
		}
		signal(p.urgent)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-made:
		}
	}
}
