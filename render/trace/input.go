package trace

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
)

// inputs explains what an expression reads, in the order of its text.
func (t *Tracer) inputs(s site, e *graph.Expression, depth int) []Value {
	var out []Value
	for _, r := range e.Reads {
		if s.i.Graph.IsInstance(r.Path[0]) {
			out = append(out, t.schemaRead(s.i, r, depth)...)
			continue
		}
		for _, n := range s.i.Graph.Nodes {
			if n.ID == r.Path[0] {
				out = append(out, t.nodeRead(s.i, n, r, e, depth)...)
			}
		}
	}
	return append(out, t.iterators(s, e, depth)...)
}

// iterators explains the iterators that an expression reads, or with a nil
// expression all of a collection's object.
func (t *Tracer) iterators(s site, e *graph.Expression, depth int) []Value {
	var out []Value
	for _, d := range s.n.ForEach {
		if e != nil && (e == d.Expr || !slices.Contains(e.References, d.Name)) {
			continue
		}
		v := Value{Name: d.Name, Key: d.Name}
		if v.Hidden = t.secrets.iterator(s, d); !v.Hidden {
			v.Value = s.item[d.Name]
		}
		t.expression(&v, s, d.Expr, depth)
		v.From = FromIterator
		out = append(out, v)
	}
	return out
}

func (t *Tracer) schemaRead(i *render.Instance, r expr.Read, depth int) []Value {
	var out []Value
	paths, more := concrete(t.replay(i).Instance().Object, r.Path[1:])
	for _, p := range paths {
		v := t.instance(i, p, depth)
		if !r.Shape {
			t.defaultsBelow(&v, i, p)
		}
		out = append(out, v)
	}
	return withMore(out, more, r)
}

// instance explains a field of an instance, as the variable schema.
func (t *Tracer) instance(i *render.Instance, path diag.Path, depth int) Value {
	out := Value{Name: named(graph.SchemaVar, path), Key: keyOf(path)}
	seen := t.replay(i).Instance()
	v, ok := path.In(seen.Object)
	if !ok {
		t.unset(&out, i, path)
		return out
	}
	if out.Hidden = t.secrets.instance(i, path); !out.Hidden {
		out.Value = v
	}
	parent, _, chained := parentOf(i)
	_, stored := path.In(i.Instance)
	switch {
	case !stored:
		out.From, out.Note = FromObserved, "set by the API server"
		if seen.Live != nil {
			out.At = position(seen.Live.At)
		}
	case chained:
		if _, ok := path.In(parent.o.Object); !ok {
			t.byDefault(&out, i, path)
			break
		}
		if out.From = FromParent; depth > 0 {
			parent.item = t.itemOf(parent)
			from := t.field(parent, path, depth-1)
			from.Name = parent.n.ID + "." + from.Name
			out.Inputs = []Value{from}
		}
		out.Note = "rendered by " + parent.title()
	default:
		t.given(&out, i, path)
	}
	return out
}

// given places a field of an instance of the input.
func (t *Tracer) given(out *Value, i *render.Instance, path diag.Path) {
	if _, ok := path.In(i.Doc.Object); ok {
		out.From, out.At = FromInstance, position(i.Doc.Position(path))
		return
	}
	if slices.Equal(path, diag.Path{"metadata", "namespace"}) {
		out.From, out.Note = FromCommand, "the instance has no namespace; set it with -n"
		return
	}
	t.byDefault(out, i, path)
}

// defaultsBelow adds to a map or list of an instance the values in it that its
// author did not write.
func (t *Tracer) defaultsBelow(out *Value, i *render.Instance, path diag.Path) {
	if out.From != FromInstance || out.Hidden {
		return
	}
	var walk func(v any, path diag.Path)
	walk = func(v any, path diag.Path) {
		if _, ok := path.In(i.Doc.Object); !ok {
			d := Value{Name: named(graph.SchemaVar, path), Key: keyOf(path)}
			if d.Hidden = t.secrets.instance(i, path); !d.Hidden {
				d.Value = v
			}
			t.byDefault(&d, i, path)
			out.Inputs = append(out.Inputs, d)
			return
		}
		for _, step := range elementsOf(v) {
			at := path.With(step)
			below, _ := diag.Path{step}.In(v)
			walk(below, at)
		}
	}
	walk(out.Value, path)
	t.limit(out)
}

// unset explains a field of an instance that has no value.
func (t *Tracer) unset(out *Value, i *render.Instance, path diag.Path) {
	out.From, out.Note = FromNowhere, "not set"
	switch {
	case len(path) > 1 && path[0] == "metadata":
		out.Note = "not set; only an API server sets it on an instance"
		if name := keyOf(path[:2]); name == "labels" || name == "annotations" || name == "namespace" {
			out.Note = "not set"
		}
	case len(path) > 0 && path[0] == "spec":
		out.Note = "not set, and without a default"
		if at, _ := declared(i, path); at != nil {
			out.At = position(i.Graph.RGD.Doc.Position(at))
		}
	}
}

// nodeRead explains what an expression reads of another node.
func (t *Tracer) nodeRead(i *render.Instance, n *graph.Node, r expr.Read, e *graph.Expression, depth int) []Value {
	steps := r.Path[1:]
	if n.Type == graph.Nested && len(steps) > 0 {
		if inner := nodeByID(i.Graph, n.ID+"."+steps[0]); inner != nil {
			r.Path = append([]string{inner.ID}, steps[1:]...)
			return t.nodeRead(i, inner, r, e, depth)
		}
	}
	all := t.replay(i).Seen(n)
	switch {
	case n.Type.IsCollection() && len(steps) == 0:
		return []Value{{Name: n.ID, From: FromExpression, At: position(nodeOf(i, n).At), Note: fmt.Sprintf("a list of %d %s", len(all), things(n))}}
	case len(all) == 0:
		return []Value{{Name: r.String(), From: FromNowhere, At: position(nodeOf(i, n).At), Note: t.missing(i, n, 0).Text}}
	}
	if n.Type.IsCollection() {
		steps = steps[1:]
	}
	var out []Value
	more := 0
	for k, seen := range all {
		if k >= maxEach {
			more += len(all) - k
			break
		}
		paths, beyond := concrete(seen.Object, steps)
		more += beyond
		for _, p := range paths {
			s := site{i: i, n: n, o: objectOf(i, n, k)}
			if n.Type.IsDef() {
				s.o = &expand.Object{Node: n, Index: k, Object: seen.Object}
			}
			v := t.seen(s, seen, p, depth)
			v.Name = named(prefixOf(n, k), p)
			if v.From == FromNowhere && v.Note == notThere {
				v.Note = whyMissing(e, r)
			}
			out = append(out, v)
		}
	}
	return withMore(out, more, r)
}

// things are what a collection consists of.
func things(n *graph.Node) string {
	if n.Type.IsDef() {
		return "values"
	}
	return "objects"
}

func nodeByID(g *graph.Graph, id string) *graph.Node {
	for _, n := range g.Nodes {
		if n.ID == id {
			return n
		}
	}
	return nil
}

// seen explains a field that another node has in the eyes of expressions.
func (t *Tracer) seen(s site, seen expand.Seen, path diag.Path, depth int) Value {
	rendered := false
	if s.o != nil {
		_, rendered = path.In(s.o.Object)
	}
	out := Value{Name: path.String(), Key: keyOf(path)}
	v, ok := path.In(seen.Object)
	switch {
	case !ok && rendered:
		out.From, out.At, out.Note = FromNowhere, position(nodeOf(s.i, s.n).At), "rendered, but dropped by the API server"
		return out
	case !ok:
		out.From, out.At, out.Note = FromNowhere, position(nodeOf(s.i, s.n).At), notThere
		return out
	case rendered:
		s.item = t.itemOf(s)
		return t.field(s, path, depth)
	}
	if out.Hidden = secretSeen(s, path); !out.Hidden {
		out.Value = v
	}
	out.From = FromServerDefault
	if rule, ok := s.i.Admitted(s.n, path); ok {
		out.From, out.Note = FromAdmission, admissionNote(rule)
	}
	if seen.Live != nil {
		if _, ok := path.In(seen.Live.Object); ok {
			out.From, out.At = FromObserved, position(seen.Live.At)
		}
	}
	if slices.Equal(path, diag.Path{"metadata", "labels", "kro.run/collection-index"}) {
		out.From = FromIndexLabel
	}
	return out
}

// notThere is all that is known of a field that a node lacks, unless the binding
// of the read says more.
const notThere = "not there"

func whyMissing(e *graph.Expression, r expr.Read) string {
	for _, runtime := range e.Runtime {
		if slices.Equal(runtime.Path, r.Path) {
			return runtime.Why
		}
	}
	return notThere
}

func objectOf(i *render.Instance, n *graph.Node, index int) *expand.Object {
	for k := range i.Objects {
		if i.Objects[k].Node == n && i.Objects[k].Index == index {
			return &i.Objects[k]
		}
	}
	return nil
}

// maxEach is how many elements are shown where an expression reads all.
const maxEach = 4

// concrete lists the paths that a read stands for in a value: an element whose
// index is not known stands for all.
func concrete(v any, steps []string) (paths []diag.Path, more int) {
	paths = []diag.Path{{}}
	for _, step := range steps {
		var next []diag.Path
		for _, p := range paths {
			if step != expr.Item {
				next = append(next, p.With(step))
				continue
			}
			at, _ := p.In(v)
			elements := elementsOf(at)
			more += max(0, len(elements)-maxEach)
			for _, k := range elements[:min(len(elements), maxEach)] {
				next = append(next, p.With(k))
			}
		}
		paths = next
	}
	return paths, more
}

func elementsOf(v any) []any {
	var out []any
	switch v := v.(type) {
	case []any:
		for i := range v {
			out = append(out, i)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, k)
		}
	}
	return out
}

// withMore notes on the last of some values that there are more, and says so
// when a list is empty.
func withMore(values []Value, more int, r expr.Read) []Value {
	switch {
	case len(values) == 0:
		return []Value{{Name: r.String(), From: FromNowhere, Note: "the list is empty"}}
	case more > 0:
		values[len(values)-1].Note = strings.TrimPrefix(fmt.Sprintf("%s; and %d more elements", values[len(values)-1].Note, more), "; ")
	}
	return values
}

func prefixOf(n *graph.Node, index int) string {
	if n.Type.IsCollection() {
		return fmt.Sprintf("%s[%d]", n.ID, index)
	}
	return n.ID
}

func named(root string, path diag.Path) string {
	return diag.Path{root}.With(path...).String()
}
