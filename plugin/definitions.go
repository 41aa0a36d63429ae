package plugin

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/repo"
)

// definitions reads the RGDs that are looked up: those of --definitions, else
// those that krowave.yaml lists, else, when the input holds none, all of the
// repository. Files of the input are left out: they define already.
func (r *reader) definitions(args []string, c *config) ([]repo.File, error) {
	var found []repo.File
	var err error
	switch {
	case len(r.flags.definitions) > 0:
		found, err = r.files(r.flags.definitions, r.dir)
	case len(c.definitions) > 0:
		found, err = r.files(c.definitions, c.dir)
	case r.inputDefines():
		return nil, nil
	default:
		found, err = r.searchRepository(args)
	}
	if err != nil {
		return nil, err
	}
	given := map[string]bool{}
	for _, f := range r.in.Files {
		given[f.Name] = true
	}
	var out []repo.File
	for _, f := range found {
		if !given[f.Name] {
			out = append(out, f)
		}
	}
	return out, nil
}

func (r *reader) inputDefines() bool {
	for _, f := range r.in.Files {
		if hasRGD(f) {
			return true
		}
	}
	return false
}

// searchRepository reads the files of the repository whose RGDs define a kind of
// the input, or a kind that such an RGD builds on, so that what is wrong with
// another one stops nobody. Files are taken as they are: nothing is built, and
// hidden directories are left out.
func (r *reader) searchRepository(args []string) ([]repo.File, error) {
	root := r.dir
	if len(args) > 0 {
		root = r.rootOf(args[0], r.dir)
	}
	known := len(r.in.diags)
	all, err := r.files(candidates(root), r.dir)
	if err != nil {
		return nil, err
	}
	r.in.diags = r.in.diags[:known:known] // of files that nobody asked for
	wanted := map[string]bool{}
	for _, f := range r.in.Files {
		for _, d := range documents(f) {
			wanted[d.Kind()] = true
		}
	}
	return needed(all, wanted), nil
}

// needed returns the files with an RGD of a wanted kind, in their order. The
// kinds in its templates are wanted, too.
func needed(files []repo.File, wanted map[string]bool) []repo.File {
	taken := make([]bool, len(files))
	for again := true; again; {
		again = false
		for i, f := range files {
			if taken[i] {
				continue
			}
			for _, d := range documents(f) {
				kind, uses := kinds(d)
				if !wanted[kind] {
					continue
				}
				taken[i], again = true, true
				for _, use := range uses {
					wanted[use] = true
				}
			}
		}
	}
	var out []repo.File
	for i, f := range files {
		if taken[i] {
			out = append(out, f)
		}
	}
	return out
}

// kinds returns the kind that an RGD defines, and those of its templates.
func kinds(d *manifest.Document) (defines string, uses []string) {
	if d.Kind() != rgdName {
		return "", nil
	}
	spec, _ := d.Object["spec"].(map[string]any)
	definition, _ := spec["schema"].(map[string]any)
	defines, _ = definition["kind"].(string)
	resources, _ := spec["resources"].([]any)
	for _, item := range resources {
		resource, _ := item.(map[string]any)
		template, _ := resource["template"].(map[string]any)
		if use, _ := template["kind"].(string); use != "" {
			uses = append(uses, use)
		}
	}
	return defines, uses
}

// candidates lists the files below a directory that may hold RGDs, by name.
func candidates(root string) []string {
	var out []string
	// What cannot be read is passed over: nobody asked for it.
	_ = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && entry != nil && entry.IsDir():
			return fs.SkipDir
		case err != nil:
			return nil
		case name != root && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case entry.Type().IsRegular() && isCandidate(name):
			out = append(out, name)
		}
		return nil
	})
	return out
}

// isCandidate looks at the name, then for the kind in the text.
func isCandidate(name string) bool {
	base := path.Base(filepath.ToSlash(name))
	switch path.Ext(base) {
	case ".yaml", ".yml", ".json":
	default:
		return false
	}
	if strings.TrimSuffix(base, path.Ext(base)) == "kustomization" {
		return false
	}
	info, err := os.Stat(name)
	if err != nil || info.Size() > 32<<20 {
		return false
	}
	data, err := os.ReadFile(name)
	return err == nil && mentionsRGD(repo.File{Data: data})
}
