package lsp

import (
	"context"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// located is a place for the client.
func (s *server) located(at *look, p place) location {
	return location{URI: s.uri(at.project.absolute(p.file.name)), Range: p.file.lines.span(p.begin, p.end)}
}

// definition answers textDocument/definition.
func (s *server) definition(r *jsonrpc2.Request) (answer, error) {
	at, err := s.look(r)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (any, error) {
		out := []location{}
		k, err := s.known(ctx, at)
		if err != nil {
			return nil, err
		}
		f := k.file(at.name())
		offset := f.lines.offset(at.position)
		if p, ok := k.fieldOfNode(f, offset); ok {
			return append(out, s.located(at, p)), nil
		}
		if sym, _, _, ok := k.symbolAt(f, offset); ok {
			if p, ok := k.declaration(sym); ok {
				out = append(out, s.located(at, p))
			}
		}
		return out, nil
	}, nil
}

// fieldOfNode is where the template of a node sets what an expression reads of it.
func (k *known) fieldOfNode(f *file, offset int) (place, bool) {
	sp, ok := f.spotAt(offset)
	if !ok || !object.IsRGDKind(object.GVK(sp.doc.Object)) {
		return place{}, false
	}
	d := definition{f, sp.doc}
	m, step, ok := mentionAt(f.mentions(sp.doc, names(sp.doc.Object)), offset)
	if !ok || step == 0 || m.path[0] == graph.SchemaVar {
		return place{}, false
	}
	node, ok := d.node(m.path[0])
	if !ok {
		return place{}, false
	}
	path := node.With("template")
	for _, name := range withoutItems(m.path[1 : step+1]) {
		next := path.With(name)
		if _, ok := next.In(any(sp.doc.Object)); !ok {
			break
		}
		path = next
	}
	if len(path) == len(node)+1 {
		return d.value(node.With("id")), true
	}
	return d.key(path), true
}

// references answers textDocument/references.
func (s *server) references(r *jsonrpc2.Request) (answer, error) {
	at, err := s.look(r)
	if err != nil {
		return nil, err
	}
	var p struct {
		Context struct {
			IncludeDeclaration bool `json:"includeDeclaration"`
		} `json:"context"`
	}
	if err := read(r, &p); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (any, error) {
		out := []location{}
		k, err := s.known(ctx, at)
		if err != nil {
			return nil, err
		}
		f := k.file(at.name())
		sym, _, _, ok := k.symbolAt(f, f.lines.offset(at.position))
		if !ok {
			return out, nil
		}
		declared, _ := k.declaration(sym)
		for _, use := range k.references(sym) {
			if p.Context.IncludeDeclaration || use != declared {
				out = append(out, s.located(at, use))
			}
		}
		return out, nil
	}, nil
}
