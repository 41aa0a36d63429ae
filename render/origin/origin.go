// Package origin finds where a value of an object that kustomize built was
// written. It takes the files that the build read, and for a built object and a
// path returns the document and path of the base, patch, generator or field of a
// kustomization that set the value: the outermost one that has it. What none of
// them has, such as a value of a custom transformer, has no origin.
//
//	b := origin.New("overlays/prod", files)
//	at, ok := b.Place(object, diag.Path{"spec", "replicas"}, (*manifest.Document).Position)
//
// Files are parsed when a place is first asked for. The package reads none.
package origin

import (
	"path"
	"strings"
	"sync"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// Build is what one kustomization was built from.
type Build struct {
	dir   string
	files map[string][]byte
	name  func(string) string

	once   sync.Once
	layers []layer // outermost first
}

// New takes the directory of a kustomization and the files that its build read,
// by their names in the tree.
func New(dir string, files map[string][]byte) *Build {
	return &Build{dir: dir, files: files, name: func(name string) string { return name }}
}

// Renamed is the build with other names of its files in positions.
func (b *Build) Renamed(name func(string) string) manifest.Origin {
	return &Build{dir: b.dir, files: b.files, name: name}
}

// Files are the texts of the files, by their names in positions.
func (b *Build) Files() map[string][]byte {
	out := make(map[string][]byte, len(b.files))
	for name, data := range b.files {
		out[b.name(name)] = data
	}
	return out
}

// Place returns where the value at p of a built object was written, as read says
// of the document that has it; false when nothing is known to have set it.
func (b *Build) Place(obj map[string]any, p diag.Path, read func(d *manifest.Document, p diag.Path) diag.Position) (diag.Position, bool) {
	b.once.Do(b.parse)
	v, depth := p.Reach(obj)
	p = p[:depth]
	w := want{object: obj, path: p, value: v, kind: object.Kind(obj), name: object.Name(obj)}
	_, isMap := v.(map[string]any)
	_, isList := v.([]any)
	if isMap || isList {
		return b.container(w, read)
	}
	for i := range b.layers {
		if at, ok := b.layers[i].place(w, read); ok {
			return at, true
		}
	}
	if len(p) == 2 && p[0] == "metadata" && p[1] == "name" { // a prefix, suffix or hash is a part of it
		return b.own(w, read)
	}
	return diag.Position{}, false
}

// container places a map or list: in the resource, else in the first patch that
// has it.
func (b *Build) container(w want, read func(d *manifest.Document, p diag.Path) diag.Position) (diag.Position, bool) {
	_, isList := w.value.([]any)
	for i := range b.layers { // set as a whole
		for k := range b.layers[i].ops {
			if at, ok := b.layers[i].ops[k].operation(w); ok && len(w.path) > 0 {
				return at, true
			}
		}
		if at, ok := b.layers[i].place(w, read); ok && isList {
			return at, true
		}
	}
	for i := len(b.layers) - 1; i >= 0; i-- {
		for _, c := range b.layers[i].objects {
			if at, ok := c.mapped(w); ok {
				return c.read(at, read), true
			}
		}
	}
	for i := range b.layers {
		if at, ok := b.layers[i].added(w.path); ok {
			return read(b.layers[i].doc, at), true
		}
	}
	return diag.Position{}, false
}

// own is the name that the resource has in its own file.
func (b *Build) own(w want, read func(d *manifest.Document, p diag.Path) diag.Position) (diag.Position, bool) {
	var best *candidate
	for i := range b.layers {
		for k := range b.layers[i].objects {
			c := &b.layers[i].objects[k]
			if name := object.Name(c.doc.Object); c.about(w) && !c.patch && (best == nil || len(name) > len(object.Name(best.doc.Object))) {
				best = c
			}
		}
	}
	if best == nil {
		return diag.Position{}, false
	}
	return best.read(w.path, read), true
}

// want is a value whose origin is asked for.
type want struct {
	object     map[string]any
	path       diag.Path
	value      any
	kind, name string
}

// candidate is a document that may have set a value.
type candidate struct {
	doc    *manifest.Document
	patch  bool
	target string // the kind that a patch without one is for; "" is any

	inside *manifest.Document // the kustomization that an inline text stands in
	at     diag.Path          // of the text
	text   string
}

// about reports whether a candidate is about an object: the kind is the same and
// the name a part of the built one, to which prefixes and suffixes are added.
func (c *candidate) about(w want) bool {
	kind, name := object.Kind(c.doc.Object), object.Name(c.doc.Object)
	if kind != w.kind {
		return false
	}
	return strings.Contains(w.name, name)
}

// mapped is the path in the document that stands for a path of the built object.
// Items of lists are found by what names them.
func (c *candidate) mapped(w want) (diag.Path, bool) {
	if !c.about(w) {
		return nil, false
	}
	var out diag.Path
	var built, own any = w.object, c.doc.Object
	for _, step := range w.path {
		var ok bool
		switch s := step.(type) {
		case string:
			b, _ := built.(map[string]any)
			o, _ := own.(map[string]any)
			built = b[s]
			if own, ok = o[s]; !ok {
				return nil, false
			}
			out = append(out, s)
		case int:
			b, _ := built.([]any)
			o, _ := own.([]any)
			k := sameItem(b, s, o)
			if k < 0 {
				return nil, false
			}
			built, own = b[s], o[k]
			out = append(out, k)
		}
	}
	return out, true
}

// read asks a document for the place of a path; that of an inline text is counted
// from where the text stands.
func (c *candidate) read(p diag.Path, read func(d *manifest.Document, p diag.Path) diag.Position) diag.Position {
	at := read(c.doc, p)
	if c.inside == nil {
		return at
	}
	return c.inside.Within(c.at, offsetOf(c.text, at))
}

// offsetOf is the byte offset of a line and column.
func offsetOf(text string, at diag.Position) int {
	offset, line := 0, 1
	for l := range strings.Lines(text) {
		if line == at.Line {
			column := 1
			for i := range l {
				if column == at.Column {
					return offset + i
				}
				column++
			}
			return offset + len(strings.TrimRight(l, "\r\n"))
		}
		offset += len(l)
		line++
	}
	return 0
}

// find is the kustomization file of a directory.
func (b *Build) find(dir string) (string, bool) {
	for _, base := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		name := path.Join(dir, base)
		if _, ok := b.files[name]; ok {
			return name, true
		}
	}
	return "", false
}
