package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const databaseCRD = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: databases.db.example.com}
spec:
  group: db.example.com
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
          spec:
            type: object
            properties: {size: {type: integer}, from: {type: string}}
          status:
            type: object
            properties: {state: {type: string}, endpoint: {type: string}}
`

// shopRGD has three waves: db, config after it, and last after the queue. The
// extra objects are YAML of further resources.
func shopRGD(color string, extra ...string) string {
	return `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: shops.example.com}
spec:
  schema:
    apiVersion: v1
    kind: Shop
    group: example.com
    spec: {size: integer | default=1}
  resources:
  - id: db
    readyWhen: ["${has(db.status) && db.status.state == 'ready'}"]
    template:
      apiVersion: db.example.com/v1
      kind: Database
      metadata: {name: "${schema.metadata.name}-db"}
      spec: {size: "${schema.spec.size}"}
  - id: config
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}-config"}
      data: {db: "${db.metadata.name}", color: ` + color + `}
  - id: queue
    readyWhen: ["${queue.status.state == 'ready'}"]
    template:
      apiVersion: db.example.com/v1
      kind: Database
      metadata: {name: "${schema.metadata.name}-queue"}
      spec: {from: "${config.metadata.name}"}
  - id: last
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}-last"}
      data: {queue: "${queue.metadata.name}"}
` + strings.Join(extra, "")
}

// configMap is a further resource, after a node if that is named.
func configMap(id, behind string) string {
	text := fmt.Sprintf("  - id: %s\n    template:\n      apiVersion: v1\n      kind: ConfigMap\n      metadata: {name: \"${schema.metadata.name}-%s\"}\n", id, id)
	if behind != "" {
		text += fmt.Sprintf("      data: {behind: \"${%s.metadata.name}\"}\n", behind)
	}
	return text
}

func shop(namespace, name string) string {
	return "apiVersion: example.com/v1\nkind: Shop\nmetadata: {name: " + name + ", namespace: " + namespace + "}\n"
}

// site is a namespace with a repository and a RenderedSource of it.
type site struct {
	*repository
	namespace string
}

// newSite sets a site up. spec is added to that of the RenderedSource, labels to
// its labels.
func newSite(t *testing.T, name, spec, labels string, files map[string]string) *site {
	t.Helper()
	s := &site{newRepository(t, name), name}
	mustApply(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+name+"}\n")
	s.repository.push(t, withCRD(files))
	mustApply(t, fmt.Sprintf(`apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: repo, namespace: %s}
spec: {interval: 1h, url: %q, ref: {branch: main}}
---
apiVersion: krowave.dev/v1alpha1
kind: RenderedSource
metadata: {name: shop, namespace: %s, labels: {%s}}
spec:
  sourceRef: {kind: GitRepository, name: repo}
  path: apps
  definitions: [{path: platform}]
  interval: 1h
%s`, name, s.url, name, labels, spec))
	return s
}

const chained = "  kustomizations: {prune: true, timeout: 5m}\n"

func withCRD(files map[string]string) map[string]string {
	out := map[string]string{"platform/crd.yaml": databaseCRD}
	for name, text := range files {
		out[name] = text
	}
	return out
}

// push commits files and tells Flux so, as its webhook receiver would.
func (s *site) push(t *testing.T, files map[string]string) string {
	t.Helper()
	commit := s.repository.push(t, files)
	s.fetch(t)
	return commit
}

func (s *site) fetch(t *testing.T) {
	t.Helper()
	mergePatch(t, "GitRepository", s.namespace, "repo", fmt.Sprintf(`{"metadata":{"annotations":{"reconcile.fluxcd.io/requestedAt":%q}}}`, time.Now().Format(time.RFC3339Nano)))
}

// has is the function has for an object of the site.
func (s *site) has(kind, name string, want map[string]string) func() error {
	return has(kind, s.namespace, name, want)
}

// ready makes the databases ready that gate the waves.
func (s *site) ready(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		eventually(t, name+" is applied", s.has("Database", name, nil))
		setStatus(t, "Database", s.namespace, name, `{"state":"ready"}`)
	}
}

// stays is an error if f is not an error for a while, in which controllers would
// have acted.
func stays(t *testing.T, what string, f func() error) {
	t.Helper()
	end := time.Now().Add(3 * time.Second)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(end) {
		if err := f(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		<-tick.C
	}
}
