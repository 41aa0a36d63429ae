package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

// TestWaves goes from a push to applied objects, wave by wave, and on to a change
// of the RGD, a bad commit and its fix.
func TestWaves(t *testing.T) {
	s := newSite(t, "waves", chained, "", map[string]string{"platform/rgd.yaml": shopRGD("red"), "apps/shop.yaml": shop("waves", "a")})
	eventually(t, "the first wave is applied", s.has("Database", "a-db", nil))
	stays(t, "the second wave waits", absent("ConfigMap", s.namespace, "a-config"))
	setStatus(t, "Database", s.namespace, "a-db", `{"state":"ready"}`)
	eventually(t, "the second wave follows", s.has("ConfigMap", "a-config", map[string]string{"data.color": "red"}))
	eventually(t, "the queue is applied", s.has("Database", "a-queue", nil))
	stays(t, "the third wave waits", absent("ConfigMap", s.namespace, "a-last"))
	setStatus(t, "Database", s.namespace, "a-queue", `{"state":"ready"}`)
	eventually(t, "the third wave follows", s.has("ConfigMap", "a-last", nil))
	eventually(t, "the object is ready", s.has("RenderedSource", "shop", map[string]string{"Ready.status": "True", "Stalled.status": ""}))

	before := uid(t, "Database", s.namespace, "a-db")
	commit := s.push(t, map[string]string{"platform/rgd.yaml": shopRGD("blue")})
	eventually(t, "a change of the RGD arrives", s.has("ConfigMap", "a-config", map[string]string{"data.color": "blue"}))
	eventually(t, "its commit is told", s.has("Kustomization", "shop", map[string]string{"status.lastAppliedOriginRevision": "main@sha1:" + commit}))
	if uid(t, "Database", s.namespace, "a-db") != before {
		t.Error("the database is another one")
	}

	good, err := get("ExternalArtifact", s.namespace, "shop")
	if err != nil {
		t.Fatal(err)
	}
	s.push(t, map[string]string{"platform/rgd.yaml": strings.Replace(shopRGD("green"), "${db.metadata.name}", "${dbb.metadata.name}", 1)})
	eventually(t, "a bad commit is refused", s.has("RenderedSource", "shop", map[string]string{"Ready.status": "False", "Stalled.status": "True"}))
	obj, err := get("RenderedSource", s.namespace, "shop")
	if err != nil {
		t.Fatal(err)
	}
	if message := at(obj, "Ready.message"); !strings.Contains(message, "platform/rgd.yaml:23:") {
		t.Errorf("the condition names no line: %s", message)
	}
	stays(t, "the good artifact stays", s.has("ExternalArtifact", "shop", map[string]string{"status.artifact.revision": at(good, "status.artifact.revision")}))
	stays(t, "the objects stay", s.has("ConfigMap", "a-config", map[string]string{"data.color": "blue"}))
	s.push(t, map[string]string{"platform/rgd.yaml": shopRGD("green")})
	eventually(t, "the fix arrives", s.has("ConfigMap", "a-config", map[string]string{"data.color": "green"}))
	eventually(t, "the object is ready again", s.has("RenderedSource", "shop", map[string]string{"Ready.status": "True", "Stalled.status": ""}))
}

// TestMoves has an object change its wave in every direction, and keep its UID.
func TestMoves(t *testing.T) {
	s := newSite(t, "moves", chained, "", map[string]string{"platform/rgd.yaml": shopRGD("red", configMap("mover", "")), "apps/shop.yaml": shop("moves", "a")})
	s.ready(t, "a-db", "a-queue")
	eventually(t, "all waves are applied", s.has("ConfigMap", "a-last", nil))
	before := map[string]types.UID{}
	for _, name := range []string{"a-mover", "a-config", "a-last"} {
		before[name] = uid(t, "ConfigMap", s.namespace, name)
	}
	deleted := watchDeletions(t, s.namespace, "ConfigMap", "Database")
	owner := func(name, kustomization string) func() error {
		return func() error {
			obj, err := get("ConfigMap", s.namespace, name)
			if err != nil {
				return err
			}
			if got := obj.GetLabels()["kustomize.toolkit.fluxcd.io/name"]; got != kustomization {
				return fmt.Errorf("%s belongs to %s, want %s", name, got, kustomization)
			}
			return nil
		}
	}
	inInventory := func(kustomization, name string, want bool) func() error {
		return func() error {
			obj, err := get("Kustomization", s.namespace, kustomization)
			if err != nil {
				return err
			}
			if got := strings.Contains(at(obj, "status.inventory"), "_"+name+"_"); got != want {
				return fmt.Errorf("%s in the inventory of %s: %t", name, kustomization, got)
			}
			return nil
		}
	}
	chain := []string{"shop", "shop-wave-1", "shop-wave-2"}
	for _, step := range []struct {
		behind string
		wave   int
	}{{"db", 1}, {"queue", 2}, {"", 0}, {"queue", 2}, {"db", 1}, {"", 0}} {
		s.push(t, map[string]string{"platform/rgd.yaml": shopRGD("red", configMap("mover", step.behind))})
		eventually(t, fmt.Sprintf("the mover is in wave %d", step.wave), owner("a-mover", chain[step.wave]))
		for i, k := range chain {
			eventually(t, fmt.Sprintf("the inventory of wave %d is right", i), inInventory(k, "a-mover", i == step.wave))
		}
	}
	// All gates go, and so do two waves.
	s.push(t, map[string]string{"platform/rgd.yaml": strings.ReplaceAll(shopRGD("red", configMap("mover", "")), "    readyWhen:", "    # readyWhen:")})
	eventually(t, "the second wave is gone", absent("Kustomization", s.namespace, "shop-wave-1"))
	eventually(t, "the third wave is gone", absent("Kustomization", s.namespace, "shop-wave-2"))
	for name := range before {
		eventually(t, name+" is in the one wave", owner(name, "shop"))
	}
	for name, want := range before {
		if uid(t, "ConfigMap", s.namespace, name) != want {
			t.Errorf("%s is another one", name)
		}
	}
	if names := deleted.list(); len(names) > 0 {
		t.Errorf("deleted on the way: %v", names)
	}
	// And an object that is not wanted any longer goes.
	s.push(t, map[string]string{"platform/rgd.yaml": strings.ReplaceAll(shopRGD("red"), "    readyWhen:", "    # readyWhen:")})
	eventually(t, "what is not wanted goes", absent("ConfigMap", s.namespace, "a-mover"))
}

// TestTeardown deletes the waves from the last to the first.
func TestTeardown(t *testing.T) {
	s := newSite(t, "teardown", chained, "", map[string]string{"platform/rgd.yaml": shopRGD("red"), "apps/shop.yaml": shop("teardown", "a")})
	s.ready(t, "a-db", "a-queue")
	eventually(t, "all waves are applied", s.has("ConfigMap", "a-last", nil))
	eventually(t, "the object is ready", s.has("RenderedSource", "shop", map[string]string{"Ready.status": "True"}))
	// The queue takes its time to go.
	mergePatch(t, "Database", s.namespace, "a-queue", `{"metadata":{"finalizers":["example.com/slow"]}}`)
	deleted := watchDeletions(t, s.namespace, "ConfigMap", "Database", "Kustomization", "ExternalArtifact", "RenderedSource")
	remove(t, "RenderedSource", s.namespace, "shop")
	eventually(t, "the last wave goes", absent("ConfigMap", s.namespace, "a-last"))
	eventually(t, "the second wave goes, but for the queue", absent("ConfigMap", s.namespace, "a-config"))
	stays(t, "the first wave waits for it", s.has("Database", "a-db", nil))
	mergePatch(t, "Database", s.namespace, "a-queue", `{"metadata":{"finalizers":null}}`)
	eventually(t, "the first wave goes", absent("Database", s.namespace, "a-db"))
	eventually(t, "the object goes", absent("RenderedSource", s.namespace, "shop"))
	eventually(t, "the artifact goes", absent("ExternalArtifact", s.namespace, "shop"))
	names := deleted.list()
	var order []string
	for _, name := range names {
		if slices.Contains([]string{"a-last", "a-queue", "a-db"}, name) {
			order = append(order, name)
		}
	}
	if !slices.Equal(order, []string{"a-last", "a-queue", "a-db"}) {
		t.Errorf("deleted in the order %v", names)
	}
}
