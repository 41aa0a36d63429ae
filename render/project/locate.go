package project

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/repo"
)

// Locate suggests how a project can find CRDs for unknown kinds: it names
// the files of the tree that hold the CRDs. In go kinds as Kind.group, out come
// hints for those that are found. shown, if not nil, is how people see the name
// of a file, and says that they can give flags as well.
func (f *Finder) Locate(ctx context.Context, p *Project, kinds []string, shown func(string) string) (map[string]string, error) {
	wanted := map[string]bool{}
	for _, k := range kinds {
		wanted[k] = true
	}
	projects, err := Open(f.tree, Options{Exclude: f.exclude, Fetches: true})
	if err != nil {
		return nil, err
	}
	read, err := f.tree.Read(ctx, repo.Request{Paths: []string{cmp.Or(f.Below, ".")}, Skip: projects.Skip, Search: true})
	if err != nil {
		return nil, fmt.Errorf("looking for CRDs: %w", err)
	}
	out := map[string]string{}
	for _, file := range read.Files {
		if !bytes.Contains(file.Data, []byte(object.CRDKind)) {
			continue
		}
		for _, crd := range Outlines(file, f.limits) {
			kind := crd.Kind.GroupKind().String()
			if !crd.IsRGD && wanted[kind] && out[kind] == "" {
				out[kind] = p.useCRD(file.Name, shown)
			}
		}
	}
	return out, nil
}

// useCRD is how to look a CRD up in a file of the tree.
func (p *Project) useCRD(name string, shown func(string) string) string {
	rel, err := filepath.Rel(filepath.FromSlash(p.Dir), filepath.FromSlash(name))
	if err != nil {
		rel = name
	}
	hint := fmt.Sprintf("add %q to crds in %s", filepath.ToSlash(rel), p.File())
	if shown == nil {
		return fmt.Sprintf("%s has the CRD: %s", name, hint)
	}
	return fmt.Sprintf("%s has the CRD: %s, or use --crds %s", shown(name), hint, shown(name))
}
