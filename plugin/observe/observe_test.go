package observe

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/schema"
)

func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := yaml.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func kind(t *testing.T, group, version, name string) *schema.Kind {
	t.Helper()
	catalog, err := schema.NewCatalog("")
	if err != nil {
		t.Fatal(err)
	}
	k, ok := catalog.Lookup(k8sschema.GroupVersionKind{Group: group, Version: version, Kind: name})
	if !ok {
		t.Fatalf("no kind %s", name)
	}
	return k
}

const liveService = `
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  uid: 1234
  resourceVersion: "7"
  labels: {app: web, tier: front}
  annotations: {note: mine, krowave.dev/rendered: forged}
  managedFields: [{manager: test}]
spec:
  clusterIP: 10.0.0.1
  ports:
    - {name: a, port: 80, protocol: TCP, nodePort: 30001}
    - {name: b, port: 443, protocol: TCP, nodePort: 30002}
status:
  loadBalancer:
    ingress: [{ip: 1.2.3.4, hostname: x}, {hostname: y}]
  conditions: []
`

func TestRecord(t *testing.T) {
	tests := []struct {
		name   string
		paths  [][]string
		labels []string
		want   string
	}{
		{"nothing but the name", [][]string{{"metadata", "name"}}, nil, ""},
		{"a field", [][]string{{"spec", "clusterIP"}}, nil, "spec: {clusterIP: 10.0.0.1}"},
		{"a field and what is above it", [][]string{{"spec", "clusterIP"}, {"metadata", "uid"}}, nil, "spec: {clusterIP: 10.0.0.1}\nmetadata: {uid: 1234}"},
		{"items keep their number", [][]string{{"status", "loadBalancer", "ingress", "[]", "ip"}}, nil, "status: {loadBalancer: {ingress: [{ip: 1.2.3.4}, {}]}}"},
		{
			"items keep their keys", [][]string{{"spec", "ports", "[]", "nodePort"}}, nil,
			"spec: {ports: [{port: 80, protocol: TCP, nodePort: 30001}, {port: 443, protocol: TCP, nodePort: 30002}]}",
		},
		{"every value of a map", [][]string{{"metadata", "labels", "[]"}}, nil, "metadata: {labels: {app: web, tier: front}}"},
		{"labels of a selector", [][]string{{"metadata", "name"}}, []string{"tier", "other"}, "metadata: {labels: {tier: front}}"},
		{"labels of a selector beside one that is read", [][]string{{"metadata", "labels", "app"}}, []string{"tier"}, "metadata: {labels: {app: web, tier: front}}"},
		{"a part and the whole", [][]string{{"status", "loadBalancer", "ingress"}, {"status"}}, nil, "status: {loadBalancer: {ingress: [{ip: 1.2.3.4, hostname: x}, {hostname: y}]}, conditions: []}"},
		{"what is not there", [][]string{{"status", "ready"}, {"spec", "clusterIP", "below"}}, nil, "status: {}\nspec: {}"},
		{"an annotation", [][]string{{"metadata", "annotations", "note"}}, nil, "metadata: {annotations: {note: mine}}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &want{fields: fieldsOf(tt.paths), labels: map[string]bool{}}
			for _, name := range tt.labels {
				w.labels[name] = true
			}
			got := record(decoded(t, liveService), w, kind(t, "", "v1", "Service"))
			want := decoded(t, "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop, annotations: {krowave.dev/observed: 'true'}}")
			for key, value := range decoded(t, tt.want) {
				if key != "metadata" {
					want[key] = value
					continue
				}
				meta := want["metadata"].(map[string]any)
				for k, v := range value.(map[string]any) {
					if k == "annotations" {
						v.(map[string]any)[expand.ObservedAnnotation] = "true"
					}
					meta[k] = v
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("the whole object", func(t *testing.T) {
		got := record(decoded(t, liveService), &want{}, nil)
		meta := got["metadata"].(map[string]any)
		if meta["managedFields"] != nil || meta["resourceVersion"] != "7" || got["status"] == nil {
			t.Errorf("got %v", got)
		}
	})
}

func TestHas(t *testing.T) {
	tests := []struct {
		name, rendered string
		want           bool
	}{
		{"the same", "spec: {clusterIP: 10.0.0.1}", true},
		{"items by key, in another order", "spec: {ports: [{port: 443}, {port: 80, nodePort: 30001}]}", true},
		{"a port that is not there", "spec: {ports: [{port: 8080}]}", false},
		{"another value", "metadata: {labels: {app: shop}}", false},
		{"a label that is not there", "metadata: {labels: {new: label}}", false},
		{"an empty map that is not stored", "spec: {selector: {}}", true},
		{"false is not stored", "spec: {publishNotReadyAddresses: false}", true},
		{"true is not false", "spec: {publishNotReadyAddresses: true}", false},
		{"null is nothing", "spec: {selector: null}", true},
		{"a list of another length", "status: {loadBalancer: {ingress: [{ip: 1.2.3.4}]}}", false},
	}
	k := kind(t, "", "v1", "Service")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := has(decoded(t, liveService), decoded(t, tt.rendered), k.Schema); got != tt.want {
				t.Errorf("has = %v", got)
			}
		})
	}
	if !same("1Gi", "1024Mi") || !same("1", int64(1)) || same("1Gi", "2Gi") || same("a", "b") {
		t.Error("quantities are compared by their text")
	}
}

// TestSecretValues: nothing of a Secret but its metadata is left, and of that not
// the copy that kubectl keeps.
func TestSecretValues(t *testing.T) {
	secret := decoded(t, `
apiVersion: v1
kind: Secret
metadata:
  name: login
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"data":{"password":"aHVudGVyMg=="}}'
    note: mine
data: {password: aHVudGVyMg==}
stringData: {password: hunter2}
`)
	got := record(object.WithoutSecretValues(secret), &want{}, nil)
	files, err := Files([]map[string]any{got})
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"hunter2", "aHVudGVyMg"} {
		if strings.Contains(string(files[0].Data), value) {
			t.Errorf("%s in\n%s", value, files[0].Data)
		}
	}
	if object.Annotation(got, "note") != "mine" || object.Annotation(secret, object.LastApplied) == "" {
		t.Error("more is gone than should be, or the object itself was changed")
	}
	if diff := cmp.Diff([]string{"data (the values are not shown)"}, differences(files[0].Data, File{Name: "x", Object: with(got, "data", decoded(t, "password: aHVudGVyMg=="))})); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
}

func with(obj map[string]any, key string, v any) map[string]any {
	out := map[string]any{key: v}
	for k, value := range obj {
		if k != key {
			out[k] = value
		}
	}
	return out
}

func TestFileName(t *testing.T) {
	tests := []struct{ object, want string }{
		{"{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}}", "service_shop_web.yaml"},
		{"{apiVersion: v1, kind: Namespace, metadata: {name: shop}}", "namespace__shop.yaml"},
		{"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web.1, namespace: shop}}", "deployment.apps_shop_web.1.yaml"},
		{"{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: 'system:Node_x'}}", "clusterrole.rbac.authorization.k8s.io__system%3A%4Eode%5Fx.yaml"},
		{"{apiVersion: x/v1, kind: Thing, metadata: {name: ../../etc}}", "thing.x__..%2F..%2Fetc.yaml"},
	}
	for _, tt := range tests {
		if got := fileName(decoded(t, tt.object)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.object, got, tt.want)
		}
	}
}
