package trace

import (
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
)

// Why says in a word why a node renders nothing.
type Why string

// Reasons.
const (
	WhyCondition  Why = "condition"  // includeWhen is false
	WhyDependency Why = "dependency" // what it reads is left out, or waits
	WhyRuntime    Why = "runtime"    // it needs cluster-only values
	WhyNeverSet   Why = "never-set"  // it needs what nothing sets
	WhyEmpty      Why = "empty"      // forEach gave an empty list
	WhyError      Why = "error"
	WhyExternal   Why = "external" // it refers to an object and renders none
	WhyRendered   Why = "rendered" // nothing is missing
	WhyValues     Why = "values"   // it is values or other nodes, and no object
	WhyKro        Why = "kro"      // kro makes it, of what is left of a Graph
)

// Missing says why a node renders nothing.
type Missing struct {
	Node    string           `json:"node"`
	Object  *render.Identity `json:"object,omitempty"` // that was asked for
	Why     Why              `json:"why"`
	Text    string           `json:"text"`
	At      *diag.Position   `json:"at,omitempty"`
	Through *Value           `json:"through,omitempty"` // the expression that needs the node in Because
	Cause   *Value           `json:"cause,omitempty"`   // the expression that decided, with what it reads
	Hint    string           `json:"hint,omitempty"`
	Because []Missing        `json:"because,omitempty"` // the dependency, and so on to the cause
}

// missing says why a node renders nothing.
func (t *Tracer) missing(i *render.Instance, n *graph.Node, depth int) Missing {
	out := Missing{Node: n.ID, At: position(nodeOf(i, n).At)}
	s := site{i: i, n: n}
	for _, p := range i.Pending {
		if p.Node == n {
			t.pending(&out, s, p, depth)
			return out
		}
	}
	r := t.replay(i)
	switch {
	case slices.Contains(i.Skipped, n.ID):
		t.skipped(&out, s, depth)
	case r.Failed(n.ID):
		t.failed(&out, s, depth)
	case i.Graph.Native != nil && i.Residual != nil && slices.Contains(i.Residual.Nodes, n.ID) && !slices.Contains(t.res.Foreseen, i):
		out.Why, out.Text = WhyKro, "is left to kro in the cluster, with what it needs"
	case n.Type.IsDef():
		out.Why, out.Text = WhyValues, "is values for other nodes and renders none"
	case n.Type == graph.Nested:
		out.Why, out.Text = WhyValues, "has nodes of its own and renders none"
	case n.Type.IsExternal():
		out.Why, out.Text = WhyExternal, "refers to an object and renders none"
		for _, seen := range r.Seen(n) {
			if seen.Live != nil {
				out.Text = fmt.Sprintf("refers to %s and renders none", titleOf(seen.Object))
				out.At = position(seen.Live.At)
			}
		}
	case objectOf(i, n, 0) != nil:
		out.Why, out.Text = WhyRendered, "is rendered"
	default:
		t.empty(&out, s, depth)
	}
	return out
}

func titleOf(obj map[string]any) string {
	id := render.IdentityOf(obj)
	return strings.TrimSpace(id.Kind + " " + strings.TrimPrefix(id.Namespace+"/"+id.Name, "/"))
}

// pending follows a node that waits to what it waits for.
func (t *Tracer) pending(out *Missing, s site, p expand.Pending, depth int) {
	if len(p.WaitsFor) > 0 {
		out.Why, out.Text = WhyDependency, "waits for "+strings.Join(p.WaitsFor, ", ")
		t.because(out, s, p.WaitsFor, depth)
		return
	}
	out.Why, out.Text = WhyRuntime, fmt.Sprintf("needs %s, which exists only in a cluster", p.Needs)
	out.Hint = "provide the object with --observed FILE (krowave observe records it)"
	if p.Expression == nil {
		out.Text = fmt.Sprintf("needs %s, which is not given", p.Needs)
		return
	}
	for _, r := range p.Expression.Runtime {
		if r.String() == p.Needs {
			out.Text += ": " + r.Why
		}
	}
	if p.Unsatisfiable {
		out.Why, out.Text = WhyNeverSet, fmt.Sprintf("needs %s, which nothing sets: it would never be created", p.Needs)
		out.Hint = "set it in the instance, give it a default, or read it with .? and orValue()"
		if p.Absent != nil {
			out.Text, out.Hint = fmt.Sprintf("would never be created: %s", p.Absent), "read it with [?...] and orValue()"
		}
	}
	t.cause(out, s, p.Expression, depth)
}

func (t *Tracer) cause(out *Missing, s site, e *graph.Expression, depth int) {
	if depth <= 0 {
		return
	}
	v := Value{Name: e.Path[3:].String(), Key: keyOf(e.Path), Hidden: t.secrets.expression(s.i, s.n, e), Note: "it has no value"}
	t.expression(&v, s, e, depth)
	out.Cause = &v
}

// skipped finds the condition that left a node out, or the dependency.
func (t *Tracer) skipped(out *Missing, s site, depth int) {
	r := t.replay(s.i)
	for _, dep := range s.n.Dependencies {
		if r.Skipped(dep) {
			out.Why, out.Text = WhyDependency, fmt.Sprintf("is left out with %s, which it depends on", dep)
			t.because(out, s, []string{dep}, depth)
			return
		}
	}
	out.Why, out.Text = WhyCondition, "is left out by its includeWhen"
	for k, e := range s.n.IncludeWhen {
		v, err := r.Eval(s.n, e, nil)
		if err != nil || v != nil && v != false {
			continue
		}
		text := "false"
		if v == nil {
			text = "null"
		}
		out.Text = fmt.Sprintf("is left out: includeWhen[%d] is %s", k, text)
		if t.cause(out, s, e, depth); out.Cause != nil {
			out.Cause.Value, out.Cause.Hidden, out.Cause.Note = v, false, ""
		}
		return
	}
}

// because explains the nodes that one depends on, with the expression that
// does.
func (t *Tracer) because(out *Missing, s site, ids []string, depth int) {
	if depth <= 0 {
		return
	}
	for _, n := range s.i.Graph.Nodes {
		if !slices.Contains(ids, n.ID) {
			continue
		}
		if out.Through == nil {
			out.Through = t.edge(s.i, s.n, n)
		}
		out.Because = append(out.Because, t.missing(s.i, n, depth-1))
	}
}

// edge is the first expression of a node that reads another; nil when only its
// readyWhen does.
func (t *Tracer) edge(i *render.Instance, n, dep *graph.Node) *Value {
	for _, e := range n.Expressions() {
		if !slices.Contains(e.References, dep.ID) {
			continue
		}
		v := Value{Name: e.Path[3:].String(), Key: keyOf(e.Path)}
		t.expression(&v, site{i: i, n: n}, e, 0)
		k := slices.IndexFunc(e.Reads, func(r expr.Read) bool { return r.Path[0] == dep.ID })
		if v.Note = "reads " + dep.ID; k >= 0 {
			v.Note = "reads " + e.Reads[k].String()
		}
		return &v
	}
	return nil
}

// failed points at the finding that stopped a node.
func (t *Tracer) failed(out *Missing, s site, depth int) {
	out.Why, out.Text = WhyError, "has an error"
	prefix := s.n.At.String()
	for _, d := range t.res.Diagnostics {
		if d.Severity == diag.Error && d.Object == s.i.Title() && strings.HasPrefix(d.Path, prefix+".") {
			out.Text, out.At, out.Hint = "has an error: "+d.Message, position(d.Pos), d.Hint
			for _, e := range s.n.Expressions() {
				if e.Path.String() == d.Path {
					t.cause(out, s, e, depth)
				}
			}
			return
		}
	}
	r := t.replay(s.i)
	for _, dep := range s.n.Dependencies {
		if r.Failed(dep) {
			out.Why, out.Text = WhyDependency, fmt.Sprintf("is not rendered, since %s has an error", dep)
			t.because(out, s, []string{dep}, depth)
			return
		}
	}
}

// empty finds the forEach that gave an empty list.
func (t *Tracer) empty(out *Missing, s site, depth int) {
	out.Why, out.Text = WhyEmpty, "renders no objects"
	for _, d := range s.n.ForEach {
		v, err := t.replay(s.i).Eval(s.n, d.Expr, nil)
		if list, ok := v.([]any); err != nil || !ok || len(list) > 0 {
			continue
		}
		out.Text = fmt.Sprintf("is an empty collection: forEach %s is an empty list", d.Name)
		if t.cause(out, s, d.Expr, depth); out.Cause != nil {
			out.Cause.Value, out.Cause.Note = v, ""
		}
		return
	}
}
