package lsp

import (
	"github.com/sourcegraph/jsonrpc2"
)

// features are the requests beside those of a server's life.
func features() map[string]func(*server, *jsonrpc2.Request) (answer, error) {
	return map[string]func(*server, *jsonrpc2.Request) (answer, error){}
}

// capabilities are what the server tells clients of itself.
func capabilities() map[string]any {
	return map[string]any{
		"positionEncoding": "utf-16",
		"textDocumentSync": map[string]any{"openClose": true, "change": 2, "save": true}, // incremental
		"workspace":        map[string]any{"workspaceFolders": map[string]any{"supported": true, "changeNotifications": true}},
	}
}
