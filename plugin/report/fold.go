package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
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
	rest, follows := withoutConsequences(literalsExplained(list), source)
	type key struct {
		severity                         diag.Severity
		rule, message, path, hint, about string
	}
	keyOf := func(d diag.Diagnostic) key {
		kind, _, _ := strings.Cut(d.Object, " ")
		return key{d.Severity, d.Rule, d.Message, d.Path, d.Hint, kind}
	}
	times := map[key]int{}
	spot := map[key]diag.Position{} // where the first one is
	for _, d := range rest {
		k := keyOf(d)
		if times[k]++; times[k] == 1 {
			spot[k] = d.Pos
		}
	}
	index := map[key]int{}
	var out diag.List
	more := map[int]diag.List{}
	var causes []diag.List
	for n, d := range rest {
		k := keyOf(d)
		i, ok := index[k]
		if ok && len(follows[n]) == 0 && (times[k] >= fewest || sameValue(d.Pos, spot[k])) {
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
			if d.Pos.Built != "" && sameValue(d.Pos, out[i].Pos) {
				text = "the same in " + d.Pos.Built
			} else if d.Object != "" && d.Object != out[i].Object {
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

// sameValue reports whether two positions are one value that several
// kustomizations build into objects of their own.
func sameValue(a, b diag.Position) bool {
	return a.Built != b.Built && a.File == b.File && a.Line == b.Line && a.Column == b.Column && a.Line > 0
}

// literalsExplained makes one finding of a text that looks like an expression and
// is none, and an error at the same place, which follows from that.
func literalsExplained(list diag.List) diag.List {
	literals := map[diag.Position]diag.Diagnostic{}
	for _, d := range list {
		if d.Rule == literalExpression {
			literals[d.Pos] = d
		}
	}
	if len(literals) == 0 {
		return list
	}
	explained := map[diag.Position]bool{}
	out := slices.Clone(list)
	for i, d := range out {
		if l, ok := literals[d.Pos]; ok && d.Severity == diag.Error {
			explained[d.Pos] = true
			out[i].Hint = l.Message
			if l.Hint != "" {
				out[i].Hint += "; " + l.Hint
			}
		}
	}
	return slices.DeleteFunc(out, func(d diag.Diagnostic) bool { return d.Rule == literalExpression && explained[d.Pos] })
}

// literalExpression is the rule of texts that look like expressions and are none.
const literalExpression = "literal-expression"

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

// consequence counts what could not be looked at.
func consequence(list diag.List) string {
	rgds, others := map[string]bool{}, map[string]bool{}
	more, absent := 0, 0
	for _, d := range list {
		if _, ok := lacking(d); ok && d.Because == "" {
			absent++
			continue
		}
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
	if len(parts) == 0 {
		return Counted(absent, "value is", "values are") + " missing because of this (-v shows the findings)"
	}
	return strings.Join(parts, " and ") + " could not be checked because of this (-v shows the findings)"
}
