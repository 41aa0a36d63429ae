package source_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fluxcd/pkg/apis/meta"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/flux/source"
	"github.com/krowave/krowave/render/repo"
)

func pack(t *testing.T, name, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// serve serves one archive and counts who asks for it.
func serve(t *testing.T, data []byte) (meta.Artifact, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path != "/a.tar.gz" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data)
	}))
	t.Cleanup(server.Close)
	sum := sha256.Sum256(data)
	return meta.Artifact{URL: server.URL + "/a.tar.gz", Revision: "main@sha1:1", Digest: "sha256:" + hex.EncodeToString(sum[:])}, &asked
}

func TestFetch(t *testing.T) {
	a, asked := serve(t, pack(t, "apps/web.yaml", "kind: WebApp\n"))
	f := source.NewFetcher(source.Limits{Download: 1 << 20}, 0, 1<<20)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			tree, err := f.Fetch(t.Context(), a)
			if err != nil {
				t.Error(err)
				return
			}
			if data, err := fs.ReadFile(tree.Files, "apps/web.yaml"); err != nil || string(data) != "kind: WebApp\n" {
				t.Errorf("apps/web.yaml: %q, %v", data, err)
			}
		})
	}
	group.Wait()
	if _, err := f.Fetch(t.Context(), a); err != nil {
		t.Error(err)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("downloaded %d times", n)
	}

	// What one may read says nothing of what another one may: a digest alone does
	// not give access.
	other := a
	other.URL = strings.Replace(a.URL, "a.tar.gz", "other.tar.gz", 1)
	var waiting *source.NotReadyError
	if _, err := f.Fetch(t.Context(), other); !errors.As(err, &waiting) {
		t.Errorf("the same digest at another place: %v", err)
	}
}

func TestFetchForgets(t *testing.T) {
	a, asked := serve(t, pack(t, "a.yaml", "a: 1\n"))
	f := source.NewFetcher(source.Limits{Download: 1 << 20}, 0, 0) // keeps nothing
	for range 2 {
		if _, err := f.Fetch(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("downloaded %d times", n)
	}
}

func TestFetchRefuses(t *testing.T) {
	data := pack(t, "a.yaml", strings.Repeat("# a long text\n", 10_000))
	a, _ := serve(t, data)
	forged := a
	forged.Digest = "sha256:" + strings.Repeat("0", 64)
	escaping, _ := serve(t, pack(t, "../etc/passwd", "root"))
	text, _ := serve(t, []byte("plain text"))
	var limit *source.LimitError
	for name, test := range map[string]struct {
		artifact meta.Artifact
		limits   source.Limits
		limit    bool
		want     string
	}{
		"download": {a, source.Limits{Download: 100}, false, "greater than the max download size"},
		"digest":   {forged, source.Limits{Download: 1 << 20}, false, "digest"},
		"unpacked": {a, source.Limits{Download: 1 << 20, Archive: repo.TarLimits{Unpacked: 1000}}, true, "--max-unpacked-bytes"},
		"escaping": {escaping, source.Limits{Download: 1 << 20}, true, "is outside the archive"},
		"text":     {text, source.Limits{Download: 1 << 20}, true, "not in gzip format"},
	} {
		_, err := source.NewFetcher(test.limits, 0, 0).Fetch(t.Context(), test.artifact)
		if err == nil || !strings.Contains(err.Error(), test.want) || errors.As(err, &limit) != test.limit {
			t.Errorf("%s: %v, want %q, for good: %t", name, err, test.want, test.limit)
		}
	}
}

func TestResolveAcrossNamespaces(t *testing.T) {
	r := &source.Resolver{NoCrossNamespace: true}
	_, err := r.Resolve(t.Context(), "apps", v1alpha1.SourceReference{Kind: "GitRepository", Namespace: "platform", Name: "shop"})
	var denied *source.DeniedError
	if !errors.As(err, &denied) || !strings.Contains(err.Error(), "GitRepository platform/shop is in another namespace") {
		t.Errorf("Resolve: %v", err)
	}
}
