package adopt_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/krowave/krowave/plugin/internal/standin"
)

// fakeKro does with the shops and cellars of a standin.API what kro v0.9.4 does.
type fakeKro struct {
	c    *cluster
	stop func()
}

func (c *cluster) startFakeKro(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	k := &fakeKro{c: c}
	k.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			for _, resource := range []string{"shops", "cellars"} {
				k.all(ctx, schema.GroupVersionResource{Group: "example.com", Version: "v1alpha1", Resource: resource})
			}
			k.definitions(ctx)
			time.Sleep(20 * time.Millisecond)
		}
	}()
	c.fakeKro = k
	t.Cleanup(k.stop)
}

// definitions accepts RGDs, unless they read a field called none.
func (k *fakeKro) definitions(ctx context.Context) {
	client := k.c.objects.Resource(schema.GroupVersionResource{Group: "kro.run", Version: "v1alpha1", Resource: "resourcegraphdefinitions"})
	list, err := client.List(ctx, metav1.ListOptions{})
	if err != nil {
		return
	}
	for _, rgd := range list.Items {
		state := "Active"
		if strings.Contains(standin.Text(rgd.Object["spec"].(map[string]any)), "spec.none") {
			state = "Inactive"
		}
		_, _ = client.Patch(ctx, rgd.GetName(), types.MergePatchType, []byte(`{"status":{"state":"`+state+`"}}`), metav1.PatchOptions{})
	}
}

func (k *fakeKro) all(ctx context.Context, gvr schema.GroupVersionResource) {
	list, err := k.c.objects.Resource(gvr).List(ctx, metav1.ListOptions{})
	if err != nil {
		return
	}
	for i := range list.Items {
		_ = k.reconcile(ctx, &list.Items[i]) // it tries again
	}
}

func fakeSetID(obj *unstructured.Unstructured) string {
	sum := sha256.Sum256([]byte(obj.GetName() + "." + obj.GetNamespace() + "." + obj.GetKind() + "." + obj.GroupVersionKind().Group))
	return "applyset-" + base64.RawURLEncoding.EncodeToString(sum[:]) + "-v1"
}

// parts are the objects of an instance.
func parts(instance *unstructured.Unstructured) []*unstructured.Unstructured {
	obj := func(apiVersion, kind, name string, content map[string]any) *unstructured.Unstructured {
		content["apiVersion"], content["kind"], content["metadata"] = apiVersion, kind, map[string]any{"name": name, "namespace": instance.GetNamespace()}
		return &unstructured.Unstructured{Object: content}
	}
	name := instance.GetName()
	if instance.GetKind() == "Cellar" {
		of, _, _ := unstructured.NestedString(instance.Object, "spec", "of")
		return []*unstructured.Unstructured{obj("v1", "ConfigMap", of+"-door", map[string]any{"data": map[string]any{"open": "false"}})}
	}
	return []*unstructured.Unstructured{
		obj("example.com/v1", "Database", name+"-db", map[string]any{"spec": map[string]any{"size": "small"}}),
		obj("v1", "Secret", name+"-password", map[string]any{"data": map[string]any{"password": "aHVudGVyMg=="}}),
		obj("v1", "ConfigMap", name+"-a", map[string]any{"data": map[string]any{"size": "small"}}),
		obj("v1", "ConfigMap", name+"-b", map[string]any{"data": map[string]any{"size": "small"}}),
		obj("example.com/v1alpha1", "Cellar", name+"-cellar", map[string]any{"spec": map[string]any{"of": name}}),
	}
}

func (k *fakeKro) reconcile(ctx context.Context, read *unstructured.Unstructured) error {
	client, err := k.c.client(read)
	if err != nil {
		return err
	}
	if read.GetDeletionTimestamp() != nil {
		return k.finish(ctx, read)
	}
	apply := func(manager string, metadata map[string]any) error {
		metadata["name"], metadata["namespace"] = read.GetName(), read.GetNamespace()
		_, err := client.Apply(ctx, read.GetName(), &unstructured.Unstructured{Object: map[string]any{"apiVersion": read.GetAPIVersion(), "kind": read.GetKind(), "metadata": metadata}},
			metav1.ApplyOptions{FieldManager: manager, Force: true})
		return err
	}
	if len(read.GetFinalizers()) == 0 || read.GetLabels()["kro.run/owned"] != "true" {
		err := apply("kro.run/labeller", map[string]any{
			"labels": map[string]any{"kro.run/owned": "true", "kro.run/kro-version": "v0.9.4"}, "finalizers": []any{"kro.run/finalizer"},
		})
		if err != nil {
			return err
		}
	}
	if read.GetAnnotations()["kro.run/reconcile"] == "suspended" {
		return nil
	}
	kinds := "Cellar.example.com,ConfigMap,Database.example.com,Secret"
	if read.GetKind() == "Cellar" {
		kinds = "ConfigMap"
	}
	if err := apply("kro.run/applyset-parent", map[string]any{
		"labels": map[string]any{"applyset.kubernetes.io/id": fakeSetID(read)},
		"annotations": map[string]any{
			"applyset.kubernetes.io/tooling": "kro/v0.9.4", "applyset.kubernetes.io/contains-group-kinds": kinds, "applyset.kubernetes.io/additional-namespaces": "",
			"internal.kro.run/applyset-inventory-hash": "sha256:" + kinds,
		},
	}); err != nil {
		return err
	}
	for _, part := range parts(read) {
		part.SetLabels(map[string]string{
			"kro.run/owned": "true", "kro.run/instance-name": read.GetName(), "app.kubernetes.io/managed-by": "kro", "applyset.kubernetes.io/part-of": fakeSetID(read),
		})
		part.SetAnnotations(map[string]string{"internal.kro.run/apply-order": "1"})
		client, err := k.c.client(part)
		if err != nil {
			return err
		}
		if _, err := client.Apply(ctx, part.GetName(), part, metav1.ApplyOptions{FieldManager: "kro.run/applyset", Force: true}); err != nil {
			return err
		}
	}
	_, err = client.Patch(ctx, read.GetName(), types.MergePatchType, []byte(`{"status":{"state":"ACTIVE"}}`), metav1.PatchOptions{})
	return err
}

// finish deletes what has the label, of the kinds in the inventory, and then removes
// the finalizer.
func (k *fakeKro) finish(ctx context.Context, read *unstructured.Unstructured) error {
	for kind := range strings.SplitSeq(read.GetAnnotations()["applyset.kubernetes.io/contains-group-kinds"], ",") {
		if kind == "" {
			continue
		}
		mapping, err := k.c.mapper.RESTMapping(schema.ParseGroupKind(kind))
		if err != nil {
			return err
		}
		list, err := k.c.objects.Resource(mapping.Resource).Namespace(read.GetNamespace()).List(ctx, metav1.ListOptions{LabelSelector: "applyset.kubernetes.io/part-of=" + fakeSetID(read)})
		if err != nil {
			return err
		}
		for _, obj := range list.Items {
			if err := k.c.objects.Resource(mapping.Resource).Namespace(obj.GetNamespace()).Delete(ctx, obj.GetName(), metav1.DeleteOptions{}); err != nil {
				return err
			}
		}
		if len(list.Items) > 0 {
			return fmt.Errorf("deleting %s", kind)
		}
	}
	client, err := k.c.client(read)
	if err != nil {
		return err
	}
	_, err = client.Patch(ctx, read.GetName(), types.MergePatchType,
		[]byte(`{"metadata":{"finalizers":null,"resourceVersion":"`+read.GetResourceVersion()+`"}}`), metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
