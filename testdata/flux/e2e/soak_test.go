package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	controlplane "github.com/krowave/krowave/testdata/kubernetes"
)

// TestSoak has as many RenderedSources as KROWAVE_SOAK says follow 20 commits, and
// looks at what the controller's process keeps.
func TestSoak(t *testing.T) {
	sources, _ := strconv.Atoi(os.Getenv("KROWAVE_SOAK"))
	if sources == 0 {
		t.Skip("not run: KROWAVE_SOAK=500 says how many RenderedSources")
	}
	address, err := controlplane.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	world.controller.stop()
	world.controller.args = []string{"--metrics-addr=" + address, "--log-level=error", "--artifact-retention-ttl=10s", "--concurrent=8"}
	if err := world.controller.start(); err != nil {
		t.Fatal(err)
	}
	s := plain(t, "soak", "", map[string]string{"apps/note.yaml": note("soak", "memo", "0")})
	for i := range sources {
		mustApply(t, fmt.Sprintf(`apiVersion: krowave.dev/v1alpha1
kind: RenderedSource
metadata: {name: s-%03d, namespace: soak}
spec: {sourceRef: {kind: GitRepository, name: repo}, path: apps, definitions: [{path: platform}], interval: 1h}
`, i))
	}
	var first usage
	const commits = 20
	for n := 1; n <= commits; n++ {
		from := time.Now()
		commit := s.push(t, map[string]string{"apps/note.yaml": note("soak", "memo", fmt.Sprint(n))})
		if err := within(5*time.Minute, allRendered("main@sha1:"+commit, sources+1)); err != nil {
			t.Fatal(err)
		}
		now := usageOf(t, address)
		t.Logf("commit %d: %d sources in %s, %+v", n, sources+1, time.Since(from).Round(100*time.Millisecond), now)
		if n == 5 {
			first = now
		}
	}
	last := usageOf(t, address)
	if last.goroutines > first.goroutines+50 || last.files > first.files+50 || last.memory > 2*first.memory || last.artifacts > 3*(sources+1) {
		t.Errorf("after 5 commits %+v, after %d %+v", first, commits, last)
	}
}

func allRendered(revision string, want int) func() error {
	return func() error {
		list, err := resource(world.client, "ExternalArtifact", "soak").List(context.Background(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		done := 0
		for i := range list.Items {
			metadata, _, _ := unstructured.NestedStringMap(list.Items[i].Object, "status", "artifact", "metadata")
			if metadata["org.opencontainers.image.revision"] == revision {
				done++
			}
		}
		if done < want {
			return fmt.Errorf("%d of %d have %s", done, want, revision)
		}
		return nil
	}
}

// usage is what a process holds.
type usage struct{ goroutines, files, memory, artifacts int }

func usageOf(t *testing.T, address string) usage {
	t.Helper()
	response, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	value := func(name string) int {
		m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindSubmatch(text)
		if m == nil {
			t.Fatalf("no metric %s", name)
		}
		f, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		return int(f)
	}
	artifacts, err := filepath.Glob(filepath.Join(world.controller.storage, "*", "soak", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return usage{value("go_goroutines"), value("process_open_fds"), value("process_resident_memory_bytes") >> 20, len(artifacts)}
}
