package main

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/krowave/krowave/plugin"
	"github.com/krowave/krowave/plugin/internal/clitest"
)

const docs = "../../../docs"

// TestReferenceIsCurrent holds the generated pages and schemas to the code. go
// generate ./plugin rewrites them.
func TestReferenceIsCurrent(t *testing.T) {
	want, err := generate(docs)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(docs, filepath.FromSlash(name)))
		if err != nil {
			t.Errorf("%v: run go generate ./plugin", err)
			continue
		}
		if diff := cmp.Diff(string(got), text); diff != "" {
			t.Errorf("docs/%s is not current: run go generate ./plugin (-file +code):\n%s", name, diff)
		}
	}
	pages, err := filepath.Glob(filepath.Join(docs, "cli", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if _, ok := want["cli/"+filepath.Base(page)]; !ok {
			t.Errorf("%s describes a command that does not exist", page)
		}
	}
}

// TestEveryKindIsPrinted runs a command for each kind, and holds what it prints to
// the kind's schema.
func TestEveryKindIsPrinted(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	files := map[string]string{}
	for _, name := range []string{"shop-rgd.yaml", "instance.yaml"} {
		files[name] = clitest.ReadFile(t, filepath.Join("../../../testdata/help", name))
	}
	dir := clitest.Repository(t, files)
	branch := filepath.Join(t.TempDir(), "branch.git")
	clitest.Git(t, dir, "init", "-q", "--bare", branch)
	cluster := httptest.NewServer(http.HandlerFunc(emptyCluster))
	defer cluster.Close()
	runs := map[string][]string{
		"AdoptionPlan": {"adopt", "plan", "--to=argocd", "-o", "json", "--kubeconfig=" + os.DevNull, "--server=" + cluster.URL, "."},
		"Diff":         {"diff", "--base=main", "-o", "json"},
		"Expansion":    {"render", "-o", "expansion", "."},
		"Explanation":  {"explain", "-o", "json", "stand/market"},
		"FieldUses":    {"explain", "--uses=stand.spec.goods", "-o", "json"},
		"GraphList":    {"list", "graphs", "-o", "json"},
		"Graphs":       {"graph", "-o", "json", "shop-rgd.yaml"},
		"HealthChecks": {"argocd", "health", "-o", "json", "."},
		"Hydration":    {"hydrate", "-o", "json", "--ref=HEAD", "--branch=out", "--remote=" + branch, "--dry-run", "."},
		"Impact":       {"impact", "--base=main", "-o", "json", "shop-rgd.yaml"},
		"ImageList":    {"list", "images", "-o", "json"},
		"InstanceList": {"list", "instances", "-o", "json"},
		"ObjectList":   {"list", "objects", "-o", "json"},
		"RGDList":      {"list", "rgds", "-o", "json"},
		"Push":         {"push", "-o", "json", "oci://" + strings.TrimPrefix(server.URL, "http://") + "/shop:main", "."},
		"RuntimeReads": {"validate", "--explain-runtime", "-o", "json", "."},
		"TestResults":  {"test", "-o", "json", "--allow-empty"},
		"Tree":         {"tree", "-o", "json", "--no-cluster", "market"},
		"TreeList":     {"graph", "--tree", "-o", "json", "."},
		"UpgradeCheck": {"upgrade-check", "-o", "json", "."},
		"Validation":   {"validate", "-o", "json", "."},
		"Version":      {"version", "-o", "json"},
	}
	for _, k := range plugin.Kinds() {
		args := runs[k.Name]
		if args == nil {
			t.Errorf("no command here prints %s", k.Name)
			continue
		}
		t.Run(k.Name, func(t *testing.T) {
			got := clitest.Run(t, dir, args...)
			if kind, err := clitest.Check(got.Stdout); err != nil || kind != k.Name {
				t.Errorf("exit code %d, printed kind %q, %v\n%s%s", got.Code, kind, err, got.Stdout, got.Stderr)
			}
		})
	}
}

// emptyCluster answers like a Kubernetes API without any kind.
func emptyCluster(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	answer := `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`
	switch r.URL.Path {
	case "/api":
		answer = `{"kind":"APIVersions","versions":["v1"]}`
	case "/apis":
		answer = `{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`
	case "/api/v1":
		answer = `{"kind":"APIResourceList","groupVersion":"v1","resources":[]}`
	default:
		w.WriteHeader(http.StatusNotFound)
	}
	_, _ = io.WriteString(w, answer) // whoever asks is gone
}
