package tree_test

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/krowave/krowave/plugin"
	"github.com/krowave/krowave/plugin/internal/clitest"
	"github.com/krowave/krowave/plugin/internal/standin"
)

const rgd = `
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: shop}
spec:
  schema: {apiVersion: v1alpha1, kind: Shop, group: example.com, spec: {password: "string"}}
  resources:
  - id: password
    template:
      apiVersion: v1
      kind: Secret
      metadata: {name: "${schema.metadata.name}-password"}
      stringData: {password: "${schema.spec.password}"}
  - id: database
    readyWhen: ["${database.?status.state.orValue('') == 'available'}", "${database.spec.password != ''}"]
    template:
      apiVersion: example.com/v1
      kind: Database
      metadata: {name: "${schema.metadata.name}-db"}
      spec: {secret: "${password.metadata.name}", password: "${schema.spec.password}"}
  - id: door
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}-door"}
      data: {of: "${database.metadata.name}"}
  - id: sign
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}-sign"}
      data: {url: "${database.status.endpoint}"}
`

const crd = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: databases.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Database, plural: databases, singular: database, listKind: DatabaseList}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {secret: {type: string}, password: {type: string}}}
          status: {type: object, properties: {state: {type: string}, endpoint: {type: string}}}
`

// world is a repository with an instance, and a stand-in for a cluster.
type world struct {
	api             *standin.API
	dir, kubeconfig string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	var address string
	w.api, address = standin.Start(t)
	w.dir = t.TempDir()
	clitest.WriteTree(t, w.dir, map[string]string{
		"rgd.yaml": rgd, "crd.yaml": crd, "krowave.yaml": "crds: [crd.yaml]\n",
		"web.yaml": "apiVersion: example.com/v1alpha1\nkind: Shop\nmetadata: {name: web, namespace: default}\nspec: {password: hunter2}\n",
	})
	w.kubeconfig = standin.Kubeconfig(t, address)
	return w
}

// put stores an object without its uid being looked at.
func (w *world) put(resource, name string, obj map[string]any) {
	w.api.Mu.Lock()
	defer w.api.Mu.Unlock()
	obj["metadata"] = map[string]any{"name": name, "namespace": "default", "uid": "uid-" + name, "resourceVersion": "1"}
	w.api.Objects[resource+"/default/"+name] = obj
}

func (w *world) tree(t *testing.T, code int, args ...string) string {
	t.Helper()
	writes := w.api.Writes()
	var stdout, stderr bytes.Buffer
	got := plugin.Main(t.Context(), plugin.Streams{Out: &stdout, Err: &stderr, Dir: w.dir}, append([]string{"tree", "--kubeconfig", w.kubeconfig}, args...))
	text := stdout.String() + stderr.String()
	if got != code {
		t.Errorf("exit code %d, not %d\n%s", got, code, text)
	}
	if strings.Contains(text, "hunter2") || strings.Contains(text, "aHVudGVyMg") {
		t.Errorf("a value of a Secret is shown:\n%s", text)
	}
	if w.api.Writes() != writes {
		t.Error("tree wrote to the cluster")
	}
	return text
}

func wants(t *testing.T, text string, parts ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(text), " ")
	for _, part := range parts {
		if !strings.Contains(flat, part) {
			t.Errorf("the tree lacks %q:\n%s", part, text)
		}
	}
}

func TestTree(t *testing.T) {
	w := newWorld(t)
	wants(t, w.tree(t, 1, "web"), "Shop default/web (RGD shop): not ready", "0 Secret default/web-password shop/password Missing Missing",
		"ConfigMap shop/sign Waiting waits for", "Why: Secret default/web-password (node shop/password, rgd.yaml:8:9) is Missing")

	w.put("secrets", "web-password", map[string]any{"apiVersion": "v1", "kind": "Secret", "data": map[string]any{"password": "aHVudGVyMg=="}})
	w.put("databases", "web-db", map[string]any{"apiVersion": "example.com/v1", "kind": "Database", "spec": map[string]any{"secret": "web-password", "password": "other"}, "status": map[string]any{"state": "creating"}})
	text := w.tree(t, 1, "Shop/web")
	wants(t, text, "Secret default/web-password shop/password Synced Healthy", "Database default/web-db shop/database OutOfSync Progressing readyWhen is not true",
		"Why: Database default/web-db (node shop/database", "is Progressing, and 2 objects of later waves are not healthy",
		`readyWhen ${database.?status.state.orValue('') == 'available'}: false (rgd.yaml:15:17)`, `database.status.state = "creating"`)

	w.put("databases", "web-db", map[string]any{"apiVersion": "example.com/v1", "kind": "Database", "spec": map[string]any{"secret": "web-password", "password": "hunter2"}, "status": map[string]any{"state": "available", "endpoint": "db:5432"}})
	w.put("configmaps", "web-door", map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"of": "web-db"}})
	w.put("configmaps", "web-sign", map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"url": "db:5432"}})
	text = w.tree(t, 0, "default/web")
	wants(t, text, "Shop default/web (RGD shop): ready", "ConfigMap default/web-sign shop/sign Synced Healthy")
	if strings.Contains(text, "Why") {
		t.Errorf("a ready instance is held up:\n%s", text)
	}

	w.api.Denied = []string{"get secrets"}
	wants(t, w.tree(t, 2, "web"), "Unknown Unknown the cluster does not allow you to read it", "does not allow you to get secrets in namespace default")
}

// TestTreeExternal is about objects that an instance reads, and that somebody else makes.
func TestTreeExternal(t *testing.T) {
	w := newWorld(t)
	clitest.WriteTree(t, w.dir, map[string]string{
		"web.yaml": "apiVersion: example.com/v1alpha1\nkind: Shop\nmetadata: {name: web, namespace: default}\nspec: {password: hunter2}\n",
		"rgd.yaml": `
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: shop}
spec:
  schema: {apiVersion: v1alpha1, kind: Shop, group: example.com, spec: {password: string}}
  resources:
  - id: shared
    readyWhen: ["${shared.data.?state.orValue('') == 'open'}"]
    externalRef: {apiVersion: v1, kind: ConfigMap, metadata: {name: shared}}
  - id: all
    externalRef: {apiVersion: v1, kind: Secret, metadata: {selector: {matchLabels: {app: x}}}}
  - id: door
    template: {apiVersion: v1, kind: ConfigMap, metadata: {name: "${schema.metadata.name}-door"}, data: {of: "${shared.data.of}"}}
`,
	})
	wants(t, w.tree(t, 1, "web"), "- ConfigMap default/shared shop/shared (external) Missing nobody has made it yet", "- Secret app=x", "0 objects",
		"ConfigMap shop/door Waiting", "Why: ConfigMap default/shared (node shop/shared, rgd.yaml:8:9) is Missing")

	shared := func(state string) {
		w.put("configmaps", "shared", map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"of": "hall", "state": state}})
	}
	shared("shut")
	w.put("configmaps", "web-door", map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"of": "hall"}})
	wants(t, w.tree(t, 1, "web"), "ConfigMap default/shared shop/shared (external) Progressing readyWhen is not true", `shared.data.state = "shut"`, "ConfigMap default/web-door shop/door Synced Healthy")
	shared("open")
	wants(t, w.tree(t, 0, "web"), "Shop default/web (RGD shop): ready", "ConfigMap default/shared shop/shared (external) Healthy")
}

func TestTreeWithoutCluster(t *testing.T) {
	w := newWorld(t)
	text := w.tree(t, 0, "web", "--no-cluster")
	wants(t, text, "Shop default/web (RGD shop), as rendered", "Database default/web-db shop/database", "ConfigMap shop/sign (waits for database.status.endpoint)")
	w.kubeconfig = filepath.Join(t.TempDir(), "none")
	clitest.WriteTree(t, filepath.Dir(w.kubeconfig), map[string]string{"none": "apiVersion: v1\nkind: Config\n"})
	wants(t, w.tree(t, 0, "web"), "note: no cluster is configured", "as rendered")
	wants(t, w.tree(t, 2, "shop"), "no instance is called shop; there is Shop default/web")
	w.tree(t, 2)
}

// TestTreeWatches is about --watch: the tree is printed again when it changes.
func TestTreeWatches(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &lines{found: make(chan string, 100)}
	done := make(chan int)
	go func() {
		done <- plugin.Main(ctx, plugin.Streams{Out: out, Err: out, Dir: w.dir}, []string{"tree", "--kubeconfig", w.kubeconfig, "web", "--watch", "--interval", "10ms"})
	}()
	first := <-out.found
	wants(t, first, "Missing")
	w.put("secrets", "web-password", map[string]any{"apiVersion": "v1", "kind": "Secret", "data": map[string]any{"password": "aHVudGVyMg=="}})
	select {
	case second := <-out.found:
		wants(t, second, "Secret default/web-password shop/password Synced Healthy")
	case <-time.After(time.Minute):
		t.Error("the tree is not printed again")
	}
	cancel()
	<-done
}

// lines is a writer that passes on what is written.
type lines struct{ found chan string }

func (l *lines) Write(p []byte) (int, error) {
	if len(p) > 0 {
		l.found <- string(p)
	}
	return len(p), nil
}
