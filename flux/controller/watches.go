package controller

import (
	"context"
	"fmt"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	"github.com/fluxcd/pkg/runtime/predicates"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	watchsource "sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/flux/source"
)

// Names of indexes in the manager's cache.
const (
	sourceIndex = "sources" // RenderedSource -> Kind/namespace/name of each source
	ownerIndex  = "owner"   // Kustomization -> name of the RenderedSource that owns it
	readsIndex  = "reads"   // Kustomization -> namespace/name of the ExternalArtifact that it reads
)

// Setup lets a manager run the reconciler. changed brings the objects whose live
// values have changed.
func (r *Reconciler) Setup(ctx context.Context, mgr ctrl.Manager, opts controller.Options, changed <-chan event.GenericEvent) error {
	if err := indexes(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	b := ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.RenderedSource{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicates.ReconcileRequestedPredicate{}))).
		Watches(&kustomizev1.Kustomization{}, handler.EnqueueRequestsFromMapFunc(ofKustomization), builder.WithPredicates(progressed())).
		// Someone else's hands on our ExternalArtifacts; a name that becomes free.
		Watches(&sourcev1.ExternalArtifact{}, handler.EnqueueRequestsFromMapFunc(sameName), builder.WithPredicates(tampered())).
		WithOptions(opts)
	for _, kind := range source.Kinds() {
		b = b.Watches(kind, handler.EnqueueRequestsFromMapFunc(r.ofSource(kindOf(kind))), builder.WithPredicates(newRevision()))
	}
	if changed != nil {
		b = b.WatchesRawSource(watchsource.Channel(changed, &handler.EnqueueRequestForObject{}))
	}
	return b.Complete(r)
}

func indexes(ctx context.Context, indexer client.FieldIndexer) error {
	err := indexer.IndexField(ctx, &v1alpha1.RenderedSource{}, sourceIndex, func(obj client.Object) []string {
		o := obj.(*v1alpha1.RenderedSource)
		var out []string
		for _, ref := range o.Spec.References(o.Namespace) {
			out = append(out, fmt.Sprintf("%s/%s/%s", ref.Kind, ref.Namespace, ref.Name))
		}
		return out
	})
	if err != nil {
		return fmt.Errorf("indexing sources: %w", err)
	}
	err = indexer.IndexField(ctx, &kustomizev1.Kustomization{}, ownerIndex, func(obj client.Object) []string {
		if owner := obj.GetAnnotations()[ownerAnnotation]; owner != "" {
			return []string{owner}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("indexing Kustomizations: %w", err)
	}
	err = indexer.IndexField(ctx, &kustomizev1.Kustomization{}, readsIndex, func(obj client.Object) []string {
		if key, ok := reads(obj.(*kustomizev1.Kustomization)); ok {
			return []string{key.String()}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("indexing Kustomizations: %w", err)
	}
	return nil
}

// reads returns the ExternalArtifact that a Kustomization applies.
func reads(k *kustomizev1.Kustomization) (types.NamespacedName, bool) {
	ref := k.Spec.SourceRef
	if ref.Kind != sourcev1.ExternalArtifactKind {
		return types.NamespacedName{}, false
	}
	if ref.Namespace == "" {
		ref.Namespace = k.Namespace
	}
	return types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}, true
}

// ofKustomization finds the RenderedSource that a Kustomization belongs to: an
// ExternalArtifact has the name of the RenderedSource that made it.
func ofKustomization(_ context.Context, obj client.Object) []reconcile.Request {
	if owner := obj.GetAnnotations()[ownerAnnotation]; owner != "" {
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: obj.GetNamespace(), Name: owner}}}
	}
	if key, ok := reads(obj.(*kustomizev1.Kustomization)); ok {
		return []reconcile.Request{{NamespacedName: key}}
	}
	return nil
}

func sameName(_ context.Context, obj client.Object) []reconcile.Request {
	return []reconcile.Request{{NamespacedName: client.ObjectKeyFromObject(obj)}}
}

func (r *Reconciler) ofSource(kind string) handler.MapFunc {
	return func(ctx context.Context, obj client.Object) []reconcile.Request {
		users := &v1alpha1.RenderedSourceList{}
		key := fmt.Sprintf("%s/%s/%s", kind, obj.GetNamespace(), obj.GetName())
		if err := r.List(ctx, users, client.MatchingFields{sourceIndex: key}); err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "listing the users of a source", "source", key)
			return nil
		}
		out := make([]reconcile.Request, 0, len(users.Items))
		for i := range users.Items {
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&users.Items[i])})
		}
		return out
	}
}

func kindOf(obj source.Object) string {
	switch obj.(type) {
	case *sourcev1.GitRepository:
		return sourcev1.GitRepositoryKind
	case *sourcev1.OCIRepository:
		return sourcev1.OCIRepositoryKind
	case *sourcev1.Bucket:
		return sourcev1.BucketKind
	}
	return sourcev1.ExternalArtifactKind
}

// newRevision lets through events that change the input of a render.
func newRevision() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return artifactOf(e.Object) != nil },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, now := artifactOf(e.ObjectOld), artifactOf(e.ObjectNew)
			return now != nil && (before == nil || before.Revision != now.Revision || before.Digest != now.Digest || before.URL != now.URL)
		},
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

func artifactOf(obj client.Object) *meta.Artifact {
	s, ok := obj.(source.Object)
	if !ok {
		return nil
	}
	return s.GetArtifact()
}

// tampered lets through changes of ExternalArtifacts that we do not make
// ourselves, or that would be undone.
func tampered() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() || len(e.ObjectOld.GetOwnerReferences()) != len(e.ObjectNew.GetOwnerReferences())
		},
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// progressed lets through what moves a chain on, and what has to be put right.
func progressed() predicate.Predicate {
	return predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, ok1 := e.ObjectOld.(*kustomizev1.Kustomization)
			now, ok2 := e.ObjectNew.(*kustomizev1.Kustomization)
			if !ok1 || !ok2 {
				return false
			}
			return before.Generation != now.Generation || before.Status.LastAppliedRevision != now.Status.LastAppliedRevision ||
				before.Status.ObservedGeneration != now.Status.ObservedGeneration ||
				readiness(before) != readiness(now) || before.Annotations[ownerAnnotation] != now.Annotations[ownerAnnotation]
		},
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

func readiness(k *kustomizev1.Kustomization) string {
	ready := conditions.Get(k, meta.ReadyCondition)
	if ready == nil {
		return ""
	}
	return string(ready.Status) + ready.Reason
}
