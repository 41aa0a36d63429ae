package render

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// NextRule is the rule of findings about the version of Options.WarnNext.
const NextRule = graph.NextRule

// warnsOfNext reports whether there is another version to compare with.
func (o Options) warnsOfNext() bool {
	return o.WarnNext != "" && compat.Of(o.WarnNext) != compat.Of(o.KroVersion)
}

// warnOfNext renders the input for Options.WarnNext as well, and adds to the
// findings what is refused or rendered otherwise then. What the compiler knows to
// change its meaning is among the findings already.
func (r *Result) warnOfNext(ctx context.Context, in Input, opts Options) error {
	other := opts
	other.KroVersion, other.WarnNext = opts.WarnNext, ""
	then, err := pipeline(ctx, in, other)
	if err != nil {
		return fmt.Errorf("for kro %s: %w", opts.WarnNext, err)
	}
	n := &next{
		now: "kro " + string(cmp.Or(opts.KroVersion, compat.Default)), then: "kro " + string(opts.WarnNext),
		known: map[fileAndPath]string{}, numbers: map[string]map[string]bool{}, refused: map[string]bool{},
	}
	n.learn(r.Diagnostics)
	n.verdicts(r.Diagnostics, then.Diagnostics)
	n.instances(r.Instances, then.Instances)
	r.Diagnostics, r.Lifted = append(r.Diagnostics, n.found...), n.lifted
	return nil
}

// next compares a render with one for another version.
type next struct {
	now, then string // versions, as findings name them

	known   map[fileAndPath]string     // numbers of the compiler's findings
	numbers map[string]map[string]bool // the same by RGD and by file
	refused map[string]bool            // objects with an error in one version only
	found   diag.List
	lifted  diag.List // errors that only the version of the render has
}

// fileAndPath is a field of an RGD, whatever the RGD.
type fileAndPath struct{ file, object, path string }

func (n *next) learn(list diag.List) {
	for _, d := range list {
		if d.Rule != NextRule {
			continue
		}
		n.known[fileAndPath{d.Pos.File, d.Object, d.Path}] = d.Difference
		for _, of := range []string{d.Object, d.Pos.File} {
			if n.numbers[of] == nil {
				n.numbers[of] = map[string]bool{}
			}
			n.numbers[of][d.Difference] = true
		}
	}
}

// number is that of the difference at a field of an RGD: the one that the compiler
// found there, else the only one that it found in the RGD or its file; empty if that tells nothing.
func (n *next) number(rgd, file, path string) string {
	if number := n.known[fileAndPath{file, rgd, path}]; number != "" {
		return number
	}
	for _, of := range []string{rgd, file} {
		if all := n.numbers[of]; len(all) == 1 {
			for number := range all {
				return number
			}
		}
	}
	return ""
}

// findingKey tells findings of two renders apart.
type findingKey struct {
	diag.Position
	rule, object string
}

func keyOf(d diag.Diagnostic) findingKey { return findingKey{d.Pos, d.Rule, d.Object} }

// verdicts reports errors that only one of the versions has.
func (n *next) verdicts(now, then diag.List) {
	one, other := map[findingKey]bool{}, map[findingKey]bool{}
	for _, d := range now {
		one[keyOf(d)] = one[keyOf(d)] || d.Severity == diag.Error
	}
	for _, d := range then {
		other[keyOf(d)] = other[keyOf(d)] || d.Severity == diag.Error
	}
	for _, d := range then {
		if d.Severity == diag.Error && !one[keyOf(d)] && !n.said(d) {
			n.verdict(d, n.then+" refuses this: ", d.Hint)
		}
	}
	for _, d := range now {
		if d.Severity == diag.Error && !other[keyOf(d)] && !n.said(d) {
			n.verdict(d, n.then+" takes what "+n.now+" refuses: ", d.Hint)
		}
		if d.Severity == diag.Error && !other[keyOf(d)] {
			n.lifted.Add(d)
		}
	}
}

// said reports whether the compiler's finding about the same field of the RGD says it.
func (n *next) said(d diag.Diagnostic) bool {
	return n.known[fileAndPath{d.Pos.File, d.Object, d.Path}] != ""
}

func (n *next) verdict(d diag.Diagnostic, prefix, hint string) {
	d.Severity, d.Rule, d.Message, d.Hint = diag.Warning, NextRule, prefix+d.Message, hint
	d.Missing, d.Because = "", ""
	for k, number := range n.known { // the finding may be about an instance, in a line of its RGD
		if k.file == d.Pos.File && k.path == d.Path && number > d.Difference {
			d.Difference = number
		}
	}
	d.Difference = cmp.Or(d.Difference, n.number(d.Object, d.Pos.File, d.Path))
	n.found.Add(d)
	n.refused[d.Object] = true
}

// instances compares what each instance of the input renders to.
func (n *next) instances(now, then []*Instance) {
	byPlace := map[string]*Instance{}
	place := func(i *Instance) string { return fmt.Sprintf("%s#%d", i.Doc.File, i.Doc.Index) }
	for _, i := range then {
		if i.Doc != nil {
			byPlace[place(i)] = i
		}
	}
	seen := map[string]bool{}
	for _, i := range now {
		if i.Doc == nil {
			continue
		}
		seen[place(i)] = true
		if other := byPlace[place(i)]; other != nil {
			n.instance(i, other)
		} else {
			n.whole(i, n.then+" does not render this instance: it refuses it or its ResourceGraphDefinition")
		}
	}
	for _, i := range then {
		if i.Doc != nil && !seen[place(i)] {
			n.whole(i, n.then+" renders this instance, and "+n.now+" does not")
		}
	}
}

func (n *next) whole(i *Instance, message string) {
	n.found.Add(diag.Diagnostic{
		Severity: diag.Warning, Rule: NextRule, Pos: i.Doc.Start(), Object: i.Title(), Message: message,
		Difference: n.number(i.Graph.RGD.Doc.Title(), "", ""), Because: i.Graph.RGD.Doc.Title(),
	})
}

// item is one object of a node.
type item struct {
	node  string
	index int
}

// instance compares the objects of an instance, and of those chained into it.
func (n *next) instance(now, then *Instance) {
	at := map[item]int{}
	for k, o := range then.Objects {
		at[item{o.Node.ID, o.Index}] = k
	}
	for k, o := range now.Objects {
		other, ok := at[item{o.Node.ID, o.Index}]
		if !ok {
			n.missing(now, o.Node, n.then+" does not render "+object.KeyOf(o.Object).Title())
			continue
		}
		delete(at, item{o.Node.ID, o.Index})
		n.object(now, o, then.Objects[other].Object)
		if a, b := now.Inner(k), then.Inner(other); a != nil && b != nil {
			n.instance(a, b)
		}
	}
	for _, k := range slices.Sorted(maps.Values(at)) {
		o := then.Objects[k]
		n.missing(now, o.Node, n.then+" renders "+object.KeyOf(o.Object).Title()+", and "+n.now+" does not")
	}
}

// missing reports an object that only one version renders, unless an error says why.
func (n *next) missing(i *Instance, node *graph.Node, message string) {
	if n.refused[i.Title()] {
		return
	}
	at := node.At
	n.add(i, i.Graph.RGD.Doc.Position(at.With("id")), at, message, false)
}

// object reports each expression of a template whose value is not the same.
func (n *next) object(i *Instance, o expand.Object, then map[string]any) {
	if reflect.DeepEqual(o.Object, then) {
		return
	}
	said := false
	for _, f := range o.Node.Fields {
		if f.Steps == nil {
			continue
		}
		a, inNow := f.Steps.In(o.Object)
		b, inThen := f.Steps.In(then)
		if inNow == inThen && reflect.DeepEqual(a, b) {
			continue
		}
		message := fmt.Sprintf("%s renders %s of %s differently from %s", n.then, f.Path, object.KeyOf(o.Object).Title(), n.now)
		if inNow && !inThen {
			message = fmt.Sprintf("%s leaves out %s of %s", n.then, f.Path, object.KeyOf(o.Object).Title())
		}
		n.add(i, i.Graph.RGD.Doc.Within(f.Expr.Path, f.Expr.Offset(0)), f.Expr.Path, message, f.Expr.Sensitive)
		said = true
	}
	if !said { // in a text that is an expression in one version only
		at := firstOther(o.Object, then, nil)
		path := o.Node.At.With("template").With(at...)
		n.add(i, i.Graph.RGD.Doc.Position(path), path, fmt.Sprintf("%s renders %s of %s differently from %s", n.then, at, object.KeyOf(o.Object).Title(), n.now), false)
	}
}

func (n *next) add(i *Instance, pos diag.Position, path diag.Path, message string, sensitive bool) {
	d := diag.Diagnostic{
		Severity: diag.Warning, Rule: NextRule, Pos: pos, Path: path.String(), Object: i.Title(), Message: message,
		Difference: n.number(i.Graph.RGD.Doc.Title(), pos.File, path.String()), Sensitive: sensitive,
	}
	if doc := i.Top().Doc; doc != nil {
		d.Related = []diag.Related{{Position: doc.Start(), Message: diag.ForInstance}}
	}
	n.found.Add(d)
}

// firstOther is the path of the first value that differs.
func firstOther(a, b any, path diag.Path) diag.Path {
	left, isMap := a.(map[string]any)
	right, isOther := b.(map[string]any)
	if isMap && isOther {
		keys := slices.Sorted(maps.Keys(left))
		for k := range right {
			if _, ok := left[k]; !ok {
				keys = append(keys, k)
			}
		}
		slices.Sort(keys)
		for _, k := range keys {
			x, inLeft := left[k]
			y, inRight := right[k]
			if inLeft != inRight || !reflect.DeepEqual(x, y) {
				return firstOther(x, y, path.With(k))
			}
		}
		return path
	}
	one, isList := a.([]any)
	two, isOther := b.([]any)
	if isList && isOther && len(one) == len(two) {
		for i := range one {
			if !reflect.DeepEqual(one[i], two[i]) {
				return firstOther(one[i], two[i], path.With(i))
			}
		}
	}
	return path
}
