package controller_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/krowave/krowave/flux/api/v1alpha1"
)

// site is a repository of testdata/live.txtar with an instance in a namespace.
func site(t *testing.T, dir, ns string) map[string]string {
	t.Helper()
	files := archive(t, "live.txtar", dir)
	for name, text := range files {
		files[name] = strings.ReplaceAll(text, "NAMESPACE", ns)
	}
	files["site.yaml"] = "apiVersion: kro.run/v1alpha1\nkind: Site\nmetadata: {name: one, namespace: " + ns + "}\nspec: {name: one}\n"
	return files
}

func withheld(spec *v1alpha1.RenderedSourceSpec) {
	spec.Path, spec.Runtime = "", v1alpha1.RuntimeWithhold
}

// objects lists the names of the files of objects in what is published.
func objects(t *testing.T, obj *v1alpha1.RenderedSource) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, text := range download(t, obj.Status.Artifact) {
		if !strings.HasSuffix(name, "kustomization.yaml") {
			out[name[strings.LastIndex(name, "/")+1:]] = text
		}
	}
	return out
}

// holds waits until exactly these objects are published.
func holds(t *testing.T, obj *v1alpha1.RenderedSource, names ...string) map[string]string {
	t.Helper()
	var got map[string]string
	await(t, obj, func() error {
		if obj.Status.Artifact == nil || conditions.IsReconciling(obj) {
			return fmt.Errorf("conditions %+v", obj.Status.Conditions)
		}
		got = objects(t, obj)
		if diff := cmp.Diff(names, slices.Sorted(maps.Keys(got))); diff != "" {
			return errors.New("published objects (-want +got):\n" + diff)
		}
		return nil
	})
	return got
}

// applyAll plays Flux: the published objects are created in the cluster.
func applyAll(t *testing.T, texts map[string]string, obj client.Object, name string) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(texts[name]), obj); err != nil {
		t.Fatal(err)
	}
	if err := world.client.Create(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
}

func TestLiveValues(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", site(t, "1", ns))
	obj := create(t, ns, "site", withheld)
	texts := holds(t, obj, "one.yaml")
	if err := condition(obj, v1alpha1.PendingCondition, "True", v1alpha1.WaitingForValuesReason, "Site/"+ns+"/one: node size waits for backend.status.readyReplicas"); err != nil {
		t.Error(err)
	}
	pending := []v1alpha1.PendingNode{
		{Instance: "Site/" + ns + "/one", Node: "size", Needs: "backend.status.readyReplicas"},
		{Instance: "Site/" + ns + "/one", Node: "note", Needs: "size"},
	}
	if diff := cmp.Diff(pending, obj.Status.Pending); diff != "" {
		t.Errorf("pending (-want +got):\n%s", diff)
	}

	// The deployment is applied, and gets ready.
	deployment := &appsv1.Deployment{}
	applyAll(t, texts, deployment, "one.yaml")
	setReady := func(n int32) {
		await(t, deployment, func() error {
			deployment.Status.Replicas, deployment.Status.ReadyReplicas = n, n
			return world.client.Status().Update(context.Background(), deployment)
		})
	}
	setReady(1)
	texts = holds(t, obj, "one-size.yaml", "one.yaml")
	if !strings.Contains(texts["one-size.yaml"], `replicas: "1"`) {
		t.Errorf("published:\n%s", texts["one-size.yaml"])
	}

	// What depends on that follows.
	size := &corev1.ConfigMap{}
	applyAll(t, texts, size, "one-size.yaml")
	texts = holds(t, obj, "one-note.yaml", "one-size.yaml", "one.yaml")
	if !strings.Contains(texts["one-note.yaml"], string(size.UID)) {
		t.Errorf("published:\n%s", texts["one-note.yaml"])
	}
	if conditions.Has(obj, v1alpha1.PendingCondition) || obj.Status.Counts.Pending != 0 {
		t.Errorf("still pending: %+v", obj.Status)
	}

	// A new value is followed, a lost one deletes nothing.
	setReady(2)
	await(t, obj, func() error {
		if text := objects(t, obj)["one-size.yaml"]; !strings.Contains(text, `replicas: "2"`) {
			return errors.New(text)
		}
		return nil
	})
	before := obj.Status.Artifact.Revision
	setReady(0)
	await(t, obj, func() error {
		if obj.Status.Counts.Kept != 2 {
			return fmt.Errorf("kept %d objects", obj.Status.Counts.Kept)
		}
		return condition(obj, v1alpha1.PendingCondition, "True", v1alpha1.WaitingForValuesReason, "node size")
	})
	if obj.Status.Artifact.Revision != before {
		t.Errorf("revision %s, was %s", obj.Status.Artifact.Revision, before)
	}
	holds(t, obj, "one-note.yaml", "one-size.yaml", "one.yaml")
}

func TestMissingPermissionsAreNamed(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", site(t, "1", ns))
	obj := create(t, ns, "site", func(spec *v1alpha1.RenderedSourceSpec) {
		withheld(spec)
		spec.ServiceAccountName = "reader"
	})
	texts := holds(t, obj, "one.yaml")
	deployment := &appsv1.Deployment{}
	applyAll(t, texts, deployment, "one.yaml")
	deployment.Status.Replicas, deployment.Status.ReadyReplicas = 1, 1
	if err := world.client.Status().Update(t.Context(), deployment); err != nil {
		t.Fatal(err)
	}
	await(t, obj, func() error {
		return condition(obj, v1alpha1.ForbiddenCondition, "True", v1alpha1.ForbiddenReason, "bind "+ns+"/reader to a Role in namespace "+ns+
			` with the rule {apiGroups: ["apps"], resources: [deployments], verbs: [list, watch], resourceNames: [one]}`)
	})
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "reader"}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{"apps"}, Resources: []string{"deployments"}, Verbs: []string{"list", "watch"}, ResourceNames: []string{"one"}},
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"list", "watch"}},
	}}
	binding := &rbacv1.RoleBinding{ObjectMeta: role.ObjectMeta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "reader"},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: ns, Name: "reader"}}}
	for _, o := range []client.Object{role, binding} {
		if err := world.client.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	holds(t, obj, "one-size.yaml", "one.yaml")
	if conditions.Has(obj, v1alpha1.ForbiddenCondition) {
		t.Errorf("still forbidden: %+v", obj.Status.Conditions)
	}
}

// TestLiveLists reads a list whose expression would fail on an empty one.
func TestLiveLists(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	for _, name := range []string{"red", "blue"} {
		team := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name, Labels: map[string]string{"part": "team"}}, Data: map[string]string{"name": "team " + name}}
		if err := world.client.Create(t.Context(), team); err != nil {
			t.Fatal(err)
		}
	}
	commit(t, ns, "shop", "c1", site(t, "2", ns))
	obj := create(t, ns, "site", withheld)
	texts := holds(t, obj, "one-teams.yaml")
	if want := "data:\n  all: blue,red\n  first: team blue\n"; !strings.Contains(texts["one-teams.yaml"], want) {
		t.Errorf("published:\n%s\nwant\n%s", texts["one-teams.yaml"], want)
	}
	if err := condition(obj, meta.ReadyCondition, "True", v1alpha1.PublishedReason, ""); err != nil {
		t.Error(err)
	}
	green := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "green", Labels: map[string]string{"part": "team"}}}
	if err := world.client.Create(t.Context(), green); err != nil {
		t.Fatal(err)
	}
	await(t, obj, func() error {
		if text := objects(t, obj)["one-teams.yaml"]; !strings.Contains(text, "all: blue,green,red") {
			return errors.New(text)
		}
		return nil
	})
}

// TestRestartWithLiveValues shows that a controller that starts publishes nothing
// before it knows the live values again.
func TestRestartWithLiveValues(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", site(t, "1", ns))
	obj := create(t, ns, "site", withheld)
	deployment := &appsv1.Deployment{}
	applyAll(t, holds(t, obj, "one.yaml"), deployment, "one.yaml")
	deployment.Status.Replicas, deployment.Status.ReadyReplicas = 3, 3
	if err := world.client.Status().Update(t.Context(), deployment); err != nil {
		t.Fatal(err)
	}
	holds(t, obj, "one-size.yaml", "one.yaml")
	before := obj.Status.Artifact

	startShard(t, options(t.TempDir()), "shard=restarted")
	edit(t, obj, func() { obj.Labels = map[string]string{"shard": "restarted"} })
	await(t, obj, func() error {
		if obj.Status.Artifact.URL == before.URL {
			return fmt.Errorf("still at %s", before.URL)
		}
		return nil
	})
	if obj.Status.Artifact.Revision != before.Revision || len(obj.Status.Pending) != 1 {
		t.Errorf("published %s, before %s; pending %+v", obj.Status.Artifact.Revision, before.Revision, obj.Status.Pending)
	}
}
