package affected

import (
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/outline"
	"github.com/krowave/krowave/render/schema"
)

// About returns the part of an input that a question about one object needs. The
// question is KIND/NAME, KIND/NAMESPACE/NAME or one of these of an instance with
// a node behind it. An instance is left out when no RGD can make an object of the
// kind and name of it. What cannot be told stays. The answer is false when the
// kind is none that a definition of the input names.
func About(in render.Input, question string, opts render.Options) (render.Input, bool) {
	if len(opts.Instances)+len(opts.Overrides) > 0 { // what they name is looked for among all instances
		return in, false
	}
	word, name, _ := strings.Cut(question, "/")
	word, _, _ = strings.Cut(strings.ToLower(word), ".")
	a := &about{name: name, within: map[string]bool{}, kinds: map[string]bool{}, read: map[string]bool{}}
	for _, list := range [][]manifest.File{in.Files, in.Definitions} {
		for _, f := range list {
			if !a.definitions(f, opts.Documents) {
				return in, false
			}
		}
	}
	for _, r := range a.rgds {
		for _, kind := range append([]k8sschema.GroupVersionKind{r.Kind}, r.Renders...) {
			if called(kind, word) {
				a.within[strings.ToLower(kind.Kind)] = true
			}
		}
	}
	if len(a.within) == 0 {
		return in, false
	}
	a.close()
	f := &finder{opts: opts, read: map[digest]*definitions{}, changed: map[string]bool{}}
	f.old, f.new = &side{}, f.side(in)
	for _, file := range f.new.files {
		onlyDefines := len(file.defines.list) > 0 && file.defines.only
		file.kept = file.role == roleFiles && !onlyDefines && a.needs(file.text)
	}
	f.require()
	left := f.new.left()
	out := in
	out.Files, out.Definitions, out.CRDs = left.Files, left.Definitions, left.CRDs
	return out, true
}

// about is the search for what a question needs.
type about struct {
	name   string // of the object, and what else stands behind its kind
	rgds   []sketch
	within map[string]bool // kinds, in lower case, of which an instance may be meant: whether its name is a part of the object's
	kinds  map[string]bool // the same, all true
	read   map[string]bool // kinds, in lower case, that external references read
}

// sketch is an RGD with its templates.
type sketch struct {
	outline.Definition
	templates []map[string]any
	byID      map[string]map[string]any
}

// definitions reads the RGDs of a file; false when its text may hide one.
func (a *about) definitions(f manifest.File, limits manifest.Limits) bool {
	text := textOf(f)
	if opaque(text) {
		return false
	}
	if !strings.Contains(string(text), object.RGDKind) {
		return true
	}
	docs, _ := f.Read(limits)
	for _, doc := range docs {
		d, ok := outline.Read(doc.Object)
		if !ok || !d.IsRGD {
			continue
		}
		s := sketch{Definition: d, byID: map[string]map[string]any{}}
		for _, item := range object.List(object.Map(doc.Object, "spec"), "resources") {
			resource, _ := item.(map[string]any)
			template := object.Map(resource, "template")
			s.templates, s.byID[object.Text(resource, "id")] = append(s.templates, template), template
		}
		a.rgds = append(a.rgds, s)
	}
	return true
}

// called reports whether a word names a kind as kubectl would.
func called(kind k8sschema.GroupVersionKind, word string) bool {
	plural, singular := meta.UnsafeGuessKindToResource(kind)
	return word == plural.Resource || word == singular.Resource || slices.Contains(schema.ShortNames(kind.GroupKind()), word)
}

// close adds the kinds whose instances render what is asked for, and what these
// read.
func (a *about) close() {
	for again := true; again; {
		again = false
		for _, r := range a.rgds {
			own := strings.ToLower(r.Kind.Kind)
			for _, t := range r.templates {
				part, meant := a.within[strings.ToLower(object.GVK(t).Kind)]
				if !meant {
					continue
				}
				part = part && r.hasOwnName(t, len(r.templates))
				if was, known := a.within[own]; !known || was && !part {
					a.within[own], again = part, true
				}
			}
		}
	}
	for kind := range a.within {
		a.kinds[kind] = true
	}
	for _, r := range a.rgds {
		if _, meant := a.within[strings.ToLower(r.Kind.Kind)]; meant {
			for _, kind := range r.Refers {
				a.read[strings.ToLower(kind.Kind)] = true
			}
		}
	}
}

// nameOf matches the name of the instance, or of another node, in a template.
var nameOf = regexp.MustCompile(`\$\{\s*(\w+)\.metadata\.name\s*(\+\s*"[^"]*"\s*)?\}`)

// hasOwnName reports whether the instance's name is a part of the name that a
// template gives, directly or by the names of other nodes.
func (r sketch) hasOwnName(template map[string]any, steps int) bool {
	return steps >= 0 && slices.ContainsFunc(nameOf.FindAllStringSubmatch(object.Name(template), -1), func(m []string) bool {
		other, ok := r.byID[m[1]]
		return m[1] == "schema" || ok && r.hasOwnName(other, steps-1)
	})
}

// needs reports whether a file may hold an instance that is meant, or what one
// reads.
func (a *about) needs(text []byte) bool {
	if opaque(text) || mentions(text, a.read) {
		return true
	}
	needed := false
	eachMention(text, a.kinds, func(kind string) bool {
		needed = !a.within[kind] || a.names(string(text))
		return !needed
	})
	return needed
}

var (
	nameKey    = regexp.MustCompile(`\bname["']?[ \t]*:[ \t]*([^\r\n]*)`)
	complexKey = regexp.MustCompile(`(?m)^[ \t-]*\?[ \t]`)
)

// names reports whether an object of a text may have a name that is a part of
// the one that is asked for.
func (a *about) names(text string) bool {
	for _, m := range nameKey.FindAllStringSubmatch(text, -1) {
		value, _, _ := strings.Cut(m[1], " #")
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		if end := strings.IndexAny(value, `,}"'`); end >= 0 {
			value = value[:end]
		}
		value = strings.TrimSpace(value)
		if value == "" || strings.ContainsAny(value[:1], ">|*&!{[") || strings.Contains(a.name, value) {
			return true
		}
	}
	return complexKey.MatchString(text)
}
