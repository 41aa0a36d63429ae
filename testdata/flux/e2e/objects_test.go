package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// Limits of waiting.
const (
	startLimit = 2 * time.Minute
	limit      = 90 * time.Second
)

// permanent ends waiting.
type permanent struct{ error }

// within repeats f until it has no error.
func within(limit time.Duration, f func() error) error {
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		var final permanent
		if err == nil || errors.As(err, &final) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("after %s: %w", limit, err)
		}
		<-tick.C
	}
}

// eventually fails the test unless f has no error in time.
func eventually(t *testing.T, what string, f func() error) {
	t.Helper()
	from := time.Now()
	if err := within(limit, f); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	t.Logf("%s (%s)", what, time.Since(from).Round(10*time.Millisecond))
}

// kinds that the tests handle.
var kinds = map[string]struct {
	resource   schema.GroupVersionResource
	namespaced bool
}{
	"Namespace":                        {schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}, false},
	"ConfigMap":                        {schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, true},
	"Event":                            {schema.GroupVersionResource{Version: "v1", Resource: "events"}, true},
	"Service":                          {schema.GroupVersionResource{Version: "v1", Resource: "services"}, true},
	"ServiceAccount":                   {schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}, true},
	"Deployment":                       {schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, true},
	"NetworkPolicy":                    {schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"}, true},
	"ClusterRole":                      {schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"}, false},
	"ClusterRoleBinding":               {schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"}, false},
	"Role":                             {schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "roles"}, true},
	"RoleBinding":                      {schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "rolebindings"}, true},
	"CustomResourceDefinition":         {schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}, false},
	"ValidatingAdmissionPolicy":        {schema.GroupVersionResource{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicies"}, false},
	"ValidatingAdmissionPolicyBinding": {schema.GroupVersionResource{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicybindings"}, false},
	"GitRepository":                    {schema.GroupVersionResource{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "gitrepositories"}, true},
	"OCIRepository":                    {schema.GroupVersionResource{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "ocirepositories"}, true},
	"ExternalArtifact":                 {schema.GroupVersionResource{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "externalartifacts"}, true},
	"Kustomization":                    {schema.GroupVersionResource{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"}, true},
	"RenderedSource":                   {schema.GroupVersionResource{Group: "krowave.dev", Version: "v1alpha1", Resource: "renderedsources"}, true},
	"ResourceGraphDefinition":          {schema.GroupVersionResource{Group: "kro.run", Version: "v1alpha1", Resource: "resourcegraphdefinitions"}, false},
	"WebResidual":                      {schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "webresiduals"}, true},
	"Database":                         {schema.GroupVersionResource{Group: "db.example.com", Version: "v1", Resource: "databases"}, true},
}

func resource(client dynamic.Interface, kind, namespace string) dynamic.ResourceInterface {
	k := kinds[kind]
	if k.namespaced {
		return client.Resource(k.resource).Namespace(namespace)
	}
	return client.Resource(k.resource)
}

// apply server-side applies YAML documents. A kind that was defined a moment ago
// may take some time to be served.
func apply(text string) error {
	for _, doc := range strings.Split(text, "\n---\n") {
		obj := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(doc), &obj.Object); err != nil {
			return err
		}
		if len(obj.Object) == 0 {
			continue
		}
		if _, ok := kinds[obj.GetKind()]; !ok {
			return fmt.Errorf("the tests do not know kind %s", obj.GetKind())
		}
		err := within(limit, func() error {
			_, err := resource(world.client, obj.GetKind(), obj.GetNamespace()).Apply(context.Background(), obj.GetName(), obj,
				metav1.ApplyOptions{FieldManager: "e2e", Force: true})
			if err != nil && !apierrors.IsNotFound(err) {
				return permanent{err}
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%s %s: %w", obj.GetKind(), obj.GetName(), err)
		}
	}
	return nil
}

func mustApply(t *testing.T, text string) {
	t.Helper()
	if err := apply(text); err != nil {
		t.Fatal(err)
	}
}

func get(kind, namespace, name string) (*unstructured.Unstructured, error) {
	return resource(world.client, kind, namespace).Get(context.Background(), name, metav1.GetOptions{})
}

// has is an error unless the object has these values, by path.
func has(kind, namespace, name string, want map[string]string) func() error {
	return func() error {
		obj, err := get(kind, namespace, name)
		if err != nil {
			return err
		}
		for path, text := range want {
			if got := at(obj, path); got != text {
				return fmt.Errorf("%s %s: %s is %q, want %q", kind, name, path, got, text)
			}
		}
		return nil
	}
}

// at is the value at a dotted path, as text. A condition is found by its type:
// Ready.status.
func at(obj *unstructured.Unstructured, path string) string {
	steps := strings.Split(path, ".")
	if c := condition(obj, steps[0]); c != nil {
		return fmt.Sprint(c[steps[1]])
	}
	v, ok, err := unstructured.NestedFieldNoCopy(obj.Object, steps...)
	if err != nil || !ok {
		return ""
	}
	return fmt.Sprint(v)
}

func condition(obj *unstructured.Unstructured, typ string) map[string]any {
	list, _, _ := unstructured.NestedSlice(obj.Object, "status", "conditions")
	for _, item := range list {
		if c, ok := item.(map[string]any); ok && c["type"] == typ {
			return c
		}
	}
	return nil
}

func absent(kind, namespace, name string) func() error {
	return func() error {
		switch _, err := get(kind, namespace, name); {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return err
		}
		return fmt.Errorf("%s %s is there", kind, name)
	}
}

func uid(t *testing.T, kind, namespace, name string) types.UID {
	t.Helper()
	obj, err := get(kind, namespace, name)
	if err != nil {
		t.Fatal(err)
	}
	return obj.GetUID()
}

// setStatus does what another controller would.
func setStatus(t *testing.T, kind, namespace, name, patch string) {
	t.Helper()
	_, err := resource(world.client, kind, namespace).Patch(context.Background(), name, types.MergePatchType,
		[]byte(`{"status":`+patch+`}`), metav1.PatchOptions{}, "status")
	if err != nil {
		t.Fatal(err)
	}
}

func mergePatch(t *testing.T, kind, namespace, name, patch string) {
	t.Helper()
	_, err := resource(world.client, kind, namespace).Patch(context.Background(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, kind, namespace, name string) {
	t.Helper()
	err := resource(world.client, kind, namespace).Delete(context.Background(), name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
}

// deletions records what is deleted in a namespace, in order.
type deletions struct {
	mu    sync.Mutex
	names []string
}

func watchDeletions(t *testing.T, namespace string, kinds ...string) *deletions {
	t.Helper()
	d := &deletions{}
	for _, kind := range kinds {
		w, err := resource(world.client, kind, namespace).Watch(context.Background(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.Stop)
		go func() {
			for e := range w.ResultChan() {
				if obj, ok := e.Object.(*unstructured.Unstructured); ok && e.Type == watch.Deleted {
					d.mu.Lock()
					d.names = append(d.names, obj.GetName())
					d.mu.Unlock()
				}
			}
		}()
	}
	return d
}

func (d *deletions) list() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string{}, d.names...)
}
