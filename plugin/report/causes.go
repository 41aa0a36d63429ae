package report

import (
	"maps"
	"slices"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/outline"
)

// causes finds out what findings follow from, by their places in the list.
type causes struct {
	list   diag.List
	source func(file string) []byte

	byName   map[string]int // RGDs with errors, by their titles
	byKind   map[string]int // files that name a kind and cannot be read, and RGDs with errors, by the kind in small letters
	unknown  map[string]int // objects that nothing defines, by their kinds
	nameless []int          // RGDs with errors that do not say which kind they define
	settings int            // what is wrong with a krowave.yaml, which names definitions and observed objects; -1 for nothing

	misspelt map[[2]string]int // keys, by the object and the path that is meant

	files map[string][]sketch // what a file defines, each read once
}

// sketch is a document that defines a kind, or was meant to.
type sketch struct {
	line int
	kind string // "" when it does not say
}

func newCauses(list diag.List, source func(file string) []byte) *causes {
	f := &causes{list: list, source: source, byName: map[string]int{}, byKind: map[string]int{}, unknown: map[string]int{}, settings: -1, files: map[string][]sketch{}, misspelt: misspelt(list)}
	for n, d := range list {
		if d.Severity != diag.Error {
			continue
		}
		if strings.HasPrefix(d.Object, object.RGDKind) {
			if known, ok := f.byName[d.Object]; !ok || list[known].Missing != "" && d.Missing == "" {
				f.byName[d.Object] = n
			}
		}
		if kind := k8sschema.ParseGroupKind(d.Missing).Kind; d.Rule == "unknown-instance" {
			if _, known := f.unknown[kind]; !known {
				f.unknown[kind] = n
			}
		}
		switch {
		case isSettings(d.Pos.File):
			if f.settings < 0 {
				f.settings = n
			}
		case d.Object == "" && strings.HasPrefix(d.Rule, "yaml-") && source != nil:
			for _, kind := range outline.NamedKinds(source(d.Pos.File)) {
				f.defines(kind, n)
			}
		case d.Missing == "" || isRGD(d.Missing):
			if s, ok := f.sketchAt(d.Pos); ok && s.kind != "" {
				f.defines(s.kind, n)
			} else if ok {
				f.nameless = append(f.nameless, n)
			}
		}
	}
	return f
}

func isSettings(file string) bool {
	return file == "krowave.yaml" || strings.HasSuffix(file, "/krowave.yaml")
}

// isRGD reports whether what is missing is a kind that was to be an RGD's.
func isRGD(missing string) bool {
	return missing != "" && outline.IsNearlyRGD(k8sschema.ParseGroupKind(missing).Kind)
}

// defines says that a finding is about what would define a kind. The first counts.
func (f *causes) defines(kind string, n int) {
	if _, known := f.byKind[strings.ToLower(kind)]; !known {
		f.byKind[strings.ToLower(kind)] = n
	}
}

// sketchAt is the definition that a position is in.
func (f *causes) sketchAt(at diag.Position) (sketch, bool) {
	if f.source == nil || at.File == "" {
		return sketch{}, false
	}
	all, known := f.files[at.File]
	if !known {
		docs, _ := manifest.File{Name: at.File, Data: f.source(at.File)}.Read(manifest.Limits{})
		for _, doc := range docs {
			s := sketch{line: doc.Start().Line, kind: outline.Kind(doc.Object).Kind}
			if s.kind == "" && !outline.IsNearlyRGD(doc.Kind()) {
				s.line = -s.line // another object, which ends the one before
			}
			all = append(all, s)
		}
		f.files[at.File] = all
	}
	for i := len(all) - 1; i >= 0; i-- {
		if line := all[i].line; max(line, -line) <= at.Line || i == 0 {
			return all[i], line > 0
		}
	}
	return sketch{}, false
}

// of is the finding that one follows from in the end, itself where there is none.
func (f *causes) of(n int) int {
	seen := map[int]bool{}
	for !seen[n] {
		seen[n] = true
		c, ok := f.next(f.list[n])
		if !ok || c == n {
			return n
		}
		n = c
	}
	// They go round: the first of the round stands for it.
	first := n
	for c, _ := f.next(f.list[n]); c != n; c, _ = f.next(f.list[c]) {
		first = min(first, c)
	}
	return first
}

func (f *causes) next(d diag.Diagnostic) (int, bool) {
	if d.Rule == runtimeValue {
		return f.observedAt(d)
	}
	if n, ok := f.misspeltAt(d); ok {
		return n, true
	}
	if d.Because != "" {
		if n, ok := f.byName[d.Because]; ok {
			return n, true
		}
	}
	if d.Missing == "" || isRGD(d.Missing) {
		return 0, false
	}
	if d.Rule == "kustomize-target" {
		n, ok := f.unknown[d.Missing]
		return n, ok
	}
	kind := strings.ToLower(k8sschema.ParseGroupKind(d.Missing).Kind)
	if n, ok := f.byKind[kind]; ok && f.list[n].Pos.File != d.Pos.File {
		return n, true
	}
	for _, n := range f.nameless {
		if f.list[n].Pos.File != d.Pos.File {
			return n, true
		}
	}
	return f.settings, f.settings >= 0
}

// runtimeValue is the rule of nodes that need an object of a cluster.
const runtimeValue = "runtime-value"

// observedAt is the finding because of which an observed object is not there: a
// file of its kind that cannot be read, or a krowave.yaml.
func (f *causes) observedAt(d diag.Diagnostic) (int, bool) {
	for _, kind := range slices.Sorted(maps.Keys(f.byKind)) {
		n := f.byKind[kind]
		if c := f.list[n]; strings.HasPrefix(c.Rule, "yaml-") && c.Object == "" && strings.Contains(strings.ToLower(d.Message), " "+kind+" ") {
			return n, true
		}
	}
	return f.settings, f.settings >= 0
}
