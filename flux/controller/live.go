package controller

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/flux/live"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/need"
	"github.com/krowave/krowave/render/repo"
)

// LiveValues is where live objects come from: a *live.Watcher.
type LiveValues interface {
	Want(owner types.NamespacedName, account string, wanted []need.Need) error
	Wait(ctx context.Context, owner types.NamespacedName)
	Read(owner types.NamespacedName) live.Snapshot
	Forget(owner types.NamespacedName)
}

// liveTimeout is how long a render waits for watches that are new.
const liveTimeout = 10 * time.Second

// seen returns what is known of the live objects now.
func (s *reconcileScope) seen() live.Snapshot {
	if s.Live == nil {
		return live.Snapshot{}
	}
	return s.Live.Read(s.key())
}

// account is the user that live values are read as.
func (s *reconcileScope) account() string {
	name := s.obj.Spec.ServiceAccountName
	if name == "" {
		name = s.DefaultServiceAccount
	}
	if name == "" {
		return ""
	}
	return "system:serviceaccount:" + s.obj.Namespace + ":" + name
}

// withLive adds live objects to the observed ones, which come first and so are
// found first. As long as a list is not known, nothing is added: the engine would
// take the list for an empty one.
func withLive(observed []repo.File, seen live.Snapshot) ([]repo.File, error) {
	if !seen.Complete {
		return observed, nil
	}
	out := append([]repo.File{}, observed...)
	for _, obj := range seen.Objects {
		var text bytes.Buffer
		if err := manifest.EncodeYAML(&text, []map[string]any{obj}); err != nil {
			return nil, fmt.Errorf("encoding a live object: %w", err)
		}
		d := manifest.Document{Object: obj}
		name := path.Join("live", strings.ToLower(d.Kind()), d.Namespace(), d.Name()+".yaml")
		out = append(out, repo.File{Name: name, Data: text.Bytes()})
	}
	return out, nil
}

// settle renders with live values until these are the ones that the render
// wants: what is found first may be what names the next.
func (s *reconcileScope) settle(ctx context.Context, in *input) (*render.Result, live.Snapshot, error) {
	withhold := slices.ContainsFunc(in.units, func(u unit) bool { return u.options.Runtime.LeavesOut() })
	if !withhold || s.Live == nil {
		if s.Live != nil {
			s.Live.Forget(s.key())
		}
		res, err := renderAll(ctx, in.units, live.Snapshot{})
		return res, live.Snapshot{}, err
	}
	if k := s.obj.Spec.Kustomizations; k != nil && (k.KubeConfig != nil || k.TargetNamespace != "") {
		return nil, live.Snapshot{}, newTerminalError(v1alpha1.InvalidSpecReason,
			errors.New("runtime: withhold reads objects in this cluster and in the namespaces of the source: it cannot be combined with kustomizations.kubeConfig or kustomizations.targetNamespace"))
	}
	seen := s.seen()
	var wanted []need.Need
	for range maxRounds {
		res, err := renderAll(ctx, in.units, seen)
		if err != nil {
			return nil, seen, err
		}
		// An error may come from a list that is not known yet, and what is behind
		// it is not asked for then.
		if !res.Diagnostics.HasErrors() {
			wanted = nil
		}
		for _, w := range need.Of(res) {
			if w.Node != "" { // Flux applies no instances, so there is none to read
				wanted = append(wanted, w)
			}
		}
		if err := s.Live.Want(s.key(), s.account(), wanted); err != nil {
			return nil, seen, newRetryError(v1alpha1.WaitingForValuesReason, err)
		}
		waiting, cancel := context.WithTimeout(ctx, liveTimeout)
		s.Live.Wait(waiting, s.key())
		cancel()
		now := s.seen()
		if now.Digest == seen.Digest {
			return res, now, nil
		}
		seen = now
	}
	return nil, seen, newDelayedError(v1alpha1.WaitingForValuesReason,
		fmt.Errorf("live values changed in each of %d renders", maxRounds), s.RequeueDependency)
}

// renderAll renders each project under its own settings, those that withhold
// with live objects.
func renderAll(ctx context.Context, units []unit, seen live.Snapshot) (*render.Result, error) {
	results := make([]*render.Result, len(units))
	for i, u := range units {
		var err error
		if u.options.Runtime.LeavesOut() {
			if u.Observed, err = withLive(u.Observed, seen); err != nil {
				return nil, err
			}
		}
		if results[i], err = render.Render(ctx, u.Input, u.options); err != nil {
			return nil, err
		}
	}
	return render.Merge(results), nil
}

// unservedRetry is how soon kinds are looked up again that were not served: the
// first wave may bring them.
const unservedRetry = 30 * time.Second

// maxRounds is how often values may lead to values within one reconcile.
const maxRounds = 20
