package report

import (
	"fmt"
	"slices"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/outline"
)

// Equal findings are shown once when there are several, with some of the places
// of the others.
const (
	fewest     = 3
	mostPlaces = 3
)

// Folded returns findings as people read them: those that say the same of several
// objects once, and those that only follow from another as a line below it.
// Findings that others follow from stand first. -v shows what is folded.
func Folded(list diag.List, source func(file string) []byte) diag.List {
	rest, follows := withoutConsequences(list, source)
	type key struct {
		severity                         diag.Severity
		rule, message, path, hint, about string
	}
	keyOf := func(d diag.Diagnostic) key {
		kind, _, _ := strings.Cut(d.Object, " ")
		return key{d.Severity, d.Rule, d.Message, d.Path, d.Hint, kind}
	}
	times := map[key]int{}
	for _, d := range rest {
		times[keyOf(d)]++
	}
	index := map[key]int{}
	var out diag.List
	more := map[int]diag.List{}
	var causes []diag.List
	for n, d := range rest {
		k := keyOf(d)
		i, ok := index[k]
		if ok && len(follows[n]) == 0 && times[k] >= fewest {
			more[i] = append(more[i], d)
			continue
		}
		if !ok {
			index[k] = len(out)
		}
		out, causes = append(out, d), append(causes, follows[n])
	}
	for i := range out {
		related := slices.Clone(out[i].Related)
		for n, d := range more[i] {
			if n == mostPlaces && len(more[i]) > mostPlaces+1 {
				related = append(related, diag.Related{Position: placeOf(d), Message: fmt.Sprintf("and %d more like it (-v shows all)", len(more[i])-n)})
				break
			}
			text := "the same"
			if d.Object != "" && d.Object != out[i].Object {
				text = "the same for " + d.Object
			}
			related = append(related, diag.Related{Position: placeOf(d), Message: text})
		}
		if list := causes[i]; len(list) > 0 {
			related = append(related, diag.Related{Position: list[0].Pos, Message: consequence(list)})
		}
		out[i].Related = related
	}
	return causesFirst(out, causes)
}

// placeOf is where a finding differs from others like it: at the instance, where
// it is about a line of an RGD.
func placeOf(d diag.Diagnostic) diag.Position {
	if at, ok := d.InstanceAt(); ok {
		return at
	}
	return d.Pos
}

func causesFirst(list diag.List, causes []diag.List) diag.List {
	out := make(diag.List, 0, len(list))
	for _, first := range []bool{true, false} {
		for i, d := range list {
			if (len(causes[i]) > 0) == first {
				out = append(out, d)
			}
		}
	}
	return out
}

// withoutConsequences takes away that nothing defines a kind where a file that
// cannot be read names it, or where its RGD has errors. What follows from a
// finding is listed by its place.
func withoutConsequences(list diag.List, source func(file string) []byte) (rest diag.List, follows map[int]diag.List) {
	follows = map[int]diag.List{}
	f := newCauses(list, source)
	at := map[int]int{} // places in rest
	for n, d := range list {
		if f.of(n) == n {
			at[n] = len(rest)
			rest = append(rest, d)
		}
	}
	for n, d := range list {
		if c := f.of(n); c != n {
			follows[at[c]] = append(follows[at[c]], d)
		}
	}
	return rest, follows
}

// causes finds out what findings follow from, by their places in the list.
type causes struct {
	list           diag.List
	byKind, byName map[string]int // files that name a kind and cannot be read, and RGDs with errors
}

func newCauses(list diag.List, source func(file string) []byte) *causes {
	f := &causes{list, map[string]int{}, map[string]int{}}
	read := map[string]map[string]string{} // each file once
	definedIn := func(file string) map[string]string {
		if _, ok := read[file]; !ok {
			read[file] = kindsOf(file, source)
		}
		return read[file]
	}
	for n, d := range list {
		if d.Severity != diag.Error {
			continue
		}
		if name, ok := strings.CutPrefix(d.Object, object.RGDKind+" "); ok {
			if known, ok := f.byName[d.Object]; !ok || list[known].Missing != "" && d.Missing == "" {
				f.byName[d.Object] = n
			}
			if kind := definedIn(d.Pos.File)[name]; kind != "" && d.Missing == "" {
				if _, known := f.byKind[kind]; !known {
					f.byKind[kind] = n
				}
			}
		}
		if d.Object != "" || source == nil || !strings.HasPrefix(d.Rule, "yaml-") {
			continue
		}
		for _, kind := range outline.NamedKinds(source(d.Pos.File)) {
			if _, known := f.byKind[kind]; !known {
				f.byKind[kind] = n
			}
		}
	}
	return f
}

// kindsOf are the kinds that the RGDs of a file define, by the names of the RGDs.
func kindsOf(file string, source func(file string) []byte) map[string]string {
	out := map[string]string{}
	if source == nil {
		return out
	}
	docs, _ := manifest.File{Name: file, Data: source(file)}.Read(manifest.Limits{})
	for _, doc := range docs {
		if d, ok := outline.Read(doc.Object); ok && d.IsRGD {
			out[d.Name] = d.Kind.Kind
		}
	}
	return out
}

// of is the finding that one follows from in the end, itself where there is none.
func (f *causes) of(n int) int {
	start := n
	for range len(f.list) {
		c, ok := f.next(f.list[n])
		if !ok || c == n {
			return n
		}
		n = c
	}
	return start // they go round
}

func (f *causes) next(d diag.Diagnostic) (int, bool) {
	if d.Because != "" {
		n, ok := f.byName[d.Because]
		return n, ok
	}
	if d.Missing == "" {
		return 0, false
	}
	n, ok := f.byKind[k8sschema.ParseGroupKind(d.Missing).Kind]
	return n, ok && f.list[n].Pos.File != d.Pos.File
}

// consequence counts what could not be looked at.
func consequence(list diag.List) string {
	rgds, others := map[string]bool{}, map[string]bool{}
	more := 0
	for _, d := range list {
		more += max(d.Instances-1, 0)
		if strings.HasPrefix(d.Object, object.RGDKind+" ") {
			rgds[d.Object] = true
		} else {
			others[d.Object] = true
		}
	}
	var parts []string
	if n := len(others) + more; n > 0 {
		parts = append(parts, Counted(n, "instance", "instances"))
	}
	if len(rgds) > 0 {
		parts = append(parts, Counted(len(rgds), "RGD", "RGDs"))
	}
	return strings.Join(parts, " and ") + " could not be checked because of this (-v shows the findings)"
}
