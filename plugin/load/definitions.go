package load

import (
	"fmt"
	"path"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/remote"
	"github.com/krowave/krowave/render/diag"
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
	case len(r.own.Definitions) > 0:
		found, err = r.files(r.own.Definitions, r.dir)
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
		return nil, cli.Usage(err)
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
		r.in.Sources[found[i].Name] = found[i].Data
	}
	return found, nil
}

// listed reads the definitions that krowave.yaml lists.
func (r *reader) listed(c *config) ([]repo.File, error) {
	found, err := r.files(c.definitions, c.dir)
	if err != nil || len(c.remotes) == 0 {
		return found, err
	}
	store, err := Store(r.streams, &r.flags.Fetch, r.dir)
	if err != nil {
		return nil, err
	}
	for _, from := range c.remotes {
		files, err := r.remote(store, from)
		if err != nil {
			if r.ctx.Err() != nil {
				return nil, err
			}
			r.in.Diags.Errorf(from.Position, "remote-definitions", "%v", err)
		}
		found = append(found, project.Without(files, found)...)
	}
	return found, nil
}

// remote reads one source. Its files are named after it.
func (r *reader) remote(store *remote.Store, from project.Remote) ([]repo.File, error) {
	files, err := store.Open(r.ctx, from)
	if err != nil {
		return nil, err
	}
	tree := repo.FS(files)
	tree.Limits = r.in.Settings.Tree()
	found, diags, err := tree.Select([]string{from.Path})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from.Name(), err)
	}
	name := func(file string) string { return path.Join(from.Name(), file) }
	for _, d := range diags {
		d.Pos.File = name(d.Pos.File)
		related := make([]diag.Related, len(d.Related))
		for i, other := range d.Related {
			other.Position.File = name(other.Position.File)
			related[i] = other
		}
		d.Related = related
		r.in.Diags.Add(d)
	}
	var out []repo.File
	for _, f := range found {
		if path.Base(f.Name) == project.SettingsName {
			continue // settings of the other repository
		}
		f.Name = name(f.Name)
		r.in.Sources[f.Name] = f.Data
		out = append(out, f)
	}
	return out, nil
}
