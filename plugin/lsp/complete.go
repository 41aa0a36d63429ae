package lsp

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sourcegraph/jsonrpc2"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/schema"
	"github.com/krowave/krowave/render/simpleschema"
)

type completionItem struct {
	Label         string   `json:"label"`
	Kind          int      `json:"kind"`
	Detail        string   `json:"detail,omitempty"`
	Documentation string   `json:"documentation,omitempty"`
	Preselect     bool     `json:"preselect,omitempty"`
	SortText      string   `json:"sortText,omitempty"`
	TextEdit      textEdit `json:"textEdit"`
}

type textEdit struct {
	Range   textRange `json:"range"`
	NewText string    `json:"newText"`
}

// Kinds of completion items, as the protocol numbers them.
const (
	itemMethod   = 2
	itemFunction = 3
	itemField    = 5
	itemVariable = 6
	itemValue    = 12
	itemKeyword  = 14
	itemType     = 7
)

// offer is something that can stand at the cursor.
type offer struct {
	label, text, detail, about string
	kind                       int
	preselect                  bool
}

// completion answers textDocument/completion.
func (s *server) completion(r *jsonrpc2.Request) (answer, error) {
	at, err := s.look(r)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (any, error) {
		catalog, err := s.catalog(ctx, at)
		if err != nil {
			return nil, err
		}
		l := linesOf(at.text)
		offset := l.offset(at.position)
		c := cursorAt(at.text, offset)
		out := []completionItem{}
		for n, o := range offers(c, catalog) {
			text := o.text
			if text == "" {
				text = o.label
			}
			out = append(out, completionItem{
				Label: o.label, Kind: o.kind, Detail: o.detail, Documentation: o.about, Preselect: o.preselect, SortText: fmt.Sprintf("%04d", n),
				TextEdit: textEdit{Range: l.span(c.from, offset), NewText: text},
			})
		}
		return out, nil
	}, nil
}

// offers lists what can stand at a cursor.
func offers(c *cursor, catalog *schema.Catalog) []offer {
	obj := c.object()
	if object.IsRGDKind(object.GVK(obj)) {
		return offersInRGD(c, obj, catalog)
	}
	if len(c.path) == 0 && !c.value && object.Kind(obj) == "" {
		return keyOffers(c, &schema.Schema{Type: "object", Properties: map[string]*schema.Schema{
			"apiVersion": {Type: "string"}, "kind": {Type: "string"}, "metadata": {Type: "object"}, "spec": {Type: "object"},
		}})
	}
	return offersIn(c, c.path, obj, catalog)
}

// object is what can be read of the document around the cursor: without the line
// of the cursor, where that is not YAML yet.
func (c *cursor) object() map[string]any {
	if docs, _ := manifest.Read("", []byte(c.doc), manifest.Limits{}); len(docs) > 0 {
		return docs[0].Object
	}
	begin := strings.LastIndexByte(c.doc[:min(max(c.from-c.begin, 0), len(c.doc))], '\n') + 1
	end := len(c.doc)
	if i := strings.IndexByte(c.doc[begin:], '\n'); i >= 0 {
		end = begin + i
	}
	if docs, _ := manifest.Read("", []byte(c.doc[:begin]+c.doc[end:]), manifest.Limits{}); len(docs) > 0 {
		return docs[0].Object
	}
	if docs, _ := manifest.Read("", []byte(c.doc[:begin]), manifest.Limits{}); len(docs) > 0 {
		return docs[0].Object
	}
	return nil
}

// offersInRGD lists what can stand in an RGD.
func offersInRGD(c *cursor, rgd map[string]any, catalog *schema.Catalog) []offer {
	sketch := graph.NewSketch(rgd, catalog)
	if c.inside {
		vars, types := sketch.Names(c.path)
		return expressionOffers(c, vars, types)
	}
	if in(c.path, "spec", "schema", "spec") || in(c.path, "spec", "schema", "types") {
		if c.value {
			return simpleOffers(c, slices.Sorted(maps.Keys(sketch.RGD.Types)))
		}
		return nil
	}
	if n, ok := sketch.Node(c.path); ok && len(c.path) > len(n.At) {
		switch c.path[len(n.At)] {
		case "template":
			template := sketchTemplate(rgd, n)
			return offersIn(c, c.path[len(n.At)+1:], template, catalog)
		case "externalRef":
			if c.value {
				return offersIn(c, c.path[len(n.At)+1:], sketchExternal(rgd, n), catalog)
			}
		}
	}
	return offersIn(c, c.path, rgd, catalog)
}

func sketchTemplate(rgd map[string]any, n graph.SketchNode) map[string]any {
	v, _ := n.At.With("template").In(any(rgd))
	m, _ := v.(map[string]any)
	return m
}

func sketchExternal(rgd map[string]any, n graph.SketchNode) map[string]any {
	v, _ := n.At.With("externalRef").In(any(rgd))
	m, _ := v.(map[string]any)
	return m
}

// in reports whether a path is at or below another.
func in(path diag.Path, steps ...any) bool {
	return len(path) >= len(steps) && slices.Equal(path[:len(steps)], diag.Path(steps))
}

// offersIn lists what can stand in an object of a kind.
func offersIn(c *cursor, path diag.Path, obj map[string]any, catalog *schema.Catalog) []offer {
	if len(path) == 1 && c.value {
		switch path[0] {
		case "apiVersion":
			return versionOffers(obj, catalog)
		case "kind":
			return kindOffers(obj, catalog)
		}
	}
	kind, ok := catalog.Lookup(object.GVK(obj))
	if !ok {
		return nil
	}
	root := *kind.Schema
	root.Properties = maps.Clone(kind.Schema.Properties)
	if root.Properties == nil {
		root.Properties = map[string]*schema.Schema{}
	}
	if m := root.Properties["metadata"]; m == nil || m.Properties == nil {
		root.Properties["metadata"] = schema.ObjectMeta()
	}
	at := fieldAt(&root, path)
	if at == nil {
		return nil
	}
	if c.value {
		return valueOffers(at)
	}
	return keyOffers(c, at)
}

// fieldAt is the schema of a path; nil where nothing is known.
func fieldAt(s *schema.Schema, path diag.Path) *schema.Schema {
	for _, step := range path {
		if s == nil {
			return nil
		}
		name, isName := step.(string)
		switch {
		case !isName:
			s = s.Items
		case s.Properties[name] != nil:
			s = s.Properties[name]
		default:
			s = s.AdditionalProperties
		}
	}
	return s
}

// keyOffers lists the fields of an object that are not there yet.
func keyOffers(c *cursor, s *schema.Schema) []offer {
	if s.Items != nil && s.Type == "array" {
		s = s.Items
	}
	var out []offer
	for _, required := range []bool{true, false} {
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			if slices.Contains(s.Required, name) != required || slices.Contains(c.keys, name) {
				continue
			}
			p := s.Properties[name]
			out = append(out, offer{label: name, text: name + ":" + opening(p, c.column), detail: describe(p, required), about: p.Description, kind: itemField})
		}
	}
	return out
}

// opening is what follows a key: the next line of what has fields.
func opening(s *schema.Schema, column int) string {
	switch {
	case s.Type == "object":
		return "\n" + strings.Repeat(" ", column+2)
	case s.Type == "array":
		return "\n" + strings.Repeat(" ", column+2) + "- "
	}
	return " "
}

// valueOffers lists the values of a field that can be told.
func valueOffers(s *schema.Schema) []offer {
	var out []offer
	add := func(text string) {
		if !slices.ContainsFunc(out, func(o offer) bool { return o.label == text }) {
			out = append(out, offer{label: text, kind: itemValue, detail: describe(s, false), preselect: s.HasDefault && text == scalar(s.Default)})
		}
	}
	for _, v := range s.Enum {
		add(scalar(v))
	}
	if s.Type == "boolean" {
		add("true")
		add("false")
	}
	if s.HasDefault && s.Type != "object" && s.Type != "array" && s.Default != nil {
		add(scalar(s.Default))
	}
	return out
}

func versionOffers(obj map[string]any, catalog *schema.Catalog) []offer {
	seen := map[string]bool{}
	var out []offer
	for _, k := range catalog.Kinds() {
		gv := k.GroupVersion().String()
		if kind := object.Kind(obj); kind != "" && kind != k.Kind && hasKind(catalog, kind) || seen[gv] {
			continue
		}
		seen[gv] = true
		out = append(out, offer{label: gv, kind: itemValue})
	}
	return out
}

func hasKind(catalog *schema.Catalog, kind string) bool { return len(catalog.GroupVersions(kind)) > 0 }

func kindOffers(obj map[string]any, catalog *schema.Catalog) []offer {
	version := object.APIVersion(obj)
	gv, err := k8sschema.ParseGroupVersion(version)
	var out []offer
	for _, k := range catalog.Kinds() {
		if version == "" || err != nil || k.GroupVersion() == gv {
			out = append(out, offer{label: k.Kind, kind: itemType, detail: k.GroupVersion().String()})
		}
	}
	return out
}

// simpleOffers lists types of SimpleSchema, and markers behind a bar.
func simpleOffers(c *cursor, types []string) []offer {
	var out []offer
	if !strings.Contains(c.scalar, "|") {
		for _, t := range slices.Concat([]string{"string", "integer", "boolean", "float", "object"}, types) {
			out = append(out, offer{label: t, kind: itemType})
		}
		for _, t := range []string{"[]", "map[string]"} {
			out = append(out, offer{label: t, kind: itemType, detail: "and the type of the items or values"})
		}
		return out
	}
	_, markers, _ := strings.Cut(c.scalar, "|")
	if strings.HasSuffix(strings.TrimSuffix(markers, c.word), "=") {
		if name := strings.Fields(strings.TrimSuffix(markers, c.word)); len(name) > 0 {
			switch strings.TrimSuffix(name[len(name)-1], "=") {
			case "required", "immutable", "uniqueItems":
				return []offer{{label: "true", kind: itemValue}, {label: "false", kind: itemValue}}
			}
		}
		return nil
	}
	for _, m := range simpleschema.Markers() {
		if !strings.Contains(markers, m.Name+"=") {
			out = append(out, offer{label: m.Name, text: m.Name + "=", detail: m.Form, about: m.About, kind: itemKeyword})
		}
	}
	return out
}
