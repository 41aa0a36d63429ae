package compare

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// key tells objects of a side apart, whatever their version.
type key = object.Key

func keyOf(id render.Identity) key { return id.Key() }

// topKey tells instances of a side apart. twin is "" unless there are several of
// one identity.
type topKey struct {
	key
	twin string
}

func (k topKey) String() string {
	if k.twin == "" {
		return k.key.String()
	}
	return k.key.String() + " " + k.twin
}

func identityOf(obj map[string]any) render.Identity {
	id := render.IdentityOf(obj)
	id.Name = cmp.Or(id.Name, object.Text(object.Metadata(obj), "generateName"))
	return id
}

// side is one render, with what comparing looks up in it.
type side struct {
	Side
	tops   []*top // instances of the input, those that could not be rendered last
	byKey  map[topKey]*top
	places map[*render.Instance]string // where an instance stands in a chain
	chain  map[string]*render.Instance // by place
	owners map[*render.Instance]*top
	graphs map[string]*graph.Graph // by key of the RGD: its name, with its file where several have it
	keys   map[definition]string
	has    map[key]bool          // objects that are printed
	names  func() map[string]int // files of objects: how many are called so
	byKro  func() map[key]bool   // objects that kro makes of Graphs, as far as Git knows
}

// top is an instance of the input.
type top struct {
	topKey
	identity render.Identity
	instance *render.Instance   // nil when nothing could be made of it
	all      []*render.Instance // and those chained into it
	broken   diag.List          // errors; empty when it is fine
}

// isGraph reports whether it is an object of kind Graph.
func (t *top) isGraph() bool { return t.instance != nil && t.instance.Graph.Native != nil }

func newSide(in Side, twins map[*render.Instance]string, keys map[definition]string) *side {
	s := &side{
		Side: in, byKey: map[topKey]*top{}, places: map[*render.Instance]string{}, chain: map[string]*render.Instance{},
		owners: map[*render.Instance]*top{}, graphs: map[string]*graph.Graph{}, keys: keys,
	}
	if s.Result == nil {
		s.Result = &render.Result{}
	}
	s.Unread = slices.Clone(s.Unread)
	for _, d := range s.Result.Diagnostics {
		if d.Severity == diag.Error && d.Object == "" && (strings.HasPrefix(d.Rule, "yaml-") || strings.HasPrefix(d.Rule, "limit-")) {
			s.Unread = append(s.Unread, d.Pos.File)
		}
	}
	for _, g := range s.Result.Graphs {
		s.graphs[s.graphKey(g)] = g
	}
	for _, i := range s.Result.Instances { // parents come before what is chained into them
		id := i.Identity()
		if i.Parent == nil {
			s.addTop(i, id, twins[i])
			continue
		}
		t := s.owners[i.Parent]
		if t == nil {
			continue
		}
		t.all = append(t.all, i)
		s.owners[i] = t
		s.place(i, s.places[i.Parent]+" "+i.Node+" "+keyOf(id).String())
	}
	s.has = make(map[key]bool, len(s.Result.Objects))
	for i := range s.Result.Objects {
		s.has[keyOf(identityOf(s.Result.Objects[i].Object))] = true
	}
	s.byKro = sync.OnceValue(s.madeByKro)
	s.names = sync.OnceValue(func() map[string]int { // only what differs needs them
		names := make(map[string]int, len(s.Result.Objects))
		for _, o := range s.Result.Objects {
			names[FileName(o.Object, false)]++
		}
		return names
	})
	return s
}

func (s *side) graphKey(g *graph.Graph) string { return cmp.Or(s.keys[definitionOf(g)], g.RGD.Name) }

func (s *side) addTop(i *render.Instance, id render.Identity, twin string) {
	t := &top{topKey: topKey{keyOf(id), twin}, identity: id, instance: i, all: []*render.Instance{i}}
	s.tops = append(s.tops, t)
	s.owners[i] = t
	if s.byKey[t.topKey] == nil {
		s.byKey[t.topKey] = t
	}
	s.place(i, t.String())
}

// ownerOf is the instance that an object is reported under: of a residual
// instance, the one that it is the rest of.
func (s *side) ownerOf(o *render.Object) *top {
	if o.For != nil && !object.IsRGDKind(object.GVK(o.Object)) {
		return s.owners[o.For]
	}
	return s.owners[o.Instance]
}

func (s *side) place(i *render.Instance, at string) {
	s.places[i] = at
	if s.chain[at] == nil {
		s.chain[at] = i
	}
}

// findBroken attributes errors to instances. An instance that has none of its
// own on this side, but is on the other, may be missing since its RGD is broken.
func (s *side) findBroken(other *side) {
	errors := s.Result.Diagnostics.Errors()
	if len(errors) == 0 {
		return
	}
	titles := map[string][]*top{}
	for _, t := range s.tops {
		for _, i := range t.all {
			titles[i.Title()] = append(titles[i.Title()], t)
		}
		if title := t.instance.Doc.Title(); title != t.instance.Title() {
			titles[title] = append(titles[title], t)
		}
	}
	missing := s.missing(other)
	for title, t := range missing {
		titles[title] = append(titles[title], t...)
	}
	for _, d := range errors {
		for _, t := range s.concerned(d, titles) {
			t.broken = append(t.broken, d)
		}
	}
	for _, t := range uniqueTops(missing) {
		if len(t.broken) == 0 {
			t.broken = s.ofDefinition(t, other, errors)
		}
		if len(t.broken) > 0 && s.byKey[t.topKey] == nil {
			s.byKey[t.topKey] = t
			s.tops = append(s.tops, t)
		}
	}
}

// missing are instances that only the other side has, and those that only
// findings of this side name, by title.
func (s *side) missing(other *side) map[string][]*top {
	out := map[string][]*top{}
	known := map[string]bool{}
	for _, t := range other.tops {
		if t.instance == nil || s.byKey[t.topKey] != nil {
			continue
		}
		m := &top{topKey: t.topKey, identity: t.identity}
		for _, title := range []string{t.instance.Title(), t.instance.Doc.Title()} {
			if !slices.Contains(out[title], m) {
				out[title] = append(out[title], m)
			}
			known[title] = true
		}
	}
	for _, t := range s.tops {
		known[t.instance.Title()], known[t.instance.Doc.Title()] = true, true
	}
	for _, d := range s.Result.Diagnostics {
		kind, name, _ := strings.Cut(d.Object, " ")
		g := s.graphOf(kind)
		if d.Severity != diag.Error || known[d.Object] || g == nil || name == "" {
			continue
		}
		known[d.Object] = true
		id := render.Identity{APIVersion: g.RGD.GVK.GroupVersion().String(), Kind: kind, Name: name}
		if ns, rest, ok := strings.Cut(name, "/"); ok {
			id.Namespace, id.Name = ns, rest
		}
		out[d.Object] = append(out[d.Object], &top{topKey: topKey{key: keyOf(id)}, identity: id})
	}
	return out
}

func (s *side) graphOf(kind string) *graph.Graph {
	for _, g := range s.Result.Graphs {
		if g.RGD.GVK.Kind == kind {
			return g
		}
	}
	return nil
}

// concerned returns the instances that a finding is about.
func (s *side) concerned(d diag.Diagnostic, titles map[string][]*top) []*top {
	if d.Object != "" {
		return uniqueTops(map[string][]*top{"": near(titles[d.Object], d)})
	}
	if strings.HasPrefix(d.Rule, "yaml-") {
		return nil // about a text that gave no object
	}
	var last *top // the last one of the file that begins before the finding
	var line int
	for _, t := range s.tops {
		if t.instance == nil {
			continue
		}
		at := t.instance.Doc.Start()
		if at.File == d.Pos.File && at.Built == d.Pos.Built && at.Line <= d.Pos.Line && at.Line > line {
			last, line = t, at.Line
		}
	}
	if last == nil {
		return nil
	}
	return []*top{last}
}

// near returns those of several instances of one name that a finding is about:
// where it is in the file of one, or of its RGD, only that.
func near(list []*top, d diag.Diagnostic) []*top {
	if len(list) < 2 {
		return list
	}
	files := map[string]bool{d.Pos.File: true, d.Pos.Built: true}
	for _, r := range d.Related {
		files[r.Position.File], files[r.Position.Built] = true, true
	}
	own := func(t *top) bool { return files[t.identity.Path] }
	rgd := func(t *top) bool { return t.instance != nil && files[t.instance.Graph.RGD.Doc.File] }
	for _, is := range []func(*top) bool{own, rgd} {
		if slices.ContainsFunc(list, is) {
			return slices.DeleteFunc(slices.Clone(list), func(t *top) bool { return !is(t) })
		}
	}
	return list
}

// ofDefinition returns the errors of what an instance of the other side is made
// from, when this side has not got it: its RGD, or the files of both.
func (s *side) ofDefinition(t *top, other *side, errors diag.List) diag.List {
	there := other.byKey[t.topKey]
	if there == nil || there.instance == nil {
		return nil
	}
	var out diag.List
	rgd := there.instance.Graph.RGD
	defined := s.graphs[other.graphKey(there.instance.Graph)] != nil
	for _, d := range errors {
		switch {
		case !defined && d.Object == definitionTitle(rgd.Name),
			!defined && d.Object == "" && d.Pos.File == rgd.Doc.File,
			d.Object == "" && d.Pos.File == there.instance.Doc.File:
			out = append(out, d)
		}
	}
	return out
}

func definitionTitle(name string) string { return "ResourceGraphDefinition " + name }

// uniqueTops lists each once, sorted.
func uniqueTops(m map[string][]*top) []*top {
	seen := map[*top]bool{}
	var out []*top
	for _, list := range m {
		for _, t := range list {
			if !seen[t] {
				seen[t] = true
				out = append(out, t)
			}
		}
	}
	slices.SortFunc(out, func(a, b *top) int { return compareTops(a.topKey, b.topKey) })
	return out
}

// compareKeys sorts by kind, namespace and name, as people look for things.
func compareKeys(a, b key) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Group, b.Group))
}

func compareTops(a, b topKey) int {
	return cmp.Or(compareKeys(a.key, b.key), cmp.Compare(a.twin, b.twin))
}
