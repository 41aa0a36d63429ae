package manifest

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
)

// Limits bounds what one file may cost. A zero field means its default.
type Limits struct {
	FileBytes int // bytes of a file; default 32 MiB
	Documents int // objects of a file, items of lists included; default 50,000
	Depth     int // nesting of maps and lists; default 200
	Nodes     int // values of a document after aliases are expanded; default 1,000,000
}

func (l Limits) withDefaults() Limits {
	set := func(field *int, value int) {
		if *field <= 0 {
			*field = value
		}
	}
	set(&l.FileBytes, 32<<20)
	set(&l.Documents, 50_000)
	set(&l.Depth, 200)
	set(&l.Nodes, 1_000_000)
	return l
}

// Read returns the objects of a YAML or JSON stream in order. Documents are
// parted as kubectl does (lines that start with ---, or JSON values one after
// the other); empty ones are skipped; a List stands for its items. A document
// that cannot be read is left out and reported, the others are still returned.
func Read(file string, data []byte, lim Limits) ([]*Document, diag.List) {
	r := reader{file: file, lim: lim.withDefaults()}
	r.read(data)
	return r.docs, r.found
}

type reader struct {
	file  string
	lim   Limits
	docs  []*Document
	found diag.List
	full  bool // the document limit was reported
}

func (r *reader) read(data []byte) {
	start := diag.Position{File: r.file, Line: 1, Column: 1}
	if len(data) > r.lim.FileBytes {
		r.found.Errorf(start, "limit-file-bytes", "file has %d bytes, more than %d; raise --max-file-bytes to read it", len(data), r.lim.FileBytes)
		return
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		r.found.Errorf(invalidUTF8(r.file, data), "yaml-encoding", "text is not valid UTF-8; save the file as UTF-8")
		return
	}
	for _, src := range split(r.file, data) {
		if r.full {
			return
		}
		if !r.readJSON(src) {
			r.readYAML(src)
		}
	}
}

func invalidUTF8(file string, data []byte) diag.Position {
	offset := 0
	for offset < len(data) {
		c, size := utf8.DecodeRune(data[offset:])
		if c == utf8.RuneError && size <= 1 {
			break
		}
		offset += size
	}
	line := 1 + bytes.Count(data[:offset], []byte("\n"))
	begin := bytes.LastIndexByte(data[:offset], '\n') + 1
	return diag.Position{File: file, Line: line, Column: 1 + utf8.RuneCount(data[begin:offset])}
}

// add appends the document of value, or the documents of a List's items.
func (r *reader) add(src *source, value any, prefix diag.Path) {
	d := &Document{File: r.file, Index: len(r.docs), src: src, prefix: prefix}
	obj, ok := value.(map[string]any)
	if !ok {
		r.found.Errorf(d.Start(), "yaml-object", "%s found where an object is expected; a manifest is a mapping with apiVersion and kind", object.TypeName(value))
		return
	}
	for key := range obj {
		if strings.HasPrefix(key, "\ufeff") {
			r.found.Errorf(d.Start(), "yaml-encoding", "this document starts with a byte order mark, as after joining files; remove it")
			return
		}
	}
	d.Object = obj
	if items, ok := listItems(obj); ok {
		for i, item := range items {
			if r.full {
				return
			}
			r.add(src, withListKind(item, obj), prefix.With("items", i))
		}
		return
	}
	if len(r.docs) >= r.lim.Documents {
		r.full = true
		r.found.Errorf(d.Start(), "limit-documents", "file has more than %d objects, the rest is not read; raise --max-documents to read them", r.lim.Documents)
		return
	}
	r.docs = append(r.docs, d)
}

// listItems returns the items of a List, in the meaning of the API machinery:
// kind List, or a kind that ends in List and has a list of objects as items.
func listItems(obj map[string]any) ([]any, bool) {
	kind := object.Kind(obj)
	if !strings.HasSuffix(kind, "List") {
		return nil, false
	}
	if kind == "List" && object.APIVersion(obj) == "v1" && obj["items"] == nil {
		return nil, true
	}
	items, ok := obj["items"].([]any)
	if !ok || kind == "List" {
		return items, ok
	}
	for _, item := range items {
		if _, ok := item.(map[string]any); !ok {
			return nil, false
		}
	}
	return items, true
}

// withListKind gives an item of, say, a ConfigMapList the kind that it may
// leave out there, as the API machinery's unstructured decoder does.
func withListKind(item any, list map[string]any) any {
	obj, ok := item.(map[string]any)
	kind := strings.TrimSuffix(object.Kind(list), "List")
	if !ok || kind == "" || obj["kind"] != nil || obj["apiVersion"] != nil {
		return item
	}
	out := make(map[string]any, len(obj)+2)
	for k, v := range obj {
		out[k] = v
	}
	out["kind"], out["apiVersion"] = kind, object.APIVersion(list)
	return out
}
