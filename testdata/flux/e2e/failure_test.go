package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// plain is a site without gates, whose instances make one object each.
func plain(t *testing.T, name, labels string, files map[string]string) *site {
	t.Helper()
	files["platform/rgd.yaml"] = plainRGD
	return newSite(t, name, chained, labels, files)
}

const plainRGD = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: notes.example.com}
spec:
  schema:
    apiVersion: v1
    kind: Note
    group: example.com
    spec: {text: string}
  resources:
  - id: config
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}"}
      data: {text: "${schema.spec.text}"}
`

func note(namespace, name, text string) string {
	return fmt.Sprintf("apiVersion: example.com/v1\nkind: Note\nmetadata: {name: %s, namespace: %s}\nspec: {text: %q}\n", name, namespace, text)
}

// fetched is an error unless the advertised artifact can be downloaded.
func fetched(namespace string) func() error {
	return func() error {
		obj, err := get("ExternalArtifact", namespace, "shop")
		if err != nil {
			return err
		}
		response, err := http.Get(at(obj, "status.artifact.url"))
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", at(obj, "status.artifact.url"), response.Status)
		}
		return nil
	}
}

// TestKilled ends the controller at various moments after a push, and has the
// next one finish the work.
func TestKilled(t *testing.T) {
	s := plain(t, "killed", "", map[string]string{"apps/note.yaml": note("killed", "memo", "0")})
	eventually(t, "the first commit arrives", s.has("ConfigMap", "memo", map[string]string{"data.text": "0"}))
	for i, delay := range []time.Duration{0, 20, 60, 120, 250, 400, 700} {
		text := fmt.Sprint(i + 1)
		s.push(t, map[string]string{"apps/note.yaml": note("killed", "memo", text)})
		<-time.After(delay * time.Millisecond)
		world.controller.kill()
		if err := world.controller.start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, fmt.Sprintf("killed %s after the push, it arrives", delay*time.Millisecond), s.has("ConfigMap", "memo", map[string]string{"data.text": text}))
		eventually(t, "the artifact is whole", fetched(s.namespace))
	}
	left, err := filepath.Glob(filepath.Join(world.controller.storage, "externalartifact", s.namespace, "*", "*"))
	if err != nil || len(left) == 0 || len(left) > 3 {
		t.Errorf("%d files are left in the storage: %v", len(left), left)
	}
}

// TestStorageLost wipes the storage: what is advertised is there again, and the
// same.
func TestStorageLost(t *testing.T) {
	s := plain(t, "storage", "", map[string]string{"apps/note.yaml": note("storage", "memo", "a")})
	eventually(t, "the commit arrives", s.has("ConfigMap", "memo", nil))
	before, err := get("ExternalArtifact", s.namespace, "shop")
	if err != nil {
		t.Fatal(err)
	}
	world.controller.kill()
	if err := os.RemoveAll(world.controller.storage); err != nil {
		t.Fatal(err)
	}
	if err := world.controller.start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the artifact is there again", fetched(s.namespace))
	stays(t, "it is the same", s.has("ExternalArtifact", "shop", map[string]string{"status.artifact.revision": at(before, "status.artifact.revision")}))
}

// TestStorageLostOnTheMove loses the storage together with the memory of which
// wave had an object, while that is to move.
func TestStorageLostOnTheMove(t *testing.T) {
	s := newSite(t, "lost", chained, "", map[string]string{"platform/rgd.yaml": shopRGD("red", configMap("mover", "")), "apps/shop.yaml": shop("lost", "a")})
	s.ready(t, "a-db", "a-queue")
	eventually(t, "all waves are applied", s.has("ConfigMap", "a-last", nil))
	before := uid(t, "ConfigMap", s.namespace, "a-mover")
	world.controller.kill()
	if err := os.RemoveAll(world.controller.storage); err != nil {
		t.Fatal(err)
	}
	s.push(t, map[string]string{"platform/rgd.yaml": shopRGD("red", configMap("mover", "queue"))})
	if err := world.controller.start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the mover arrives", s.has("ConfigMap", "a-mover", map[string]string{"data.behind": "a-queue"}))
	eventually(t, "the first wave lets go", func() error {
		obj, err := get("Kustomization", s.namespace, "shop")
		if err == nil && strings.Contains(at(obj, "status.inventory"), "_a-mover_") {
			err = fmt.Errorf("it is in the inventory")
		}
		return err
	})
	if uid(t, "ConfigMap", s.namespace, "a-mover") != before {
		t.Error("the mover is another one")
	}
}

// TestSourceLost has Git go away, then the GitRepository: what is applied stays.
func TestSourceLost(t *testing.T) {
	s := plain(t, "source", "", map[string]string{"apps/note.yaml": note("source", "memo", "a")})
	eventually(t, "the commit arrives", s.has("ConfigMap", "memo", map[string]string{"data.text": "a"}))
	revision, err := get("ExternalArtifact", s.namespace, "shop")
	if err != nil {
		t.Fatal(err)
	}
	same := s.has("ExternalArtifact", "shop", map[string]string{"status.artifact.revision": at(revision, "status.artifact.revision")})
	world.git.down.Store(true)
	defer world.git.down.Store(false)
	s.push(t, map[string]string{"apps/note.yaml": note("source", "memo", "b")})
	eventually(t, "Git is unreachable", s.has("GitRepository", "repo", map[string]string{"Ready.status": "False"}))
	stays(t, "the artifact stays", same)
	world.git.down.Store(false)
	s.fetch(t)
	eventually(t, "the commit arrives when Git is back", s.has("ConfigMap", "memo", map[string]string{"data.text": "b"}))
	if revision, err = get("ExternalArtifact", s.namespace, "shop"); err != nil {
		t.Fatal(err)
	}
	same = s.has("ExternalArtifact", "shop", map[string]string{"status.artifact.revision": at(revision, "status.artifact.revision")})
	remove(t, "GitRepository", s.namespace, "repo")
	eventually(t, "the GitRepository is gone", absent("GitRepository", s.namespace, "repo"))
	mergePatch(t, "RenderedSource", s.namespace, "shop", fmt.Sprintf(`{"metadata":{"annotations":{"reconcile.fluxcd.io/requestedAt":%q}}}`, time.Now().String()))
	eventually(t, "its absence is told", s.has("RenderedSource", "shop", map[string]string{"Ready.status": "False", "Ready.reason": "SourceNotReady"}))
	stays(t, "the artifact stays", same)
	stays(t, "the object stays", s.has("ConfigMap", "memo", map[string]string{"data.text": "b"}))
}

// TestShards spreads objects over two controllers.
func TestShards(t *testing.T) {
	second := newController("shard-a", filepath.Join(world.dir, "artifacts-a"), "--watch-label-selector=sharding.fluxcd.io/key=a")
	if err := second.start(); err != nil {
		t.Fatal(err)
	}
	defer second.stop()
	world.controller.stop()
	world.controller.args = []string{"--watch-label-selector=!sharding.fluxcd.io/key"}
	if err := world.controller.start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		world.controller.stop()
		world.controller.args = nil
		if err := world.controller.start(); err != nil {
			t.Error(err)
		}
	}()
	one := plain(t, "shard-none", "", map[string]string{"apps/note.yaml": note("shard-none", "memo", "a")})
	two := plain(t, "shard-a", "sharding.fluxcd.io/key: a", map[string]string{"apps/note.yaml": note("shard-a", "memo", "a")})
	for s, c := range map[*site]*controller{one: world.controller, two: second} {
		eventually(t, s.namespace+" is applied", s.has("ConfigMap", "memo", nil))
		obj, err := get("ExternalArtifact", s.namespace, "shop")
		if err != nil {
			t.Fatal(err)
		}
		if url := at(obj, "status.artifact.url"); !strings.HasPrefix(url, "http://"+c.address+"/") {
			t.Errorf("%s is served at %s, want %s", s.namespace, url, c.address)
		}
	}
	second.kill()
	one.push(t, map[string]string{"apps/note.yaml": note("shard-none", "memo", "b")})
	two.push(t, map[string]string{"apps/note.yaml": note("shard-a", "memo", "b")})
	eventually(t, "one shard goes on without the other", one.has("ConfigMap", "memo", map[string]string{"data.text": "b"}))
	stays(t, "the other waits", two.has("ConfigMap", "memo", map[string]string{"data.text": "a"}))
	if err := second.start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other catches up", two.has("ConfigMap", "memo", map[string]string{"data.text": "b"}))
}

// TestForgery has other users write ExternalArtifacts that look rendered.
func TestForgery(t *testing.T) {
	s := plain(t, "forgery", "", map[string]string{"apps/note.yaml": note("forgery", "memo", "a")})
	eventually(t, "the artifact is there", fetched(s.namespace))
	mustApply(t, `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: tenant, namespace: forgery}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: tenant}]
`)
	artifacts := resource(asUser(t, "tenant"), "ExternalArtifact", s.namespace)
	artifact := func(name, owner string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "ExternalArtifact", "metadata": map[string]any{"name": name},
			"spec": map[string]any{"sourceRef": map[string]any{"apiVersion": owner, "kind": "RenderedSource", "name": "shop"}},
		}}
	}
	eventually(t, "a rendered one is refused", func() error {
		_, err := artifacts.Create(t.Context(), artifact("mine", "krowave.dev/v1alpha1"), metav1.CreateOptions{DryRun: []string{"All"}})
		if !apierrors.IsForbidden(err) {
			return fmt.Errorf("got %v", err)
		}
		return nil
	})
	if _, err := artifacts.Create(t.Context(), artifact("mine", "other.example.com/v1"), metav1.CreateOptions{}); err != nil {
		t.Errorf("one of another kind is refused: %v", err)
	}
	patch := func(name, url string) error {
		body := fmt.Sprintf(`{"status":{"artifact":{"url":%q,"revision":"latest@sha256:0","digest":"sha256:%064d","path":"a","lastUpdateTime":"2026-01-01T00:00:00Z"}}}`, url, 0)
		_, err := artifacts.Patch(t.Context(), name, "application/merge-patch+json", []byte(body), metav1.PatchOptions{}, "status")
		return err
	}
	if err := patch("shop", "http://evil.example.com/a.tar.gz"); !apierrors.IsForbidden(err) {
		t.Errorf("the status of a rendered one can be written: %v", err)
	}
	if err := patch("mine", "http://"+world.controller.address+"/a.tar.gz"); !apierrors.IsForbidden(err) {
		t.Errorf("another kind of artifact may point at the controller: %v", err)
	}
	if err := patch("mine", "http://elsewhere.example.com/a.tar.gz"); err != nil {
		t.Errorf("the status of another kind is refused: %v", err)
	}
}
