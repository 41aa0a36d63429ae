package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	helper "github.com/fluxcd/pkg/runtime/controller"
	"github.com/fluxcd/pkg/runtime/events"
	"github.com/fluxcd/pkg/runtime/features"
	"github.com/fluxcd/pkg/runtime/leaderelection"
	"github.com/fluxcd/pkg/runtime/logger"
	"github.com/fluxcd/pkg/runtime/metrics"
	"github.com/fluxcd/pkg/runtime/pprof"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/flux/artifact"
	"github.com/krowave/krowave/flux/live"
	"github.com/krowave/krowave/flux/source"
	"github.com/krowave/krowave/render"
)

// Run runs the controller until ctx ends.
func Run(ctx context.Context, c *rest.Config, o Options) error {
	logger.SetLogger(logger.NewLogger(o.Log))
	if err := o.Jitter.SetGlobalJitter(nil); err != nil {
		return fmt.Errorf("--interval-jitter-percentage: %w", err)
	}
	mgr, err := NewManager(ctx, c, &o)
	if err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// Scheme returns a scheme with everything that the controller reads or writes.
func Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	return scheme, errors.Join(clientgoscheme.AddToScheme(scheme), sourcev1.AddToScheme(scheme),
		kustomizev1.AddToScheme(scheme), v1alpha1.AddToScheme(scheme))
}

// NewManager returns a manager with the reconciler and the artifact server.
// What they start in the background ends with ctx.
func NewManager(ctx context.Context, c *rest.Config, o *Options) (ctrl.Manager, error) {
	if err := o.Features.WithLogger(ctrl.Log.WithName("setup")).SupportedFeatures(featureGates()); err != nil {
		return nil, fmt.Errorf("--feature-gates: %w", err)
	}
	c = rest.CopyConfig(c)
	c.QPS, c.Burst = o.Client.QPS, o.Client.Burst
	mo, err := o.manager()
	if err != nil {
		return nil, err
	}
	mgr, err := ctrl.NewManager(c, mo)
	if err != nil {
		return nil, fmt.Errorf("making the manager: %w", err)
	}
	if err := errors.Join(mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("ping", healthz.Ping)); err != nil {
		return nil, err
	}
	if o.TLS.Enabled() {
		address, err := o.Storage.GetAdvertisedAddress()
		if err != nil {
			return nil, fmt.Errorf("--storage-addr: %w", err)
		}
		o.Storage.StorageAdvAddress = "https://" + address
	}
	store, err := artifact.NewStore(&o.Storage)
	if err != nil {
		return nil, err
	}
	if err := mgr.Add(&artifact.Server{Options: &o.Storage, TLS: o.TLS}); err != nil {
		return nil, err
	}
	return mgr, o.reconciler(ctx, mgr, store)
}

// manager yields the manager's options.
func (o *Options) manager() (ctrl.Options, error) {
	scheme, err := Scheme()
	if err != nil {
		return ctrl.Options{}, err
	}
	selector, err := helper.GetWatchSelector(o.Watch)
	if err != nil {
		return ctrl.Options{}, fmt.Errorf("--watch-label-selector: %w", err)
	}
	caches := cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.RenderedSource{}:   {Label: selector},
			&kustomizev1.Kustomization{}: {Transform: withoutInventory},
		},
	}
	if !o.Watch.AllNamespaces {
		caches.DefaultNamespaces = map[string]cache.Config{o.Namespace: {}}
	}
	return ctrl.Options{
		Scheme: scheme, Cache: caches, Logger: ctrl.Log,
		Metrics:                       metricsserver.Options{BindAddress: o.MetricsAddr, ExtraHandlers: pprof.GetHandlers()},
		HealthProbeBindAddress:        o.HealthAddr,
		LeaderElection:                o.Leader.Enable,
		LeaderElectionReleaseOnCancel: o.Leader.ReleaseOnCancel,
		LeaseDuration:                 &o.Leader.LeaseDuration,
		RenewDeadline:                 &o.Leader.RenewDeadline,
		RetryPeriod:                   &o.Leader.RetryPeriod,
		LeaderElectionID:              leaderelection.GenerateID(Name+"-leader-election", o.Watch.LabelSelector),
		LeaderElectionNamespace:       o.Namespace,
		GracefulShutdownTimeout:       new(30 * time.Second),
		Controller: config.Controller{
			RecoverPanic: new(true), MaxConcurrentReconciles: o.Concurrent, SkipNameValidation: new(true),
		},
	}, nil
}

// withoutInventory keeps the lists of what Kustomizations applied out of memory.
func withoutInventory(obj any) (any, error) {
	if k, ok := obj.(*kustomizev1.Kustomization); ok {
		k.ManagedFields, k.Status.Inventory, k.Status.History = nil, nil, nil
	}
	return obj, nil
}

// reconciler adds the reconciler to the manager.
func (o *Options) reconciler(ctx context.Context, mgr ctrl.Manager, store *artifact.Store) error {
	operator, err := o.settings()
	if err != nil {
		return err
	}
	recorder, err := events.NewRecorder(mgr, ctrl.Log.WithName("events"), o.EventsAddr, Name)
	if err != nil {
		return fmt.Errorf("--events-addr: %w", err)
	}
	meters := metrics.NewRecorder()
	for _, c := range meters.Collectors() {
		if err := ctrlmetrics.Registry.Register(c); err != nil && !errors.As(err, &prometheus.AlreadyRegisteredError{}) {
			return fmt.Errorf("registering metrics: %w", err)
		}
	}
	r := &Reconciler{
		Client: mgr.GetClient(), Reader: mgr.GetAPIReader(), EventRecorder: recorder,
		Metrics:  helper.NewMetrics(mgr, meters, v1alpha1.RenderedSourceFinalizer),
		Resolver: &source.Resolver{Client: mgr.GetClient(), NoCrossNamespace: o.ACL.NoCrossNamespaceRefs},
		Fetcher:  source.NewFetcher(archives(operator), o.HTTPRetry, o.CacheBytes/4),
		Store:    store, Cache: render.NewCache(o.CacheBytes * 3 / 4), Settings: operator,
		DefaultServiceAccount: o.DefaultServiceAccount, RequeueDependency: o.RequeueDependency,
		Begin: func(ctx context.Context) error { return o.sweep(ctx, mgr.GetAPIReader(), store) },
	}
	var changed chan event.GenericEvent
	if on, err := features.Enabled(LiveValuesGate); err == nil && on {
		changed = make(chan event.GenericEvent, 1024)
		r.Live = live.NewWatcher(ctx, mgr.GetConfig(), mgr.GetRESTMapper(), func(key types.NamespacedName) {
			select {
			case changed <- event.GenericEvent{Object: &v1alpha1.RenderedSource{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}}:
			case <-ctx.Done():
			}
		}, o.Damping)
	}
	return r.Setup(ctx, mgr, controller.Options{RateLimiter: helper.GetRateLimiter(o.Rates)}, changed)
}

// sweep deletes the files of objects that are gone. Those of other shards may be
// in the same storage, so it is not the cache that is asked.
func (o *Options) sweep(ctx context.Context, reader client.Reader, store *artifact.Store) error {
	all := &metav1.PartialObjectMetadataList{}
	all.SetGroupVersionKind(v1alpha1.GroupVersion().WithKind(v1alpha1.RenderedSourceKind + "List"))
	var opts []client.ListOption
	if !o.Watch.AllNamespaces {
		opts = append(opts, client.InNamespace(o.Namespace))
	}
	if err := reader.List(ctx, all, opts...); err != nil {
		return fmt.Errorf("listing RenderedSources: %w", err)
	}
	there := map[types.NamespacedName]bool{}
	for i := range all.Items {
		there[client.ObjectKeyFromObject(&all.Items[i])] = true
	}
	if err := source.Tidy(); err != nil {
		return err
	}
	return store.Sweep(func(key types.NamespacedName) bool {
		return there[key] || !o.Watch.AllNamespaces && key.Namespace != o.Namespace
	})
}
