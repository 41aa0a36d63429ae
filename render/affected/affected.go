// Package affected finds the part of two inputs that may render differently,
// without rendering them, so that a comparison renders no more than that.
package affected

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/outline"
)

// Inputs are the part of two inputs that may render differently, and the
// instances that were left out since nothing that they read differs.
type Inputs struct {
	Old, New  render.Input
	Unchanged []render.Identity // each once, in the order of the new input
}

// Find compares two inputs without rendering them. A file is left out of
// both when it has the same name and content on both sides, and holds or names
// no kind whose definition differs, nor one that builds on such a kind; of the
// RGDs and CRDs, those stay that what is left needs. With other observed objects
// every file stays, and with objects of kind Graph, which may refer to any other, and when the
// caller says so, since its options differ.
func Find(old, new render.Input, opts render.Options, all bool) Inputs {
	all = all || !sameFiles(old.Observed, new.Observed) || hasGraphs(old) || hasGraphs(new)
	a := &finder{opts: opts, all: all, read: map[digest]*definitions{}}
	a.old, a.new = a.side(old), a.side(new)
	a.spread()
	a.keep()
	a.require()
	return Inputs{Old: a.old.left(), New: a.new.left(), Unchanged: a.unchanged()}
}

// finder is one Find at work.
type finder struct {
	opts     render.Options
	all      bool
	old, new *side
	read     map[digest]*definitions // by that of a file's content
	changed  map[string]bool         // kinds, in lower case
	needed   map[string]bool         // kinds, in lower case
}

type digest = [sha256.Size]byte

// side is one of the inputs.
type side struct {
	in    render.Input
	files []*file
	kinds map[string][]string // by kind: the digests of what defines it, in order
}

// file is a file of an input.
type file struct {
	manifest.File
	text    []byte // of the file, or what the text of its objects would be
	role    int    // its list in Input
	same    bool   // as on the other side
	kept    bool
	defines *definitions
}

const (
	roleFiles = iota
	roleDefinitions
	roleCRDs
)

func (a *finder) side(in render.Input) *side {
	s := &side{in: in, kinds: map[string][]string{}}
	for role, list := range [][]manifest.File{in.Files, in.Definitions, in.CRDs} {
		for _, f := range list {
			next := &file{File: f, text: textOf(f), role: role}
			next.defines = a.definitions(next)
			s.files = append(s.files, next)
			for _, d := range next.defines.list {
				s.kinds[d.kind] = append(s.kinds[d.kind], string(rune('0'+role))+d.digest)
			}
		}
	}
	return s
}

// spread finds the kinds whose definitions differ and those that build on them.
// Kinds are compared without case, as the finding about a misspelt one is.
func (a *finder) spread() {
	a.changed = map[string]bool{}
	for _, pair := range [][2]*side{{a.old, a.new}, {a.new, a.old}} {
		for kind, digests := range pair[0].kinds {
			if !slices.Equal(digests, pair[1].kinds[kind]) {
				a.changed[kind] = true
			}
		}
	}
	for again := true; again; {
		again = false
		a.eachDefinition(func(d defines) {
			if !a.changed[d.kind] && slices.ContainsFunc(d.uses, func(use string) bool { return a.changed[use] }) {
				a.changed[d.kind], again = true, true
			}
		})
	}
}

func (a *finder) eachDefinition(visit func(defines)) {
	for _, s := range []*side{a.old, a.new} {
		for _, f := range s.files {
			for _, d := range f.defines.list {
				visit(d)
			}
		}
	}
}

// keep marks the files that differ and those that name a changed kind.
func (a *finder) keep() {
	type place struct {
		role int
		name string
	}
	before := map[place]*file{}
	for _, f := range a.old.files {
		before[place{f.role, f.Name}] = f
	}
	for _, f := range a.new.files {
		if other := before[place{f.role, f.Name}]; other != nil && bytes.Equal(f.text, other.text) {
			f.same, other.same = true, true
		}
	}
	for _, s := range []*side{a.old, a.new} {
		for _, f := range s.files {
			f.kept = !f.same || f.role == roleFiles && a.affects(f) && !a.unreadable(f)
		}
	}
}

// affects reports whether a file that is the same on both sides may render to
// something else. Of a file with nothing but definitions, kind by kind is looked
// at.
func (a *finder) affects(f *file) bool {
	if len(f.defines.list) > 0 && f.defines.only {
		return false
	}
	return a.all || mentions(f.text, a.changed)
}

// unreadable reports whether a file that is the same on both sides is no YAML:
// what both have in common, errors included, is not looked at.
func (a *finder) unreadable(f *file) bool {
	_, found := f.Read(a.opts.Documents)
	return found.HasErrors()
}

// require keeps the definitions that the kept files need, and what those need.
func (a *finder) require() {
	known := map[string]bool{}
	a.eachDefinition(func(d defines) { known[d.kind] = true })
	a.needed = map[string]bool{}
	for kind := range a.changed {
		a.needed[kind] = true
	}
	looked := map[*file]bool{}
	for again := true; again; {
		again = false
		for _, s := range []*side{a.old, a.new} {
			for _, f := range s.files {
				for _, d := range f.defines.list {
					f.kept = f.kept || a.needed[d.kind]
				}
				if f.kept && !looked[f] {
					looked[f], again = true, true
					a.need(f, known)
				}
			}
		}
	}
}

// need adds the kinds that a kept file names.
func (a *finder) need(f *file, known map[string]bool) {
	eachMention(f.text, known, func(kind string) bool {
		a.needed[kind] = true
		return true
	})
	for _, d := range f.defines.list {
		a.needed[d.kind] = true
		for _, use := range d.uses {
			a.needed[use] = true
		}
	}
}

// left is the input of what is kept.
func (s *side) left() render.Input {
	var out [3][]manifest.File
	for _, f := range s.files {
		if f.kept {
			out[f.role] = append(out[f.role], f.File)
		}
	}
	return render.Input{Project: s.in.Project, Files: out[roleFiles], Definitions: out[roleDefinitions], CRDs: out[roleCRDs], Observed: s.in.Observed}
}

// unchanged lists the instances of the files that were left out.
func (a *finder) unchanged() []render.Identity {
	kinds := map[string]defines{} // by apiVersion and kind
	names := map[string]bool{}
	for _, f := range a.new.files {
		for _, d := range f.defines.list {
			if d.apiVersion != "" {
				kinds[d.apiVersion+" "+d.exact], names[d.kind] = d, true
			}
		}
	}
	var out []render.Identity
	seen := map[render.Identity]bool{}
	for _, f := range a.new.files {
		if f.kept || f.role != roleFiles || !mentions(f.text, names) {
			continue
		}
		for _, id := range identities(f, a.opts.Documents) {
			d, ok := kinds[id.APIVersion+" "+id.Kind]
			if !ok {
				continue
			}
			switch {
			case d.cluster:
				id.Namespace = ""
			case id.Namespace == "":
				id.Namespace = cmp.Or(a.opts.Namespace, "default")
			}
			id.Project, id.Path = a.new.in.Project, f.Name
			if !seen[id] {
				seen[id] = true
				out = append(out, id)
			}
		}
	}
	return out
}

// graphKind matches the kind of an object of kind Graph in YAML or JSON.
var graphKind = regexp.MustCompile(`\bkind["']?[ \t]*:[ \t]*["']?Graph\b`)

// hasGraphs reports whether an input may have an object of kind Graph, or an RGD that makes one.
func hasGraphs(in render.Input) bool {
	return slices.ContainsFunc(slices.Concat(in.Files, in.Definitions), func(f manifest.File) bool { return graphKind.Match(textOf(f)) })
}

func sameFiles(a, b []manifest.File) bool {
	return (a == nil) == (b == nil) && slices.EqualFunc(a, b, func(a, b manifest.File) bool {
		return a.Name == b.Name && bytes.Equal(textOf(a), textOf(b))
	})
}

// definitions are the RGDs and CRDs of a file.
type definitions struct {
	list []defines
	only bool // nothing else is in it
}

type defines struct {
	kind   string   // in lower case
	uses   []string // kinds of the resources, in lower case
	digest string   // of the object, wherever it stands

	apiVersion, exact string // of instances of an RGD
	cluster           bool
}

// definitions reads the RGDs and CRDs of a file. What both sides have is read
// once.
func (a *finder) definitions(f *file) *definitions {
	if !bytes.Contains(f.text, []byte(object.RGDKind)) && !bytes.Contains(f.text, []byte(object.CRDKind)) && !opaque(f.text) {
		return &definitions{}
	}
	sum := sha256.Sum256(f.text)
	if d := a.read[sum]; d != nil {
		return d
	}
	out := &definitions{only: true}
	docs, findings := f.Read(a.opts.Documents)
	for _, doc := range docs {
		if d, ok := defined(doc); ok {
			out.list = append(out.list, d)
		} else {
			out.only = false
		}
	}
	out.only = out.only && len(findings) == 0
	a.read[sum] = out
	return out
}

func defined(doc *manifest.Document) (defines, bool) {
	found, ok := outline.Read(doc.Object)
	if !ok {
		return defines{}, false
	}
	d := defines{kind: strings.ToLower(found.Kind.Kind), cluster: found.ClusterScoped}
	if found.IsRGD {
		d.apiVersion, d.exact = found.Kind.Group+"/"+found.Kind.Version, found.Kind.Kind
	}
	for _, used := range found.Uses() {
		d.uses = append(d.uses, strings.ToLower(used.Kind))
	}
	text, err := json.Marshal(doc.Object)
	if err != nil {
		text = []byte(doc.Start().String()) // no JSON, such as NaN: never the same elsewhere
	}
	sum := sha256.Sum256(text)
	d.digest = string(sum[:])
	return d, true
}

// textOf is the text of a file, or what the text of its objects would be. What
// cannot be encoded is nothing that can be rendered.
func textOf(f manifest.File) []byte {
	text, err := f.Key()
	if err != nil {
		return nil
	}
	return text
}
