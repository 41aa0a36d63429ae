package lsp

import (
	"context"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
)

type documentSymbol struct {
	Name           string           `json:"name"`
	Detail         string           `json:"detail,omitempty"`
	Kind           int              `json:"kind"`
	Range          textRange        `json:"range"`
	SelectionRange textRange        `json:"selectionRange"`
	Children       []documentSymbol `json:"children,omitempty"`
}

// Kinds of symbols, as the protocol numbers them.
const (
	symbolClass  = 5
	symbolField  = 8
	symbolObject = 19
	symbolStruct = 23
)

// symbols answers textDocument/documentSymbol.
func (s *server) symbols(r *jsonrpc2.Request) (answer, error) {
	at, err := s.look(r)
	if err != nil {
		return nil, err
	}
	return func(context.Context) (any, error) {
		f := fileOf("", at.text)
		out := []documentSymbol{}
		for i, doc := range f.docs {
			begin, end := f.lines.at(doc.Start()), len(at.text)
			if i+1 < len(f.docs) {
				end = f.lines.at(f.docs[i+1].Start())
			}
			d := definition{f, doc}
			sym := documentSymbol{Name: doc.Title(), Kind: symbolObject, Range: f.lines.span(begin, end)}
			sym.SelectionRange = f.lines.span(begin, min(begin+1, end))
			if p := d.value(diag.Path{"metadata", "name"}); doc.Name() != "" && p.begin >= begin && p.end <= end {
				sym.SelectionRange = f.lines.span(p.begin, p.end)
			}
			if object.IsRGDKind(object.GVK(doc.Object)) {
				sym.Children = d.parts(end)
			}
			out = append(out, sym)
		}
		return out, nil
	}, nil
}

// parts are the kind that an RGD defines with its fields, and its nodes.
func (d definition) parts(end int) []documentSymbol {
	var out []documentSymbol
	spec := object.Map(d.doc.Object, "spec")
	nodes := object.List(spec, "resources")
	if schema := object.Map(spec, "schema"); object.Text(schema, "kind") != "" {
		at := diag.Path{"spec", "schema"}
		kind := d.value(at.With("kind"))
		begin := d.lines.at(d.doc.KeyPosition(at))
		last := max(end, kind.end)
		if next := d.lines.at(d.doc.KeyPosition(diag.Path{"spec", "resources"})); len(nodes) > 0 && next > kind.end {
			last = next
		}
		sym := documentSymbol{
			Name: object.Text(schema, "kind"), Kind: symbolClass,
			Range: d.lines.span(min(begin, kind.begin), last), SelectionRange: d.lines.span(kind.begin, kind.end),
		}
		eachKey(any(object.Map(schema, "spec")), at.With("spec"), func(path diag.Path) {
			key := d.key(path)
			text, _ := path.In(any(d.doc.Object))
			detail, _ := text.(string)
			name, _ := path[len(path)-1].(string)
			if len(path) == 4 {
				to := d.lines.span(key.begin, key.end)
				sym.Children = append(sym.Children, documentSymbol{Name: name, Detail: detail, Kind: symbolField, Range: to, SelectionRange: to})
			}
		})
		out = append(out, sym)
	}
	for i, item := range nodes {
		r, _ := item.(map[string]any)
		id := object.Text(r, "id")
		if id == "" {
			continue
		}
		path := diag.Path{"spec", "resources", i}
		name := d.value(path.With("id"))
		last := end
		if i+1 < len(nodes) {
			last = d.lines.at(d.doc.Position(diag.Path{"spec", "resources", i + 1}))
		}
		detail := object.Kind(object.Map(r, "template"))
		if detail == "" {
			detail = object.Kind(object.Map(r, "externalRef"))
		}
		out = append(out, documentSymbol{
			Name: id, Detail: detail, Kind: symbolStruct,
			Range: d.lines.span(min(d.lines.at(d.doc.Position(path)), name.begin), max(last, name.end)), SelectionRange: d.lines.span(name.begin, name.end),
		})
	}
	return out
}
