package controller_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/krowave/krowave/flux/api/v1alpha1"
)

func chained(spec *v1alpha1.RenderedSourceSpec) {
	spec.Path = ""
	spec.Kustomizations = &v1alpha1.KustomizationTemplate{ServiceAccountName: "deployer"}
}

func kustomization(t *testing.T, ns, name string) *kustomizev1.Kustomization {
	t.Helper()
	k := &kustomizev1.Kustomization{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}}
	await(t, k, func() error { return nil })
	return k
}

// apply plays kustomize-controller: it says that a Kustomization has applied a
// revision, or why it has not.
func apply(t *testing.T, ns, name string, ready metav1.ConditionStatus, reason, revision string, inventory ...string) {
	t.Helper()
	k := &kustomizev1.Kustomization{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}}
	await(t, k, func() error {
		k.Status.ObservedGeneration, k.Status.LastAppliedRevision = k.Generation, revision
		conditions.Set(k, &metav1.Condition{Type: meta.ReadyCondition, Status: ready, Reason: reason, Message: "as the test says"})
		if len(inventory) > 0 {
			k.Status.Inventory = &kustomizev1.ResourceInventory{}
		}
		for _, id := range inventory {
			k.Status.Inventory.Entries = append(k.Status.Inventory.Entries, kustomizev1.ResourceRef{ID: id, Version: "v1"})
		}
		return world.client.Status().Update(context.Background(), k)
	})
}

func TestChain(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", archive(t, "gates.txtar", "1"))
	obj := create(t, ns, "stack", chained)
	rendered(t, obj, "c1")
	names := []string{"stack", "stack-wave-1", "stack-wave-2"}
	var dependsOn []string
	for i, name := range names {
		k := kustomization(t, ns, name)
		if k.Spec.ServiceAccountName != "deployer" || !k.Spec.Prune || k.Spec.Path != fmt.Sprintf("./wave-%d", i) ||
			k.Spec.SourceRef.Kind != "ExternalArtifact" || k.Spec.SourceRef.Name != "stack" || len(k.OwnerReferences) != 0 {
			t.Errorf("%s: %+v", name, k.Spec)
		}
		for _, d := range k.Spec.DependsOn {
			dependsOn = append(dependsOn, name+" on "+d.Name)
		}
		if gated := len(k.Spec.HealthCheckExprs) == 1; gated != (i < 2) {
			t.Errorf("%s has health checks %+v", name, k.Spec.HealthCheckExprs)
		}
	}
	if diff := cmp.Diff([]string{"stack-wave-1 on stack", "stack-wave-2 on stack-wave-1"}, dependsOn); diff != "" {
		t.Errorf("dependencies (-want +got):\n%s", diff)
	}

	// Nobody is told to go on before its turn, and everybody is then.
	revision := obj.Status.Artifact.Revision
	for i, name := range names {
		await(t, obj, func() error { return waveStatus(obj, i, "") })
		for _, behind := range names[min(i+1, 2):] {
			k := kustomization(t, ns, behind)
			if _, told := k.Annotations[meta.ReconcileRequestAnnotation]; told && behind != name {
				t.Errorf("%s was told to go on before %s was ready", behind, name)
			}
		}
		apply(t, ns, name, metav1.ConditionTrue, meta.ReconciliationSucceededReason, revision)
		if i < 2 {
			next := kustomization(t, ns, names[i+1])
			await(t, next, func() error {
				if next.Annotations[meta.ReconcileRequestAnnotation] == "" {
					return fmt.Errorf("not told to go on")
				}
				return nil
			})
		}
	}
	await(t, obj, func() error { return waveStatus(obj, 2, revision) })

	// What is changed by hand is put right, but for suspend.
	k := kustomization(t, ns, names[1])
	edit(t, k, func() { k.Spec.ServiceAccountName, k.Spec.Suspend = "admin", true })
	await(t, k, func() error {
		if k.Spec.ServiceAccountName != "deployer" || !k.Spec.Suspend {
			return fmt.Errorf("the account is %s, suspend %t", k.Spec.ServiceAccountName, k.Spec.Suspend)
		}
		return nil
	})
}

func waveStatus(obj *v1alpha1.RenderedSource, wave int, revision string) error {
	if len(obj.Status.Waves) != 3 {
		return fmt.Errorf("waves %+v", obj.Status.Waves)
	}
	if w := obj.Status.Waves[wave]; w.AppliedRevision != revision || w.Gate != (wave < 2) || w.Objects != 1 {
		return fmt.Errorf("wave %+v, want revision %q", w, revision)
	}
	return nil
}

func TestWavesAreEmptiedBeforeTheyAreRemoved(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", archive(t, "gates.txtar", "1"))
	obj := create(t, ns, "stack", chained)
	rendered(t, obj, "c1")
	first := obj.Status.Artifact.Revision
	names := []string{"stack", "stack-wave-1", "stack-wave-2"}
	for _, name := range names {
		apply(t, ns, name, metav1.ConditionTrue, meta.ReconciliationSucceededReason, first)
	}

	commit(t, ns, "shop", "c2", archive(t, "gates.txtar", "2"))
	rendered(t, obj, "c2")
	emptied := obj.Status.Artifact
	files := download(t, emptied)
	for _, dir := range []string{"wave-1", "wave-2"} {
		want := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n"
		if diff := cmp.Diff(want, files[dir+"/kustomization.yaml"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", dir, diff)
		}
		kustomization(t, ns, "stack-"+dir)
	}
	for _, name := range names {
		apply(t, ns, name, metav1.ConditionTrue, meta.ReconciliationSucceededReason, emptied.Revision)
	}
	await(t, obj, func() error {
		if len(obj.Status.Waves) != 1 {
			return fmt.Errorf("waves %+v", obj.Status.Waves)
		}
		return nil
	})
	for _, name := range names[1:] {
		k := &kustomizev1.Kustomization{}
		if err := world.client.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: name}, k); !apierrors.IsNotFound(err) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
	if files := download(t, external(t, obj).Status.Artifact); len(files) != 3 {
		t.Errorf("the artifact holds %v", files)
	}
}

func TestTeardownIsInReverseOrder(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", archive(t, "gates.txtar", "1"))
	obj := create(t, ns, "stack", chained)
	rendered(t, obj, "c1")
	names := []string{"stack", "stack-wave-1", "stack-wave-2"}
	for _, name := range names { // as kustomize-controller does, to delete the objects first
		k := kustomization(t, ns, name)
		edit(t, k, func() { controllerutil.AddFinalizer(k, "test.krowave.dev/objects") })
	}
	if err := world.client.Delete(t.Context(), obj, client.PropagationPolicy(metav1.DeletePropagationForeground)); err != nil {
		t.Fatal(err)
	}
	for i := len(names) - 1; i >= 0; i-- {
		k := kustomization(t, ns, names[i])
		await(t, k, func() error {
			if k.DeletionTimestamp == nil {
				return fmt.Errorf("not deleted yet")
			}
			return nil
		})
		for _, name := range names[:i] {
			if k := kustomization(t, ns, name); k.DeletionTimestamp != nil {
				t.Errorf("%s is deleted while %s still has objects", name, names[i])
			}
		}
		if err := world.client.Get(t.Context(), client.ObjectKeyFromObject(obj), obj); err != nil {
			t.Errorf("the RenderedSource is gone too early: %v", err)
		}
		edit(t, k, func() { controllerutil.RemoveFinalizer(k, "test.krowave.dev/objects") })
	}
	url := obj.Status.Artifact.URL
	await(t, obj, func() error { // the garbage collector, which does not run here, would take the last finalizer away
		if controllerutil.ContainsFinalizer(obj, v1alpha1.RenderedSourceFinalizer) {
			return fmt.Errorf("finalizers %v", obj.Finalizers)
		}
		return nil
	})
	if status, _ := get(t, url); status != 404 {
		t.Errorf("GET %s: %d", url, status)
	}
}

func gone(obj client.Object) error {
	err := world.client.Get(context.Background(), client.ObjectKeyFromObject(obj), obj)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return fmt.Errorf("%s is still there: %w", obj.GetName(), err)
}

func TestSaysThatTheGateIsMissing(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", archive(t, "shop.txtar", "1"))
	obj := create(t, ns, "shop", func(spec *v1alpha1.RenderedSourceSpec) { spec.Kustomizations = &v1alpha1.KustomizationTemplate{} })
	rendered(t, obj, "c1")
	apply(t, ns, "shop", metav1.ConditionFalse, "AccessDenied", "")
	await(t, obj, func() error {
		return condition(obj, meta.ReadyCondition, "False", v1alpha1.GateMissingReason, "--feature-gates=ExternalArtifact=true")
	})
	apply(t, ns, "shop", metav1.ConditionTrue, meta.ReconciliationSucceededReason, obj.Status.Artifact.Revision)
	rendered(t, obj, "c1")
}

func TestReleasesKustomizations(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", archive(t, "shop.txtar", "1"))
	obj := create(t, ns, "shop", func(spec *v1alpha1.RenderedSourceSpec) { spec.Kustomizations = &v1alpha1.KustomizationTemplate{} })
	rendered(t, obj, "c1")
	k := kustomization(t, ns, "shop")
	edit(t, obj, func() { obj.Spec.Kustomizations = nil })
	await(t, k, func() error {
		if len(k.Annotations) > 0 {
			return fmt.Errorf("annotations %v", k.Annotations)
		}
		return nil
	})
	if err := world.client.Delete(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
	if err := eventually(10*time.Second, func() error { return gone(obj) }); err != nil {
		t.Error(err)
	}
	if k := kustomization(t, ns, "shop"); k.DeletionTimestamp != nil {
		t.Error("a Kustomization that was the user's is deleted")
	}
}
