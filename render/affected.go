package render

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/manifest"
)

// Affected is the part of two inputs that may render differently, and the
// instances that were left out since nothing that they read differs.
type Affected struct {
	Old, New  Input
	Unchanged []Identity // each once, in the order of the new input
}

// FindAffected compares two inputs without rendering them. A file is left out of
// both when it has the same name and content on both sides, and holds or names
// no kind whose definition differs, nor one that builds on such a kind; of the
// RGDs and CRDs, those stay that what is left needs. With other observed objects
// every file stays, and when the caller says so, since its options differ.
func FindAffected(old, new Input, opts Options, all bool) Affected {
	a := &affected{opts: opts, all: all || !sameFiles(old.Observed, new.Observed), read: map[[sha256.Size]byte]*definitions{}}
	a.old, a.new = a.side(old), a.side(new)
	a.spread()
	a.keep()
	a.require()
	return Affected{Old: a.old.left(), New: a.new.left(), Unchanged: a.unchanged()}
}

// affected is one FindAffected at work.
type affected struct {
	opts     Options
	all      bool
	old, new *affectedSide
	read     map[[sha256.Size]byte]*definitions // by the digest of a file's content
	changed  map[string]bool                    // kinds, in lower case
	needed   map[string]bool                    // kinds, in lower case
}

// affectedSide is one of the inputs.
type affectedSide struct {
	in    Input
	files []*affectedFile
	kinds map[string][]string // by kind: the digests of what defines it, in order
}

// affectedFile is a file of an input.
type affectedFile struct {
	manifest.File
	role    int  // its list in Input
	same    bool // as on the other side
	kept    bool
	defines *definitions
}

const (
	roleFiles = iota
	roleDefinitions
	roleCRDs
)

func (a *affected) side(in Input) *affectedSide {
	s := &affectedSide{in: in, kinds: map[string][]string{}}
	for role, list := range [][]manifest.File{in.Files, in.Definitions, in.CRDs} {
		for _, f := range list {
			file := &affectedFile{File: f, role: role, defines: a.definitions(f)}
			s.files = append(s.files, file)
			for _, d := range file.defines.list {
				s.kinds[d.kind] = append(s.kinds[d.kind], string(rune('0'+role))+d.digest)
			}
		}
	}
	return s
}

// spread finds the kinds whose definitions differ and those that build on them.
// Kinds are compared without case, as the finding about a misspelt one is.
func (a *affected) spread() {
	a.changed = map[string]bool{}
	for _, pair := range [][2]*affectedSide{{a.old, a.new}, {a.new, a.old}} {
		for kind, digests := range pair[0].kinds {
			if !slices.Equal(digests, pair[1].kinds[kind]) {
				a.changed[kind] = true
			}
		}
	}
	for again := true; again; {
		again = false
		a.eachDefinition(func(d definition) {
			if !a.changed[d.kind] && slices.ContainsFunc(d.uses, func(use string) bool { return a.changed[use] }) {
				a.changed[d.kind], again = true, true
			}
		})
	}
}

func (a *affected) eachDefinition(visit func(definition)) {
	for _, s := range []*affectedSide{a.old, a.new} {
		for _, f := range s.files {
			for _, d := range f.defines.list {
				visit(d)
			}
		}
	}
}

// keep marks the files that differ and those that name a changed kind.
func (a *affected) keep() {
	type place struct {
		role int
		name string
	}
	before := map[place]*affectedFile{}
	for _, f := range a.old.files {
		before[place{f.role, f.Name}] = f
	}
	for _, f := range a.new.files {
		if other := before[place{f.role, f.Name}]; other != nil && bytes.Equal(f.Data, other.Data) {
			f.same, other.same = true, true
		}
	}
	for _, s := range []*affectedSide{a.old, a.new} {
		for _, f := range s.files {
			f.kept = !f.same || f.role == roleFiles && a.affects(f)
		}
	}
}

// affects reports whether a file that is the same on both sides may render to
// something else. Of a file with nothing but definitions, kind by kind is looked
// at.
func (a *affected) affects(f *affectedFile) bool {
	if len(f.defines.list) > 0 && f.defines.only {
		return false
	}
	return a.all || mentions(f.Data, a.changed)
}

// require keeps the definitions that the kept files need, and what those need.
func (a *affected) require() {
	known := map[string]bool{}
	a.eachDefinition(func(d definition) { known[d.kind] = true })
	a.needed = map[string]bool{}
	for kind := range a.changed {
		a.needed[kind] = true
	}
	looked := map[*affectedFile]bool{}
	for again := true; again; {
		again = false
		for _, s := range []*affectedSide{a.old, a.new} {
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
func (a *affected) need(f *affectedFile, known map[string]bool) {
	eachMention(f.Data, known, func(kind string) bool {
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
func (s *affectedSide) left() Input {
	var out [3][]manifest.File
	for _, f := range s.files {
		if f.kept {
			out[f.role] = append(out[f.role], f.File)
		}
	}
	return Input{Files: out[roleFiles], Definitions: out[roleDefinitions], CRDs: out[roleCRDs], Observed: s.in.Observed}
}

// unchanged lists the instances of the files that were left out.
func (a *affected) unchanged() []Identity {
	kinds := map[string]definition{} // by apiVersion and kind
	names := map[string]bool{}
	for _, f := range a.new.files {
		for _, d := range f.defines.list {
			if d.apiVersion != "" {
				kinds[d.apiVersion+" "+d.exact], names[d.kind] = d, true
			}
		}
	}
	var out []Identity
	seen := map[Identity]bool{}
	for _, f := range a.new.files {
		if f.kept || f.role != roleFiles || !mentions(f.Data, names) {
			continue
		}
		for _, id := range identities(f.File, a.opts.Documents) {
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
			if !seen[id] {
				seen[id] = true
				out = append(out, id)
			}
		}
	}
	return out
}

func sameFiles(a, b []manifest.File) bool {
	return (a == nil) == (b == nil) && slices.EqualFunc(a, b, func(a, b manifest.File) bool {
		return a.Name == b.Name && bytes.Equal(a.Data, b.Data)
	})
}

// definitions are the RGDs and CRDs of a file.
type definitions struct {
	list []definition
	only bool // nothing else is in it
}

type definition struct {
	kind   string   // in lower case
	uses   []string // kinds of the resources, in lower case
	digest string   // of the object, wherever it stands

	apiVersion, exact string // of instances of an RGD
	cluster           bool
}

// definitions reads the RGDs and CRDs of a file. What both sides have is read
// once.
func (a *affected) definitions(f manifest.File) *definitions {
	if !bytes.Contains(f.Data, []byte(rgdKind.Kind)) && !bytes.Contains(f.Data, []byte(crdKind.Kind)) && !opaque(f.Data) {
		return &definitions{}
	}
	sum := sha256.Sum256(f.Data)
	if d := a.read[sum]; d != nil {
		return d
	}
	out := &definitions{only: true}
	docs, findings := manifest.Read(f.Name, f.Data, a.opts.Documents)
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

func defined(doc *manifest.Document) (definition, bool) {
	var d definition
	spec, _ := doc.Object["spec"].(map[string]any)
	switch doc.Kind() {
	case crdKind.Kind:
		names, _ := spec["names"].(map[string]any)
		d.kind, _ = names["kind"].(string)
	case rgdKind.Kind:
		schema, _ := spec["schema"].(map[string]any)
		d.exact, _ = schema["kind"].(string)
		d.kind = d.exact
		group, _ := schema["group"].(string)
		version, _ := schema["apiVersion"].(string)
		if group == "" {
			group = rgdKind.Group
		}
		d.apiVersion = group + "/" + version
		d.cluster = schema["scope"] == "Cluster"
		resources, _ := spec["resources"].([]any)
		for _, item := range resources {
			resource, _ := item.(map[string]any)
			for _, key := range []string{"template", "externalRef"} {
				object, _ := resource[key].(map[string]any)
				if kind, _ := object["kind"].(string); kind != "" {
					d.uses = append(d.uses, strings.ToLower(kind))
				}
			}
		}
	default:
		return d, false
	}
	text, err := json.Marshal(doc.Object)
	if err != nil {
		text = []byte(doc.Start().String()) // no JSON, such as NaN: never the same elsewhere
	}
	sum := sha256.Sum256(text)
	d.kind, d.digest = strings.ToLower(d.kind), string(sum[:])
	return d, true
}
