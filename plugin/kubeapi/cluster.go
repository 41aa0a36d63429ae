package kubeapi

import (
	"context"
	"errors"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// Cluster reads objects of any kind.
type Cluster struct {
	Objects dynamic.Interface
	Mapper  meta.RESTMapper

	answers func() error // asked once, since the Mapper logs what it cannot reach
}

// Connect returns the Cluster that a configuration leads to, for a user agent.
// Nothing is sent yet.
func Connect(config *rest.Config, agent string) (*Cluster, error) {
	config = Config(config, agent)
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	answers := sync.OnceValue(func() error {
		_, err := disco.ServerVersion()
		if status := apierrors.APIStatus(nil); errors.As(err, &status) {
			return nil // it answers
		}
		return err
	})
	return &Cluster{Objects: objects, answers: answers, Mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco))}, nil
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

// Same reports whether two names are of one object; the version does not matter.
func (r Ref) Same(o Ref) bool {
	return r.GVK().GroupKind() == o.GVK().GroupKind() && r.Namespace == o.Namespace && r.Name == o.Name
}

// RefOf is the name of an object.
func RefOf(obj *unstructured.Unstructured) Ref {
	return Ref{obj.GetAPIVersion(), obj.GetKind(), obj.GetNamespace(), obj.GetName()}
}

// Served finds where a kind is served; nil when it is not.
func (c *Cluster) Served(kind schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	if err := c.answers(); err != nil {
		return nil, fmt.Errorf("the cluster does not answer: %w; check --kubeconfig, --context and --server", err)
	}
	mapping, err := c.Mapper.RESTMapping(kind, versions...)
	if meta.IsNoMatchError(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("asking the cluster for %s: %w", kind, err)
	}
	return mapping, nil
}

// ErrNotServed is a kind that the cluster does not have.
var ErrNotServed = errors.New("the cluster does not serve this kind")

// Client reads and writes the objects of a name's kind in its namespace. The
// error is ErrNotServed where the cluster does not have the kind.
func (c *Cluster) Client(r Ref) (dynamic.ResourceInterface, error) {
	gvk := r.GVK()
	mapping, err := c.Served(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return nil, err
	}
	if mapping == nil {
		return nil, fmt.Errorf("%s: %w", r, ErrNotServed)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return c.Objects.Resource(mapping.Resource).Namespace(r.Namespace), nil
	}
	return c.Objects.Resource(mapping.Resource), nil
}

// Scoped is a name as the cluster has it: with a namespace if and only if the kind is
// namespaced.
func (c *Cluster) Scoped(r Ref, namespace string) (Ref, error) {
	mapping, err := c.Served(r.GVK().GroupKind(), r.GVK().Version)
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

// Get returns an object; nil when there is none.
func (c *Cluster) Get(ctx context.Context, r Ref) (*unstructured.Unstructured, error) {
	client, err := c.Client(r)
	if errors.Is(err, ErrNotServed) {
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

// List returns the objects of a kind with a label; namespace "" is all of them.
func (c *Cluster) List(ctx context.Context, kind schema.GroupKind, namespace, selector string) ([]unstructured.Unstructured, error) {
	mapping, err := c.Served(kind)
	if err != nil || mapping == nil {
		return nil, err
	}
	var client dynamic.ResourceInterface = c.Objects.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace && namespace != "" {
		client = c.Objects.Resource(mapping.Resource).Namespace(namespace)
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
