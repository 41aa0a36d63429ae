package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPush has source-controller fetch what krowave push uploads, and
// kustomize-controller apply it.
func TestPush(t *testing.T) {
	mustApply(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: pushed}\n")
	dir := t.TempDir()
	write := func(color string) {
		for name, text := range map[string]string{"rgd.yaml": shopRGD(color), "crd.yaml": databaseCRD, "shop.yaml": shop("pushed", "a")} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	push := func() string {
		return strings.TrimSpace(krowave(t, dir, "push", "oci://"+world.registry+"/shop:main", "--revision=main@sha1:4f2c", "--digest",
			"--crds", "crd.yaml", "-d", "rgd.yaml", "shop.yaml"))
	}
	write("red")
	digest := push()
	if again := push(); again != digest {
		t.Errorf("pushed twice: %s and %s", digest, again)
	}
	mustApply(t, fmt.Sprintf(`apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: shop, namespace: pushed}
spec: {interval: 2s, insecure: true, url: "oci://%s/shop", ref: {tag: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: shop, namespace: pushed}
spec:
  interval: 1h
  prune: true
  path: ./
  sourceRef: {kind: OCIRepository, name: shop}
`, world.registry))
	eventually(t, "the artifact is applied", has("ConfigMap", "pushed", "a-config", map[string]string{"data.color": "red"}))
	eventually(t, "its revision and origin are told", has("Kustomization", "pushed", "shop", map[string]string{
		"status.lastAppliedRevision": "main@" + digest, "status.lastAppliedOriginRevision": "main@sha1:4f2c", "Ready.status": "True",
	}))
	write("blue")
	digest = push()
	eventually(t, "the next one is applied", has("Kustomization", "pushed", "shop", map[string]string{"status.lastAppliedRevision": "main@" + digest}))
	eventually(t, "and it is the next one", has("ConfigMap", "pushed", "a-config", map[string]string{"data.color": "blue"}))
}
