package cmpserver

import (
	"context"
	"io/fs"
	"path"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
)

// Match reports whether a path is meant for krowave: it has a krowave.yaml, or
// holds an instance of an RGD that is in the repository. RGDs alone and plain
// manifests are not: Argo CD can apply those itself.
func (r *Renderer) Match(ctx context.Context, tree *Tree, req Request) (bool, error) {
	dir, err := req.dir()
	if err != nil {
		return false, err
	}
	if info, err := fs.Stat(tree.files.FS(), path.Join(dir, project.SettingsName)); err == nil && !info.IsDir() {
		return true, nil
	}
	if err := req.begin(ctx); err != nil {
		return false, err
	}
	j := &job{renderer: r, tree: tree, dir: dir, env: req.Env, byDir: map[string]*settings{}}
	units, err := j.read(ctx)
	if ctx.Err() != nil {
		return false, err
	}
	if err != nil {
		return false, nil // a path of other things, such as a Helm chart
	}
	for _, u := range units {
		if u.instances() {
			return true, nil
		}
	}
	return false, nil
}

// instances reports whether the files hold an instance of an RGD.
func (u unit) instances() bool {
	defined := map[k8sschema.GroupVersionKind]bool{}
	for _, d := range u.documents(append(append([]repo.File{}, u.in.Definitions...), u.in.Files...)) {
		if d.Kind() == "ResourceGraphDefinition" {
			if rgd, _ := graph.Admit(d); rgd != nil {
				defined[rgd.GVK] = true
			}
		}
	}
	if len(defined) == 0 {
		return false
	}
	for _, d := range u.documents(u.in.Files) {
		if defined[object.GVK(d.Object)] {
			return true
		}
	}
	return false
}

func (s *settings) documents(files []repo.File) []*manifest.Document {
	var out []*manifest.Document
	for _, f := range files {
		docs, _ := manifest.Read(f.Name, f.Data, s.options.Documents)
		out = append(out, docs...)
	}
	return out
}
