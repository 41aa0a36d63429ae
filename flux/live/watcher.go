// Package live watches the objects of a cluster that runtime expressions read. It
// takes the needs of a render and returns snapshots of exactly those objects,
// reduced to the fields that are read. It calls back when one of them changes.
//
//	w := live.NewWatcher(ctx, config, mapper, changed, live.Damping{})
//	w.Want(owner, "system:serviceaccount:apps:deployer", need.Of(res))
//	seen := w.Read(owner)
//
// Each object has a watch of its own, by name, so that permissions can be as
// narrow; a list has one by its selector. Owners share watches, if they read as
// the same account. Nothing else is watched, and nothing is written.
package live

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/krowave/krowave/render/need"
)

// Damping says how often an owner may be called. The first change of a calm
// time is told at once; each further one within twice the wait doubles it.
type Damping struct {
	Min, Max time.Duration // default 5 s and 5 min
}

// Watcher watches for any number of owners. It is safe for concurrent use.
type Watcher struct {
	ctx     context.Context
	config  *rest.Config
	mapper  meta.RESTMapper
	changed func(types.NamespacedName)
	damping Damping

	mu      sync.Mutex
	owners  map[types.NamespacedName]*owner
	watches map[target]*watch
	clients map[string]dynamic.Interface // by account
}

// NewWatcher returns a Watcher whose watches end with ctx. changed is told which
// owner has to look again.
func NewWatcher(ctx context.Context, config *rest.Config, mapper meta.RESTMapper, changed func(types.NamespacedName), d Damping) *Watcher {
	if d.Min <= 0 {
		d.Min = 5 * time.Second
	}
	if d.Max < d.Min {
		d.Max = max(d.Min, 5*time.Minute)
	}
	return &Watcher{
		ctx: ctx, config: config, mapper: mapper, changed: changed, damping: d,
		owners: map[types.NamespacedName]*owner{}, watches: map[target]*watch{}, clients: map[string]dynamic.Interface{},
	}
}

// target is what one watch is on.
type target struct {
	account         string
	gvr             schema.GroupVersionResource
	namespace, name string
	selector        string
}

// owner is one who wants objects.
type owner struct {
	account string
	wants   []want
	told    string // digest of the last snapshot that it read

	next  time.Time // not called before
	delay time.Duration
	timer *time.Timer
}

// want is a Need with its watch.
type want struct {
	need.Need
	target target
	watch  *watch // nil when no such kind is served
}

// Want replaces what an owner wants. Objects that it wanted before and nobody
// wants now are watched no longer. account is the user to read as, empty for the
// controller's own.
func (w *Watcher) Want(key types.NamespacedName, account string, wanted []need.Need) error {
	resolved := make([]want, 0, len(wanted))
	for _, x := range wanted {
		t, err := w.target(account, x)
		if err != nil && !meta.IsNoMatchError(err) {
			return err
		}
		resolved = append(resolved, want{Need: x, target: t})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.owners[key]
	if o == nil {
		o = &owner{}
		w.owners[key] = o
	}
	before := o.wants
	o.account, o.wants = account, resolved
	for i := range o.wants {
		if x := &o.wants[i]; x.target.gvr.Resource != "" {
			watch, err := w.start(x.target)
			if err != nil {
				o.wants = before
				return err
			}
			x.watch = watch
			watch.owners[key] = true
		}
	}
	w.drop(key, before, o.wants)
	return nil
}

// target finds the resource of a kind. A kind that is not served has none.
func (w *Watcher) target(account string, x need.Need) (target, error) {
	mapping, err := w.mapper.RESTMapping(x.GVK.GroupKind(), x.GVK.Version)
	if err != nil {
		return target{}, fmt.Errorf("looking up %s: %w", x.GVK, err)
	}
	t := target{account: account, gvr: mapping.Resource, namespace: x.Namespace, name: x.Name}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		t.namespace = ""
	}
	if x.Selector != nil {
		t.selector = x.Selector.String()
	}
	return t, nil
}

// drop takes an owner off the watches that it had and has no more.
func (w *Watcher) drop(key types.NamespacedName, before, now []want) {
	for _, old := range before {
		if old.watch == nil || slices.ContainsFunc(now, func(x want) bool { return x.watch == old.watch }) {
			continue
		}
		delete(old.watch.owners, key)
		if len(old.watch.owners) == 0 {
			old.watch.stop()
			delete(w.watches, old.target)
		}
	}
}

// Forget ends everything for an owner.
func (w *Watcher) Forget(key types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.owners[key]
	if o == nil {
		return
	}
	w.drop(key, o.wants, nil)
	if o.timer != nil {
		o.timer.Stop()
	}
	delete(w.owners, key)
}

// Wait waits until every watch of an owner has an answer, be it a refusal, or
// until ctx ends.
func (w *Watcher) Wait(ctx context.Context, key types.NamespacedName) {
	w.mu.Lock()
	var waits []<-chan struct{}
	if o := w.owners[key]; o != nil {
		for _, x := range o.wants {
			if x.watch != nil {
				waits = append(waits, x.watch.answered)
			}
		}
	}
	w.mu.Unlock()
	for _, answered := range waits {
		select {
		case <-answered:
		case <-ctx.Done():
			return
		}
	}
}

// Watches returns the number of watches.
func (w *Watcher) Watches() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.watches)
}

// client returns a client that acts as an account.
func (w *Watcher) client(account string) (dynamic.Interface, error) {
	if c := w.clients[account]; c != nil {
		return c, nil
	}
	config := rest.CopyConfig(w.config)
	config.QPS = -1 // watches are few requests, and long ones
	if account != "" {
		config.Impersonate = rest.ImpersonationConfig{UserName: account}
	}
	c, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for %s: %w", account, err)
	}
	w.clients[account] = c
	return c, nil
}

// touched is called when a watch has news: owners for whom that makes a
// difference are told, now or when their time has come.
func (w *Watcher) touched(t target) {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.watches[t]
	if x == nil {
		return
	}
	for key := range x.owners {
		if o := w.owners[key]; o != nil && o.timer == nil && w.snapshot(o).Digest != o.told {
			w.schedule(key, o)
		}
	}
}

func (w *Watcher) schedule(key types.NamespacedName, o *owner) {
	now := time.Now()
	switch {
	case now.Before(o.next.Add(2 * o.delay)):
		o.delay = min(max(2*o.delay, w.damping.Min), w.damping.Max)
	default:
		o.delay = w.damping.Min
	}
	wait := max(0, o.next.Sub(now))
	o.next = now.Add(wait + o.delay)
	o.timer = time.AfterFunc(wait, func() {
		w.mu.Lock()
		o.timer = nil
		current := w.owners[key] == o
		w.mu.Unlock()
		if current && w.ctx.Err() == nil {
			w.changed(key)
		}
	})
}
