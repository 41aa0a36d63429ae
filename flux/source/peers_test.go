package source_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fluxcd/pkg/apis/meta"

	"github.com/krowave/krowave/flux/source"
	"github.com/krowave/krowave/render/repo"
)

// TestHostilePeers downloads from servers that lie, stall, lead elsewhere or send without
// end: each is an error that names the address, no file stays, and the next download
// is as before.
func TestHostilePeers(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	good := pack(t, "apps/web.yaml", "kind: WebApp\n")
	sum := sha256.Sum256(good)
	endless := func(w http.ResponseWriter, _ *http.Request) {
		piece := make([]byte, 1<<16)
		for {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	}
	for name, tt := range map[string]struct {
		serve http.HandlerFunc
		want  string
	}{
		"without end":          {endless, ""}, // its client counts what comes beyond the most, until the time is up
		"silent":               {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "deadline exceeded"},
		"redirect in a circle": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) }, "redirect"},
		"redirect to a file": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(302)
		}, "unsupported protocol"},
		"another archive": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(pack(t, "a", "b")) }, "digest"},
		"half of it": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write(good[:len(good)/2])
			panic(http.ErrAbortHandler)
		}, "EOF"},
		"an error of 1 GiB": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot); endless(w, r) }, "418"},
	} {
		t.Run(name, func(t *testing.T) {
			var mended atomic.Bool
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !mended.Load() {
					tt.serve(w, r)
					return
				}
				_, _ = w.Write(good)
			}))
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.Start()
			defer server.Close()
			a := meta.Artifact{URL: server.URL + "/a.tar.gz", Revision: "main@sha1:1", Digest: "sha256:" + hex.EncodeToString(sum[:])}
			limits := source.Limits{Download: 1 << 20, Archive: repo.TarLimits{Entries: 10, Unpacked: 1 << 20, Kept: 1 << 20}}
			f := source.NewFetcher(limits, 0, 1<<20)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, err := f.Fetch(ctx, a)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), a.URL) || len(err.Error()) > 1000 {
				t.Errorf("%.2000v, want something about %q", err, tt.want)
			}
			mended.Store(true)
			if _, err := source.NewFetcher(limits, 0, 1<<20).Fetch(t.Context(), a); err != nil {
				t.Errorf("after it: %v", err)
			}
		})
	}
	// A download that was given up ends a moment later.
	var left []string
	for range 100 {
		var err error
		if left, err = filepath.Glob(filepath.Join(os.TempDir(), "krowave-source-*")); err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%v is left over", left)
}
