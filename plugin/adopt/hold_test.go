package adopt

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	docs, diags := manifest.Read("object", []byte(text), manifest.Limits{})
	if diags.HasErrors() || len(docs) != 1 {
		t.Fatal(diags)
	}
	return docs[0].Object
}

// patched is an object after a merge patch.
func patched(obj map[string]any, patch map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range obj {
		out[k] = v
	}
	for k, v := range patch {
		inner, isMap := v.(map[string]any)
		have, _ := out[k].(map[string]any)
		switch {
		case v == nil:
			delete(out, k)
		case isMap:
			out[k] = patched(have, inner)
		default:
			out[k] = v
		}
	}
	return out
}

func TestHoldIsTakenBack(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":      "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {team: shop}}}",
		"sync options": "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {argocd.argoproj.io/sync-options: 'Replace=true,Prune=true'}}}",
		"held by hand": "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {argocd.argoproj.io/sync-options: Prune=false, kustomize.toolkit.fluxcd.io/prune: disabled}}}",
	} {
		t.Run(name, func(t *testing.T) {
			obj := parse(t, text)
			once := patched(obj, holdPatch(obj))
			if !held(once) || !wasHeld(once) || holdPatch(once) != nil {
				t.Errorf("not held: %v", once)
			}
			if diff := cmp.Diff(obj, patched(once, unholdPatch(once))); diff != "" {
				t.Errorf("after it was taken back (-before +after):\n%s", diff)
			}
			if unholdPatch(obj) != nil {
				t.Error("there was nothing to take back")
			}
		})
	}
}

const kroInstance = `
apiVersion: example.com/v1alpha1
kind: Shop
metadata:
  name: web
  namespace: shop
  labels: {kro.run/owned: "true", kro.run/kro-version: v0.9.4}
  annotations:
    applyset.kubernetes.io/tooling: kro/v0.9.4
    applyset.kubernetes.io/contains-group-kinds: ConfigMap,Deployment.apps
    applyset.kubernetes.io/additional-namespaces: other
    internal.kro.run/applyset-inventory-hash: sha256:x
`

func TestInventoryIsTakenBack(t *testing.T) {
	obj := parse(t, kroInstance)
	r := kubeapi.RefOf(&unstructured.Unstructured{Object: obj})
	kinds, namespaces := inventory(obj)
	if diff := cmp.Diff([]string{"ConfigMap", "Deployment.apps", "other", "shop"}, []string{kinds[0].String(), kinds[1].String(), namespaces[0], namespaces[1]}); diff != "" {
		t.Errorf("inventory (-want +got):\n%s", diff)
	}
	// Who was suspended before still has kro's label, which must not pass for an answer.
	before := patched(obj, metadataPatch("annotations", map[string]any{suspendAnnotation: suspended}))
	if again := patched(before, suspendPatch(before)); object.Labels(again)[ownedLabel] != "" {
		t.Errorf("the label of an instance that was suspended before is still there: %v", again)
	}
	stopped := patched(obj, suspendPatch(obj))
	if !isSuspended(stopped) || !mine(stopped) || suspendPatch(stopped) != nil {
		t.Errorf("not suspended: %v", stopped)
	}
	empty := patched(stopped, emptyPatch(r, stopped))
	if kinds, _ := inventory(empty); len(kinds) != 0 || !isEmpty(r, empty) || emptyPatch(r, empty) != nil {
		t.Errorf("not empty: %v", empty)
	}
	back := patched(empty, resumePatch(empty))
	back["metadata"].(map[string]any)["labels"].(map[string]any)[ownedLabel] = "true" // kro puts it back
	if diff := cmp.Diff(obj, back); diff != "" {
		t.Errorf("after it was taken back (-before +after):\n%s", diff)
	}
}

func TestRelease(t *testing.T) {
	obj := parse(t, `
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  labels: {kro.run/owned: "true", kro.run/node-id: a, applyset.kubernetes.io/part-of: applyset-x-v1, app.kubernetes.io/managed-by: kro, app: web}
  annotations: {internal.kro.run/apply-order: "1", team: shop}
  ownerReferences: [{kind: Shop, name: web, uid: u1}, {kind: Other, name: o, uid: u2}]
`)
	want := parse(t, `
apiVersion: v1
kind: ConfigMap
metadata: {name: a, labels: {app: web, app.kubernetes.io/managed-by: hand}, annotations: {team: shop}, ownerReferences: [{kind: Other, name: o, uid: u2}]}
`)
	rendered := parse(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {app.kubernetes.io/managed-by: hand}}}")
	got := patched(obj, releasePatch(obj, rendered, []string{"u1"}))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("released (-want +got):\n%s", diff)
	}
	if releasePatch(got, rendered, []string{"u1"}) != nil {
		t.Error("there is nothing left to release")
	}
}

func TestVersions(t *testing.T) {
	for version, want := range map[string]bool{
		"v0.9.4": true, "v0.9.3": false, "v0.10.0": true, "v1.0.0": true, "v0.9.4-rc.1": true, "0.9.5": true, "v0.9": false, "": false, "dev": false,
	} {
		if got := deletesByLabel(version); got != want {
			t.Errorf("deletesByLabel(%q) = %v", version, got)
		}
	}
}

func TestManagers(t *testing.T) {
	entry := func(manager string, op metav1.ManagedFieldsOperationType, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, Operation: op, APIVersion: "v1", FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fields)}
	}
	got := handedOver([]metav1.ManagedFieldsEntry{
		entry(kroManager, "Apply", `{"f:data":{"f:a":{}}}`), entry("kubectl", "Update", `{"f:data":{"f:b":{}}}`), entry(fluxManager, "Apply", `{"f:data":{"f:c":{}}}`),
	}, fluxManager, "Apply")
	text, err := json.Marshal(managedFields(got))
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:b":{}}},"manager":"kubectl","operation":"Update"},` +
		`{"apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:a":{},"f:c":{}}},"manager":"kustomize-controller","operation":"Apply"}]`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("managed fields (-want +got):\n%s", diff)
	}
	if got := handedOver(got[:1], fluxManager, "Apply"); len(got) != 1 {
		t.Errorf("kro has no fields, and something is moved: %v", got)
	}
}

func TestDropped(t *testing.T) {
	rendered := parse(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec: {template: {spec: {containers: [{name: app, ports: [{containerPort: 80}]}]}}}
`)
	obj := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{}}}
	obj.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: kroManager, Operation: "Apply", FieldsV1: metav1.NewFieldsV1(
		`{"f:metadata":{"f:labels":{"f:app":{},"f:kro.run/owned":{},"f:team":{}},"f:annotations":{"f:internal.kro.run/apply-order":{}}},` +
			`"f:spec":{"f:replicas":{},"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:name":{},"f:image":{},"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{}}},"k:{\"name\":\"old\"}":{}}}}}}`)}})
	want := []string{"metadata.labels.team", "spec.replicas", `spec.template.spec.containers[{"name":"app"}].image`, `spec.template.spec.containers[{"name":"old"}]`}
	if diff := cmp.Diff(want, dropped(obj, rendered)); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
}

func TestChangesHideSecrets(t *testing.T) {
	live := parse(t, "{apiVersion: v1, kind: Secret, metadata: {name: a, uid: u, labels: {x: '1'}}, type: Opaque, data: {password: aHVudGVyMg==}}")
	rendered := parse(t, "{apiVersion: v1, kind: Secret, metadata: {name: a, labels: {x: '2'}}, data: {password: aHVudGVyMw==}}")
	text, err := yaml.Marshal(changesIn(rendered, live, false))
	if err != nil {
		t.Fatal(err)
	}
	want := "- op: replace\n  path: data.password\n  secret: true\n- after: \"2\"\n  before: \"1\"\n  op: replace\n  path: metadata.labels.x\n"
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}
