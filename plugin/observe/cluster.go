package observe

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/render/need"
	"github.com/krowave/krowave/render/schema"
)

// Cluster reads objects of a Kubernetes API. It sends get and list requests and
// no others.
type Cluster struct {
	objects   dynamic.Interface
	metadata  metadata.Interface
	discovery discovery.DiscoveryInterface
}

// NewCluster returns a Cluster that a REST configuration leads to. Nothing is
// sent yet.
func NewCluster(config *rest.Config) (*Cluster, error) {
	config = kubeapi.Config(config, "krowave-observe")
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	meta, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	return &Cluster{objects: objects, metadata: meta, discovery: disco}, nil
}

// Forbidden is a read that the cluster refuses, with the rule that allows it.
type Forbidden struct {
	What   string // v1 Service default/web
	Rule   string // of a Role or ClusterRole, as YAML in one line
	Scope  string // where the rule is needed: namespace default, or the cluster
	Reason string // as the API server says it
}

// target is where a wanted object is served.
type target struct {
	gvr        k8sschema.GroupVersionResource
	namespaced bool
}

// errNotServed is a kind that the cluster does not have.
var errNotServed = errors.New("the cluster does not serve this kind")

// target finds the resource of a kind: in the catalog, else by asking.
func (c *Cluster) target(catalog *schema.Catalog, gvk k8sschema.GroupVersionKind) (target, error) {
	if k, ok := catalog.Lookup(gvk); ok && k.Plural != "" {
		return target{k.GVR(), k.Namespaced}, nil
	}
	list, err := c.discovery.ServerResourcesForGroupVersion(gvk.GroupVersion().String())
	if apierrors.IsNotFound(err) {
		return target{}, errNotServed
	}
	if err != nil {
		return target{}, fmt.Errorf("asking the cluster for %s: %w", gvk.GroupVersion(), err)
	}
	for _, r := range list.APIResources {
		if r.Kind == gvk.Kind && !strings.Contains(r.Name, "/") {
			return target{gvk.GroupVersion().WithResource(r.Name), r.Namespaced}, nil
		}
	}
	return target{}, errNotServed
}

// read returns the live objects that are wanted: none when there is no such
// object. metadataOnly asks for nothing but metadata, so that no value of a
// Secret leaves the cluster.
func (c *Cluster) read(ctx context.Context, w need.Need, t target, metadataOnly bool) ([]map[string]any, error) {
	namespace := w.Namespace
	if !t.namespaced {
		namespace = ""
	}
	if w.Selector != nil {
		return c.list(ctx, w, t.gvr, namespace, metadataOnly)
	}
	if t.namespaced && namespace == "" {
		namespace = "default"
	}
	var obj any
	var err error
	if metadataOnly {
		obj, err = c.metadata.Resource(t.gvr).Namespace(namespace).Get(ctx, w.Name, metav1.GetOptions{})
	} else {
		obj, err = c.objects.Resource(t.gvr).Namespace(namespace).Get(ctx, w.Name, metav1.GetOptions{})
	}
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	one, err := content(obj, w.GVK)
	return []map[string]any{one}, err
}

// list reads all pages.
func (c *Cluster) list(ctx context.Context, w need.Need, gvr k8sschema.GroupVersionResource, namespace string, metadataOnly bool) ([]map[string]any, error) {
	opts := metav1.ListOptions{LabelSelector: w.Selector.String(), Limit: 500}
	var out []map[string]any
	for {
		var items []any
		var next string
		if metadataOnly {
			page, err := c.metadata.Resource(gvr).Namespace(namespace).List(ctx, opts)
			if err != nil {
				return nil, absent(err)
			}
			for i := range page.Items {
				items = append(items, &page.Items[i])
			}
			next = page.Continue
		} else {
			page, err := c.objects.Resource(gvr).Namespace(namespace).List(ctx, opts)
			if err != nil {
				return nil, absent(err)
			}
			for i := range page.Items {
				items = append(items, &page.Items[i])
			}
			next = page.GetContinue()
		}
		for _, item := range items {
			one, err := content(item, w.GVK)
			if err != nil {
				return nil, err
			}
			out = append(out, one)
		}
		if next == "" {
			return out, nil
		}
		opts.Continue = next
	}
}

// absent makes a list of a kind that is not served an empty one.
func absent(err error) error {
	if apierrors.IsNotFound(err) {
		return errNotServed
	}
	return err
}

// content returns an object as maps, under the kind that was asked for.
func content(obj any, gvk k8sschema.GroupVersionKind) (map[string]any, error) {
	var out map[string]any
	switch o := obj.(type) {
	case *unstructured.Unstructured:
		out = o.Object
	default:
		var err error
		if out, err = runtime.DefaultUnstructuredConverter.ToUnstructured(obj); err != nil {
			return nil, fmt.Errorf("reading %s: %w", gvk.Kind, err)
		}
	}
	out["apiVersion"], out["kind"] = gvk.GroupVersion().String(), gvk.Kind
	return out, nil
}

// forbidden says which RBAC rule is missing for a read.
func forbidden(w need.Need, t target, err error) Forbidden {
	rule := fmt.Sprintf("{apiGroups: [%q], resources: [%q]", t.gvr.Group, t.gvr.Resource)
	if w.Selector != nil {
		rule += `, verbs: ["list"]}`
	} else {
		rule += fmt.Sprintf(", resourceNames: [%q], verbs: [\"get\"]}", w.Name)
	}
	scope := "the cluster"
	if t.namespaced && w.Namespace != "" {
		scope = "namespace " + w.Namespace
	}
	return Forbidden{What: describe(w), Rule: rule, Scope: scope, Reason: reasonOf(err)}
}

// reasonOf is what the API server says, without client-go's prefix.
func reasonOf(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return status.Status().Message
	}
	return err.Error()
}

// describe names what is wanted: v1 Service default/web.
func describe(w need.Need) string {
	text := w.GVK.GroupVersion().String() + " " + w.GVK.Kind
	switch {
	case w.Selector != nil && w.Namespace != "":
		return fmt.Sprintf("%s with %s in namespace %s", text, selectorOrAll(w), w.Namespace)
	case w.Selector != nil:
		return fmt.Sprintf("%s with %s", text, selectorOrAll(w))
	case w.Namespace != "":
		return text + " " + w.Namespace + "/" + w.Name
	}
	return text + " " + w.Name
}

func selectorOrAll(w need.Need) string {
	if s := w.Selector.String(); s != "" {
		return "labels " + s
	}
	return "any labels"
}
