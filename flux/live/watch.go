package live

import (
	"context"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
)

// watch is one watch on one object or one list.
type watch struct {
	informer cache.SharedIndexInformer
	stop     context.CancelFunc
	owners   map[types.NamespacedName]bool // guarded by Watcher.mu
	answered chan struct{}                 // closed with the first answer
	once     sync.Once

	mu  sync.Mutex
	err error // of the last request
}

// start returns the watch on a target, which it starts if there is none.
func (w *Watcher) start(t target) (*watch, error) {
	if x := w.watches[t]; x != nil {
		return x, nil
	}
	client, err := w.client(t.account)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(w.ctx)
	x := &watch{stop: cancel, owners: map[types.NamespacedName]bool{}, answered: make(chan struct{})}
	x.informer = cache.NewSharedIndexInformer(w.listWatch(client, t, x), &unstructured.Unstructured{}, 0, nil)
	quiet := func(context.Context, *cache.Reflector, error) {} // what is wrong is said in the status
	news := func() { w.touched(t) }
	handle, err := x.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { news() }, UpdateFunc: func(any, any) { news() }, DeleteFunc: func(any) { news() },
	})
	if err == nil {
		err = x.informer.SetTransform(lean)
	}
	if err == nil {
		err = x.informer.SetWatchErrorHandlerWithContext(quiet)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	w.watches[t] = x
	go x.informer.RunWithContext(ctx)
	go func() {
		select {
		case <-handle.HasSyncedChecker().Done():
			x.answer()
			news()
		case <-ctx.Done():
		}
	}()
	return x, nil
}

// listWatch makes requests for exactly the target, and keeps what became of the
// last one.
func (w *Watcher) listWatch(client dynamic.Interface, t target, x *watch) cache.ListerWatcher {
	resource := client.Resource(t.gvr).Namespace(t.namespace)
	narrow := func(o *metav1.ListOptions) {
		o.LabelSelector = t.selector
		if t.name != "" {
			o.FieldSelector = "metadata.name=" + t.name
		}
	}
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			narrow(&o)
			list, err := resource.List(ctx, o)
			w.result(t, x, err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error) {
			narrow(&o)
			events, err := resource.Watch(ctx, o)
			w.result(t, x, err)
			return events, err
		},
	}
	return cache.ToListWatcherWithWatchListSemantics(lw, client)
}

// result notes what became of a request. Only what lasts is of interest: no
// permission, and a kind that is gone.
func (w *Watcher) result(t target, x *watch, err error) {
	if err != nil && !apierrors.IsForbidden(err) && !apierrors.IsNotFound(err) {
		return
	}
	x.mu.Lock()
	changed := (x.err == nil) != (err == nil)
	x.err = err
	x.mu.Unlock()
	if err != nil {
		x.answer()
	}
	if changed {
		go w.touched(t) // the caller may hold a lock of the informer
	}
}

func (x *watch) answer() { x.once.Do(func() { close(x.answered) }) }

func (x *watch) problem() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.err
}

// lean drops what no expression reads and much of an object can consist of.
func lean(obj any) (any, error) {
	if u, ok := obj.(*unstructured.Unstructured); ok {
		u.SetManagedFields(nil)
	}
	return obj, nil
}
