package manifest

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"

	"github.com/krowave/krowave/render/diag"
)

// File is the text of a file, or, for whoever has them decoded already, the
// objects that such a text would hold. Its name is that of positions.
type File struct {
	Name string // relative to the tree, with slashes, or "-"
	Data []byte

	// Objects are what the file holds when they are not nil; Data is not looked
	// at then. They hold the types that Document.Object names (other integers are
	// converted in a copy), are never changed, and must not be changed as long as
	// a Document shares them.
	// Findings about them are at the start of the file.
	Objects []map[string]any

	// Origin, when it is not nil, places values of the file's objects, which
	// kustomize built: Data is a text that nobody wrote.
	Origin Origin

	// Walked is set for a file that nobody named, met in a walk of a directory: a
	// document of it that is no Kubernetes object is skipped.
	Walked bool
}

// Origin is what a build was made of.
type Origin interface {
	// Place returns where the value at p of a built object was written, as read
	// says of the document that has it; false when that is not known.
	Place(obj map[string]any, p diag.Path, read func(d *Document, p diag.Path) diag.Position) (diag.Position, bool)
	// Renamed is the same with other names of files in positions.
	Renamed(name func(string) string) Origin
	// Files are the texts of the files, by their names in positions.
	Files() map[string][]byte
}

// Read returns the objects of the file as Read does.
func (f File) Read(lim Limits) ([]*Document, diag.List) {
	if f.Objects == nil {
		docs, found := Read(f.Name, f.Data, lim)
		if f.Origin == nil {
			return docs, found
		}
		for _, d := range docs {
			d.origin = f.Origin
		}
		for i := range found { // lines of the build are none of the file
			found[i].Pos = diag.Position{File: f.Name, Built: f.Name}
		}
		return docs, found
	}
	r := reader{file: f.Name, lim: lim.withDefaults()}
	src := &source{file: f.Name, line: 1, column: 1}
	for _, obj := range f.Objects {
		if r.full {
			break
		}
		c := converter{lim: r.lim}
		taken, _ := c.take(obj, 0)
		if c.problem != "" { // again, for the same one every time
			c = converter{lim: r.lim, ordered: true}
			c.take(obj, 0)
			r.reportObject(src, &c)
			continue
		}
		r.add(src, taken, nil)
	}
	return r.docs, r.found
}

// reportObject reports a problem of an object that has no text to point into.
func (r *reader) reportObject(src *source, c *converter) {
	if c.rule == "limit-depth" {
		r.tooDeep(src.start())
		return
	}
	r.found.Add(diag.Diagnostic{Severity: diag.Error, Rule: c.rule, Pos: src.start(), Path: c.fullPath().String(), Message: c.problem})
}

// Key returns what tells the content of the file from another: the text, or
// what a text of the objects would be.
func (f File) Key() ([]byte, error) {
	if f.Objects == nil {
		return f.Data, nil
	}
	key, err := CanonicalJSON(f.Objects)
	if err != nil {
		return nil, fmt.Errorf("encoding the objects of %s: %w", f.Name, err)
	}
	return key, nil
}

// take returns what decoding the text of a value would give: the value itself,
// or a copy where it has whole floats or other integers than int64.
func (c *converter) take(v any, depth int) (out any, copied bool) {
	switch v := v.(type) {
	case map[string]any:
		return c.takeMap(v, depth+1)
	case []any:
		return c.takeList(v, depth+1)
	}
	if !c.enter(depth) {
		return nil, false
	}
	switch v := v.(type) {
	case nil, bool, int64:
		return v, false
	case string:
		out := validUTF8(v)
		return out, out != v
	case int:
		return int64(v), true
	case int32:
		return int64(v), true
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			c.fail("yaml-number", "infinity and NaN cannot be written in JSON")
			return nil, false
		}
		out := wholeToInt(v)
		_, whole := out.(int64)
		return out, whole
	}
	c.fail("object-value", "a value of Go type %T is not JSON; use map[string]any, []any, string, bool, int64, float64 or nil", v)
	return nil, false
}

func (c *converter) takeMap(m map[string]any, depth int) (any, bool) {
	if !c.enter(depth) {
		return nil, false
	}
	var out map[string]any
	for name, v := range c.entries(m) {
		taken, copied := c.take(v, depth)
		if c.problem != "" {
			c.path = append(c.path, name)
			return nil, false
		}
		if copied {
			if out == nil {
				out = maps.Clone(m)
			}
			out[name] = taken
		}
	}
	if out == nil {
		return m, false
	}
	return out, true
}

func (c *converter) takeList(l []any, depth int) (any, bool) {
	if !c.enter(depth) {
		return nil, false
	}
	var out []any
	for i, v := range l {
		taken, copied := c.take(v, depth)
		if c.problem != "" {
			c.path = append(c.path, i)
			return nil, false
		}
		if copied {
			if out == nil {
				out = slices.Clone(l)
			}
			out[i] = taken
		}
	}
	if out == nil {
		return l, false
	}
	return out, true
}

// entries walks a map, by its keys if that is asked for.
func (c *converter) entries(m map[string]any) iter.Seq2[string, any] {
	if !c.ordered {
		return maps.All(m)
	}
	return func(yield func(string, any) bool) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if !yield(name, m[name]) {
				return
			}
		}
	}
}
