// Package view is what the pages of the preview show. It takes a render and, if
// there is one, the comparison with a base, and answers the questions of the
// pages with values that are encoded as JSON: lists in parts, graphs, manifests,
// changes. Values of Secrets are masked as in a report of krowave diff. It has no
// rule about graphs of its own, opens no file and never writes.
//
//	v := view.New(run, last)
//	v.Instances(view.Query{Text: "shop", Limit: 50})
package view

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// ErrUnknown is returned for an id that nothing has.
var ErrUnknown = errors.New("the render has nothing with this name")

// View is one render to be looked at. It may be used by several goroutines at
// once, and must not be changed.
type View struct {
	run      *load.Run
	findings diag.List

	definitions []*definition
	instances   []*instance
	objects     []*product // in the order of the output
	byID        struct {
		definitions map[string]*definition
		instances   map[string]*instance
		objects     map[string]*product
	}
	overview Overview
}

// made is one part of a render: what its objects are masked and explained by.
type made struct {
	result *render.Result
	masks  *compare.Masks
	unit   load.Unit
}

// definition is an RGD.
type definition struct {
	id      string
	graph   *graph.Graph
	made    *made
	stale   bool
	users   []*instance // whose objects it makes, also chained ones
	objects int
}

// instance is an instance of the input with all that it renders to.
type instance struct {
	id       string
	name     string // idOf(identity)
	identity render.Identity
	top      *render.Instance
	made     *made
	stale    bool // of an earlier render: the file is broken now
	objects  []*product
	pending  int
	errors   diag.List
}

// product is one object of the output.
type product struct {
	id       string
	name     string // idOf(identity)
	identity render.Identity
	from     *render.Object
	made     *made
	instance *instance // nil for an object that was passed through
}

// New returns the view of a render. last is the view before: what it shows of
// files that are broken now stays, marked as old. nil for none.
func New(run *load.Run, last *View) *View {
	v := &View{run: run, findings: report.Folded(run.Result.Diagnostics, run.In.Source)}
	known := map[*render.Instance]*instance{} // of the view before
	if last != nil {
		for _, i := range last.instances {
			known[i.top] = i
		}
	}
	v.objects = make([]*product, 0, len(run.Result.Objects))
	for n, part := range run.Parts {
		v.add(part, &made{result: part, masks: compare.NewMasks(part), unit: run.In.Units[n]}, known)
	}
	broken := map[string]diag.List{}
	for _, d := range run.Result.Diagnostics {
		if d.Severity == diag.Error {
			if at, ok := d.InstanceAt(); ok {
				broken[at.File] = append(broken[at.File], d)
			} else {
				broken[d.Pos.File] = append(broken[d.Pos.File], d)
			}
		}
	}
	if last != nil && run.Result.Diagnostics.HasErrors() {
		v.keep(last)
	}
	for _, i := range v.instances {
		for _, d := range broken[i.identity.Path] {
			if d.Object == "" || d.Object == i.top.Title() {
				i.errors = append(i.errors, d)
			}
		}
	}
	v.name()
	v.overview = v.count()
	return v
}

// add adds what one project renders to. The names of what an instance that is
// known renders to are known, too.
func (v *View) add(res *render.Result, m *made, known map[*render.Instance]*instance) {
	graphs := map[*graph.Graph]*definition{}
	for _, g := range res.Graphs {
		d := &definition{graph: g, made: m}
		graphs[g] = d
		v.definitions = append(v.definitions, d)
	}
	tops := make(map[*render.Instance]*instance, len(res.Instances))
	for _, i := range res.Instances {
		var top *instance
		if i.Parent == nil {
			top = &instance{top: i, made: m}
			if old := known[i]; old != nil {
				top.identity, top.name = old.identity, old.name
				top.objects = make([]*product, 0, len(old.objects))
			} else {
				top.identity = i.Identity()
				top.name = idOf(top.identity)
			}
			tops[i] = top
			v.instances = append(v.instances, top)
		} else {
			top = tops[i.Top()]
		}
		if top == nil {
			continue
		}
		top.pending += len(i.Pending)
		if d := graphs[i.Graph]; d != nil && (len(d.users) == 0 || d.users[len(d.users)-1] != top) {
			d.users = append(d.users, top)
		}
	}
	products := make([]product, len(res.Objects))
	for n := range res.Objects {
		o := &products[n]
		o.from, o.made = &res.Objects[n], m
		owner := o.from.Instance
		if owner == nil {
			owner = o.from.For
		}
		if owner != nil {
			if o.instance = tops[owner.Top()]; o.instance != nil {
				o.named(known[o.instance.top], len(o.instance.objects))
				o.instance.objects = append(o.instance.objects, o)
			}
			if d := graphs[owner.Graph]; d != nil {
				d.objects++
			}
		}
		if o.name == "" {
			o.identity = render.IdentityOf(o.from.Object)
			o.identity.Name = cmp.Or(o.identity.Name, object.Text(object.Metadata(o.from.Object), "generateName"))
			o.name = idOf(o.identity)
		}
		v.objects = append(v.objects, o)
	}
}

// named takes the name of an object from the view before, if it is object n there,
// too.
func (o *product) named(old *instance, n int) {
	if old == nil || n >= len(old.objects) {
		return
	}
	was := old.objects[n]
	if was.from.Instance == o.from.Instance && was.from.For == o.from.For && was.from.Node == o.from.Node && was.from.Index == o.from.Index {
		o.identity, o.name = was.identity, was.name
	}
}

// keep takes over from the view before what is missing because a file that is
// still there has errors.
func (v *View) keep(last *View) {
	have := map[string]bool{}
	for _, i := range v.instances {
		have[i.key()] = true
	}
	for _, d := range v.definitions {
		have[d.key()] = true
	}
	for _, d := range last.definitions {
		if !have[d.key()] && v.isThere(d.graph.RGD.Doc.File) {
			kept := *d
			kept.stale, kept.users = true, nil
			v.definitions = append(v.definitions, &kept)
		}
	}
	for _, i := range last.instances {
		if have[i.key()] || !v.isThere(i.identity.Path) {
			continue
		}
		kept := *i
		kept.stale, kept.errors, kept.objects = true, nil, nil
		for _, o := range i.objects {
			own, from := *o, *o.from // whose render is not needed any more
			own.instance, own.from = &kept, &from
			kept.objects = append(kept.objects, &own)
			v.objects = append(v.objects, &own)
		}
		v.instances = append(v.instances, &kept)
		for _, d := range v.definitions {
			if d.graph.RGD.Name == i.top.Graph.RGD.Name && d.made.unit.Project == i.made.unit.Project {
				d.users = append(d.users, &kept)
			}
		}
	}
}

func (v *View) isThere(file string) bool {
	_, ok := v.run.In.Sources[file]
	return ok || slices.Contains(v.run.In.Unread, file)
}

func (i *instance) key() string { return i.identity.Key().String() + " " + i.identity.Path }

func (d *definition) key() string { return d.graph.RGD.Name + " " + d.graph.RGD.Doc.File }

// name gives everything its id: its name, with its file where several have the
// name, and a number where that does not do either.
func (v *View) name() {
	v.byID.definitions = named(v.definitions, func(d *definition) (string, string) { return d.graph.RGD.Name, d.graph.RGD.Doc.File },
		func(d *definition, id string) { d.id = id })
	v.byID.instances = named(v.instances, func(i *instance) (string, string) { return i.name, i.identity.Path }, func(i *instance, id string) { i.id = id })
	v.byID.objects = named(v.objects, func(o *product) (string, string) {
		switch {
		case o.instance != nil:
			return o.name, o.instance.id
		case o.from.Doc != nil:
			return o.name, o.from.Doc.File
		}
		return o.name, ""
	}, func(o *product, id string) { o.id = id })
}

// named gives each item of a list an id of its name and place, and finds them by
// it.
func named[T any](list []*T, name func(*T) (name, place string), give func(*T, string)) map[string]*T {
	out := make(map[string]*T, len(list))
	var twice map[string]bool // names
	for _, item := range list {
		id, _ := name(item)
		if _, ok := out[id]; ok {
			if twice == nil {
				twice = map[string]bool{}
			}
			twice[id] = true
		}
		out[id] = item
	}
	for id := range twice {
		delete(out, id)
	}
	for _, item := range list {
		id, place := name(item)
		if twice[id] {
			if place != "" {
				id += "@" + place
			}
			id = free(out, id)
			out[id] = item
		}
		give(item, id)
	}
	return out
}

// free is an id that nothing has yet: the given one, or one with a number.
func free[T any](taken map[string]*T, id string) string {
	for n, next := 1, id; ; next = id + "#" + strconv.Itoa(n) {
		if _, ok := taken[next]; !ok {
			return next
		}
		n++
	}
}

// idOf is Kind.group/namespace/name, as kubectl names kinds.
func idOf(id render.Identity) string {
	key := id.Key()
	return key.GroupKind().String() + "/" + id.Namespace + "/" + id.Name
}

// status says in a word how an instance is.
func (i *instance) status() string {
	switch {
	case i.stale:
		return "stale"
	case len(i.errors) > 0:
		return "error"
	case i.pending > 0:
		return "pending"
	}
	return "ok"
}

// kind is Kind.group of an identity.
func kind(id render.Identity) string { return id.Key().GroupKind().String() }

// contains reports whether a text holds every word, whatever the case.
func contains(text string, words []string) bool {
	text = strings.ToLower(text)
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}
