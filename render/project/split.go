package project

import (
	"context"
	"path"
	"slices"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/repo"
)

// Part is the files of one project among those of some paths.
type Part struct {
	Project *Project
	Files   []repo.File
}

// Split is what paths name, by project.
type Split struct {
	Parts  []Part // in the order of their first files
	Passed []repo.Passed
	Unread []string  // files and directories that are meant and could not be read
	Found  diag.List // about the files, and about every krowave.yaml that was met
}

// Split reads what paths name. Each file belongs to the project of its
// directory, and what a kustomization builds to that of the kustomization.
// Standard input belongs to the project of stdin, a directory.
func (ps *Projects) Split(ctx context.Context, paths []string, stdin string) (Split, error) {
	ps.met = nil
	read, err := ps.tree.Read(ctx, repo.Request{Paths: paths, Skip: ps.Skip})
	out := Split{Unread: read.Unread, Found: read.Found}
	for _, p := range read.Passed {
		if p.Reason != settingsReason {
			out.Passed = append(out.Passed, p)
		}
	}
	if err != nil {
		return out, err
	}
	index := map[*Project]int{}
	add := func(p *Project) *Part {
		i, ok := index[p]
		if !ok {
			i = len(out.Parts)
			index[p] = i
			out.Parts = append(out.Parts, Part{Project: p})
		}
		return &out.Parts[i]
	}
	for _, f := range read.Files {
		dir := path.Dir(f.Name)
		if repo.IsStream(f.Name) {
			dir = stdin
		}
		if path.Base(f.Name) != SettingsName {
			part := add(ps.Of(dir))
			part.Files = append(part.Files, f)
		}
	}
	if len(out.Parts) == 0 { // of which the settings still count
		dir := stdin
		if len(paths) > 0 && !repo.IsStream(paths[0]) {
			dir = ps.tree.Directory(paths[0])
		}
		add(ps.Of(dir))
	}
	said := map[*Project]bool{}
	for _, p := range slices.Concat(projectsOf(out.Parts), ps.met) {
		if !said[p] {
			said[p] = true
			out.Found = append(out.Found, p.Found...)
		}
	}
	return out, nil
}

func projectsOf(parts []Part) []*Project {
	out := make([]*Project, len(parts))
	for i, p := range parts {
		out[i] = p.Project
	}
	return out
}
