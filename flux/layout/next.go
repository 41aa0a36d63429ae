package layout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// Next returns the plan to publish on the way from the published plan, nil for
// none, to the wanted one, and whether that is the wanted one. settled says that
// the Kustomization of every published wave has applied the published revision.
//
// kustomize-controller deletes what is gone from a Kustomization's directory,
// unless the object's labels say that another Kustomization has applied it
// since. So an object that changes its wave is in both for a step: in the new
// one to be applied, in the old one as a handover, which keeps it in the
// inventory and leaves it alone. Once all waves have applied that step, the
// labels name the new wave and the old one lets go. Until then nobody knows
// whose labels the object has, and every wave that had it keeps it.
//
// An object that kro makes from now on stays for a step, too, protected from
// pruning: kustomize-controller reads that from the object in the cluster. Once
// all waves have applied that step, the object leaves the plan and stays in the
// cluster, where kro takes it over.
//
// A wave that is not wanted any longer is emptied first, and left out only when
// its Kustomization has applied that and so deleted the objects.
func Next(published *Plan, settled bool, wanted *Plan) (next *Plan, done bool, err error) {
	if published == nil {
		return wanted, true, nil
	}
	homes := wanted.homes()
	next, done = &Plan{Waves: slices.Clone(wanted.Waves)}, true
	for i := range published.Waves[:published.needed(len(wanted.Waves), settled)] {
		if i >= len(next.Waves) {
			next.Waves = append(next.Waves, Wave{Name: published.Waves[i].Name, Dir: published.Waves[i].Dir})
			done = false
		}
		entries := slices.Clone(next.Waves[i].Entries)
		for _, e := range published.Waves[i].Entries {
			home, ok := homes[e.ID]
			if !ok && wanted.ToKro[e.ID] {
				protected, before, err := protect(e)
				if err != nil {
					return nil, false, err
				}
				if !before || !settled {
					entries = append(entries, protected)
					done = false
				}
				continue
			}
			if !ok || home.wave == i || settled && e.Handover && published.applies(e.ID, home.wave) {
				continue
			}
			h, err := handover(home.entry)
			if err != nil {
				return nil, false, err
			}
			entries = append(entries, h)
			done = false
		}
		next.Waves[i].Entries = sorted(entries)
	}
	return next, done, nil
}

// home is where a plan applies an object.
type home struct {
	wave  int
	entry Entry
}

func (p *Plan) homes() map[ID]home {
	out := map[ID]home{}
	for i, w := range p.Waves {
		for _, e := range w.Entries {
			if !e.Handover {
				out[e.ID] = home{i, e}
			}
		}
	}
	return out
}

// needed is the number of waves without those at the end that are not wanted
// and known to have nothing left.
func (p *Plan) needed(wanted int, settled bool) int {
	n := len(p.Waves)
	for settled && n > wanted && len(p.Waves[n-1].Entries) == 0 {
		n--
	}
	return n
}

func (p *Plan) applies(id ID, wave int) bool {
	return wave < len(p.Waves) &&
		slices.ContainsFunc(p.Waves[wave].Entries, func(e Entry) bool { return e.ID == id && !e.Handover })
}

// Annotations that kustomize-controller reads from an object.
const (
	ssaAnnotation        = "kustomize.toolkit.fluxcd.io/ssa"
	pruneAnnotation      = "kustomize.toolkit.fluxcd.io/prune"
	substituteAnnotation = "kustomize.toolkit.fluxcd.io/substitute"
)

// handoverDir is the part of a wave's directory for objects that leave it. No
// namespace is called so.
const handoverDir = "_handover/"

// handover is the entry that a wave keeps of an object that another one takes
// over: it is applied only where the object does not exist.
func handover(e Entry) (Entry, error) {
	documents, diags := manifest.Read(e.Path, e.Data, manifest.Limits{})
	if len(diags) > 0 || len(documents) != 1 {
		return Entry{}, fmt.Errorf("%s holds %d objects, want 1", e.Path, len(documents))
	}
	data, err := encode(withAnnotation(documents[0].Object, ssaAnnotation, "IfNotPresent"))
	return Entry{ID: e.ID, Path: handoverDir + strings.TrimPrefix(e.Path, handoverDir), Data: data, Handover: true}, err
}

// protect is the entry of an object that kustomize-controller must not prune,
// and whether the entry was one before.
func protect(e Entry) (protected Entry, before bool, err error) {
	documents, diags := manifest.Read(e.Path, e.Data, manifest.Limits{})
	if len(diags) > 0 || len(documents) != 1 {
		return Entry{}, false, fmt.Errorf("%s holds %d objects, want 1", e.Path, len(documents))
	}
	if object.Annotation(documents[0].Object, pruneAnnotation) == "disabled" {
		return e, true, nil
	}
	e.Data, err = encode(withAnnotation(documents[0].Object, pruneAnnotation, "disabled"))
	return e, false, err
}

func sorted(entries []Entry) []Entry {
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Path, b.Path) })
	return entries
}
