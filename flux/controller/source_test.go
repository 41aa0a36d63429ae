package controller_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxcd/pkg/apis/meta"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"github.com/rogpeppe/go-internal/txtar"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// credentials writes an administrator's token and a key for service accounts.
func credentials(dir string) (key string, err error) {
	if err := os.WriteFile(filepath.Join(dir, "tokens"), []byte(`admin,admin,admin,"system:masters"`+"\n"), 0o600); err != nil {
		return "", err
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return "", err
	}
	key = filepath.Join(dir, "accounts.key")
	return key, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

// fileServer serves the archives of sources, as source-controller does.
type fileServer struct {
	server *httptest.Server
	mu     sync.Mutex
	files  map[string][]byte
	broken map[string]bool
	hits   map[string]int
}

func newFileServer() *fileServer {
	f := &fileServer{files: map[string][]byte{}, broken: map[string]bool{}, hits: map[string]int{}}
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.hits[r.URL.Path]++
		data, ok := f.files[r.URL.Path]
		switch {
		case f.broken[r.URL.Path]:
			http.Error(w, "the disk is on fire", http.StatusInternalServerError)
		case !ok:
			http.NotFound(w, r)
		default:
			_, _ = w.Write(data)
		}
	}))
	return f
}

func (f *fileServer) put(name string, data []byte) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[name] = data
	return f.server.URL + name
}

func (f *fileServer) setBroken(name string, broken bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken[name] = broken
}

// archive reads the files of a txtar archive below a directory of it, such as the
// state of a repository at a commit.
func archive(t *testing.T, name, dir string) map[string]string {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range a.Files {
		if rest, ok := strings.CutPrefix(f.Name, dir+"/"); ok {
			out[rest] = string(f.Data)
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s has nothing below %s", name, dir)
	}
	return out
}

// pack makes the archive that source-controller would make of files.
func pack(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// unpack is the way back.
func unpack(t *testing.T, data []byte) map[string]string {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for r := tar.NewReader(zip); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[path.Clean(h.Name)] = string(text)
	}
}

// namespace makes a namespace for one test.
func namespace(t *testing.T) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := world.client.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	return ns.Name
}

// commit makes a GitRepository advertise files under a revision.
func commit(t *testing.T, ns, name, revision string, files map[string]string) {
	t.Helper()
	publish(t, ns, name, revision, pack(t, files))
}

// publish makes a GitRepository advertise an archive under a revision.
func publish(t *testing.T, ns, name, revision string, data []byte) {
	t.Helper()
	url := world.files.put(fmt.Sprintf("/gitrepository/%s/%s/%s.tar.gz", ns, name, revision), data)
	sum := sha256.Sum256(data)
	advertise(t, ns, name, meta.Artifact{
		URL: url, Path: "x", Revision: "main@sha1:" + revision, Digest: "sha256:" + hex.EncodeToString(sum[:]), LastUpdateTime: metav1.Now(),
	})
}

func advertise(t *testing.T, ns, name string, a meta.Artifact) {
	t.Helper()
	repository := &sourcev1.GitRepository{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}}
	repository.Spec.URL = "https://example.org/" + name + ".git"
	repository.Spec.Interval.Duration = time.Hour
	if err := world.client.Create(t.Context(), repository); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	err := eventually(10*time.Second, func() error {
		if err := world.client.Get(context.Background(), client.ObjectKeyFromObject(repository), repository); err != nil {
			return err
		}
		repository.Status.Artifact = &a
		return world.client.Status().Update(context.Background(), repository)
	})
	if err != nil {
		t.Fatal(err)
	}
}
