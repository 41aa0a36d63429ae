package live

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/krowave/krowave/render/need"
)

const service = `apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: apps
  uid: "1"
  resourceVersion: "42"
  labels: {part: web}
  annotations: {a: b}
spec:
  clusterIP: 10.0.0.1
  ports:
    - {name: http, port: 80}
    - {name: https, port: 443}
status:
  loadBalancer:
    ingress:
      - {ip: 192.0.2.1}
`

// TestCut shows what of an object is told for what is read of it.
func TestCut(t *testing.T) {
	const head = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: apps}\n"
	for name, test := range map[string]struct {
		wants []need.Need
		want  string
	}{
		"a field":         {[]need.Need{{Paths: [][]string{{"spec", "clusterIP"}}}}, head + "spec: {clusterIP: 10.0.0.1}\n"},
		"an element":      {[]need.Need{{Paths: [][]string{{"spec", "ports", "[]", "port"}}}}, head + "spec: {ports: [{name: http, port: 80}, {name: https, port: 443}]}\n"},
		"metadata":        {[]need.Need{{Paths: [][]string{{"metadata", "uid"}}}}, "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: apps, uid: '1'}\n"},
		"nothing":         {[]need.Need{{Paths: [][]string{}}}, head},
		"a missing field": {[]need.Need{{Paths: [][]string{{"status", "conditions"}, {"spec", "clusterIP", "deeper"}}}}, head + "spec: {clusterIP: 10.0.0.1}\n"},
		"below each other": {[]need.Need{{Paths: [][]string{{"spec", "clusterIP"}}}, {Paths: [][]string{{"spec"}}}},
			head + "spec: {clusterIP: 10.0.0.1, ports: [{name: http, port: 80}, {name: https, port: 443}]}\n"},
		"a list's": {[]need.Need{{Paths: [][]string{}, Selector: labels.Everything()}}, "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: apps, labels: {part: web}}\n"},
		"the whole": {[]need.Need{{}}, "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: apps, uid: '1', labels: {part: web}, annotations: {a: b}}\n" +
			"spec: {clusterIP: 10.0.0.1, ports: [{name: http, port: 80}, {name: https, port: 443}]}\nstatus: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}\n"},
	} {
		obj := read(t, service)
		found := map[string]map[string]any{}
		for _, w := range test.wants {
			w.GVK = schema.GroupVersionKind{Version: "v1", Kind: "Service"}
			add(found, want{Need: w}, &unstructured.Unstructured{Object: obj})
		}
		for _, got := range found {
			if diff := cmp.Diff(read(t, test.want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if diff := cmp.Diff(read(t, service), obj); diff != "" {
			t.Errorf("%s changed the object (-before +after):\n%s", name, diff)
		}
	}
}

func read(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := yaml.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestForbidden(t *testing.T) {
	for want, f := range map[string]Forbidden{
		`bind apps/deployer to a Role in namespace apps with the rule {apiGroups: ["example.org"], resources: [databases], verbs: [list, watch], resourceNames: [a, b]} (no)`: {
			Account: "system:serviceaccount:apps:deployer", Namespace: "apps", Group: "example.org", Resource: "databases", Names: []string{"a", "b"}, Reason: "no"},
		`bind the controller's own account to a ClusterRole with the rule {apiGroups: [""], resources: [nodes], verbs: [list, watch]} (no)`: {Resource: "nodes", Reason: "no"},
	} {
		if got := f.String(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
