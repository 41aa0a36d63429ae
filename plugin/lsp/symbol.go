package lsp

import (
	"bytes"
	"context"
	"maps"
	"os"
	"slices"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/outline"
)

// what a symbol is.
type what int

const (
	aKind  what = iota // the kind that an RGD defines
	aField             // a field of its instances
	aNode              // a node
)

// symbol is something that has a name in an RGD, and is used in others' files.
type symbol struct {
	what what
	kind k8sschema.GroupKind // that the RGD defines
	name string              // of a node
	path []string            // of a field, from spec on
}

// known is what the files of a project say, parsed when somebody asks.
type known struct {
	texts map[string]string // by the names that findings use
	files map[string]*file
}

// known reads what the project of a file holds, with the texts of the request.
func (s *server) known(ctx context.Context, at *look) (*known, error) {
	snap, err := s.snapshot(ctx, at, true)
	if err != nil {
		return nil, err
	}
	k := &known{texts: map[string]string{}, files: map[string]*file{}}
	for name, text := range snap.in.Sources {
		if strings.Contains(name, "://") {
			continue
		}
		if _, err := os.Lstat(at.project.absolute(name)); err == nil || s.isOpen(at.project.absolute(name)) {
			k.texts[name] = string(text)
		}
	}
	k.texts[at.name()] = at.text
	return k, nil
}

func (s *server) isOpen(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.documents {
		if d.path == path {
			return true
		}
	}
	return false
}

func (k *known) file(name string) *file {
	if f := k.files[name]; f != nil {
		return f
	}
	f := fileOf(name, k.texts[name])
	k.files[name] = f
	return f
}

// mentioning lists the files that have a word, sorted by name.
func (k *known) mentioning(word string) []*file {
	var out []*file
	for _, name := range slices.Sorted(maps.Keys(k.texts)) {
		if bytes.Contains([]byte(k.texts[name]), []byte(word)) {
			out = append(out, k.file(name))
		}
	}
	return out
}

// definition is an RGD in its file.
type definition struct {
	*file
	doc *manifest.Document
}

func (d definition) kind() k8sschema.GroupKind { return outline.Kind(d.doc.Object).GroupKind() }

// definition finds the RGD of a kind.
func (k *known) definition(kind k8sschema.GroupKind) (definition, bool) {
	if kind.Kind == "" {
		return definition{}, false
	}
	for _, f := range k.mentioning(object.RGDKind) {
		for _, doc := range f.docs {
			if object.IsRGDKind(object.GVK(doc.Object)) && outline.Kind(doc.Object).GroupKind() == kind {
				return definition{f, doc}, true
			}
		}
	}
	return definition{}, false
}

// symbolAt finds the symbol at an offset of a file, and the range of its name.
func (k *known) symbolAt(f *file, offset int) (symbol, int, int, bool) {
	sp, ok := f.spotAt(offset)
	if !ok {
		return symbol{}, 0, 0, false
	}
	gvk := object.GVK(sp.doc.Object)
	if !object.IsRGDKind(gvk) {
		return k.symbolIn(f, sp, gvk.GroupKind(), sp.path)
	}
	d := definition{f, sp.doc}
	if m, step, ok := mentionAt(f.mentions(sp.doc, names(sp.doc.Object)), offset); ok {
		begin := m.at[step]
		s, ok := d.mentioned(m, step)
		return s, begin, begin + len(m.path[step]), ok
	}
	p := sp.path
	switch {
	case in(p, "spec", "schema", "spec") && sp.key && len(p) > 3:
		return symbol{what: aField, kind: d.kind(), path: steps(p[2:])}, sp.begin, f.end(sp), true
	case in(p, "spec", "schema", "kind") && !sp.key:
		return symbol{what: aKind, kind: d.kind()}, sp.begin, f.end(sp), true
	case in(p, "spec", "resources") && len(p) == 4 && p[3] == "id" && !sp.key:
		id, _ := p.In(any(sp.doc.Object))
		name, _ := id.(string)
		return symbol{what: aNode, kind: d.kind(), name: name}, sp.begin, f.end(sp), true
	case in(p, "spec", "resources") && len(p) > 4 && p[3] == "template":
		template, _ := p[:4].In(any(sp.doc.Object))
		obj, _ := template.(map[string]any)
		return k.symbolIn(f, sp, object.GVK(obj).GroupKind(), p[4:])
	}
	return symbol{}, 0, 0, false
}

// symbolIn is the symbol at a path of an object of a kind, if an RGD defines it.
func (k *known) symbolIn(f *file, sp spot, kind k8sschema.GroupKind, path diag.Path) (symbol, int, int, bool) {
	if _, ok := k.definition(kind); !ok {
		return symbol{}, 0, 0, false
	}
	switch {
	case in(path, "kind") && !sp.key:
		return symbol{what: aKind, kind: kind}, sp.begin, f.end(sp), true
	case in(path, "spec") && sp.key && len(path) > 1:
		return symbol{what: aField, kind: kind, path: steps(path)}, sp.begin, f.end(sp), true
	}
	return symbol{}, 0, 0, false
}

// mentioned is the symbol that a step of a mention means.
func (d definition) mentioned(m mention, step int) (symbol, bool) {
	switch {
	case m.path[0] == graph.SchemaVar && step > 1 && m.path[1] == "spec":
		return symbol{what: aField, kind: d.kind(), path: withoutItems(m.path[1 : step+1])}, true
	case m.path[0] == graph.SchemaVar:
		return symbol{what: aKind, kind: d.kind()}, true
	case step == 0:
		return symbol{what: aNode, kind: d.kind(), name: m.path[0]}, true
	}
	return symbol{}, false
}

// steps are the names of a path.
func steps(path diag.Path) []string {
	var out []string
	for _, step := range path {
		if name, ok := step.(string); ok {
			out = append(out, name)
		}
	}
	return out
}

func withoutItems(path []string) []string {
	return slices.DeleteFunc(slices.Clone(path), func(step string) bool { return step == expr.Item })
}

// place is a name in a file.
type place struct {
	file       *file
	begin, end int
}

// declaration is where a symbol gets its name.
func (k *known) declaration(s symbol) (place, bool) {
	d, ok := k.definition(s.kind)
	if !ok {
		return place{}, false
	}
	switch s.what {
	case aKind:
		return d.value(diag.Path{"spec", "schema", "kind"}), true
	case aNode:
		path, ok := d.node(s.name)
		if !ok {
			return d.iterator(s.name)
		}
		return d.value(path.With("id")), true
	}
	path, ok := d.field(s.path)
	if !ok {
		return place{}, false
	}
	return d.key(path), true
}

// value is the place of a scalar.
func (d definition) value(path diag.Path) place {
	begin := d.lines.at(d.doc.Position(path))
	return place{d.file, begin, d.end(spot{d.doc, path, false, begin})}
}

// key is the place of a key.
func (d definition) key(path diag.Path) place {
	begin := d.lines.at(d.doc.KeyPosition(path))
	return place{d.file, begin, d.end(spot{d.doc, path, true, begin})}
}

// node is the path of a node.
func (d definition) node(id string) (diag.Path, bool) {
	for i, item := range object.List(object.Map(d.doc.Object, "spec"), "resources") {
		if r, ok := item.(map[string]any); ok && object.Text(r, "id") == id {
			return diag.Path{"spec", "resources", i}, true
		}
	}
	return nil, false
}

// iterator is the place of the iterator of that name.
func (d definition) iterator(name string) (place, bool) {
	for i, item := range object.List(object.Map(d.doc.Object, "spec"), "resources") {
		r, _ := item.(map[string]any)
		for n, dim := range object.List(r, "forEach") {
			if entry, ok := dim.(map[string]any); ok && entry[name] != nil {
				return d.key(diag.Path{"spec", "resources", i, "forEach", n, name}), true
			}
		}
	}
	return place{}, false
}

// field is the path of the declaration of a field, also in a custom type.
func (d definition) field(names []string) (diag.Path, bool) {
	at := diag.Path{"spec", "schema"}
	v, _ := at.In(any(d.doc.Object))
	types := object.Map(d.doc.Object, "spec", "schema", "types")
	for _, name := range names {
		if text, ok := v.(string); ok { // a type: go on where it is declared
			custom := typeWord(text)
			if types[custom] == nil {
				return nil, false
			}
			at, v = diag.Path{"spec", "schema", "types", custom}, types[custom]
		}
		m, ok := v.(map[string]any)
		if !ok || m[name] == nil {
			return nil, false
		}
		at, v = at.With(name), m[name]
	}
	return at, true
}

// typeWord is the name of the type that a declaration ends in: Port of []Port.
func typeWord(text string) string {
	text, _, _ = strings.Cut(text, "|")
	return strings.TrimSpace(text[strings.LastIndexByte(text, ']')+1:])
}

// references lists where a symbol is named, its declaration included.
func (k *known) references(s symbol) []place {
	var out []place
	d, ok := k.definition(s.kind)
	if !ok {
		return nil
	}
	if p, ok := k.declaration(s); ok {
		out = append(out, p)
	}
	var declared diag.Path
	if s.what == aField {
		declared, _ = d.field(s.path)
	}
	for _, m := range d.mentions(d.doc, names(d.doc.Object)) {
		for i := range m.path {
			if m.at[i] < 0 {
				continue
			}
			other, ok := d.mentioned(m, i)
			if !ok || other.what != s.what || s.what == aKind || other.name != s.name {
				continue
			}
			if s.what == aField {
				if path, ok := d.field(other.path); !ok || !slices.Equal(path, declared) {
					continue
				}
			}
			out = append(out, place{d.file, m.at[i], m.at[i] + len(m.path[i])})
		}
	}
	if s.what != aNode {
		for _, f := range k.mentioning(s.kind.Kind) {
			out = append(out, k.uses(f, d, s, declared)...)
		}
	}
	return unique(out)
}

// uses are the places in instances, and in templates of other RGDs.
func (k *known) uses(f *file, d definition, s symbol, declared diag.Path) []place {
	var out []place
	for _, doc := range f.docs {
		for _, root := range objectsOf(doc, s.kind) {
			if s.what == aKind {
				out = append(out, definition{f, doc}.value(root.With("kind")))
				continue
			}
			v, _ := root.With("spec").In(any(doc.Object))
			eachKey(v, root.With("spec"), func(path diag.Path) {
				if at, ok := d.field(steps(path[len(root):])); ok && slices.Equal(at, declared) {
					out = append(out, definition{f, doc}.key(path))
				}
			})
		}
	}
	return out
}

// objectsOf are the paths of the objects of a kind: the document itself, and
// templates of an RGD.
func objectsOf(doc *manifest.Document, kind k8sschema.GroupKind) []diag.Path {
	gvk := object.GVK(doc.Object)
	if gvk.GroupKind() == kind {
		return []diag.Path{nil}
	}
	if !object.IsRGDKind(gvk) {
		return nil
	}
	var out []diag.Path
	for i, item := range object.List(object.Map(doc.Object, "spec"), "resources") {
		r, _ := item.(map[string]any)
		for _, part := range []string{"template", "externalRef"} {
			if object.GVK(object.Map(r, part)).GroupKind() == kind {
				out = append(out, diag.Path{"spec", "resources", i, part})
			}
		}
	}
	return out
}

func eachKey(v any, path diag.Path, visit func(diag.Path)) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			own := path.With(name)
			visit(own)
			eachKey(v[name], own, visit)
		}
	case []any:
		for i, inner := range v {
			eachKey(inner, path.With(i), visit)
		}
	}
}

// unique are places in the order of files, each once.
func unique(list []place) []place {
	slices.SortStableFunc(list, func(a, b place) int {
		if n := strings.Compare(a.file.name, b.file.name); n != 0 {
			return n
		}
		return a.begin - b.begin
	})
	return slices.CompactFunc(list, func(a, b place) bool { return a.file == b.file && a.begin == b.begin })
}
