package lsp

import (
	"context"
	"path/filepath"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/krowave/krowave/render/diag"
)

type codeAction struct {
	Title       string        `json:"title"`
	Kind        string        `json:"kind"`
	IsPreferred bool          `json:"isPreferred"`
	Diagnostics []diagnostic  `json:"diagnostics"`
	Edit        workspaceEdit `json:"edit"`
}

// actions answers textDocument/codeAction: the fixes that findings propose.
func (s *server) actions(r *jsonrpc2.Request) (answer, error) {
	at, err := s.look(r)
	if err != nil {
		return nil, err
	}
	var p struct {
		Range textRange `json:"range"`
	}
	if err := read(r, &p); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (any, error) {
		snap, err := s.snapshot(ctx, at, true)
		if err != nil {
			return nil, err
		}
		l := linesOf(at.text)
		from, to := l.offset(p.Range.Start), l.offset(p.Range.End)
		out := []codeAction{}
		for _, d := range snap.checked.Report.Located() {
			if d.Pos.File != filepath.ToSlash(at.name()) || d.Fix == nil {
				continue
			}
			shown := s.diagnostic(at.project, snap, l, d)
			begin, end := l.offset(shown.Range.Start), l.offset(shown.Range.End)
			edits := map[string][]textEdit{}
			for _, e := range d.Fix.Edits {
				name := at.project.absolute(e.File)
				own := s.linesOf(at.project, snap, name)
				first, last := own.at(e.Position), own.at(diag.Position{Line: e.EndLine, Column: e.EndColumn})
				edits[s.uri(name)] = append(edits[s.uri(name)], textEdit{Range: own.span(first, last), NewText: e.Text})
				if e.File == d.Pos.File {
					begin, end = min(begin, first), max(end, last)
				}
			}
			if begin > to || end < from {
				continue
			}
			out = append(out, codeAction{
				Title: d.Fix.Title, Kind: "quickfix", IsPreferred: true, Diagnostics: []diagnostic{shown}, Edit: workspaceEdit{Changes: edits},
			})
		}
		return out, nil
	}, nil
}
