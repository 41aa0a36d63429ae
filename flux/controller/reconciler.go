// Package controller reconciles RenderedSources. It renders a Flux source and
// publishes the manifests as an ExternalArtifact, with a chain of Kustomizations
// that apply it wave by wave if the object asks for them.
//
//	err := controller.Run(ctx, restConfig, options)
//
// The rules of expansion are render's, those of the layout flux/layout's. What is
// here decides when to render, when to publish and what to say: an incomplete
// render never replaces a complete artifact, and what is wrong with the user's
// files is not tried again until they change.
package controller

import (
	"context"
	"fmt"
	"sync"
	"time"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	helper "github.com/fluxcd/pkg/runtime/controller"
	"github.com/fluxcd/pkg/runtime/jitter"
	"github.com/fluxcd/pkg/runtime/patch"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/flux/artifact"
	"github.com/krowave/krowave/flux/source"
	"github.com/krowave/krowave/render"
	table "github.com/krowave/krowave/render/settings"
)

//go:generate go tool controller-gen rbac:roleName=krowave-controller paths=. output:rbac:dir=../install/manifests
//go:generate go tool controller-gen crd paths=github.com/fluxcd/source-controller/api/v1;github.com/fluxcd/kustomize-controller/api/v1 output:crd:dir=testdata/crds

// +kubebuilder:rbac:groups=krowave.dev,resources=renderedsources,verbs=get;list;watch;update;patch
// +kubebuilder:rbac:groups=krowave.dev,resources=renderedsources/status,verbs=get;update;patch
// +kubebuilder:rbac:groups=krowave.dev,resources=renderedsources/finalizers,verbs=update
// +kubebuilder:rbac:groups=source.toolkit.fluxcd.io,resources=gitrepositories;ocirepositories;buckets,verbs=get;list;watch
// +kubebuilder:rbac:groups=source.toolkit.fluxcd.io,resources=externalartifacts,verbs=get;list;watch;create;update;delete
// +kubebuilder:rbac:groups=source.toolkit.fluxcd.io,resources=externalartifacts/status,verbs=get;update
// +kubebuilder:rbac:groups=kustomize.toolkit.fluxcd.io,resources=kustomizations,verbs=get;list;watch;create;update;patch;delete
// +kubebuilder:rbac:groups="",resources=events,verbs=create;patch
// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,verbs=get;create;update

// Name is the field manager and the reporting controller of events.
const Name = "krowave-controller"

// Reconciler makes one RenderedSource at a time what it says.
type Reconciler struct {
	client.Client
	record.EventRecorder
	helper.Metrics

	Reader   client.Reader // past the cache
	Resolver *source.Resolver
	Fetcher  *source.Fetcher
	Store    *artifact.Store
	Live     LiveValues // nil never reads any
	Cache    *render.Cache
	Settings table.Values // of the operator

	DefaultServiceAccount string
	RequeueDependency     time.Duration

	// Begin is called once, before the first object is looked at.
	Begin func(context.Context) error

	begun sync.Once
	made  sync.Map // types.NamespacedName -> *outcome
}

// Reconcile implements reconcile.Reconciler.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (result ctrl.Result, err error) {
	start := time.Now()
	obj := &v1alpha1.RenderedSource{}
	r.begun.Do(func() { r.begin(ctx) })
	if err := r.Get(ctx, req.NamespacedName, obj); err != nil {
		if apierrors.IsNotFound(err) { // deleted, or in another shard now
			r.forget(req.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	s := &reconcileScope{Reconciler: r, obj: obj, patcher: patch.NewSerialPatcher(obj, &latest{Client: r.Client, past: r.Reader})}
	defer func() {
		result, err = s.conclude(ctx, result, err)
		r.RecordReadiness(ctx, obj)
		r.RecordReconciling(ctx, obj)
		r.RecordStalled(ctx, obj)
		r.RecordSuspend(ctx, obj, obj.Spec.Suspend)
		r.RecordDuration(ctx, obj, start)
	}()
	if !obj.DeletionTimestamp.IsZero() {
		return s.finalize(ctx)
	}
	if obj.Spec.Suspend {
		s.suspended = true
		ctrl.LoggerFrom(ctx).Info("reconciliation is suspended")
		return ctrl.Result{}, nil
	}
	if controllerutil.AddFinalizer(obj, v1alpha1.RenderedSourceFinalizer) {
		if err := s.patch(ctx); err != nil {
			return ctrl.Result{}, err
		}
	}
	return s.reconcile(ctx)
}

// begin does what has to be done once. Going on without it harms nobody.
func (r *Reconciler) begin(ctx context.Context) {
	if r.Begin == nil {
		return
	}
	if err := r.Begin(ctx); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "cleaning up the storage")
	}
}

// forget drops what is kept in memory for an object.
func (r *Reconciler) forget(key types.NamespacedName) {
	r.made.Delete(key)
	if r.Live != nil {
		r.Live.Forget(key)
	}
}

// reconcileScope holds the state of one reconcile.
type reconcileScope struct {
	*Reconciler
	obj       *v1alpha1.RenderedSource
	patcher   *patch.SerialPatcher
	suspended bool

	sources []source.Resolved
	chain   []kustomizev1.Kustomization // that the object owns, in order
}

// reconcile goes from the sources to the Kustomizations.
func (s *reconcileScope) reconcile(ctx context.Context) (ctrl.Result, error) {
	if err := s.validate(); err != nil {
		return ctrl.Result{}, err
	}
	if err := s.resolve(ctx); err != nil {
		return ctrl.Result{}, err
	}
	external, err := s.getOwnedArtifact(ctx)
	if err != nil {
		return ctrl.Result{}, err
	}
	out, err := s.outcome(ctx)
	if err != nil {
		return ctrl.Result{}, err
	}
	if err := s.publish(ctx, external, out); err != nil {
		return ctrl.Result{}, err
	}
	if err := s.kustomizations(ctx, out); err != nil {
		return ctrl.Result{}, err
	}
	if err := s.Store.Collect(ctx, s.obj.Status.Artifact); err != nil {
		s.warn(v1alpha1.PublishFailedReason, "%v", err) // of no matter to anyone but the disk
	}
	s.report(out)
	next := s.interval()
	if len(out.seen.Unserved) > 0 {
		next = min(next, unservedRetry)
	}
	return jitter.JitteredRequeueInterval(ctrl.Result{RequeueAfter: next}), nil
}

// defaultInterval is the interval of the CRD, for objects made before it was there.
const defaultInterval = time.Hour

func (s *reconcileScope) interval() time.Duration {
	if d := s.obj.Spec.Interval.Duration; d > 0 {
		return d
	}
	return defaultInterval
}

func (s *reconcileScope) key() types.NamespacedName { return client.ObjectKeyFromObject(s.obj) }

// progress says that work is under way, in what others see.
func (s *reconcileScope) progress(ctx context.Context, format string, args ...any) error {
	conditions.MarkReconciling(s.obj, meta.ProgressingReason, format, args...)
	if ready := conditions.Get(s.obj, meta.ReadyCondition); ready == nil || ready.ObservedGeneration != s.obj.Generation {
		conditions.MarkUnknown(s.obj, meta.ReadyCondition, meta.ProgressingReason, format, args...)
	}
	return s.patch(ctx)
}

func (s *reconcileScope) patch(ctx context.Context) error {
	opts := []patch.Option{
		patch.WithOwnedConditions{Conditions: ownConditions()}, patch.WithForceOverwriteConditions{}, patch.WithFieldOwner(Name),
	}
	if conditions.IsReady(s.obj) || conditions.IsStalled(s.obj) {
		opts = append(opts, patch.WithStatusObservedGeneration{})
	}
	if err := s.patcher.Patch(ctx, s.obj, opts...); err != nil {
		if !s.obj.DeletionTimestamp.IsZero() {
			err = client.IgnoreNotFound(err)
		}
		if err != nil {
			return fmt.Errorf("updating the status: %w", err)
		}
	}
	return nil
}

func ownConditions() []string {
	return []string{
		meta.ReadyCondition, meta.ReconcilingCondition, meta.StalledCondition,
		v1alpha1.PendingCondition, v1alpha1.ForbiddenCondition, v1alpha1.DegradedCondition,
	}
}
