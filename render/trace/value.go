package trace

import (
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/admission"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
)

// From says what kind of place a value comes from.
type From string

// Kinds of places.
const (
	FromExpression    From = "expression"     // of a template, a condition or forEach
	FromTemplate      From = "template"       // written out in it
	FromInstance      From = "instance"       // written in the instance
	FromParent        From = "parent"         // the template that renders a chained instance
	FromDefault       From = "default"        // of the RGD's schema
	FromNamespace     From = "namespace"      // of the instance, since the template names none
	FromCommand       From = "command"        // the namespace of an instance that names none
	FromIterator      From = "iterator"       // of forEach
	FromIndexLabel    From = "index-label"    // that kro gives the objects of a collection
	FromObserved      From = "observed"       // an object of a cluster, or one that an external reference finds
	FromServerDefault From = "server-default" // of the API server's schema
	FromAdmission     From = "admission"      // an admission webhook that krowave knows
	FromNowhere       From = "nowhere"        // it has no value
)

// Value is a value, where it comes from, and what it was made of.
type Value struct {
	Name       string         `json:"name"`
	Value      any            `json:"value,omitempty"`
	Hidden     bool           `json:"hidden,omitempty"` // a Secret's value, or made of one
	From       From           `json:"from"`
	At         *diag.Position `json:"at,omitempty"`
	Expression string         `json:"expression,omitempty"` // with its ${}
	Declared   string         `json:"declared,omitempty"`   // the line of SimpleSchema that gives a default
	Key        string         `json:"-"`                    // the last step of the path that the value or expression stands at
	Note       string         `json:"note,omitempty"`
	Inputs     []Value        `json:"inputs,omitempty"`
	More       int            `json:"more,omitempty"` // inputs beyond those shown
}

// site is an object in the making: where an expression stands.
type site struct {
	i    *render.Instance
	n    *graph.Node
	o    *expand.Object // nil when the node renders nothing
	item map[string]any // iterators of a collection's object
}

func (s site) title() string { return s.i.Title() + "/" + s.n.ID }

func (t *Tracer) itemOf(s site) map[string]any {
	if items := t.replay(s.i).Items(s.n); s.o != nil && s.o.Index < len(items) {
		return items[s.o.Index]
	}
	return nil
}

// field explains a field of a rendered object.
func (t *Tracer) field(s site, path diag.Path, depth int) Value {
	out := Value{Name: path.String(), Key: keyOf(path)}
	v, ok := path.In(s.o.Object)
	if !ok {
		t.absent(&out, s, path)
		return out
	}
	if out.Hidden = t.secrets.Field(s.i, s.n, path); !out.Hidden {
		out.Value = v
	}
	if f := covering(s.n, path); f != nil {
		if rest := path[len(f.Steps):]; len(rest) > 0 {
			out.Note = "part of " + f.Path.String()
		}
		out.Key = keyOf(f.Path)
		t.expression(&out, s, f.Expr, depth)
		return out
	}
	if _, ok := path.In(s.n.Template); ok {
		out.From = FromTemplate
		out.At = position(s.i.Graph.RGD.Doc.Position(s.i.Graph.Body(s.n).With(path...)))
		for _, f := range s.n.Fields {
			if depth > 0 && hasPrefix(f.Steps, path) {
				out.Inputs = append(out.Inputs, t.field(s, f.Steps, depth-1))
			}
		}
		t.limit(&out)
		return out
	}
	out.From = FromNamespace
	if depth > 0 {
		out.Inputs = []Value{t.instance(s.i, diag.Path{"metadata", "namespace"}, depth-1)}
	}
	return out
}

// absent says why an object has no such field.
func (t *Tracer) absent(out *Value, s site, path diag.Path) {
	out.From = FromNowhere
	out.Note = "the template does not set it"
	if f := covering(s.n, path); f != nil {
		out.Key = keyOf(f.Path)
		out.Note = "the result of the expression has no such field"
		if f.Expr.UsesOmit {
			out.Note = "the expression left it out with omit()"
		}
		from := out.From
		t.expression(out, s, f.Expr, t.opts.Depth)
		out.From = from
	}
	for _, seen := range t.seenOf(s) {
		if v, ok := path.In(seen.Object); ok && !t.secrets.Field(s.i, s.n, path) {
			out.Value, out.From, out.At = v, FromServerDefault, nil
			out.Note = "not rendered; other nodes see what the API server adds"
			if rule, ok := s.i.Admitted(s.n, path); ok {
				out.From, out.Note = FromAdmission, admissionNote(rule)
			}
			if seen.Live != nil {
				out.From, out.At, out.Note = FromObserved, position(seen.Live.At), "not rendered; other nodes see what the cluster has"
			}
		}
	}
}

func admissionNote(rule admission.Rule) string {
	return diag.Cut(strings.Join(strings.Fields(rule.Value), " "), 80) + ", by " + rule.Source
}

// seenOf is what other nodes see of an object: one element or none.
func (t *Tracer) seenOf(s site) []expand.Seen {
	all := t.replay(s.i).Seen(s.n)
	if s.o == nil || s.o.Index >= len(all) {
		return nil
	}
	return all[s.o.Index : s.o.Index+1]
}

// expression adds an expression and what it reads.
func (t *Tracer) expression(out *Value, s site, e *graph.Expression, depth int) {
	out.From = FromExpression
	out.At = position(s.i.Graph.RGD.Doc.Within(e.Path, e.Offset(0)))
	if !e.Sensitive {
		out.Expression = e.Text
	}
	if depth <= 0 {
		return
	}
	out.Inputs = t.inputs(s, e, depth-1)
	t.limit(out)
	if out.Hidden {
		hide(out.Inputs)
	}
}

// condition explains one includeWhen.
func (t *Tracer) condition(s site, e *graph.Expression) Value {
	out := Value{Name: e.Path[4:].String()}
	if v, err := t.replay(s.i).Eval(s.n, e, nil); err == nil {
		out.Value = v
	}
	t.expression(&out, s, e, t.opts.Depth)
	return out
}

// maxInputs is how many inputs of one value are shown.
const maxInputs = 12

func (t *Tracer) limit(v *Value) {
	if len(v.Inputs) > maxInputs {
		v.More += len(v.Inputs) - maxInputs
		v.Inputs = v.Inputs[:maxInputs]
	}
}

// hide takes the values, and the literals in the texts, out of what a Secret's
// value is made of.
func hide(values []Value) {
	for i := range values {
		v := &values[i]
		v.Declared = ""
		if v.Value != nil {
			v.Value, v.Hidden = nil, true
		}
		hide(v.Inputs)
	}
}

// leaves explains each field below a path, in one line each.
func (t *Tracer) leaves(s site, below diag.Path) []Value {
	out := []Value{}
	var walk func(v any, path diag.Path)
	walk = func(v any, path diag.Path) {
		f := covering(s.n, path)
		plain := scalar(v)
		if plain || f != nil && len(f.Steps) == len(path) {
			out = append(out, t.field(s, path, 1))
			return
		}
		switch v := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(v[k], path.With(k))
			}
		case []any:
			for i, e := range v {
				walk(e, path.With(i))
			}
		}
	}
	v, _ := below.In(s.o.Object)
	walk(v, below)
	return out
}

// scalar reports whether a value has nothing below it.
func scalar(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return true
}

// covering returns the expression whose value a path lies in.
func covering(n *graph.Node, path diag.Path) *graph.Field {
	for _, f := range n.Fields {
		if len(f.Steps) > 0 && hasPrefix(path, f.Steps) {
			return f
		}
	}
	return nil
}

func hasPrefix(path, prefix diag.Path) bool {
	return len(path) >= len(prefix) && slices.Equal(path[:len(prefix)], prefix)
}

func position(p diag.Position) *diag.Position { return &p }

// keyOf is the last name of a path, for showing the line that a value stands at.
func keyOf(path diag.Path) string {
	if len(path) == 0 {
		return ""
	}
	key, _ := path[len(path)-1].(string)
	return key
}
