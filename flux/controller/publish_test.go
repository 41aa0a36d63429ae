package controller_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/krowave/krowave/flux/api/v1alpha1"
)

// limit is how long a test waits for the controller.
const limit = 30 * time.Second

// create makes a RenderedSource of the GitRepository "shop".
func create(t *testing.T, ns, name string, change func(*v1alpha1.RenderedSourceSpec)) *v1alpha1.RenderedSource {
	t.Helper()
	obj := &v1alpha1.RenderedSource{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}}
	obj.Spec = v1alpha1.RenderedSourceSpec{
		SourceRef: v1alpha1.SourceReference{Kind: "GitRepository", Name: "shop"}, Path: "apps",
		Interval: metav1.Duration{Duration: time.Hour}, Timeout: metav1.Duration{Duration: time.Minute},
	}
	if change != nil {
		change(&obj.Spec)
	}
	if err := world.client.Create(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
	return obj
}

// await reads an object until a check has no complaint.
func await(t *testing.T, obj client.Object, check func() error) {
	t.Helper()
	err := eventually(limit, func() error {
		if err := world.client.Get(context.Background(), client.ObjectKeyFromObject(obj), obj); err != nil {
			return err
		}
		return check()
	})
	if err != nil {
		t.Fatalf("%T %s: %v", obj, obj.GetName(), err)
	}
}

// edit changes an object.
func edit(t *testing.T, obj client.Object, change func()) {
	t.Helper()
	await(t, obj, func() error {
		change()
		return world.client.Update(context.Background(), obj)
	})
}

// condition checks a condition: its status, its reason and a part of its message.
func condition(obj conditions.Getter, kind, status, reason, part string) error {
	c := conditions.Get(obj, kind)
	if c == nil {
		return fmt.Errorf("no condition %s among %v", kind, obj.GetConditions())
	}
	if string(c.Status) != status || c.Reason != reason || !strings.Contains(c.Message, part) {
		return fmt.Errorf("condition %s is %s, %s: %s; want %s, %s: %s", kind, c.Status, c.Reason, c.Message, status, reason, part)
	}
	return nil
}

// rendered waits until a revision of the source is published.
func rendered(t *testing.T, obj *v1alpha1.RenderedSource, revision string) {
	t.Helper()
	await(t, obj, func() error {
		if obj.Status.LastAttemptedRevision != "main@sha1:"+revision {
			return fmt.Errorf("last attempted is %s", obj.Status.LastAttemptedRevision)
		}
		if c := conditions.Get(obj, meta.ReconcilingCondition); c != nil {
			return fmt.Errorf("reconciling: %s", c.Message)
		}
		return condition(obj, meta.ReadyCondition, "True", v1alpha1.PublishedReason, "")
	})
}

func external(t *testing.T, obj *v1alpha1.RenderedSource) *sourcev1.ExternalArtifact {
	t.Helper()
	out := &sourcev1.ExternalArtifact{}
	if err := world.client.Get(t.Context(), client.ObjectKeyFromObject(obj), out); err != nil {
		t.Fatal(err)
	}
	return out
}

func download(t *testing.T, a *meta.Artifact) map[string]string {
	t.Helper()
	status, body := get(t, a.URL)
	if status != http.StatusOK {
		t.Fatalf("GET %s: %d", a.URL, status)
	}
	return unpack(t, body)
}

func get(t *testing.T, url string) (int, []byte) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, body
}

func TestPublishes(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	obj := create(t, ns, "shop", nil)
	await(t, obj, func() error {
		return condition(obj, meta.ReadyCondition, "False", v1alpha1.SourceNotReadyReason, "GitRepository "+ns+"/shop does not exist")
	})

	commit(t, ns, "shop", "c1", archive(t, "shop.txtar", "1"))
	rendered(t, obj, "c1")
	published := external(t, obj)
	a := published.Status.Artifact
	want := map[string]string{
		"kustomization.yaml":        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- \"wave-0/shop/configmap/web.yaml\"\n",
		"wave-0/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- \"shop/configmap/web.yaml\"\n",
		"wave-0/shop/configmap/web.yaml": `---
apiVersion: v1
data:
  color: blue
kind: ConfigMap
metadata:
  annotations:
    krowave.dev/instance: kro.run/WebApp/shop/web
    krowave.dev/node: webapp/config
  name: web
  namespace: shop
`,
	}
	if diff := cmp.Diff(want, download(t, a)); diff != "" {
		t.Errorf("the artifact (-want +got):\n%s", diff)
	}
	if origin := a.Metadata["org.opencontainers.image.revision"]; origin != "main@sha1:c1" {
		t.Errorf("the origin is %q", origin)
	}
	if !strings.HasPrefix(a.Revision, "latest@sha256:") || a.Size == nil || *a.Size == 0 {
		t.Errorf("the artifact is %+v", a)
	}
	if published.Spec.SourceRef.Kind != "RenderedSource" || published.Spec.SourceRef.Name != "shop" || !metav1.IsControlledBy(published, obj) {
		t.Errorf("the ExternalArtifact is not marked as ours: %+v", published)
	}
	status := v1alpha1.RenderedSourceStatus{
		Counts:    v1alpha1.Counts{Instances: 1, Objects: 1},
		Instances: []v1alpha1.InstanceStatus{{APIVersion: "kro.run/v1alpha1", Kind: "WebApp", Namespace: "shop", Name: "web", Definition: "webapp", Objects: 1}},
		Waves:     []v1alpha1.WaveStatus{{Name: "wave-0", Path: "wave-0", Objects: 1}},
	}
	got := v1alpha1.RenderedSourceStatus{Counts: obj.Status.Counts, Instances: obj.Status.Instances, Waves: obj.Status.Waves, Pending: obj.Status.Pending}
	if diff := cmp.Diff(status, got); diff != "" {
		t.Errorf("the status (-want +got):\n%s", diff)
	}
	if len(obj.Status.Conditions) != 1 || obj.Status.ObservedGeneration != obj.Generation {
		t.Errorf("conditions %+v, observed generation %d", obj.Status.Conditions, obj.Status.ObservedGeneration)
	}

	// A commit that changes nothing in the objects rolls nothing out.
	commit(t, ns, "shop", "c2", archive(t, "shop.txtar", "2"))
	rendered(t, obj, "c2")
	again := external(t, obj).Status.Artifact
	if again.Revision != a.Revision || !again.LastUpdateTime.Equal(&a.LastUpdateTime) {
		t.Errorf("published again: %+v, before %+v", again, a)
	}
	if origin := again.Metadata["org.opencontainers.image.revision"]; origin != "main@sha1:c2" {
		t.Errorf("the origin is %q", origin)
	}
}

func TestServesNothingElse(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", archive(t, "shop.txtar", "1"))
	obj := create(t, ns, "shop", nil)
	rendered(t, obj, "c1")
	url := obj.Status.Artifact.URL
	base := strings.TrimSuffix(url, obj.Status.Artifact.Path)
	for path, want := range map[string]int{
		"": 200, "externalartifact/": 404, "externalartifact": 404, "externalartifact/" + ns + "/shop/": 404,
		"../../../../etc/passwd": 404, "externalartifact/" + ns + "/shop/other.tar.gz": 404, obj.Status.Artifact.Path: 200,
	} {
		status, body := get(t, base+path)
		if status != want || path == "" && len(body) > 0 {
			t.Errorf("GET /%s: %d %q, want %d", path, status, body, want)
		}
	}
}

func TestFindingsWaitForAChange(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", archive(t, "shop.txtar", "1"))
	obj := create(t, ns, "shop", nil)
	rendered(t, obj, "c1")
	before := external(t, obj)

	commit(t, ns, "shop", "c3", archive(t, "shop.txtar", "3"))
	await(t, obj, func() error {
		return errors.Join(
			condition(obj, meta.StalledCondition, "True", v1alpha1.RenderFailedReason, "rgds/webapp.yaml:17:"),
			condition(obj, meta.ReadyCondition, "False", v1alpha1.RenderFailedReason, "nmae"))
	})
	if conditions.Has(obj, meta.ReconcilingCondition) {
		t.Errorf("a stalled object is reconciling: %+v", obj.Status.Conditions)
	}
	if diff := cmp.Diff(before, external(t, obj)); diff != "" {
		t.Errorf("the ExternalArtifact was touched (-before +after):\n%s", diff)
	}
	err := eventually(limit, func() error { return event(ns, "Warning", v1alpha1.RenderFailedReason, "rgds/webapp.yaml:17:") })
	if err != nil {
		t.Error(err)
	}

	commit(t, ns, "shop", "c4", archive(t, "shop.txtar", "4"))
	rendered(t, obj, "c4")
	if conditions.Has(obj, meta.StalledCondition) {
		t.Errorf("still stalled: %+v", obj.Status.Conditions)
	}
	if now := external(t, obj).Status.Artifact; now.Revision == before.Status.Artifact.Revision {
		t.Errorf("nothing new was published")
	}
}

// event looks for an event in a namespace.
func event(ns, kind, reason, part string) error {
	events := &corev1.EventList{}
	if err := world.client.List(context.Background(), events, client.InNamespace(ns)); err != nil {
		return err
	}
	if slices.ContainsFunc(events.Items, func(e corev1.Event) bool {
		return e.Type == kind && e.Reason == reason && strings.Contains(e.Message, part)
	}) {
		return nil
	}
	return fmt.Errorf("no event %s %s with %q among %d", kind, reason, part, len(events.Items))
}

func TestPlainSecretsAreRefused(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c5", archive(t, "shop.txtar", "5"))
	obj := create(t, ns, "shop", nil)
	await(t, obj, func() error {
		return condition(obj, meta.StalledCondition, "True", v1alpha1.RenderFailedReason, "rgds/webapp.yaml:12:11: a Secret with values in plain text")
	})
	if strings.Contains(conditions.GetMessage(obj, meta.ReadyCondition), "hunter2") {
		t.Error("the condition tells the value")
	}
	edit(t, obj, func() { obj.Spec.AllowSecrets = true })
	rendered(t, obj, "c5")
}

func TestForeignArtifactsAreLeftAlone(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	foreign := &sourcev1.ExternalArtifact{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "shop"}}
	if err := world.client.Create(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	commit(t, ns, "shop", "c1", archive(t, "shop.txtar", "1"))
	obj := create(t, ns, "shop", nil)
	await(t, obj, func() error {
		return condition(obj, meta.StalledCondition, "True", v1alpha1.NameConflictReason, "was not created for this object")
	})
	if diff := cmp.Diff(foreign, external(t, obj)); diff != "" {
		t.Errorf("the foreign ExternalArtifact was touched (-before +after):\n%s", diff)
	}
	if err := world.client.Delete(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	rendered(t, obj, "c1")
}
