package adopt_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// toolCRDs are Application and Kustomization, as far as they are read.
const toolCRDs = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: applications.argoproj.io, annotations: {api-approved.kubernetes.io: unapproved}}
spec:
  group: argoproj.io
  scope: Namespaced
  names: {kind: Application, plural: applications, singular: application, listKind: ApplicationList}
  versions:
  - name: v1alpha1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: kustomizations.kustomize.toolkit.fluxcd.io}
spec:
  group: kustomize.toolkit.fluxcd.io
  scope: Namespaced
  names: {kind: Kustomization, plural: kustomizations, singular: kustomization, listKind: KustomizationList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
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
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: string}}}}}}
`

// tool is a stand-in for Argo CD and for Flux: it applies what Git has, marks it,
// prunes what has its mark and is not in Git any longer unless it is held, and says so
// in its status, several times in a second.
type tool struct {
	c    *cluster
	flux bool

	mu  sync.Mutex
	git []*unstructured.Unstructured
	had map[string]*unstructured.Unstructured

	stop func()
}

func (c *cluster) startTool(t *testing.T, flux bool) *tool {
	t.Helper()
	x := &tool{c: c, flux: flux, had: map[string]*unstructured.Unstructured{}}
	if flux {
		c.apply(t, "{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: shop, namespace: default}}")
	} else {
		c.apply(t, "{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: shop, namespace: default}}")
	}
	pause := 100 * time.Millisecond
	if c.fake != nil {
		pause = 20 * time.Millisecond
	}
	done := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = x.reconcile(ctx) // it tries again
			time.Sleep(pause)
		}
	}()
	x.stop = func() { cancel(); <-done }
	t.Cleanup(x.stop)
	return x
}

// commit puts something else into Git.
func (x *tool) commit(git []*unstructured.Unstructured) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.git = nil
	for _, obj := range git {
		x.git = append(x.git, x.c.scoped(obj))
	}
}

// scoped is an object with the namespace that it is applied to.
func (c *cluster) scoped(obj *unstructured.Unstructured) *unstructured.Unstructured {
	gvk := obj.GroupVersionKind()
	obj = obj.DeepCopy()
	if mapping, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version); err == nil && mapping.Scope.Name() == meta.RESTScopeNameNamespace && obj.GetNamespace() == "" {
		obj.SetNamespace("default")
	}
	return obj
}

// leave stops the tool and takes its Application or Kustomization out of the cluster.
func (x *tool) leave(t *testing.T) {
	t.Helper()
	x.stop()
	self, err := x.self(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client, err := x.c.client(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Delete(t.Context(), self.GetName(), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// key is the id of an object in an inventory of Flux.
func key(obj *unstructured.Unstructured) string {
	return obj.GetNamespace() + "_" + obj.GetName() + "_" + obj.GroupVersionKind().Group + "_" + obj.GetKind()
}

func (x *tool) reconcile(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	self, err := x.self(ctx)
	if err != nil {
		return err
	}
	desired := map[string]bool{}
	resources, entries := []any{}, []any{}
	list := func(obj *unstructured.Unstructured, prune bool) {
		gvk := obj.GroupVersionKind()
		resources = append(resources, map[string]any{
			"group": gvk.Group, "version": gvk.Version, "kind": gvk.Kind, "namespace": obj.GetNamespace(), "name": obj.GetName(), "status": "Synced", "requiresPruning": prune,
		})
		if !prune {
			entries = append(entries, map[string]any{"id": key(obj), "v": gvk.Version})
		}
	}
	for _, obj := range x.git {
		if err := x.put(ctx, obj.DeepCopy()); err != nil {
			return err
		}
		desired[key(obj)] = true
		x.had[key(obj)] = obj
		list(obj, false)
	}
	for name, obj := range x.had {
		if desired[name] {
			continue
		}
		kept, err := x.prune(ctx, obj)
		if err != nil {
			return err
		}
		if kept {
			list(obj, true)
		}
		if !kept || x.flux {
			delete(x.had, name)
		}
	}
	return x.report(ctx, self, resources, entries)
}

// put applies an object with the mark of the tool.
func (x *tool) put(ctx context.Context, obj *unstructured.Unstructured) error {
	client, err := x.c.client(obj)
	if err != nil {
		return err
	}
	manager := "argocd-controller"
	if x.flux {
		manager = "kustomize-controller"
		labels := obj.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		labels["kustomize.toolkit.fluxcd.io/name"], labels["kustomize.toolkit.fluxcd.io/namespace"] = "shop", "default"
		obj.SetLabels(labels)
	} else {
		annotations := obj.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations["argocd.argoproj.io/tracking-id"] = trackingID(obj)
		obj.SetAnnotations(annotations)
	}
	_, err = client.Apply(ctx, obj.GetName(), obj, metav1.ApplyOptions{FieldManager: manager, Force: true})
	return err
}

// trackingID is how Argo CD marks an object of the Application shop.
func trackingID(obj *unstructured.Unstructured) string {
	return "shop:" + obj.GroupVersionKind().Group + "/" + obj.GetKind() + ":" + obj.GetNamespace() + "/" + obj.GetName()
}

// prune deletes an object that has the mark, and is not held.
func (x *tool) prune(ctx context.Context, obj *unstructured.Unstructured) (kept bool, err error) {
	client, err := x.c.client(obj)
	if err != nil {
		return true, err
	}
	live, err := client.Get(ctx, obj.GetName(), metav1.GetOptions{})
	if err != nil {
		return false, nil
	}
	marked := live.GetAnnotations()["argocd.argoproj.io/tracking-id"] == trackingID(obj) // Argo CD leaves alone what has the id of another object
	held := strings.Contains(live.GetAnnotations()["argocd.argoproj.io/sync-options"], "Prune=false")
	if x.flux {
		marked = live.GetLabels()["kustomize.toolkit.fluxcd.io/name"] == "shop"
		held = live.GetAnnotations()["kustomize.toolkit.fluxcd.io/prune"] == "disabled"
	}
	if !marked {
		return false, nil
	}
	if held {
		return true, nil
	}
	return false, client.Delete(ctx, obj.GetName(), metav1.DeleteOptions{})
}

func (x *tool) self(ctx context.Context) (*unstructured.Unstructured, error) {
	obj := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}}
	if x.flux {
		obj.Object = map[string]any{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization"}
	}
	client, err := x.c.client(obj)
	if err != nil {
		return nil, err
	}
	return client.Get(ctx, "shop", metav1.GetOptions{})
}

// report writes the status, and answers what was asked by annotation.
func (x *tool) report(ctx context.Context, self *unstructured.Unstructured, resources, entries []any) error {
	status := map[string]any{"resources": resources}
	metadata := map[string]any{"annotations": map[string]any{"argocd.argoproj.io/refresh": nil}}
	if x.flux {
		status = map[string]any{
			"inventory": map[string]any{"entries": entries}, "lastAppliedRevision": "1", "lastAttemptedRevision": "1",
			"lastHandledReconcileAt": self.GetAnnotations()["reconcile.fluxcd.io/requestedAt"],
			"conditions":             []any{map[string]any{"type": "Ready", "status": "True"}},
		}
		metadata = map[string]any{}
	}
	metadata["resourceVersion"] = self.GetResourceVersion()
	text, err := json.Marshal(map[string]any{"metadata": metadata, "status": status})
	if err != nil {
		return err
	}
	client, err := x.c.client(self)
	if err != nil {
		return err
	}
	_, err = client.Patch(ctx, "shop", types.MergePatchType, text, metav1.PatchOptions{})
	return err
}
