package compare

import (
	"cmp"
	"slices"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/plugin/compare/alike"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
)

// DangerGroup is a danger that several instances or objects share.
type DangerGroup struct {
	Danger // that of the first

	Count int `json:"count"` // dangers that are the same but for names
	// Instances that are in this danger.
	Instances int     `json:"instances,omitempty"`
	By        []Share `json:"by,omitempty"`
	// Consequences are dangers that this one causes.
	Consequences []DangerGroup `json:"consequences,omitempty"`

	of         string // where its instance is, when the name does not tell
	definition string // of its instance, or itself
	who        []render.Identity
}

// groupDangers puts dangers together that say the same, but for names, of the
// same part of an RGD, as those of a thousand instances do, and what follows from
// another below that.
func (r *Report) groupDangers() {
	places := r.placesByInstance()
	definitions := map[render.Identity]string{}
	kinds := map[k8sschema.GroupKind]string{} // an instance that nothing defines is of the RGD of its kind
	for n := range r.Instances {
		i := &r.Instances[n]
		definitions[i.Identity] = i.definition()
		kind := keyOf(i.Identity).GroupKind()
		kinds[kind] = cmp.Or(kinds[kind], i.definition())
	}
	index := map[alike.Digest]int{}
	var list []DangerGroup
	for _, d := range r.Dangers {
		g := DangerGroup{Danger: d, Count: 1}
		g.definition, _, _ = strings.Cut(d.Node, "/")
		if d.Instance != nil {
			g.definition = cmp.Or(definitions[*d.Instance], kinds[keyOf(*d.Instance).GroupKind()], g.definition)
		}
		k := d.digest(g.definition)
		n, ok := index[k]
		if !ok {
			n = len(list)
			index[k] = n
			if i := d.Instance; i != nil && places[keyOf(*i).String()+" "+i.Path] {
				g.of = " (" + diag.Name(i.Path) + ")"
			}
			list = append(list, g)
		} else {
			list[n].Count++
		}
		if d.Instance != nil && !slices.Contains(last(list[n].who), *d.Instance) {
			list[n].who = append(list[n].who, *d.Instance)
		}
	}
	for n := range list {
		g := &list[n]
		g.who = unique(g.who)
		if g.Instances = len(g.who); g.Instances > 1 {
			g.By = shares(g.who)
		}
	}
	r.DangerGroups = causesFirst(list)
}

// last is the end of a list, which its next item often equals.
func last(list []render.Identity) []render.Identity { return list[max(0, len(list)-1):] }

func unique(list []render.Identity) []render.Identity {
	seen := make(map[render.Identity]bool, len(list))
	return slices.DeleteFunc(list, func(id render.Identity) bool {
		known := seen[id]
		seen[id] = true
		return known
	})
}

// digest is the same for dangers that are.
func (d *Danger) digest(definition string) alike.Digest {
	var names []alike.Name
	for what, id := range map[string]*render.Identity{"object": d.Object, "instance": d.Instance} {
		if id != nil {
			names = append(names, alike.Name{Text: id.Name, Stands: what}, alike.Name{Text: id.Namespace, Stands: "namespace of " + what})
		}
	}
	slices.SortFunc(names, func(a, b alike.Name) int { return cmp.Compare(a.Stands, b.Stands) })
	s := alike.NewNames(names...).Script()
	s.Add(int(d.Severity), d.Rule, d.Path, d.Message)
	var raw *alike.Names
	at := raw.Script().Add(d.Node, definition)
	switch {
	case d.Node == "" && d.Instance == nil && d.Object != nil: // of no instance
		at.Add(d.Object.APIVersion, d.Object.Kind)
	case d.Node == "" && d.Instance != nil:
		at.Add(d.Instance.APIVersion, d.Instance.Kind)
	case d.Position != nil:
		at.Add(d.Position.File, d.Position.Line, d.Position.Column)
	}
	sum, where := s.Sum(), at.Sum()
	return raw.Script().Add(string(sum[:]), string(where[:])).Sum()
}

// causesFirst moves dangers below those that cause them. Of one severity, those of
// RGDs stand first, then the larger ones.
func causesFirst(list []DangerGroup) []DangerGroup {
	cause := func(n int) int {
		return slices.IndexFunc(list, func(c DangerGroup) bool { return c.causes(&list[n]) })
	}
	var out []DangerGroup
	at := map[int]int{}
	for n := range list {
		if cause(n) < 0 {
			at[n] = len(out)
			out = append(out, list[n])
		}
	}
	for n := range list {
		if c := cause(n); c >= 0 {
			out[at[c]].Consequences = append(out[at[c]].Consequences, list[n])
		}
	}
	rank := func(d DangerGroup) int {
		if d.Object == nil && d.Instance == nil {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(out, func(a, b DangerGroup) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Count, a.Count))
	})
	return out
}

// causes reports whether another danger would not be without this one: instances
// break on the very field that their RGD changes.
func (d *DangerGroup) causes(other *DangerGroup) bool {
	if d.Object != nil || d.Instance != nil || other.Rule != "instance-broken" || d.definition != other.definition || d.definition == "" {
		return false
	}
	return d.Rule == "definition-removed" || d.Rule == "schema-breaking" && fieldOf(d.Path) == fieldOf(other.Path)
}

// fieldOf is a path without places in lists.
func fieldOf(path string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(path, "[")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		_, path, _ = strings.Cut(rest, "]")
	}
}
