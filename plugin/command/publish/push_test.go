package publish_test

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fluxcd/pkg/oci"
	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

// TestPush pushes to a registry and has Flux's client pull what was pushed.
func TestPush(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	args := []string{"push", "oci://" + host + "/shop:v1", "--source=https://example.com/shop.git", "--revision=main@sha1:4f2c", "demo.yaml"}

	first := clitest.Run(t, "../../../testdata", args...)
	want := regexp.MustCompile(`^oci://` + regexp.QuoteMeta(host) + `/shop@sha256:[0-9a-f]{64}\n$`)
	if first.Code != 0 || !want.MatchString(first.Stdout) {
		t.Fatalf("exit code %d, %q, %s", first.Code, first.Stdout, first.Stderr)
	}
	again := clitest.Run(t, "../../../testdata", append(args, "--digest")...)
	if again.Code != 0 || !strings.HasSuffix(first.Stdout, "@"+again.Stdout) {
		t.Errorf("pushed again: exit code %d, %q, first %q", again.Code, again.Stdout, first.Stdout)
	}
	later := clitest.Run(t, "../../../testdata", append(args, "--digest", "--created=2026-01-02T03:04:05Z")...)
	if later.Code != 0 || later.Stdout == again.Stdout {
		t.Errorf("another time: exit code %d, %q, %s", later.Code, later.Stdout, later.Stderr)
	}

	dir := t.TempDir()
	meta, err := oci.NewClient(oci.DefaultOptions()).Pull(t.Context(), host+"/shop:v1", dir)
	if err != nil {
		t.Fatal(err)
	}
	if meta.Created != "2026-01-02T03:04:05Z" || meta.Revision != "main@sha1:4f2c" || meta.Source != "https://example.com/shop.git" {
		t.Errorf("pulled %+v", meta)
	}
	for _, name := range []string{"kustomization.yaml", "wave-0/kustomization.yaml"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestPushRefuses(t *testing.T) {
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"push", "oci://127.0.0.1:1/shop:v1", "--runtime=placeholder", "demo.yaml"}, 2, "cannot be pushed"},
		{[]string{"push", "127.0.0.1:1/shop:v1", "demo.yaml"}, 2, "does not begin with oci://"},
		{[]string{"push", "oci://127.0.0.1:1/shop:v1"}, 2, "an argument is missing"},
		{[]string{"push", "oci://127.0.0.1:1/shop:v1", "--created=yesterday", "demo.yaml"}, 2, "is not a time"},
		{[]string{"push", "oci://127.0.0.1:1/shop:v1", "--timeout=1ns", "demo.yaml"}, 3, "pushing"},
	} {
		got := clitest.Run(t, "../../../testdata", tt.args...)
		if got.Code != tt.code || !strings.Contains(got.Stderr, tt.want) || got.Stdout != "" {
			t.Errorf("%v: exit code %d, want %d; %q\n%s", tt.args, got.Code, tt.code, got.Stdout, got.Stderr)
		}
	}
}
