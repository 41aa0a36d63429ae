package controller

import (
	"context"
	"fmt"
	"time"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/flux/layout"
)

// hold suspends the Kustomizations whose gates are about to change, until the
// new revision is advertised; ensure lets them go with their new gates. A
// revision and the gates that belong to it cannot be written at once. New files
// with old gates would let the next wave go too early, or wait for an object
// that is gone; so would old files with new gates, and kustomize-controller
// looks at nothing else while it waits.
func (s *reconcileScope) hold(ctx context.Context, out *outcome, revision string) error {
	if s.obj.Spec.Kustomizations == nil || out.next == nil {
		return nil
	}
	for _, w := range layout.Kustomizations(out.next, s.template()) {
		k := &kustomizev1.Kustomization{}
		err := s.Get(ctx, client.ObjectKeyFromObject(&w), k)
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("reading Kustomization %s: %w", w.Name, err)
		}
		same := equality.Semantic.DeepEqual(k.Spec.HealthChecks, w.Spec.HealthChecks) &&
			equality.Semantic.DeepEqual(k.Spec.HealthCheckExprs, w.Spec.HealthCheckExprs)
		if err != nil || same || k.Spec.Suspend || k.Annotations[ownerAnnotation] != s.obj.Name {
			continue
		}
		held := k.DeepCopy()
		held.Spec.Suspend = true
		held.Annotations[heldAnnotation] = revision
		if err := s.Update(ctx, held); err != nil {
			return newWriteError(v1alpha1.ChainFailedReason, fmt.Errorf("suspending Kustomization %s: %w", k.Name, err))
		}
		s.waitForCache(ctx, &kustomizev1.Kustomization{}, client.ObjectKeyFromObject(k), func(obj client.Object) bool {
			return obj.(*kustomizev1.Kustomization).Spec.Suspend
		})
	}
	return nil
}

// waitForCache waits until the cache of this controller has received a change.
// The watch of kustomize-controller is about as fast, and the order of changes is
// what matters there.
func (s *reconcileScope) waitForCache(ctx context.Context, obj client.Object, key types.NamespacedName, done func(client.Object) bool) {
	const every, limit = 10 * time.Millisecond, 2 * time.Second
	// After the limit, continuing is better than blocking.
	_ = wait.PollUntilContextTimeout(ctx, every, limit, true, func(ctx context.Context) (bool, error) {
		return s.Get(ctx, key, obj) == nil && done(obj), nil
	})
}
