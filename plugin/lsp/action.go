package lsp

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"

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

var (
	suggestion = regexp.MustCompile(`did you mean (?:the kind )?"?([^\s"?]+)"?\?`)
	token      = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_-]*`)
)

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
		for _, d := range snap.checked.Report.Diags {
			if d.Pos.File != filepath.ToSlash(at.name()) {
				continue
			}
			text, begin, length := proposed(l, d)
			shown := s.diagnostic(at.project, snap, l, d)
			if length == 0 || l.offset(shown.Range.Start) > to || max(l.offset(shown.Range.End), begin+length) < from {
				continue
			}
			edit := textEdit{Range: l.span(begin, begin+length), NewText: text}
			out = append(out, codeAction{
				Title: "Change to " + text, Kind: "quickfix", IsPreferred: true, Diagnostics: []diagnostic{shown},
				Edit: workspaceEdit{Changes: map[string][]textEdit{at.uri: {edit}}},
			})
		}
		return out, nil
	}, nil
}

// proposed is what a finding proposes to write, and in place of what: a byte
// offset and the length. The length is 0 when it proposes nothing.
func proposed(l *lines, d diag.Diagnostic) (text string, begin, length int) {
	m := suggestion.FindStringSubmatch(d.Hint)
	if m == nil {
		m = suggestion.FindStringSubmatch(d.Message)
	}
	if m == nil {
		return "", 0, 0
	}
	text = m[1]
	if i := strings.LastIndexByte(text, '.'); i >= 0 && d.Rule != "unknown-kind" {
		text = text[i+1:] // of a path, whose last step is wrong
	}
	start := l.at(d.Pos)
	line := l.text[start:]
	if i := strings.IndexAny(line, "\r\n"); i >= 0 {
		line = line[:i]
	}
	for _, at := range token.FindAllStringIndex(line, -1) {
		word := line[at[0]:at[1]]
		if word != text && diag.Closest(word, []string{text}) == text {
			return text, start + at[0], at[1] - at[0]
		}
	}
	return "", 0, 0
}
