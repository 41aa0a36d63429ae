package lsp

import (
	"github.com/sourcegraph/jsonrpc2"
)

// features are the requests beside those of a server's life.
func features() map[string]func(*server, *jsonrpc2.Request) (answer, error) {
	return map[string]func(*server, *jsonrpc2.Request) (answer, error){
		"textDocument/completion":     (*server).completion,
		"textDocument/definition":     (*server).definition,
		"textDocument/references":     (*server).references,
		"textDocument/hover":          (*server).hover,
		"textDocument/documentSymbol": (*server).symbols,
		"textDocument/prepareRename":  (*server).prepareRename,
		"textDocument/rename":         (*server).rename,
		"textDocument/codeAction":     (*server).actions,
	}
}

// capabilities are what the server tells clients of itself.
func capabilities() map[string]any {
	return map[string]any{
		"positionEncoding":       "utf-16",
		"textDocumentSync":       map[string]any{"openClose": true, "change": 2, "save": true}, // incremental
		"completionProvider":     map[string]any{"triggerCharacters": []string{".", "{", "|"}},
		"definitionProvider":     true,
		"referencesProvider":     true,
		"hoverProvider":          true,
		"documentSymbolProvider": true,
		"renameProvider":         map[string]any{"prepareProvider": true},
		"codeActionProvider":     map[string]any{"codeActionKinds": []string{"quickfix"}},
		"workspace":              map[string]any{"workspaceFolders": map[string]any{"supported": true, "changeNotifications": true}},
	}
}
