package lsp

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/repo"
	"github.com/krowave/krowave/render/schema"
)

// look is a place in an open file at the moment of a request.
type look struct {
	*document
	position position
	revision int
	settings clientSettings
	project  *project // nil for what is no file
}

// look reads what a request asks about.
func (s *server) look(r *jsonrpc2.Request) (*look, error) {
	var p placeParams
	if err := read(r, &p); err != nil {
		return nil, err
	}
	s.mu.Lock()
	d, revision, settings := s.documents[p.TextDocument.URI], s.revision, s.settings
	s.mu.Unlock()
	if d == nil {
		return nil, failure(jsonrpc2.CodeInvalidParams, "%s is not open", p.TextDocument.URI)
	}
	return &look{document: d, position: p.Position, revision: revision, settings: settings, project: s.projectOf(d.path)}, nil
}

// snapshot waits for what is known of the file's project: with the texts of the
// request if they have to be these, else with any.
func (s *server) snapshot(ctx context.Context, at *look, these bool) (*snapshot, error) {
	if at.project == nil {
		return nil, errNothing
	}
	revision := 0
	if these {
		revision = at.revision
	}
	return at.project.current(ctx, revision)
}

// name is how findings and inputs name the file.
func (at *look) name() string {
	rel, err := filepath.Rel(at.project.root, at.path)
	if err != nil {
		return at.path
	}
	return filepath.ToSlash(rel)
}

// renders are the renders that read a file, or all when none did.
func (snap *snapshot) renders(name string) []*render.Result {
	var out []*render.Result
	for n, u := range snap.units {
		if slices.ContainsFunc(slices.Concat(u.Files, u.Definitions), func(f repo.File) bool { return f.Name == name }) {
			out = append(out, snap.checked.Renders[n])
		}
	}
	if len(out) == 0 {
		return snap.checked.Renders
	}
	return out
}

// catalog is what is known of kinds where a file is. An RGD that has an error for
// now defines what it defined last.
func (s *server) catalog(ctx context.Context, at *look) (*schema.Catalog, error) {
	if snap, err := s.snapshot(ctx, at, false); err == nil {
		for _, res := range snap.renders(at.name()) {
			if res.Catalog != nil {
				return at.project.completed(res.Catalog), nil
			}
		}
	} else if ctx.Err() != nil {
		return nil, err
	}
	return schema.NewCatalog("")
}
