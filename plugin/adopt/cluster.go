package adopt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

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

	"github.com/krowave/krowave/plugin/kubeapi"
)

// fieldManager is the field manager of what is written here. Flux undoes what a
// manager whose name begins with kubectl has written.
const fieldManager = "krowave-adopt"

// Cluster reads and writes a Kubernetes API. It has one method that deletes, and that
// one is for instances.
type Cluster struct {
	DryRun bool // nothing is stored

	objects dynamic.Interface
	mapper  meta.RESTMapper
}

// Connect returns the Cluster that a configuration leads to. Nothing is sent yet.
func Connect(config *rest.Config) (*Cluster, error) {
	config = kubeapi.Config(config, fieldManager)
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	return &Cluster{objects: objects, mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco))}, nil
}

// Ref names an object.
type Ref struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

// GVK is the kind of the object.
func (r Ref) GVK() schema.GroupVersionKind { return schema.FromAPIVersionAndKind(r.APIVersion, r.Kind) }

// String is Deployment shop/web.
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

// same reports whether two names are of one object; the version does not matter.
func (r Ref) same(o Ref) bool {
	return r.GVK().GroupKind() == o.GVK().GroupKind() && r.Namespace == o.Namespace && r.Name == o.Name
}

func refOf(obj *unstructured.Unstructured) Ref {
	return Ref{obj.GetAPIVersion(), obj.GetKind(), obj.GetNamespace(), obj.GetName()}
}

// served finds where a kind is served; nil when it is not.
func (c *Cluster) served(kind schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	mapping, err := c.mapper.RESTMapping(kind, versions...)
	if meta.IsNoMatchError(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("asking the cluster for %s: %w", kind, err)
	}
	return mapping, nil
}

// errNotServed is a kind that the cluster does not have.
var errNotServed = errors.New("the cluster does not serve this kind")

func (c *Cluster) client(r Ref) (dynamic.ResourceInterface, error) {
	gvk := r.GVK()
	mapping, err := c.served(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return nil, err
	}
	if mapping == nil {
		return nil, fmt.Errorf("%s: %w", r, errNotServed)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return c.objects.Resource(mapping.Resource).Namespace(r.Namespace), nil
	}
	return c.objects.Resource(mapping.Resource), nil
}

// scoped is a name as the cluster has it: with a namespace if and only if the kind is
// namespaced.
func (c *Cluster) scoped(r Ref, namespace string) (Ref, error) {
	mapping, err := c.served(r.GVK().GroupKind(), r.GVK().Version)
	switch {
	case err != nil || mapping == nil:
		return r, err
	case mapping.Scope.Name() != meta.RESTScopeNameNamespace:
		r.Namespace = ""
	case r.Namespace == "":
		r.Namespace = namespace
	}
	return r, nil
}

// get returns an object; nil when there is none.
func (c *Cluster) get(ctx context.Context, r Ref) (*unstructured.Unstructured, error) {
	client, err := c.client(r)
	if errors.Is(err, errNotServed) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	obj, err := client.Get(ctx, r.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", r, err)
	}
	return obj, nil
}

// list returns the objects of a kind with a label; namespace "" is all of them.
func (c *Cluster) list(ctx context.Context, kind schema.GroupKind, namespace, selector string) ([]unstructured.Unstructured, error) {
	mapping, err := c.served(kind)
	if err != nil || mapping == nil {
		return nil, err
	}
	var client dynamic.ResourceInterface = c.objects.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace && namespace != "" {
		client = c.objects.Resource(mapping.Resource).Namespace(namespace)
	}
	var out []unstructured.Unstructured
	opts := metav1.ListOptions{LabelSelector: selector, Limit: 500}
	for {
		page, err := client.List(ctx, opts)
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", kind, err)
		}
		out = append(out, page.Items...)
		if opts.Continue = page.GetContinue(); opts.Continue == "" {
			return out, nil
		}
	}
}

// patch writes a merge patch. With a version it fails if the object has changed since.
func (c *Cluster) patch(ctx context.Context, r Ref, version string, body map[string]any) error {
	client, err := c.client(r)
	if err != nil {
		return err
	}
	if version != "" {
		metadata, _ := body["metadata"].(map[string]any)
		if metadata == nil {
			metadata = map[string]any{}
		}
		metadata["resourceVersion"] = version
		body["metadata"] = metadata
	}
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encoding a patch of %s: %w", r, err)
	}
	_, err = client.Patch(ctx, r.Name, types.MergePatchType, text, metav1.PatchOptions{FieldManager: fieldManager, DryRun: c.dryRun()})
	if err != nil {
		return fmt.Errorf("patching %s: %w", r, err)
	}
	return nil
}

// removeInstance deletes an instance, if it is still as it was read, and leaves what
// refers to it as its owner.
func (c *Cluster) removeInstance(ctx context.Context, obj *unstructured.Unstructured) error {
	r := refOf(obj)
	client, err := c.client(r)
	if err != nil || c.DryRun {
		return err
	}
	uid, version, orphan := obj.GetUID(), obj.GetResourceVersion(), metav1.DeletePropagationOrphan
	err = client.Delete(ctx, r.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &version}, PropagationPolicy: &orphan,
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("removing %s: %w", r, err)
	}
	return nil
}

func (c *Cluster) dryRun() []string {
	if c.DryRun {
		return []string{metav1.DryRunAll}
	}
	return nil
}
