package lsp

import (
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// file is a text and the documents that it holds.
type file struct {
	name  string
	lines *lines
	docs  []*manifest.Document
}

func fileOf(name, text string) *file {
	docs, _ := manifest.Read(name, []byte(text), manifest.Limits{})
	return &file{name: name, lines: linesOf(text), docs: docs}
}

// spot is a key or a scalar of a document.
type spot struct {
	doc   *manifest.Document
	path  diag.Path
	key   bool
	begin int // in the file
}

// end is where a key or a value of one word ends.
func (f *file) end(s spot) int {
	text := f.lines.text
	if s.begin < len(text) && (text[s.begin] == '"' || text[s.begin] == '\'') {
		return f.lines.word(s.begin)
	}
	if name, ok := s.path[len(s.path)-1].(string); ok && s.key {
		return min(s.begin+len(name), len(text))
	}
	return f.lines.word(s.begin)
}

// spotAt finds what is at an offset: the last key or scalar that begins before it.
func (f *file) spotAt(offset int) (spot, bool) {
	best, found := spot{begin: -1}, false
	for _, doc := range f.docs {
		if f.lines.at(doc.Start()) > offset {
			break
		}
		eachSpot(doc, func(path diag.Path, key bool, at diag.Position) {
			if begin := f.lines.at(at); begin <= offset && begin >= best.begin {
				best, found = spot{doc, slices.Clone(path), key, begin}, true
			}
		})
	}
	if found && best.key && offset > f.end(best)+1 {
		return spot{}, false // behind a key that has no value yet
	}
	return best, found
}

// eachSpot visits the keys and scalars of a document.
func eachSpot(doc *manifest.Document, visit func(path diag.Path, key bool, at diag.Position)) {
	var walk func(v any, path diag.Path)
	walk = func(v any, path diag.Path) {
		switch v := v.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				own := path.With(name)
				visit(own, true, doc.KeyPosition(own))
				walk(v[name], own)
			}
		case []any:
			for i, inner := range v {
				walk(inner, path.With(i))
			}
		case nil:
		default:
			visit(path, false, doc.Position(path))
		}
	}
	walk(any(doc.Object), nil)
}

// mention is a path that an expression reads, where it is written.
type mention struct {
	path []string
	at   []int     // of each step in the file; -1 for one that is not written
	spot diag.Path // of the string in the document
}

// mentions lists what the expressions of an RGD read, in the order of the file.
func (f *file) mentions(doc *manifest.Document, known []string) []mention {
	var out []mention
	eachString(doc.Object, nil, func(path diag.Path, text string) {
		parts, err := expr.Scan(text, compat.Behaviors{})
		if err != nil {
			return
		}
		for _, part := range parts {
			parsed, errs := expr.ParseAST(part.Source)
			if errs != nil {
				continue
			}
			for _, o := range expr.Occurrences(parsed, known) {
				m := mention{path: o.Path, spot: slices.Clone(path)}
				for _, at := range o.At {
					if at >= 0 {
						at = f.lines.at(doc.Within(path, part.Start+2+at))
					}
					m.at = append(m.at, at)
				}
				out = append(out, m.followed(doc)...)
			}
		}
	})
	slices.SortStableFunc(out, func(a, b mention) int { return slices.Max(a.at) - slices.Max(b.at) })
	return out
}

// followed takes what is read of an iterator for what it is an item of.
func (m mention) followed(doc *manifest.Document) []mention {
	if len(m.spot) < 3 || len(m.path) < 2 {
		return []mention{m}
	}
	node, _ := m.spot[:3].In(any(doc.Object))
	r, _ := node.(map[string]any)
	for _, d := range object.List(r, "forEach") {
		entry, _ := d.(map[string]any)
		text := object.Text(entry, m.path[0])
		parts, err := expr.Scan(text, compat.Behaviors{})
		if err != nil || len(parts) != 1 {
			continue
		}
		parsed, errs := expr.ParseAST(parts[0].Source)
		if errs != nil {
			continue
		}
		for _, o := range expr.Occurrences(parsed, names(doc.Object)) {
			if strings.TrimSpace(parts[0].Source) != expr.Dotted(o.Path) {
				continue
			}
			root := mention{path: m.path[:1], at: m.at[:1], spot: m.spot}
			rest := mention{path: slices.Concat(o.Path, []string{expr.Item}, m.path[1:]), spot: m.spot}
			for range len(o.Path) + 1 {
				rest.at = append(rest.at, -1)
			}
			rest.at = append(rest.at, m.at[1:]...)
			return []mention{root, rest}
		}
	}
	return []mention{m}
}

func eachString(v any, path diag.Path, visit func(path diag.Path, text string)) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			eachString(v[name], path.With(name), visit)
		}
	case []any:
		for i, inner := range v {
			eachString(inner, path.With(i), visit)
		}
	case string:
		visit(path, v)
	}
}

// names are the variables of an RGD's expressions, iterators of all nodes included.
func names(rgd map[string]any) []string {
	out := []string{graph.SchemaVar}
	for _, item := range object.List(object.Map(rgd, "spec"), "resources") {
		r, _ := item.(map[string]any)
		out = append(out, object.Text(r, "id"))
		for _, d := range object.List(r, "forEach") {
			entry, _ := d.(map[string]any)
			out = slices.AppendSeq(out, maps.Keys(entry))
		}
	}
	return slices.DeleteFunc(out, func(name string) bool { return name == "" })
}

// mentionAt is the mention at an offset, and the step of it.
func mentionAt(list []mention, offset int) (mention, int, bool) {
	for _, m := range list {
		for i, at := range m.at {
			if at >= 0 && at <= offset && offset <= at+len(m.path[i]) {
				return m, i, true
			}
		}
	}
	return mention{}, 0, false
}
