package load

import (
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/outline"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
)

// Units reads what args name and splits it into what is applied together: what
// a kustomization builds is a unit of its own, since overlays repeat what they
// share, and all other files are one.
func (l Loader) Units(args []string) ([]render.Input, *Input, error) {
	r, err := newReader(l.Context(), l.Streams, l.Settings)
	if err != nil {
		return nil, nil, err
	}
	c, err := r.config(args)
	if err != nil {
		return nil, nil, err
	}
	in, err := r.read(args, c)
	if err != nil {
		return nil, nil, err
	}
	named, err := r.named(c)
	if err != nil {
		return nil, nil, err
	}
	files := project.Without(in.Files, in.Observed)
	plain := render.Input{CRDs: in.CRDs, Observed: in.Observed, Definitions: named}
	var units []render.Input
	for _, f := range files {
		switch {
		case isBuilt(f.Name):
			u := plain
			u.Files = []repo.File{f}
			units = append(units, u)
		case slices.Contains(args, f.Name) || f.Name == "-" || isManifestFile(f, files):
			plain.Files = append(plain.Files, f)
		}
	}
	if len(plain.Files) > 0 || len(units) == 0 {
		units = append([]render.Input{plain}, units...)
	}
	if len(r.own.Definitions) == 0 && !c.lists() {
		if err := r.lookUp(args, units); err != nil {
			return nil, nil, err
		}
	}
	for i := range units {
		units[i].Definitions = project.Without(units[i].Definitions, units[i].Files)
	}
	return units, in, nil
}

// named are all definitions that flags or krowave.yaml name, those that the paths
// hold too included: what a kustomization builds needs them.
func (r *reader) named(c *config) ([]repo.File, error) {
	found := r.in.Diags // reading again finds the same again
	defer func() { r.in.Diags = found }()
	switch {
	case len(r.own.Definitions) > 0:
		return r.files(r.own.Definitions, r.dir)
	case c.lists():
		return r.listed(c)
	}
	return r.in.Definitions, nil
}

// isBuilt reports whether a file is what kustomize builds from a directory.
func isBuilt(name string) bool { return path.Base(name) == "kustomization.yaml" }

// isManifestFile reports whether a file that was met in a walk is meant for a
// cluster: one of its documents names a kind, and it is no part of a Helm chart.
func isManifestFile(f repo.File, all []repo.File) bool {
	for dir := path.Dir(f.Name); ; dir = path.Dir(dir) {
		if slices.ContainsFunc(all, func(o repo.File) bool { return o.Name == path.Join(dir, "Chart.yaml") }) {
			return false
		}
		if dir == "." || dir == "/" || dir == path.Dir(dir) || strings.HasSuffix(dir, "..") {
			break
		}
	}
	docs, diags := manifest.Read(f.Name, f.Data, manifest.Limits{})
	return diags.HasErrors() || slices.ContainsFunc(docs, func(d *manifest.Document) bool { return d.APIVersion() != "" && d.Kind() != "" })
}

// lookUp gives each unit the RGDs of the repository that it needs and does not
// define itself.
func (r *reader) lookUp(args []string, units []render.Input) error {
	root := r.rootOf(args[0], r.dir)
	tree, err := r.tree(root)
	if err != nil {
		return cli.Usage(err)
	}
	all := project.Definitions(tree.FS(), manifest.Limits{})
	for i := range units {
		u := &units[i]
		u.Definitions = nil
		own := definedKinds(u.Files)
		for _, f := range project.Needed(all, u.Files, manifest.Limits{}) {
			f.Name = r.relative(root, f.Name)
			if slices.ContainsFunc(u.Files, func(o repo.File) bool { return o.Name == f.Name }) || overlap(own, definedKinds([]repo.File{f})) {
				continue
			}
			r.in.Sources[f.Name] = f.Data
			u.Definitions = append(u.Definitions, f)
		}
	}
	return nil
}

// definedKinds lists what the RGDs of files define, as group/Kind.
func definedKinds(files []repo.File) []string {
	var out []string
	for _, f := range files {
		if !project.Define([]repo.File{f}, manifest.Limits{}) {
			continue
		}
		docs, _ := manifest.Read(f.Name, f.Data, manifest.Limits{})
		for _, d := range docs {
			if gk, ok := Defines(d); ok {
				out = append(out, gk.String())
			}
		}
	}
	return out
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// Defines returns the kind that a document defines when it is an RGD.
func Defines(d *manifest.Document) (schema.GroupKind, bool) {
	found, ok := outline.Read(d.Object)
	return found.Kind.GroupKind(), ok && found.IsRGD && found.Kind.Kind != ""
}
