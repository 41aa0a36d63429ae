package controller

import (
	"context"
	"fmt"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/krowave/krowave/flux/api/v1alpha1"
)

// finalize takes down what was made: the Kustomizations from the last wave to
// the first, each when the one after it has deleted its objects, then the
// ExternalArtifact and its files. The deletion of a Kustomization minds no
// dependsOn, so the order is kept here.
func (s *reconcileScope) finalize(ctx context.Context) (ctrl.Result, error) {
	if !controllerutil.ContainsFinalizer(s.obj, v1alpha1.RenderedSourceFinalizer) {
		return ctrl.Result{}, nil
	}
	if err := s.owned(ctx); err != nil {
		return ctrl.Result{}, err
	}
	if s.obj.Spec.Kustomizations == nil {
		if err := s.release(ctx); err != nil {
			return ctrl.Result{}, err
		}
		s.chain = nil
	}
	if n := len(s.chain); n > 0 {
		last := &s.chain[n-1]
		text := fmt.Sprintf("deleting wave by wave, the last one first: waiting for Kustomization %s, %d to go", last.Name, n)
		conditions.MarkReconciling(s.obj, meta.ProgressingReason, "%s", text)
		conditions.MarkFalse(s.obj, meta.ReadyCondition, meta.ProgressingReason, "%s", text)
		if err := s.delete(ctx, last); err != nil {
			return ctrl.Result{}, err
		}
		return ctrl.Result{RequeueAfter: s.RequeueDependency}, nil
	}
	if err := s.withdraw(ctx); err != nil {
		return ctrl.Result{}, err
	}
	s.forget(s.key())
	controllerutil.RemoveFinalizer(s.obj, v1alpha1.RenderedSourceFinalizer)
	return ctrl.Result{}, nil
}

// withdraw deletes the ExternalArtifact and its files.
func (s *reconcileScope) withdraw(ctx context.Context) error {
	external := &sourcev1.ExternalArtifact{}
	err := s.Get(ctx, s.key(), external)
	switch {
	case err == nil && s.owns(external):
		if err := s.Delete(ctx, external, client.Preconditions(metav1.Preconditions{UID: &external.UID})); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("deleting ExternalArtifact %s: %w", s.key(), err)
		}
	case client.IgnoreNotFound(err) != nil:
		return fmt.Errorf("reading ExternalArtifact %s: %w", s.key(), err)
	}
	return s.Store.Remove(s.key())
}
