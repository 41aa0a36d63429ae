package cmp

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
	if info, err := fs.Stat(tree.fsys, path.Join(dir, project.SettingsName)); err == nil && !info.IsDir() {
		return true, nil
	}
	if err := req.begin(ctx); err != nil {
		return false, err
	}
	s := r.settings(tree, dir, req.Env)
	in, err := s.read(tree)
	if err != nil {
		return false, nil // a path of other things, such as a Helm chart
	}
	defined := map[k8sschema.GroupVersionKind]bool{}
	for _, d := range s.documents(append(append([]repo.File{}, in.Definitions...), in.Files...)) {
		if d.Kind() == "ResourceGraphDefinition" {
			if rgd, _ := graph.Admit(d); rgd != nil {
				defined[rgd.GVK] = true
			}
		}
	}
	if len(defined) == 0 {
		return false, nil
	}
	for _, d := range s.documents(in.Files) {
		if defined[object.GVK(d.Object)] {
			return true, nil
		}
	}
	return false, nil
}

func (s *settings) documents(files []repo.File) []*manifest.Document {
	var out []*manifest.Document
	for _, f := range files {
		docs, _ := manifest.Read(f.Name, f.Data, s.options.Documents)
		out = append(out, docs...)
	}
	return out
}
