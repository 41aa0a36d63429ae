package observe

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/staging"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// File is one object as it is recorded.
type File struct {
	Name   string
	Data   []byte
	Object map[string]any
}

// Files gives each object a file of its own, named
// <kind>.<group>_<namespace>_<name>.yaml. Same objects, same bytes.
func Files(objects []map[string]any) ([]File, error) {
	out := make([]File, 0, len(objects))
	for _, obj := range objects {
		var text bytes.Buffer
		if err := manifest.EncodeYAML(&text, []map[string]any{obj}); err != nil {
			return nil, err
		}
		out = append(out, File{Name: fileName(obj), Data: text.Bytes(), Object: obj})
	}
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func fileName(obj map[string]any) string {
	k := keyOf(obj)
	kind := k.gvk.Kind
	if k.gvk.Group != "" {
		kind += "." + k.gvk.Group
	}
	return strings.ToLower(kind) + "_" + escaped(k.namespace) + "_" + escaped(k.name) + ".yaml"
}

// escaped spells what a file system may not take, or take for the same, as %XX:
// names of RBAC objects have colons and capitals.
func escaped(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// Change is a difference between a directory and a cluster.
type Change struct {
	Name    string
	What    string   // added, changed, removed
	Details []string // of a changed one: the fields
}

// Compare says how a directory differs from what files would make of it. Only
// files that Write wrote count as removed.
func Compare(dir string, files []File) ([]Change, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		var out []Change
		for _, f := range files {
			out = append(out, Change{Name: f.Name, What: "added"})
		}
		return out, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the observed objects: %w", err)
	}
	defer root.Close()
	var out []Change
	for _, f := range files {
		old, err := root.ReadFile(f.Name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			out = append(out, Change{Name: f.Name, What: "added"})
		case err != nil:
			return nil, fmt.Errorf("reading the observed objects: %w", err)
		case !bytes.Equal(old, f.Data):
			out = append(out, Change{f.Name, "changed", differences(old, f)})
		}
	}
	stale, err := stale(root, files)
	if err != nil {
		return nil, err
	}
	for _, name := range stale {
		out = append(out, Change{Name: name, What: "removed"})
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// Write makes a directory hold files, and no others that Write wrote before.
// What is the same already is left alone. No file is ever there in part.
func Write(dir string, files []File) ([]Change, error) {
	changes, err := Compare(dir, files)
	if err != nil {
		return nil, err
	}
	data := map[string][]byte{}
	for _, f := range files {
		data[f.Name] = f.Data
	}
	var fresh, stale []string
	for _, c := range changes {
		if c.What == "removed" {
			stale = append(stale, c.Name)
		} else {
			fresh = append(fresh, c.Name)
		}
	}
	if err := staging.Overwrite(dir, fresh, func(i int) ([]byte, error) { return data[fresh[i]], nil }); err != nil {
		return nil, err
	}
	for _, name := range stale {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return nil, fmt.Errorf("removing an observed object: %w", err)
		}
	}
	return changes, nil
}

// stale lists the files of a directory that Write wrote and that are none of
// files.
func stale(root *os.Root, files []File) ([]string, error) {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("reading the observed objects: %w", err)
	}
	var out []string
	for _, e := range entries {
		if !e.Type().IsRegular() || path.Ext(e.Name()) != ".yaml" || slices.ContainsFunc(files, func(f File) bool { return f.Name == e.Name() }) {
			continue
		}
		data, err := root.ReadFile(e.Name())
		if err != nil {
			return nil, fmt.Errorf("reading the observed objects: %w", err)
		}
		if written(e.Name(), data) {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

// written reports whether a file holds one object that Write recorded.
func written(name string, data []byte) bool {
	docs, _ := manifest.Read(name, data, manifest.Limits{})
	return len(docs) == 1 && fileName(docs[0].Object) == name && object.Annotation(docs[0].Object, expand.ObservedAnnotation) != ""
}
