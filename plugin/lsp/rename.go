package lsp

import (
	"context"
	"slices"
	"strings"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/krowave/krowave/plugin/check"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
)

type workspaceEdit struct {
	Changes map[string][]textEdit `json:"changes"`
}

// refused is why something cannot be renamed.
func refused(format string, args ...any) error { return failure(codeRequestFailed, format, args...) }

// renamed finds what is to be renamed: a node or a field.
func (k *known) renamed(f *file, offset int) (sym symbol, begin, end int, err error) {
	sym, begin, end, ok := k.symbolAt(f, offset)
	switch {
	case !ok:
		return sym, 0, 0, refused("only the id of a node and a field of an RGD's schema can be renamed")
	case sym.what == aKind:
		return sym, 0, 0, refused("a kind is the name of an API that clusters have: add a new RGD instead")
	}
	d, _ := k.definition(sym.kind)
	if sym.what == aNode {
		if _, ok := d.node(sym.name); !ok {
			return sym, 0, 0, refused("%s is an iterator; only the id of a node and a field of an RGD's schema can be renamed", sym.name)
		}
	} else if _, ok := d.field(sym.path); !ok {
		return sym, 0, 0, refused("no RGD of the project declares the field %s", strings.Join(sym.path, "."))
	}
	return sym, begin, end, nil
}

// renaming is the place of a request to rename, and what is to be renamed there.
type renaming struct {
	*known
	file       *file
	symbol     symbol
	begin, end int
}

// renaming finds what a request asks to rename.
func (s *server) renaming(ctx context.Context, at *look) (*renaming, error) {
	k, err := s.known(ctx, at)
	if err != nil {
		return nil, err
	}
	f := k.file(at.name())
	sym, begin, end, err := k.renamed(f, f.lines.offset(at.position))
	if err != nil {
		return nil, err
	}
	return &renaming{k, f, sym, begin, end}, nil
}

// prepareRename answers textDocument/prepareRename.
func (s *server) prepareRename(r *jsonrpc2.Request) (answer, error) {
	at, err := s.look(r)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (any, error) {
		n, err := s.renaming(ctx, at)
		if err != nil {
			return nil, err
		}
		l := n.file.lines
		return map[string]any{"range": l.span(n.begin, n.end), "placeholder": l.text[n.begin:n.end]}, nil
	}, nil
}

// rename answers textDocument/rename.
func (s *server) rename(r *jsonrpc2.Request) (answer, error) {
	at, err := s.look(r)
	if err != nil {
		return nil, err
	}
	var p struct {
		NewName string `json:"newName"`
	}
	if err := read(r, &p); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (any, error) {
		n, err := s.renaming(ctx, at)
		if err != nil {
			return nil, err
		}
		if err := n.clash(n.symbol, p.NewName); err != nil {
			return nil, err
		}
		uses := n.references(n.symbol)
		if err := s.stillRight(ctx, at, n.known, uses, p.NewName); err != nil {
			return nil, err
		}
		out := workspaceEdit{Changes: map[string][]textEdit{}}
		for _, use := range uses {
			l := s.located(at, use)
			out.Changes[l.URI] = append(out.Changes[l.URI], textEdit{Range: l.Range, NewText: use.named(p.NewName)})
		}
		return out, nil
	}, nil
}

// named is a name as it is written at a place: in the quotes that are there.
func (p place) named(name string) string {
	if q := p.file.lines.text[p.begin]; q == '"' || q == '\'' {
		return string(q) + name + string(q)
	}
	return name
}

// clash says why a node or a field cannot have a name.
func (k *known) clash(sym symbol, name string) error {
	d, _ := k.definition(sym.kind)
	if sym.what == aNode {
		if problem := graph.IDProblem(name); problem != "" {
			return refused("%s", problem)
		}
		if slices.Contains(names(d.doc.Object), name) {
			return refused("the RGD has a node or an iterator of the name %s already", name)
		}
		return nil
	}
	if problem := graph.FieldProblem(name); problem != "" {
		return refused("%s", problem)
	}
	at, _ := d.field(sym.path)
	parent, _ := at[:len(at)-1].In(any(d.doc.Object))
	if m, ok := parent.(map[string]any); ok && m[name] != nil {
		return refused("there is a field %s already", name)
	}
	return nil
}

// stillRight checks the project as it would be. A rename that gives it a
// finding that it does not have now is refused.
func (s *server) stillRight(ctx context.Context, at *look, k *known, uses []place, name string) error {
	before, err := s.snapshot(ctx, at, true)
	if err != nil {
		return err
	}
	texts := map[string][]byte{}
	s.mu.Lock()
	for _, d := range s.documents {
		if d.path != "" && within(at.project.root, d.path) {
			texts[d.path] = []byte(d.text)
		}
	}
	s.mu.Unlock()
	byFile := map[string][]place{}
	for _, use := range uses {
		byFile[use.file.name] = append(byFile[use.file.name], use)
	}
	for file, list := range byFile {
		text := k.texts[file]
		for _, use := range slices.Backward(list) { // sorted by their places
			text = text[:use.begin] + use.named(name) + text[use.end:]
		}
		texts[at.project.absolute(file)] = []byte(text)
	}
	l := s.options.Loader.For(ctx, at.project.root)
	l.Texts = texts
	units, in, err := l.Units([]string{at.project.path})
	if err != nil {
		return err
	}
	after, err := check.Units(ctx, units, in, s.cache)
	if err != nil {
		return err
	}
	old := map[string]int{}
	for _, d := range before.checked.Report.Each {
		old[d.Rule+d.Pos.File]++
	}
	for _, d := range after.Report.Each {
		if old[d.Rule+d.Pos.File]--; old[d.Rule+d.Pos.File] < 0 && d.Severity != diag.Info {
			return refused("with the name %s there would be a finding: %s: %s", name, d.Pos, d.Message)
		}
	}
	return nil
}
