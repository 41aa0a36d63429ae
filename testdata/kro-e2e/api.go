package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// kroManager is the field manager with which kro applies what a graph renders.
const kroManager = "kro.run/applyset"

// api speaks to one API server.
type api struct {
	client    dynamic.Interface
	discovery discovery.DiscoveryInterface
	mapper    *restmapper.DeferredDiscoveryRESTMapper
	refresh   sync.Mutex
	refreshed time.Time
}

func newAPI(config *rest.Config) (*api, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	return &api{client: client, discovery: disco, mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco))}, nil
}

// at returns the resource of an object, namespaced as its kind is.
func (a *api) at(o *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	gvk := o.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		a.forget()
		mapping, err = a.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	}
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() != meta.RESTScopeNameNamespace {
		return a.client.Resource(mapping.Resource), nil
	}
	namespace := o.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	return a.client.Resource(mapping.Resource).Namespace(namespace), nil
}

// forget makes the next lookup of a kind ask the server, once a second at most.
func (a *api) forget() {
	a.refresh.Lock()
	defer a.refresh.Unlock()
	if time.Since(a.refreshed) > time.Second {
		a.mapper.Reset()
		a.refreshed = time.Now()
	}
}

// apply applies an object on the server's side, with force; dry says to only ask what would be.
func (a *api) apply(ctx context.Context, o *unstructured.Unstructured, manager string, dry bool) (*unstructured.Unstructured, error) {
	resource, err := a.at(o)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(o.Object)
	if err != nil {
		return nil, err
	}
	force := true
	options := metav1.PatchOptions{FieldManager: manager, Force: &force}
	if dry {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return resource.Patch(ctx, o.GetName(), types.ApplyPatchType, raw, options)
}

// create makes an object, unless it is there. Unlike an apply, it takes a null for a field that is not
// there.
func (a *api) create(ctx context.Context, o *unstructured.Unstructured) error {
	resource, err := a.at(o)
	if err != nil {
		return err
	}
	_, err = resource.Create(ctx, o.DeepCopy(), metav1.CreateOptions{FieldManager: "e2e"})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// put makes an object and, where it has one, its status.
func (a *api) put(ctx context.Context, o *unstructured.Unstructured) error {
	if err := a.create(ctx, o); err != nil {
		return err
	}
	if status, ok := o.Object["status"]; ok {
		return a.patchStatus(ctx, o, status)
	}
	return nil
}

func isNamespace(o *unstructured.Unstructured) bool {
	return o.GetKind() == "Namespace" && o.GroupVersionKind().Group == ""
}

// patchStatus sets the status of an object; a kind without the subresource has it already.
func (a *api) patchStatus(ctx context.Context, o *unstructured.Unstructured, status any) error {
	resource, err := a.at(o)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	_, err = resource.Patch(ctx, o.GetName(), types.MergePatchType, raw, metav1.PatchOptions{FieldManager: "cloud"}, "status")
	if apierrors.IsNotFound(err) {
		_, err = resource.Patch(ctx, o.GetName(), types.MergePatchType, raw, metav1.PatchOptions{FieldManager: "cloud"})
	}
	return err
}

// live returns an object as it is in the cluster, nil when it is not.
func (a *api) live(ctx context.Context, o *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	resource, err := a.at(o)
	if err != nil {
		return nil, err
	}
	out, err := resource.Get(ctx, o.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return out, err
}

// createNamespaces makes the namespaces of objects that are not among the objects themselves.
func (a *api) createNamespaces(ctx context.Context, objects []*unstructured.Unstructured) error {
	made := map[string]bool{}
	for _, o := range objects {
		if isNamespace(o) {
			made[o.GetName()] = true
		}
	}
	for _, o := range objects {
		name := o.GetNamespace()
		if name == "" || made[name] {
			continue
		}
		made[name] = true
		namespace := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}}}
		if err := a.create(ctx, namespace); err != nil {
			return fmt.Errorf("namespace %s: %w", name, err)
		}
	}
	return nil
}

// installCRDs creates CRDs and waits until their kinds are served.
func (a *api) installCRDs(ctx context.Context, crds []*unstructured.Unstructured) error {
	for _, crd := range crds {
		if err := a.create(ctx, crd); err != nil {
			return fmt.Errorf("crd %s: %w", crd.GetName(), err)
		}
	}
	for _, crd := range crds {
		err := eventually(ctx, 30*time.Second, func() error {
			live, err := a.live(ctx, crd)
			if err == nil && !hasCondition(live, "Established", "True") {
				err = fmt.Errorf("crd %s is not established: %v", crd.GetName(), conditionsOf(live))
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// owned lists what kro applied for instances, of some kinds: the members of an ApplySet.
func (a *api) owned(ctx context.Context, kinds []schema.GroupVersionKind) ([]*unstructured.Unstructured, error) {
	type listed struct {
		list *unstructured.UnstructuredList
		err  error
	}
	lists := inParallel(kinds, func(gvk schema.GroupVersionKind) listed {
		mapping, err := a.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
		if meta.IsNoMatchError(err) { // of a CRD that is not there yet
			a.forget()
			return listed{list: &unstructured.UnstructuredList{}}
		}
		if err != nil {
			return listed{err: err}
		}
		list, err := a.client.Resource(mapping.Resource).List(ctx, metav1.ListOptions{LabelSelector: "applyset.kubernetes.io/part-of"})
		if apierrors.IsNotFound(err) {
			return listed{list: &unstructured.UnstructuredList{}}
		}
		return listed{list, err}
	})
	var out []*unstructured.Unstructured
	seen := map[types.UID]bool{} // a kind may be asked for in two versions
	for _, l := range lists {
		if l.err != nil {
			return nil, l.err
		}
		for i := range l.list.Items {
			if o := &l.list.Items[i]; !seen[o.GetUID()] {
				seen[o.GetUID()] = true
				out = append(out, o)
			}
		}
	}
	return out, nil
}

func conditionsOf(o *unstructured.Unstructured) []string {
	if o == nil {
		return []string{"it does not exist"}
	}
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	var out []string
	for _, entry := range conditions {
		if c, ok := entry.(map[string]any); ok && c["status"] != "True" {
			out = append(out, fmt.Sprintf("%v=%v: %v", c["type"], c["status"], c["message"]))
		}
	}
	return out
}

func hasCondition(o *unstructured.Unstructured, kind, status string) bool {
	if o == nil {
		return false
	}
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	return slices.ContainsFunc(conditions, func(entry any) bool {
		c, ok := entry.(map[string]any)
		return ok && c["type"] == kind && c["status"] == status
	})
}

// errFinal ends eventually early.
var errFinal = errors.New("")

// eventually asks until there is no error, and returns the last one when time is up.
func eventually(ctx context.Context, limit time.Duration, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	retry := time.NewTicker(200 * time.Millisecond)
	defer retry.Stop()
	for {
		err := check()
		if err == nil || errors.Is(err, errFinal) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-retry.C:
		}
	}
}
