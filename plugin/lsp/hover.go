package lsp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/schema"
)

type hoverResult struct {
	Contents markup    `json:"contents"`
	Range    textRange `json:"range"`
}

type markup struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// hover answers textDocument/hover.
func (s *server) hover(r *jsonrpc2.Request) (answer, error) {
	at, err := s.look(r)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (any, error) {
		catalog, err := s.catalog(ctx, at)
		if err != nil {
			return nil, err
		}
		f := fileOf("", at.text)
		offset := f.lines.offset(at.position)
		sp, ok := f.spotAt(offset)
		if !ok {
			return nil, nil
		}
		h := &hovered{server: s, at: at, file: f, spot: sp, offset: offset, catalog: catalog}
		text, begin, end := h.text(ctx)
		if text == "" {
			return nil, ctx.Err()
		}
		return hoverResult{Contents: markup{"markdown", text}, Range: f.lines.span(begin, end)}, nil
	}, nil
}

// hovered is what a hover is about.
type hovered struct {
	*server
	*file
	at      *look
	spot    spot
	offset  int
	catalog *schema.Catalog
}

func (h *hovered) text(ctx context.Context) (text string, begin, end int) {
	doc, path := h.spot.doc, h.spot.path
	begin, end = h.spot.begin, h.file.end(h.spot)
	if !object.IsRGDKind(object.GVK(doc.Object)) {
		return h.fieldOf(doc.Object, path), begin, end
	}
	sketch := graph.NewSketch(doc.Object, h.catalog)
	if m, step, ok := mentionAt(h.mentions(doc, names(doc.Object)), h.offset); ok {
		text := h.read(sketch, m, step)
		if value := h.value(ctx, m.spot); value != "" {
			text += "\n\n" + value
		}
		return text, m.at[step], m.at[step] + len(m.path[step])
	}
	if text, ok := path.In(any(doc.Object)); ok && !h.spot.key {
		if s, _ := text.(string); strings.Contains(s, "${") {
			return h.value(ctx, path), begin, end
		}
	}
	if n, ok := sketch.Node(path); ok && len(path) > len(n.At)+1 && path[len(n.At)] == "template" {
		return h.fieldOf(sketchTemplate(doc.Object, n), path[len(n.At)+1:]), begin, end
	}
	if in(path, "spec", "schema", "spec") && len(path) > 3 {
		return fieldText(strings.Join(steps(path[2:]), "."), fieldAt(sketch.Instance, path[2:]), false, nil), begin, end
	}
	return h.fieldOf(doc.Object, path), begin, end
}

// fieldOf describes a field of an object.
func (h *hovered) fieldOf(obj map[string]any, path diag.Path) string {
	kind, ok := h.catalog.Lookup(object.GVK(obj))
	if !ok || len(path) == 0 {
		return ""
	}
	root := kind.Schema
	if path[0] == "metadata" && (root.Properties["metadata"] == nil || root.Properties["metadata"].Properties == nil) {
		root, path = schema.ObjectMeta(), path[1:]
	}
	if len(path) == 0 {
		return ""
	}
	parent := fieldAt(root, path[:len(path)-1])
	name, _ := path[len(path)-1].(string)
	return fieldText(path.String(), fieldAt(root, path), parent != nil && slices.Contains(parent.Required, name), h.secrets(object.GVK(obj).Kind, path))
}

// secrets returns a mask for the default of a field that Secrets are made from.
func (h *hovered) secrets(kind string, path diag.Path) *string {
	if h.at.project == nil {
		return nil
	}
	h.at.project.mu.Lock()
	snap := h.at.project.newest
	h.at.project.mu.Unlock()
	if snap == nil || snap.checked == nil {
		return nil
	}
	names := steps(path)
	for _, res := range snap.checked.Renders {
		for _, g := range res.Graphs {
			if g.RGD.GVK.Kind != kind {
				continue
			}
			for _, secret := range compare.SecretInputs(g) {
				if n := min(len(secret), len(names)); slices.Equal(secret[:n], names[:n]) {
					mask := field.Mask
					return &mask
				}
			}
		}
	}
	return nil
}

// fieldText describes a field in Markdown. What stands in place of the default
// is mask, if there is one.
func fieldText(name string, s *schema.Schema, required bool, mask *string) string {
	if s == nil {
		return ""
	}
	line := "**" + name + "**: `" + typeText(s) + "`"
	if required {
		line += ", required"
	}
	out := []string{line}
	if s.Description != "" {
		out = append(out, s.Description)
	}
	if s.HasDefault && s.Type != "object" {
		value := inline(s.Default)
		if mask != nil {
			value = *mask
		}
		out = append(out, "Default: "+code(value))
	}
	for _, c := range constraints(s) {
		out = append(out, code(c))
	}
	return strings.Join(out, "\n\n")
}

// code is a text as code in Markdown, on one line.
func code(text string) string {
	text = strings.NewReplacer("\n", " ", "\r", " ").Replace(text)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + text + fence
}

// read describes what an expression reads, up to a step.
func (h *hovered) read(sketch *graph.Sketch, m mention, step int) string {
	vars, _ := sketch.Names(m.spot)
	root := m.path[0]
	var at *schema.Schema
	switch {
	case root == graph.SchemaVar:
		at = sketch.Instance
	default:
		for _, n := range sketch.Nodes {
			if n.ID != root {
				continue
			}
			if step == 0 && n.Kind != nil {
				return fmt.Sprintf("**%s**: node, `%s` `%s`, %s", root, n.Kind.GVK.GroupVersion(), n.Kind.GVK.Kind, strings.ToLower(n.Type.String()))
			}
			if n.Kind != nil {
				at = n.Kind.Schema
			}
		}
	}
	if at == nil { // an iterator
		if t := vars[root]; t != nil && step == 0 {
			return "**" + root + "**: `" + expr.TypeName(t.String()) + "`"
		}
		return "**" + expr.Dotted(m.path[:step+1]) + "**"
	}
	if step == 0 {
		return "**schema**: the instance, `" + sketch.RGD.GVK.Kind + "`"
	}
	path := diag.Path{}
	for _, name := range m.path[1 : step+1] {
		if name == expr.Item {
			path = append(path, 0)
			continue
		}
		path = append(path, name)
	}
	var mask *string
	if root == graph.SchemaVar {
		mask = h.secrets(sketch.RGD.GVK.Kind, path)
	}
	name := expr.Dotted(m.path[:step+1])
	parent := fieldAt(at, path[:len(path)-1])
	if text := fieldText(name, fieldAt(at, path), parent != nil && slices.Contains(parent.Required, m.path[step]), mask); text != "" {
		return text
	}
	return "**" + name + "**: `any`"
}

// value is what the string at a path of the RGD renders to, for the instance that
// the client chose or the first one.
func (h *hovered) value(ctx context.Context, path diag.Path) string {
	snap, err := h.snapshot(ctx, h.at, true)
	if err != nil {
		return ""
	}
	for _, res := range snap.checked.Renders {
		i := h.instance(res)
		if i == nil {
			continue
		}
		for _, n := range i.Graph.Nodes {
			for _, e := range append(n.Expressions(), n.ReadyWhen...) {
				if e.Path.String() == path.String() {
					return rendered(ctx, i, n, e)
				}
			}
		}
	}
	return ""
}

// instance is the instance to show values of.
func (h *hovered) instance(res *render.Result) *render.Instance {
	var first *render.Instance
	for _, i := range res.Instances {
		d := i.Graph.RGD.Doc
		if d.File != h.at.name() || d.Name() != h.spot.doc.Name() {
			continue
		}
		id := i.Identity()
		for _, name := range []string{id.Kind + "/" + id.Namespace + "/" + id.Name, id.Kind + "/" + id.Name} {
			if h.at.settings.Instance == name {
				return i
			}
		}
		if first == nil || first.Doc == nil && i.Doc != nil { // one that somebody wrote, not one that another instance renders
			first = i
		}
	}
	return first
}

// longest is how many characters of a value are shown.
const longest = 1000

func rendered(ctx context.Context, i *render.Instance, n *graph.Node, e *graph.Expression) string {
	title := "For " + code(i.Title()) + ": "
	replay, err := i.Replay(ctx)
	if err != nil {
		return ""
	}
	switch {
	case replay.Skipped(n.ID):
		return title + "the node is left out by `includeWhen`"
	case e.Sensitive || i.ReadsSecret(n):
		return title + code(field.Mask)
	}
	var item map[string]any
	if items := replay.Items(n); len(items) > 0 {
		item = items[0]
		title = "For the first item of " + code(i.Title()) + ": "
	}
	v, err := replay.Eval(n, e, item)
	if err != nil {
		return title + "no value from Git alone"
	}
	text := []rune(inline(v))
	if len(text) > longest {
		text = append(text[:longest], '…')
	}
	return title + code(string(text))
}
