package controller

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/flux/live"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/need"
	"github.com/krowave/krowave/render/object"
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
func (s *step) seen() live.Snapshot {
	if s.Live == nil {
		return live.Snapshot{}
	}
	return s.Live.Read(s.key())
}

// account is the user that live values are read as.
func (s *step) account() string {
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
func withLive(observed []manifest.File, seen live.Snapshot) []manifest.File {
	if !seen.Complete {
		return observed
	}
	out := append([]manifest.File{}, observed...)
	for _, obj := range seen.Objects {
		name := path.Join("live", strings.ToLower(object.Kind(obj)), object.Namespace(obj), object.Name(obj)+".yaml")
		out = append(out, manifest.File{Name: name, Objects: []map[string]any{obj}})
	}
	return out
}

// settle renders with live values until these are the ones that the render
// wants: what is found first may be what names the next.
func (s *step) settle(ctx context.Context, in *input) (*render.Result, live.Snapshot, error) {
	if in.options.Runtime != render.Withhold || s.Live == nil {
		if s.Live != nil {
			s.Live.Forget(s.key())
		}
		res, err := render.Render(ctx, in.Input, in.options)
		return res, live.Snapshot{}, err
	}
	if k := s.obj.Spec.Kustomizations; k != nil && (k.KubeConfig != nil || k.TargetNamespace != "") {
		return nil, live.Snapshot{}, terminal(v1alpha1.InvalidSpecReason,
			errors.New("runtime: withhold reads the objects where the source has them: it does not go with kustomizations.kubeConfig and kustomizations.targetNamespace"))
	}
	given := in.Input.Observed
	seen := s.seen()
	in.Input.Observed = withLive(given, seen)
	var wanted []need.Need
	res, settled, err := need.Settle(ctx, in.Input, in.options, maxRounds, func(ctx context.Context, res *render.Result) ([]manifest.File, bool, error) {
		// An error may come from a list that is not known yet, and what is behind
		// it is not asked for then.
		if !res.Diagnostics.HasErrors() {
			wanted = nil
		}
		for _, n := range need.Of(res) {
			if n.Node != "" { // Flux applies no instances, so there is none to read
				wanted = append(wanted, n)
			}
		}
		if err := s.Live.Want(s.key(), s.account(), wanted); err != nil {
			return nil, false, failed(v1alpha1.WaitingForValuesReason, err)
		}
		waiting, cancel := context.WithTimeout(ctx, liveTimeout)
		s.Live.Wait(waiting, s.key())
		cancel()
		before := seen.Digest
		seen = s.seen()
		return withLive(given, seen), seen.Digest != before, nil
	})
	switch {
	case err != nil:
		return nil, seen, err
	case !settled:
		return nil, seen, later(v1alpha1.WaitingForValuesReason,
			fmt.Errorf("live values changed in each of %d renders", maxRounds), s.RequeueDependency)
	}
	return res, seen, nil
}

// unservedRetry is how soon kinds are looked up again that were not served: the
// first wave may bring them.
const unservedRetry = 30 * time.Second

// maxRounds is how often values may lead to values within one reconcile.
const maxRounds = 20
