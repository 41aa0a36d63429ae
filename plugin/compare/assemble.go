package compare

import (
	"cmp"
	"maps"
	"slices"

	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
)

// report puts together what was found, everything in its order.
func (c *comparison) report(opts Options) *Report {
	r := &Report{Old: c.old.Label, New: c.new.Label, Dangers: slices.Clone(c.removed), findings: c.findings}
	byTop := map[topKey]*InstanceChange{}
	for _, t := range c.allTops() {
		i := c.instanceChange(t)
		byTop[t.topKey] = i
	}
	for i := range c.pairs {
		p := &c.pairs[i]
		r.Dangers = append(r.Dangers, p.dangers...)
		switch {
		case p.change == nil:
			r.Summary.Unchanged++
		case p.owner == nil:
			r.PassThrough = append(r.PassThrough, *p.change)
		default:
			byTop[p.owner.topKey].Objects = append(byTop[p.owner.topKey].Objects, *p.change)
			if p.change.From != nil { // it is one less there
				if from := byTop[c.old.owners[p.before.Instance].topKey]; from != nil && from.Status == Unchanged {
					from.Status = Changed
				}
			}
		}
	}
	for _, k := range c.editedForKro() {
		if i := byTop[k]; i.Status == Unchanged {
			i.Status = Changed
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(byTop), compareTops) {
		i := byTop[k]
		if i.Status == Unchanged && len(i.Objects) > 0 {
			i.Status = Changed
		}
		sortObjects(i.Objects)
		r.Instances = append(r.Instances, *i)
	}
	rendered := map[render.Identity]bool{}
	for _, i := range r.Instances {
		id := placed(i.Identity)
		rendered[id] = true
		id.Project, id.Path = "", "" // for who does not know the place
		rendered[id] = true
	}
	for _, id := range opts.Unchanged {
		if !rendered[placed(id)] {
			rendered[placed(id)] = true
			r.Instances = append(r.Instances, InstanceChange{Identity: id, Status: Unchanged, Definitions: []string{}})
		}
	}
	slices.SortStableFunc(r.Instances, func(a, b InstanceChange) int {
		return cmp.Or(cmp.Compare(a.Identity.Project, b.Identity.Project), compareKeys(keyOf(a.Identity), keyOf(b.Identity)), cmp.Compare(a.Identity.Path, b.Identity.Path))
	})
	r.name()
	sortObjects(r.PassThrough)
	r.Dangers = append(r.Dangers, c.instanceDangers()...)
	r.Dangers = append(r.Dangers, c.kroDeletes()...)
	r.Dangers = append(r.Dangers, opts.Dangers...)
	r.refused = slices.ContainsFunc(opts.Dangers, func(d Danger) bool { return d.Severity == diag.Error })
	c.definitions(r)
	sortDangers(r.Dangers)
	r.count()
	r.headlines()
	r.groupChanges()
	r.groupDangers()
	return r
}

// placed is an identity whatever its version.
func placed(id render.Identity) render.Identity {
	id.APIVersion = keyOf(id).Group
	return id
}

// allTops lists the instances of both sides, each once.
func (c *comparison) allTops() []*top {
	seen := map[topKey]bool{}
	var out []*top
	for _, t := range slices.Concat(c.new.tops, c.old.tops) {
		if !seen[t.topKey] {
			seen[t.topKey] = true
			out = append(out, t)
		}
	}
	return out
}

// instanceChange is an instance without its objects; whether anything of it
// changed is not known yet.
func (c *comparison) instanceChange(t *top) *InstanceChange {
	was, is := c.old.byKey[t.topKey], c.new.byKey[t.topKey]
	i := &InstanceChange{Identity: t.identity, Status: Unchanged}
	switch {
	case is != nil && len(is.broken) > 0:
		i.Status, i.Diagnostics = Broken, is.broken
	case was == nil:
		i.Status = Added
	case is == nil:
		i.Status = Removed
	case len(was.broken) > 0:
		i.Status = Changed
	}
	if was != nil && is != nil && was.instance != nil && is.instance != nil {
		i.Edited = !field.Equal(was.instance.Doc.Object, is.instance.Doc.Object)
	}
	for n, t := range []*top{is, was} {
		if t == nil || t.instance == nil {
			continue
		}
		from := []*side{c.new, c.old}[n]
		if i.Position == nil {
			at := t.instance.Doc.Start()
			i.Position = &at
		}
		var chained []string
		for _, x := range t.all[1:] {
			chained = append(chained, x.Graph.RGD.Name)
		}
		slices.Sort(chained)
		for _, name := range append([]string{t.instance.Graph.RGD.Name}, chained...) {
			if t.isGraph() && name == t.instance.Graph.RGD.Name {
				continue // which is no RGD
			}
			if !slices.Contains(i.Definitions, name) {
				i.Definitions = append(i.Definitions, name)
			}
		}
		for _, x := range t.all {
			if x.Graph.Native != nil {
				continue
			}
			i.keys = append(i.keys, from.graphKey(x.Graph))
		}
	}
	if i.Position == nil && len(i.Diagnostics) > 0 {
		i.Position = &i.Diagnostics[0].Pos
	}
	if i.Definitions == nil {
		i.Definitions = []string{}
		if g := c.new.graphOf(t.identity.Kind); g != nil {
			i.Definitions, i.keys = []string{g.RGD.Name}, []string{c.new.graphKey(g)}
		}
	}
	return i
}

// sortObjects sorts by wave, then by kind and name; what is of no instance has
// none.
func sortObjects(list []ObjectChange) {
	at := func(o ObjectChange) int {
		switch {
		case o.Wave == nil:
			return 0
		case o.Wave.After != nil:
			return *o.Wave.After
		}
		return *o.Wave.Before
	}
	slices.SortStableFunc(list, func(a, b ObjectChange) int {
		return cmp.Or(cmp.Compare(at(a), at(b)), compareKeys(keyOf(a.Identity), keyOf(b.Identity)))
	})
}

func sortDangers(list []Danger) {
	id := func(i *render.Identity) key {
		if i == nil {
			return key{}
		}
		return keyOf(*i)
	}
	at := func(p *diag.Position) diag.Position {
		if p == nil {
			return diag.Position{}
		}
		return *p
	}
	slices.SortStableFunc(list, func(a, b Danger) int {
		pa, pb := at(a.Position), at(b.Position)
		return cmp.Or(
			cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Node, b.Node),
			cmp.Compare(pa.File, pb.File), cmp.Compare(pa.Line, pb.Line), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message),
			compareKeys(id(a.Instance), id(b.Instance)), compareKeys(id(a.Object), id(b.Object)),
		)
	})
}

// count fills the summary from the lists, so that all formats count alike.
func (r *Report) count() {
	s := &r.Summary
	touched := map[string]bool{}
	for n := range r.Instances {
		i := &r.Instances[n]
		switch i.Status {
		case Added:
			s.Instances.Added++
		case Changed:
			s.Instances.Changed++
		case Removed:
			s.Instances.Removed++
		case Broken:
			s.Instances.Broken++
		default:
			s.Instances.Unchanged++
		}
		s.objects(i.Objects)
		if i.Status != Unchanged && len(i.keys) > 0 {
			touched[i.keys[0]] = true
		}
		for d := range r.Definitions {
			if i.Status != Unchanged && slices.Contains(i.keys, r.Definitions[d].key) {
				r.Definitions[d].Instances++
			}
		}
	}
	before := s.Added + s.Changed + s.Deleted
	s.objects(r.PassThrough)
	s.PassThrough = s.Added + s.Changed + s.Deleted - before
	s.Definitions, s.Dangers = len(touched), len(r.Dangers)
}

func (s *Summary) objects(list []ObjectChange) {
	for i := range list {
		switch list[i].Action {
		case AddObject:
			s.Added++
		case ChangeObject:
			s.Changed++
		case DeleteObject:
			s.Deleted++
		}
		if list[i].moves() {
			s.Moved++
		}
	}
}

// moves reports whether an object stays, in another wave or of another instance.
func (o *ObjectChange) moves() bool {
	switch {
	case o.Action == MoveObject:
		return true
	case o.Action != ChangeObject:
		return false
	case o.From != nil:
		return true
	case o.Wave == nil:
		return false
	}
	return (o.Wave.Before == nil) != (o.Wave.After == nil) || o.Wave.Before != nil && *o.Wave.Before != *o.Wave.After
}
