package push_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/fluxcd/pkg/oci"

	"github.com/krowave/krowave/flux/layout"
	"github.com/krowave/krowave/flux/push"
)

var files = []layout.File{
	{Path: "wave-0/shop/configmap/a.yaml", Data: []byte("a: 1\n")},
	{Path: "kustomization.yaml", Data: []byte("resources: []\n")},
	{Path: "wave-0/kustomization.yaml", Data: []byte("resources: []\n")},
}

// digest is the digest of files, pinned: a change of it has every Flux in the world
// apply everything again.
const digest = "sha256:edb1652ca90fa4c22239be7bd9a6ad33a934c98938f06ad6773417371f76067d"

func TestPushIsPulledByFlux(t *testing.T) {
	host := serve(t, "")
	image, err := push.Image(push.Artifact{Files: files, Source: "https://example.com/shop.git", Revision: "main@sha1:4f2c"})
	if err != nil {
		t.Fatal(err)
	}
	ref, err := push.Reference("oci://"+host+"/shop/web:v1", false)
	if err != nil {
		t.Fatal(err)
	}
	got, err := push.Push(t.Context(), ref, image, push.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != digest {
		t.Errorf("digest %s, want %s", got, digest)
	}

	dir := t.TempDir()
	meta, err := oci.NewClient(oci.DefaultOptions()).Pull(t.Context(), host+"/shop/web:v1", dir)
	if err != nil {
		t.Fatal(err)
	}
	if meta.Source != "https://example.com/shop.git" || meta.Revision != "main@sha1:4f2c" || meta.Created != "1970-01-01T00:00:00Z" {
		t.Errorf("pulled %+v", meta)
	}
	if !strings.HasSuffix(meta.Digest, "@"+digest) {
		t.Errorf("pulled %s, pushed %s", meta.Digest, digest)
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Path)))
		if diff := cmp.Diff(string(f.Data), string(data)); err != nil || diff != "" {
			t.Errorf("%s: %v, -pushed +pulled:\n%s", f.Path, err, diff)
		}
	}
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	types := []string{string(manifest.MediaType), string(manifest.Config.MediaType), string(manifest.Layers[0].MediaType)}
	want := []string{"application/vnd.oci.image.manifest.v1+json", "application/vnd.cncf.flux.config.v1+json", "application/vnd.cncf.flux.content.v1.tar+gzip"}
	if diff := cmp.Diff(want, types); diff != "" || len(manifest.Layers) != 1 {
		t.Errorf("media types of %d layers, -want +got:\n%s", len(manifest.Layers), diff)
	}
}

func TestDigestDependsOnContentOnly(t *testing.T) {
	digestOf := func(a push.Artifact) string {
		image, err := push.Image(a)
		if err != nil {
			t.Fatal(err)
		}
		got, err := image.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return got.String()
	}
	base := push.Artifact{Files: files}
	shuffled := push.Artifact{Files: []layout.File{files[2], files[0], files[1]}}
	if digestOf(base) != digestOf(shuffled) {
		t.Error("the order of files changes the digest")
	}
	for name, other := range map[string]push.Artifact{
		"content":  {Files: files[1:]},
		"revision": {Files: files, Revision: "x"},
		"source":   {Files: files, Source: "x"},
		"time":     {Files: files, Created: time.Unix(1, 0)},
	} {
		if digestOf(base) == digestOf(other) {
			t.Errorf("another %s has the same digest", name)
		}
	}
}

func TestCredentials(t *testing.T) {
	host := serve(t, "user:secret")
	image, err := push.Image(push.Artifact{Files: files})
	if err != nil {
		t.Fatal(err)
	}
	ref, err := push.Reference("oci://"+host+"/shop:v1", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := push.Push(t.Context(), ref, image, push.Options{}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("without credentials: %v", err)
	}
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	config := `{"auths": {"` + host + `": {"username": "user", "password": "secret"}}}`
	if err := os.WriteFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := push.Push(t.Context(), ref, image, push.Options{Keychain: authn.DefaultKeychain}); err != nil {
		t.Error(err)
	}
}

func TestPathsStayInside(t *testing.T) {
	for _, path := range []string{"../a", "/a", "a/../../b", "..", "a//b"} {
		if _, err := push.Image(push.Artifact{Files: []layout.File{{Path: path}}}); err == nil {
			t.Errorf("%s is accepted", path)
		}
	}
}

func TestReference(t *testing.T) {
	for address, want := range map[string]string{
		"oci://ghcr.io/shop/web:v1":   "ghcr.io/shop/web:v1",
		"oci://localhost/web":         "localhost/web:latest",
		"oci://127.0.0.1:5000/a/b:c":  "127.0.0.1:5000/a/b:c",
		"ghcr.io/shop/web:v1":         "",
		"oci://shop/web:v1":           "",
		"oci://ghcr.io":               "",
		"oci://ghcr.io/Shop:v1":       "",
		"https://ghcr.io/shop/web:v1": "",
	} {
		got, err := push.Reference(address, false)
		if (err != nil) != (want == "") || err == nil && got.Name() != want {
			t.Errorf("%s: got %s, %v, want %q", address, got, err, want)
		}
	}
	if ref, err := push.Reference("oci://registry.example.com/a:b", true); err != nil || ref.Scheme() != "http" {
		t.Errorf("insecure: %s, %v", ref.Scheme(), err)
	}
}

// serve runs a registry, which asks for credentials unless they are "".
func serve(t *testing.T, credentials string) string {
	t.Helper()
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); credentials != "" && user+":"+password != credentials {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}
