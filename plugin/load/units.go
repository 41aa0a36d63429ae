package load

import (
	"path"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
)

// Units reads what args name and splits it into what is applied together, project
// by project.
func (l Loader) Units(args []string) ([]Unit, *Input, error) {
	r, err := newReader(l)
	if err != nil {
		return nil, nil, err
	}
	in, err := r.read(args)
	if err != nil {
		return nil, nil, err
	}
	var units []Unit
	for _, u := range in.Units {
		parts, err := r.parts(u)
		if err != nil {
			return nil, nil, err
		}
		units = append(units, parts...)
	}
	return units, in, SayPassed(l.Streams.Err, in.Passed, l.Settings.Verbose)
}

// isBuilt reports whether a file is what kustomize builds from a directory.
func isBuilt(name string) bool { return path.Base(name) == "kustomization.yaml" }

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

// definitionKind is that of RGDs.
var definitionKind = schema.GroupKind{Group: "kro.run", Kind: "ResourceGraphDefinition"}

// Defines returns the kind that a document defines when it is an RGD.
func Defines(d *manifest.Document) (schema.GroupKind, bool) {
	if schema.FromAPIVersionAndKind(d.APIVersion(), d.Kind()).GroupKind() != definitionKind {
		return schema.GroupKind{}, false
	}
	spec, _ := d.Object["spec"].(map[string]any)
	s, _ := spec["schema"].(map[string]any)
	kind, _ := s["kind"].(string)
	group, _ := s["group"].(string)
	if group == "" {
		group = definitionKind.Group
	}
	return schema.GroupKind{Group: group, Kind: kind}, kind != ""
}
