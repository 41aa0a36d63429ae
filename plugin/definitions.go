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
	case len(c.definitions) > 0:
		found, err = r.files(c.definitions, c.dir)
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
	if len(args) > 0 {
		root = r.rootOf(args[0], r.dir)
	}
	tree, err := r.tree(root)
	if err != nil {
		return nil, usageError{err}
	}
	found := project.Needed(project.Definitions(tree.FS(), manifest.Limits{}), r.in.Files, manifest.Limits{})
	for i := range found {
		found[i].Name = r.relative(root, found[i].Name)
		r.in.sources[found[i].Name] = found[i].Data
	}
	return found, nil
}
