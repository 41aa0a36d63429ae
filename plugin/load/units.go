package load

import (
	"path"
	"slices"

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
		for _, d := range project.Outlines(f, manifest.Limits{}) {
			if d.IsRGD && d.Kind.Kind != "" {
				out = append(out, d.Kind.GroupKind().String())
			}
		}
	}
	return out
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
