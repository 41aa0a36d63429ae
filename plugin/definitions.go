package plugin

import (
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
)

// definitions reads the RGDs that are looked up: those of --definitions, else
// those that krowave.yaml lists, else, when the input holds none, those of the
// repository that the input needs. Files of the input are left out: they define
// already.
func (r *reader) definitions(args []string, c *config) ([]repo.File, error) {
	var found []repo.File
	var err error
	switch {
	case len(r.flags.definitions) > 0:
		found, err = r.files(r.flags.definitions, r.dir)
	case c.lists():
		found, err = r.listed(c)
	case !project.Define(r.in.Files, manifest.Limits{}):
		found, err = r.searchRepository(args)
	}
	if err != nil {
		return nil, err
	}
	return project.Without(found, r.in.Files), nil
}

func (r *reader) searchRepository(args []string) ([]repo.File, error) {
	root := r.dir
	switch {
	case r.search != "":
		root = r.search
	case r.only != nil:
		root = r.only.root
	case len(args) > 0:
		root = r.rootOf(args[0], r.dir)
	}
	tree, err := r.tree(root)
	if err != nil {
		return nil, usageError{err}
	}
	all := project.Definitions(tree.FS(), manifest.Limits{})
	var found []repo.File
	if r.every {
		for _, d := range all {
			found = append(found, d.File)
		}
	} else {
		found = project.Needed(all, r.in.Files, manifest.Limits{})
	}
	for i := range found {
		found[i].Name = r.relative(root, found[i].Name)
		r.in.sources[found[i].Name] = found[i].Data
	}
	return found, nil
}
