package e2e

import (
	"strings"
	"testing"
)

// chainRGD has three nodes, each of which needs the status of the one before.
const chainRGD = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: lines.example.com}
spec:
  schema:
    apiVersion: v1
    kind: Line
    group: example.com
  resources:
  - id: first
    template:
      apiVersion: db.example.com/v1
      kind: Database
      metadata: {name: "${schema.metadata.name}-1"}
  - id: second
    template:
      apiVersion: db.example.com/v1
      kind: Database
      metadata: {name: "${schema.metadata.name}-2"}
      spec: {from: "${first.status.endpoint}"}
  - id: third
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}-3"}
      data: {from: "${second.status.endpoint}"}
`

// TestLiveValues has a graph of three converge as the cluster gets to know what
// it needs. A permission is missing at first.
func TestLiveValues(t *testing.T) {
	s := newSite(t, "live", chained+"  runtime: withhold\n", "", map[string]string{
		"platform/rgd.yaml": chainRGD,
		"apps/line.yaml":    "apiVersion: example.com/v1\nkind: Line\nmetadata: {name: a, namespace: live}\n",
	})
	eventually(t, "the first is applied", s.has("Database", "a-1", nil))
	eventually(t, "the missing permission is told", s.has("RenderedSource", "shop", map[string]string{"LiveValuesForbidden.status": "True"}))
	obj, err := get("RenderedSource", s.namespace, "shop")
	if err != nil {
		t.Fatal(err)
	}
	if message := at(obj, "LiveValuesForbidden.message"); !strings.Contains(message, "databases") || !strings.Contains(message, "db.example.com") {
		t.Errorf("the condition names no rule: %s", message)
	}
	mustApply(t, `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: live-databases}
rules: [{apiGroups: [db.example.com], resources: [databases], verbs: [get, list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: live-databases}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: live-databases}
subjects: [{kind: ServiceAccount, name: krowave-controller, namespace: flux-system}]
`)
	eventually(t, "the permission is seen", s.has("RenderedSource", "shop", map[string]string{"LiveValuesForbidden.status": "", "Pending.status": "True"}))
	stays(t, "the second waits", absent("Database", s.namespace, "a-2"))
	setStatus(t, "Database", s.namespace, "a-1", `{"endpoint":"one"}`)
	eventually(t, "the second follows", s.has("Database", "a-2", map[string]string{"spec.from": "one"}))
	stays(t, "the third waits", absent("ConfigMap", s.namespace, "a-3"))
	setStatus(t, "Database", s.namespace, "a-2", `{"endpoint":"two"}`)
	eventually(t, "the third follows", s.has("ConfigMap", "a-3", map[string]string{"data.from": "two"}))
	eventually(t, "nothing is pending", s.has("RenderedSource", "shop", map[string]string{"Pending.status": "", "Ready.status": "True"}))
	setStatus(t, "Database", s.namespace, "a-2", `{"endpoint":"three"}`)
	eventually(t, "a change arrives", s.has("ConfigMap", "a-3", map[string]string{"data.from": "three"}))
	// A value that is gone is no reason to delete what was made of it.
	setStatus(t, "Database", s.namespace, "a-2", `{"endpoint":null}`)
	eventually(t, "the node is pending again", s.has("RenderedSource", "shop", map[string]string{"Pending.status": "True"}))
	stays(t, "its object stays", s.has("ConfigMap", "a-3", map[string]string{"data.from": "three"}))
}
