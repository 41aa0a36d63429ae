package layout

import (
	"maps"
	"path"
	"slices"
	"strings"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
)

// Observe completes the published plan, nil for none, by what the Kustomizations
// of its waves have in their inventories, and reports whether all of them have
// applied the published revision: what Next has to know. A wave's Kustomization
// is one whose path is the wave's directory, whoever made it; the list is that of
// all Kustomizations of the artifact. One with another path, such as the root,
// prunes too, so it has to have applied the revision as well. With none of them
// nothing is applied, so there is nothing to wait for.
func Observe(published, wanted *Plan, revision string, list []kustomizev1.Kustomization) (*Plan, bool) {
	out := &Plan{}
	if published != nil {
		out.Waves = slices.Clone(published.Waves)
	}
	applied := map[string]bool{} // by directory: every Kustomization of it has the revision
	others := true               // those of other directories have it
	for _, k := range list {
		dir, current := path.Clean(k.Spec.Path), k.Status.LastAppliedRevision == revision
		i, ok := waveIndex(dir)
		if !ok {
			others = others && current
			continue
		}
		before, seen := applied[dir]
		applied[dir] = current && (before || !seen)
		var known []Entry
		if i < len(out.Waves) {
			known = out.Waves[i].Entries
		}
		more := held(known, published, wanted, k)
		for len(more) > 0 && len(out.Waves) <= i {
			name := waveName(len(out.Waves))
			out.Waves = append(out.Waves, Wave{Name: name, Dir: name})
		}
		if len(more) > 0 {
			out.Waves[i].Entries = sorted(slices.Concat(known, more))
		}
	}
	for _, w := range out.Waves {
		if len(applied) > 0 && !applied[w.Dir] {
			return out, false
		}
	}
	if published == nil && len(out.Waves) == 0 {
		return nil, true
	}
	return out, others
}

// held lists what a Kustomization has in its inventory and is wanted, beyond the
// entries that are known, if it is to change its wave. Where it was applied last
// nobody knows, so it counts as a handover.
func held(known []Entry, published, wanted *Plan, k kustomizev1.Kustomization) []Entry {
	if k.Status.Inventory == nil {
		return nil
	}
	homes, before := wanted.homes(), map[ID]home{}
	if published != nil {
		before = published.homes()
	}
	ids := map[ID]ID{} // in the cluster -> in the plan
	for id, at := range homes {
		if was, ok := before[id]; ok && was.wave == at.wave {
			continue // it stays where it is, and what is published says who keeps it
		}
		inCluster := id
		if k.Spec.TargetNamespace != "" && id.Namespace != "" {
			inCluster.Namespace = k.Spec.TargetNamespace
		}
		ids[inCluster] = id
	}
	has := map[ID]bool{}
	for _, e := range known {
		has[e.ID] = true
	}
	maps.DeleteFunc(ids, func(_, id ID) bool { return has[id] })
	var out []Entry
	for _, ref := range k.Status.Inventory.Entries {
		inCluster := inventoryID(ref.ID)
		if id, ok := ids[inCluster]; ok {
			delete(ids, inCluster)
			out = append(out, Entry{ID: id, Path: handoverDir + id.path(), Handover: true})
		}
	}
	return out
}

// inventoryID reads <namespace>_<name>_<group>_<kind>, with __ for a colon in
// the name.
func inventoryID(text string) ID {
	namespace, rest, _ := strings.Cut(text, "_")
	rest, kind := cutLast(rest)
	name, group := cutLast(rest)
	return ID{Group: group, Kind: kind, Namespace: namespace, Name: strings.ReplaceAll(name, "__", ":")}
}

func cutLast(text string) (before, after string) {
	i := max(strings.LastIndexByte(text, '_'), 0)
	return text[:i], strings.TrimPrefix(text[i:], "_")
}
