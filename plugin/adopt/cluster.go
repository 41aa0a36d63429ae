package adopt

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/krowave/krowave/plugin/kubeapi"
)

// fieldManager is the field manager of what is written here. Flux undoes what a
// manager whose name begins with kubectl has written.
const fieldManager = "krowave-adopt"

// Cluster reads and writes a Kubernetes API. It has one method that deletes, and that
// one is for instances.
type Cluster struct {
	*kubeapi.Cluster
	DryRun bool // nothing is stored

	reviews reviews
}

// Connect returns the Cluster that a configuration leads to. Nothing is sent yet.
func Connect(config *rest.Config) (*Cluster, error) {
	c, err := kubeapi.Connect(config, fieldManager)
	if err != nil {
		return nil, err
	}
	return &Cluster{Cluster: c}, nil
}

// Ref names an object.
type Ref = kubeapi.Ref

// patch writes a merge patch. With a version it fails if the object has changed since.
func (c *Cluster) patch(ctx context.Context, r Ref, version string, body map[string]any) error {
	client, err := c.Client(r)
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
	r := kubeapi.RefOf(obj)
	client, err := c.Client(r)
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
