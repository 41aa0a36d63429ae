package adopt_test

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// gitOps is a GitOps tool with the Application or Kustomization shop: the real one, or
// the stand-in.
type gitOps interface {
	commit(t *testing.T, git []*unstructured.Unstructured) // puts something else into Git
	leave(t *testing.T)                                    // takes the Application or Kustomization out of the cluster
	real() bool
}

// What the real tools are made of: testdata/argocd/e2e/build.sh prints the driver, which
// starts Argo CD, and testdata/flux/e2e/build.sh the directory of kustomize-controller.
const (
	argoCDDriver    = "KROWAVE_ARGOCD"
	argoCDSource    = "KROWAVE_ARGOCD_SOURCE"
	fluxControllers = "KROWAVE_FLUX"
)

// startGitOps starts the real tool where it is built, and the stand-in otherwise.
func (c *cluster) startGitOps(t *testing.T, to string) gitOps {
	t.Helper()
	switch {
	case to == "argocd" && os.Getenv(argoCDDriver) != "":
		return c.startArgoCD(t, os.Getenv(argoCDDriver))
	case to == "flux" && os.Getenv(fluxControllers) != "":
		return c.startFlux(t, os.Getenv(fluxControllers))
	}
	t.Logf("%s is a stand-in: the real one is not built", to)
	return standInTool{c.startTool(t, to == "flux")}
}

type standInTool struct{ *tool }

func (x standInTool) commit(_ *testing.T, git []*unstructured.Unstructured) { x.tool.commit(git) }
func (standInTool) real() bool                                              { return false }

// argoCD is a real repo-server and application controller.
type argoCD struct {
	c    *cluster
	repo string
	cmd  *exec.Cmd
}

func (c *cluster) startArgoCD(t *testing.T, driver string) *argoCD {
	t.Helper()
	x := &argoCD{c: c, repo: filepath.Join(c.dir, "argocd-repository")}
	git(t, c.dir, "init", "-q", "-b", "main", x.repo)
	work := filepath.Join(c.dir, "argocd")
	if err := os.MkdirAll(work, 0o755); err != nil {
		t.Fatal(err)
	}
	version := "3"
	if strings.HasPrefix(filepath.Base(filepath.Dir(driver)), "v2.14.") {
		version = "2.14"
	}
	x.cmd = exec.CommandContext(t.Context(), driver, "serve", "-argocd", filepath.Join(filepath.Dir(driver), "argocd"), "-source", os.Getenv(argoCDSource),
		"-kubeconfig", c.kubeconfig, "-work", work, "-version", version)
	x.cmd.Cancel = func() error { return x.cmd.Process.Signal(os.Interrupt) }
	x.cmd.WaitDelay = 30 * time.Second
	out, err := x.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	x.cmd.Stderr = os.Stderr
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = x.cmd.Cancel() // it may have ended
		_ = x.cmd.Wait()
		if t.Failed() {
			for _, name := range []string{"application-controller", "repo-server"} {
				text, _ := os.ReadFile(filepath.Join(work, "log", name+".log")) // what there is
				lines := strings.Split(strings.TrimSpace(string(text)), "\n")
				t.Logf("%s:\n%s", name, strings.Join(lines[max(0, len(lines)-15):], "\n"))
			}
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "serving\n" {
		t.Fatalf("Argo CD does not run: %q %v", line, err)
	}
	return x
}

func (*argoCD) real() bool { return true }

func (x *argoCD) commit(t *testing.T, objects []*unstructured.Unstructured) {
	t.Helper()
	dir := filepath.Join(x.repo, "objects")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range manifests(t, objects) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git(t, x.repo, "add", "-A")
	git(t, x.repo, "commit", "-q", "--allow-empty", "-m", "state")
	x.c.apply(t, fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
spec:
  project: default
  destination: {server: https://kubernetes.default.svc, namespace: default}
  source: {repoURL: %q, path: objects, targetRevision: HEAD}
  syncPolicy: {automated: {prune: true, selfHeal: true, allowEmpty: true}, retry: {limit: 20, backoff: {duration: 1s, factor: 1, maxDuration: 1s}}}
`, "file://"+x.repo))
	x.patch(t, `{"metadata": {"annotations": {"argocd.argoproj.io/refresh": "hard"}}}`)
}

func (x *argoCD) patch(t *testing.T, text string) {
	t.Helper()
	client, err := x.c.client(x.application())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Patch(t.Context(), "shop", types.MergePatchType, []byte(text), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (x *argoCD) application() *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": map[string]any{"namespace": "argocd"}}}
}

// leave deletes the Application, which has no finalizer, so that its objects stay.
func (x *argoCD) leave(t *testing.T) {
	t.Helper()
	client, err := x.c.client(x.application())
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Delete(t.Context(), "shop", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	_ = x.cmd.Cancel() // it may have ended
}

// manifests are objects, a file each.
func manifests(t *testing.T, objects []*unstructured.Unstructured) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for i, obj := range objects {
		out[fmt.Sprintf("%04d.yaml", i)] = yamlOf(t, obj)
	}
	return out
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=krowave", "-c", "user.email=krowave@example.com"}, args...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// fluxTool is a real kustomize-controller. The test is its source-controller.
type fluxTool struct {
	c      *cluster
	server *httptest.Server
	cmd    *exec.Cmd

	mu       sync.Mutex
	artifact []byte
	revision int
}

func (c *cluster) startFlux(t *testing.T, bin string) *fluxTool {
	t.Helper()
	x := &fluxTool{c: c}
	x.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		x.mu.Lock()
		defer x.mu.Unlock()
		_, _ = w.Write(x.artifact) // the client says so
	}))
	t.Cleanup(x.server.Close)
	crds, err := filepath.Glob(filepath.Join(bin, "crds", "*.yaml"))
	if err != nil || len(crds) == 0 {
		t.Fatalf("%s has no CRDs: %v", bin, err)
	}
	for _, file := range crds {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c.apply(t, string(text))
	}
	t.Setenv("RUNTIME_NAMESPACE", "default")
	x.cmd = c.run(t, filepath.Join(bin, "kustomize-controller"), "--metrics-addr=127.0.0.1:0", "--health-addr=127.0.0.1:0", "--log-level=error",
		"--requeue-dependency=1s", "--min-retry-delay=500ms")
	return x
}

func (*fluxTool) real() bool { return true }

func (x *fluxTool) commit(t *testing.T, objects []*unstructured.Unstructured) {
	t.Helper()
	var out bytes.Buffer
	compressed := gzip.NewWriter(&out)
	archive := tar.NewWriter(compressed)
	named := make([]*unstructured.Unstructured, 0, len(objects))
	for _, obj := range objects {
		named = append(named, x.c.scoped(obj)) // Flux has no default
	}
	for name, text := range manifests(t, named) {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	x.mu.Lock()
	x.artifact = out.Bytes()
	x.revision++
	digest, revision := fmt.Sprintf("%x", sha256.Sum256(x.artifact)), fmt.Sprintf("main@sha1:%040d", x.revision)
	x.mu.Unlock()
	x.c.apply(t, `
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: shop, namespace: default}
spec: {interval: 1h, url: "https://git.example.com/shop.git"}
`)
	source := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository"}}
	client, err := x.c.client(source)
	if err != nil {
		t.Fatal(err)
	}
	status := fmt.Sprintf(`{"status": {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True", "reason": "Succeeded", "message": "stored", "lastTransitionTime": %q}],
		"artifact": {"path": "shop.tar.gz", "url": %q, "revision": %q, "digest": "sha256:%s", "lastUpdateTime": %q, "size": %d}}}`,
		now(), x.server.URL+"/shop.tar.gz", revision, digest, now(), out.Len())
	if _, err := client.Patch(t.Context(), "shop", types.MergePatchType, []byte(status), metav1.PatchOptions{}, "status"); err != nil {
		t.Fatal(err)
	}
	x.c.apply(t, `
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: shop, namespace: default}
spec: {interval: 1h, retryInterval: 2s, prune: true, path: ./, sourceRef: {kind: GitRepository, name: shop}}
`)
}

func now() string { return time.Now().UTC().Format(time.RFC3339) }

// leave suspends the Kustomization before it deletes it, so that its objects stay.
func (x *fluxTool) leave(t *testing.T) {
	t.Helper()
	client, err := x.c.client(&unstructured.Unstructured{Object: map[string]any{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Patch(t.Context(), "shop", types.MergePatchType, []byte(`{"spec": {"suspend": true}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := client.Delete(t.Context(), "shop", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the Kustomization goes", func() error {
		if x.c.get(t, "kustomize.toolkit.fluxcd.io/v1", "Kustomization", "shop") != nil {
			return fmt.Errorf("it is there")
		}
		return nil
	})
}
