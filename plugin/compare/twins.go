package compare

import (
	"path"
	"strings"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/graph"
)

// place is where something of an input stands.
type place struct {
	owner   string // the key of the instance that it belongs to, if that is settled
	project string
	path    string // of the file, or of the kustomization that builds it
}

// pairUp finds for each of some things of the new side that of the old, -1 for
// none. All have one identity. Where several have, those belong together that
// stand in the same place, nearly the same place, or the same project: what is
// left is not the same, since the prod of yesterday is no other cluster's today.
// alone says that a single one on either side is the same wherever it stands.
func pairUp(old, now []place, alone bool) []int {
	out := make([]int, len(now))
	if len(now) == 0 {
		return out
	}
	if len(old) == 1 && len(now) == 1 && alone {
		return out
	}
	for i := range out {
		out[i] = -1
	}
	used := make([]bool, len(old))
	for _, at := range []func(place) string{
		func(p place) string { return p.owner },
		func(p place) string { return p.project + " " + p.path },
		func(p place) string { return p.path },
		func(p place) string { return path.Dir(p.path) },
		func(p place) string { return p.project },
		func(p place) string { return end(p.path) },
	} {
		left := map[string][]int{}
		for j, p := range old {
			if k := at(p); !used[j] && k != "" {
				left[k] = append(left[k], j)
			}
		}
		for i, p := range now {
			if list := left[at(p)]; out[i] < 0 && len(list) > 0 {
				out[i], used[list[0]], left[at(p)] = list[0], true, list[1:]
			}
		}
	}
	return out
}

// end is a file with its directory, which stay when one above them moves.
func end(name string) string { return path.Join(path.Base(path.Dir(name)), path.Base(name)) }

// twins gives each instance of both sides a name that tells it from others of the
// same identity, "" where there are none. It is the same on both sides for what
// is the same instance.
func twins(old, now Side, unchanged []render.Identity) (was, is map[*render.Instance]string) {
	type group struct{ old, new []*render.Instance }
	groups := map[key]*group{}
	var order []key
	collect := func(r *render.Result, to func(*group, *render.Instance)) {
		if r == nil {
			return
		}
		for _, i := range r.Instances {
			if i.Parent != nil {
				continue
			}
			k := keyOf(i.Identity())
			if groups[k] == nil {
				groups[k] = &group{}
				order = append(order, k)
			}
			to(groups[k], i)
		}
	}
	collect(old.Result, func(g *group, i *render.Instance) { g.old = append(g.old, i) })
	collect(now.Result, func(g *group, i *render.Instance) { g.new = append(g.new, i) })
	others := map[key]bool{}
	for _, id := range unchanged {
		others[keyOf(id)] = true
	}
	was, is = map[*render.Instance]string{}, map[*render.Instance]string{}
	for _, k := range order {
		g := groups[k]
		if len(g.old) <= 1 && len(g.new) <= 1 && !others[k] {
			continue
		}
		before, after := instancePlaces(g.old), instancePlaces(g.new)
		for i, j := range pairUp(before, after, !others[k]) {
			is[g.new[i]] = after[i].name()
			if j >= 0 {
				was[g.old[j]] = after[i].name()
			}
		}
		for j, i := range g.old {
			if was[i] == "" {
				was[i] = "gone " + before[j].name()
			}
		}
	}
	return was, is
}

func (p place) name() string { return strings.Join([]string{p.project, p.path}, " ") }

func instancePlaces(list []*render.Instance) []place {
	out := make([]place, len(list))
	for n, i := range list {
		id := i.Identity()
		out[n] = place{project: id.Project, path: id.Path}
	}
	return out
}

// placesOf are the places of objects of a side.
func (s *side) placesOf(list []int) []place {
	out := make([]place, len(list))
	for n, i := range list {
		out[n] = s.placeOf(&s.Result.Objects[i])
	}
	return out
}

func (s *side) placeOf(o *render.Object) place {
	p := place{project: o.Project}
	i := o.Instance
	if i == nil {
		i = o.For
	}
	if t := s.owners[i]; t != nil {
		p.path = t.identity.Path
		if o.Instance != nil {
			p.owner = t.String()
		}
	} else if o.Doc != nil {
		p.path = o.Doc.File
	}
	return p
}

// definition names an RGD where it stands.
type definition struct{ name, file string }

func definitionOf(g *graph.Graph) definition { return definition{g.RGD.Name, g.RGD.Doc.File} }

// definitionKeys gives each RGD of both sides a key that is the same on both for
// what is the same RGD: its name, with its file where several have one name.
func definitionKeys(old, now Side) (was, is map[definition]string) {
	type group struct{ old, new []place }
	groups := map[string]*group{}
	var order []string
	collect := func(r *render.Result, to func(*group, place)) {
		seen := map[definition]bool{}
		if r == nil {
			return
		}
		for _, g := range r.Graphs {
			d := definitionOf(g)
			if seen[d] {
				continue
			}
			seen[d] = true
			if groups[d.name] == nil {
				groups[d.name] = &group{}
				order = append(order, d.name)
			}
			to(groups[d.name], place{path: d.file})
		}
	}
	collect(old.Result, func(g *group, p place) { g.old = append(g.old, p) })
	collect(now.Result, func(g *group, p place) { g.new = append(g.new, p) })
	was, is = map[definition]string{}, map[definition]string{}
	for _, name := range order {
		g := groups[name]
		key := func(string) string { return name }
		if len(g.old) > 1 || len(g.new) > 1 {
			key = func(file string) string { return name + " " + file }
		}
		for _, p := range g.old {
			was[definition{name, p.path}] = key(p.path)
		}
		for i, j := range pairUp(g.old, g.new, true) {
			is[definition{name, g.new[i].path}] = key(g.new[i].path)
			if j >= 0 {
				was[definition{name, g.old[j].path}] = key(g.new[i].path)
			}
		}
	}
	return was, is
}
