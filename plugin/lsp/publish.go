package lsp

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
)

// publish tells the client the findings of a project, file by file.
func (s *server) publish(ctx context.Context, p *project, snap *snapshot) {
	byFile := map[string]diag.List{}
	if snap.err != nil {
		byFile[p.path] = diag.List{{Severity: diag.Error, Message: snap.err.Error()}}
	} else {
		for _, d := range snap.checked.Report.Diags {
			name := p.absolute(d.Pos.File)
			byFile[name] = append(byFile[name], d)
		}
	}
	out := map[string]publishParams{}
	for uri, version := range snap.open { // a list without findings says that the file was looked at
		out[uri] = publishParams{URI: uri, Version: &version, Diagnostics: []diagnostic{}}
	}
	for name, list := range byFile {
		l := s.linesOf(p, snap, name)
		to := publishParams{URI: s.uri(name), Version: out[s.uri(name)].Version, Diagnostics: []diagnostic{}}
		for _, d := range list {
			to.Diagnostics = append(to.Diagnostics, s.diagnostic(p, snap, l, d))
		}
		out[to.URI] = to
	}
	p.mu.Lock()
	for uri := range p.published {
		if _, again := out[uri]; !again {
			out[uri] = publishParams{URI: uri, Diagnostics: []diagnostic{}}
		}
	}
	for uri, to := range out {
		p.published[uri] = len(to.Diagnostics) > 0
		if len(to.Diagnostics) == 0 {
			delete(p.published, uri)
		}
	}
	p.mu.Unlock()
	for _, uri := range slices.Sorted(maps.Keys(out)) {
		s.notify(ctx, "textDocument/publishDiagnostics", out[uri])
	}
}

// clear takes back what was published of a project.
func (s *server) clear(p *project) {
	p.mu.Lock()
	uris := slices.Sorted(maps.Keys(p.published))
	clear(p.published)
	p.mu.Unlock()
	for _, uri := range uris {
		s.notify(s.base, "textDocument/publishDiagnostics", publishParams{URI: uri, Diagnostics: []diagnostic{}})
	}
}

func (s *server) notify(ctx context.Context, method string, params any) {
	if err := s.conn.Notify(ctx, method, params); err != nil && ctx.Err() == nil && !errors.Is(err, jsonrpc2.ErrClosed) {
		s.log.Printf("%s: %v", method, err)
	}
}

// uri is how the client names a file.
func (s *server) uri(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.documents {
		if d.path == name {
			return d.uri
		}
	}
	return uriOf(name)
}

// linesOf is the text of a file as a snapshot read it.
func (s *server) linesOf(p *project, snap *snapshot, name string) *lines {
	if snap.in == nil {
		return linesOf("")
	}
	rel, err := filepath.Rel(p.root, name)
	if err != nil {
		return linesOf("")
	}
	return linesOf(string(snap.in.Source(filepath.ToSlash(rel))))
}

// severities are those of the protocol.
var severities = map[diag.Severity]int{diag.Error: 1, diag.Warning: 2, diag.Info: 3}

func (s *server) diagnostic(p *project, snap *snapshot, l *lines, d diag.Diagnostic) diagnostic {
	begin := l.at(d.Pos)
	out := diagnostic{
		Range: l.span(begin, l.word(begin)), Severity: severities[d.Severity], Code: d.Rule, Source: "krowave", Message: d.Message,
	}
	if d.Rule != "" {
		out.CodeDescription = &codeDescription{report.RuleURI(d.Rule)}
	}
	if d.Hint != "" {
		out.Message += "\n" + d.Hint
	}
	for _, r := range d.Related {
		name := p.absolute(r.Position.File)
		own := s.linesOf(p, snap, name)
		at := own.at(r.Position)
		out.RelatedInformation = append(out.RelatedInformation, relatedInformation{
			Location: location{URI: s.uri(name), Range: own.span(at, own.word(at))}, Message: r.Message,
		})
	}
	return out
}
