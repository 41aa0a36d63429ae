// Package web has the pages of the preview: built from the TypeScript beside it
// (make web), compressed, and embedded. It serves them, and nothing else.
package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io"
	"net/http"
	"path"
	"strings"
)

//go:embed dist
var dist embed.FS

// types are those of the files that a build makes.
var types = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
	".html": "text/html; charset=utf-8", ".txt": "text/plain; charset=utf-8",
}

// Serve answers a request for a page or a part of one. Addresses of pages are all
// the same file, into which the nonce for its styles is written.
func Serve(w http.ResponseWriter, r *http.Request, nonce string) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	page := !strings.HasPrefix(name, "assets/")
	if page {
		name = "index.html"
	}
	packed, err := dist.ReadFile("dist/" + name + ".gz")
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", types[path.Ext(name)])
	if !page {
		// The name of a file has the digest of its content.
		w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	w.Header().Set("Vary", "Accept-Encoding")
	if !page && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed) //nolint:gosec // a file of ours that is embedded
		return
	}
	text, err := unpacked(packed)
	if err != nil {
		http.Error(w, "the embedded pages are damaged", http.StatusInternalServerError)
		return
	}
	if page {
		text = bytes.ReplaceAll(text, []byte("{{nonce}}"), []byte(nonce))
	}
	_, _ = w.Write(text) //nolint:gosec // a file of ours that is embedded, with a nonce of ours
}

func unpacked(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, 32<<20))
}
