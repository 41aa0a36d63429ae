// Package project says which files a render of some paths reads: in come a
// tree, the paths, and what flags or krowave.yaml add; out come the files by
// their role. The paths' own files are rendered. RGDs are looked up in the
// files named as definitions, else, when the paths hold none, those that are
// needed in the whole tree.
//
//	files, findings, err := project.Read(tree, project.Request{Paths: []string{"apps/web"}})
//
// It knows no options of the engine and expands nothing.
package project

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/repo"
)

// Request says what to read. All paths start from the root of the tree.
type Request struct {
	Paths                       []string
	Definitions, CRDs, Observed []string
	Documents                   manifest.Limits

	// Search returns the files of the tree that hold an RGD; nil means
	// Definitions. A caller that reads one tree often can remember them.
	Search func() []Definition
}

// Files is what a render reads.
type Files struct {
	Paths, Definitions, CRDs []repo.File
	Observed                 []repo.File // nil when no observed objects were asked for
}

// Read reads the files of a request. The findings are about the content of the
// tree; an error says which path names nothing.
func Read(tree *repo.Tree, req Request) (Files, diag.List, error) {
	r := &reader{tree: tree, req: req}
	out := Files{
		Paths: r.files(req.Paths),
		CRDs:  r.files(req.CRDs),
	}
	switch {
	case len(req.Definitions) > 0:
		out.Definitions = Without(r.files(req.Definitions), out.Paths)
	case !Define(out.Paths, req.Documents):
		out.Definitions = r.search(out.Paths)
	}
	if len(req.Observed) > 0 {
		if out.Observed = r.files(req.Observed); out.Observed == nil {
			out.Observed = []repo.File{}
		}
	}
	return out, r.diags, errors.Join(r.errs...)
}

type reader struct {
	tree  *repo.Tree
	req   Request
	diags diag.List
	errs  []error
}

func (r *reader) files(paths []string) []repo.File {
	if len(paths) == 0 {
		return nil
	}
	found, diags, err := r.tree.Select(paths)
	r.diags = append(r.diags, diags...)
	if err != nil {
		r.errs = append(r.errs, err)
	}
	out := make([]repo.File, 0, len(found))
	for _, f := range found {
		if path.Base(f.Name) != SettingsName {
			out = append(out, f)
		}
	}
	return out
}

// Without returns the files that are not given already, by name.
func Without(files, given []repo.File) []repo.File {
	names := map[string]bool{}
	for _, f := range given {
		names[f.Name] = true
	}
	var out []repo.File
	for _, f := range files {
		if !names[f.Name] {
			out = append(out, f)
		}
	}
	return out
}

// Define reports whether any of the files holds an RGD.
func Define(files []repo.File, limits manifest.Limits) bool {
	return slices.ContainsFunc(files, func(f repo.File) bool {
		d := Definition{File: f}
		return d.read(limits)
	})
}

func (r *reader) search(files []repo.File) []repo.File {
	search := r.req.Search
	if search == nil {
		search = func() []Definition { return Definitions(r.tree.FS(), r.req.Documents) }
	}
	return Needed(search(), files, r.req.Documents)
}

// Needed returns those of all definitions that define a kind of the files, or
// one that such an RGD builds on: what is wrong with another one stops nobody.
func Needed(all []Definition, files []repo.File, limits manifest.Limits) []repo.File {
	wanted := map[string]bool{}
	for _, f := range files {
		docs, _ := manifest.Read(f.Name, f.Data, limits)
		for _, d := range docs {
			wanted[d.Kind()] = true
		}
	}
	return needed(all, wanted)
}

func needed(all []Definition, wanted map[string]bool) []repo.File {
	taken := make([]bool, len(all))
	for again := true; again; {
		again = false
		for i, d := range all {
			if taken[i] || !slices.ContainsFunc(d.defines, func(kind string) bool { return wanted[kind] }) {
				continue
			}
			taken[i], again = true, true
			for _, use := range d.uses {
				wanted[use] = true
			}
		}
	}
	var out []repo.File
	for i, d := range all {
		if taken[i] {
			out = append(out, d.File)
		}
	}
	return out
}

// Definition is a file that holds an RGD.
type Definition struct {
	File repo.File

	defines, uses []string // kinds: of its RGDs, and of their templates
}

// Definitions returns the files of a file system that hold an RGD, as they are:
// nothing is built, and what is hidden or cannot be read is passed over, for
// nobody asked for it.
func Definitions(fsys fs.FS, limits manifest.Limits) []Definition {
	var out []Definition
	_ = fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && entry != nil && entry.IsDir():
			return fs.SkipDir
		case err != nil:
			return nil
		case name != "." && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case entry.Type().IsRegular() && isManifest(name):
			data, err := fs.ReadFile(fsys, name)
			if err != nil {
				return nil
			}
			if d := (Definition{File: repo.File{Name: name, Data: data}}); d.read(limits) {
				out = append(out, d)
			}
		}
		return nil
	})
	return out
}

// read notes the kinds of a file and reports whether it holds an RGD.
func (d *Definition) read(limits manifest.Limits) bool {
	if !bytes.Contains(d.File.Data, []byte(definitionKind)) {
		return false // a cheap first look
	}
	docs, _ := manifest.Read(d.File.Name, d.File.Data, limits)
	found := false
	for _, doc := range docs {
		if doc.Kind() != definitionKind {
			continue
		}
		found = true
		spec, _ := doc.Object["spec"].(map[string]any)
		schema, _ := spec["schema"].(map[string]any)
		if kind, _ := schema["kind"].(string); kind != "" {
			d.defines = append(d.defines, kind)
		}
		resources, _ := spec["resources"].([]any)
		for _, item := range resources {
			resource, _ := item.(map[string]any)
			template, _ := resource["template"].(map[string]any)
			if kind, _ := template["kind"].(string); kind != "" {
				d.uses = append(d.uses, kind)
			}
		}
	}
	return found
}

func isManifest(name string) bool {
	ext := path.Ext(name)
	if strings.TrimSuffix(path.Base(name), ext) == "kustomization" || path.Base(name) == SettingsName {
		return false
	}
	return ext == ".yaml" || ext == ".yml" || ext == ".json"
}

const definitionKind = "ResourceGraphDefinition"

// reason is an error without the path that it is about.
func reason(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
