package lsp

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/sourcegraph/jsonrpc2"
)

// document is an open file, as the editor has it.
type document struct {
	uri     string
	path    string // absolute; "" for what is no file
	version int
	text    string
}

// notification does what a client tells.
func (s *server) notification(ctx context.Context, r *jsonrpc2.Request) error {
	if r.Method == "exit" {
		s.mu.Lock()
		if s.state != shutDown {
			s.ended = errNoShutdown
		}
		s.mu.Unlock()
		s.end()
		return nil
	}
	s.mu.Lock()
	ready := s.state == initialized
	s.mu.Unlock()
	if !ready {
		return nil
	}
	switch r.Method {
	case "initialized":
		s.register(ctx)
	case "$/cancelRequest":
		return s.cancel(r)
	case "textDocument/didOpen":
		return s.open(r)
	case "textDocument/didChange":
		return s.change(r)
	case "textDocument/didClose":
		return s.close(r)
	case "textDocument/didSave", "workspace/didChangeWatchedFiles":
		s.touch("")
	case "workspace/didChangeWorkspaceFolders":
		return s.changeFolders(r)
	case "workspace/didChangeConfiguration":
		return s.configure(r)
	}
	return nil
}

func (s *server) cancel(r *jsonrpc2.Request) error {
	var p struct {
		ID jsonrpc2.ID `json:"id"`
	}
	if err := read(r, &p); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel := s.running[p.ID]; cancel != nil {
		cancel()
	}
	return nil
}

func (s *server) open(r *jsonrpc2.Request) error {
	var p didOpenParams
	if err := read(r, &p); err != nil {
		return err
	}
	d := p.TextDocument
	s.mu.Lock()
	s.documents[d.URI] = &document{uri: d.URI, path: pathOf(d.URI), version: d.Version, text: d.Text}
	s.mu.Unlock()
	s.touch(d.URI)
	return nil
}

func (s *server) change(r *jsonrpc2.Request) error {
	var p didChangeParams
	if err := read(r, &p); err != nil {
		return err
	}
	s.mu.Lock()
	old := s.documents[p.TextDocument.URI]
	if old == nil {
		s.mu.Unlock()
		return failure(jsonrpc2.CodeInvalidParams, "%s is not open", p.TextDocument.URI)
	}
	text, err := edited(old.text, p.ContentChanges)
	if err == nil { // documents are not changed: requests may look at the old one
		s.documents[old.uri] = &document{uri: old.uri, path: old.path, version: p.TextDocument.Version, text: text}
	}
	s.mu.Unlock()
	if err == nil {
		s.touch(old.uri)
	}
	return err
}

func (s *server) close(r *jsonrpc2.Request) error {
	var p placeParams
	if err := read(r, &p); err != nil {
		return err
	}
	s.mu.Lock()
	delete(s.documents, p.TextDocument.URI)
	s.mu.Unlock()
	s.touch("")
	return nil
}

func (s *server) changeFolders(r *jsonrpc2.Request) error {
	var p foldersParams
	if err := read(r, &p); err != nil {
		return err
	}
	s.mu.Lock()
	for _, f := range p.Event.Removed {
		gone := pathOf(f.URI)
		s.folders = slices.DeleteFunc(s.folders, func(dir string) bool { return dir == gone })
	}
	for _, f := range p.Event.Added {
		s.addFolder(f.URI)
	}
	s.mu.Unlock()
	s.touch("")
	return nil
}

// configure reads settings, which clients send with or without their section.
func (s *server) configure(r *jsonrpc2.Request) error {
	var p configurationParams
	if err := read(r, &p); err != nil {
		return err
	}
	var section struct{ Krowave *clientSettings }
	var settings clientSettings
	if err := json.Unmarshal(p.Settings, &section); err == nil && section.Krowave != nil {
		settings = *section.Krowave
	} else if err := json.Unmarshal(p.Settings, &settings); err != nil {
		return nil //nolint:nilerr // settings of somebody else
	}
	s.mu.Lock()
	s.settings = settings
	s.mu.Unlock()
	return nil
}

// register asks the client to tell of files that change on disk.
func (s *server) register(ctx context.Context) {
	s.mu.Lock()
	watches := s.watches
	s.mu.Unlock()
	if !watches {
		return
	}
	watchers := []any{map[string]any{"globPattern": "**/*.{yaml,yml,json}"}}
	registration := map[string]any{
		"id": "files", "method": "workspace/didChangeWatchedFiles", "registerOptions": map[string]any{"watchers": watchers},
	}
	s.work.Go(func() {
		err := s.conn.Call(ctx, "client/registerCapability", map[string]any{"registrations": []any{registration}}, nil)
		if err != nil && ctx.Err() == nil {
			s.log.Printf("the client does not watch files: %v", err)
		}
	})
}
