package expand

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/traits"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
)

// evalError records an evaluation without a value: pending or fatal (S7.5).
func (w *walk) evalError(n *graph.Node, e *graph.Expression, err error) {
	if isPending(err) {
		w.pending(n, e, err)
	} else {
		w.fail(n, e, err)
	}
}

// pending records a node that waits for data. Data of a node that is pending
// itself is no cause of its own.
func (w *walk) pending(n *graph.Node, e *graph.Expression, err error) {
	var unbound []string
	for _, dep := range n.Dependencies {
		if _, ok := w.values[dep]; !ok && slices.Contains(e.References, dep) {
			unbound = append(unbound, dep)
		}
	}
	if len(unbound) > 0 {
		w.wait(n, unbound)
		return
	}
	p := Pending{Node: n, Expression: e, Needs: w.missing(e), Reason: w.reasonOf(n, err)}
	p.Never = !e.ReadsNodes() && !serverSide(p.Needs)
	w.out.Pending = append(w.out.Pending, p)
}

// missing guesses which path of an expression has no value: the first, in the
// order of reading, that cannot be followed to its end.
func (w *walk) missing(e *graph.Expression) string {
	paths := e.Reads
	for _, path := range paths {
		if v, ok := w.values[path[0]]; ok && !follow(v, path[1:]) {
			return strings.Join(path, ".")
		}
	}
	if len(paths) > 0 {
		return strings.Join(paths[0], ".")
	}
	return textOf(e)
}

// follow reports whether a value has everything that a path names. What is
// inside lists is not looked at.
func follow(v any, path []string) bool {
	for _, name := range path {
		m, ok := v.(traits.Mapper)
		if !ok {
			return true
		}
		next, found := m.Find(types.String(name))
		if !found {
			return false
		}
		v = next
	}
	return true
}

// serverSide reports whether only an API server can give a field of the
// instance (S8).
func serverSide(path string) bool {
	for _, f := range []string{"uid", "creationTimestamp", "generation", "resourceVersion", "managedFields", "finalizers", "labels", "annotations", "selfLink"} {
		if path == "schema.metadata."+f || strings.HasPrefix(path, "schema.metadata."+f+".") {
			return true
		}
	}
	return false
}

// fail records an evaluation that kro would fail on, at the expression.
func (w *walk) fail(n *graph.Node, e *graph.Expression, err error) {
	doc := w.g.RGD.Doc
	hint := ""
	if errors.Is(err, expr.ErrCost) {
		hint = "make what it reads smaller; --cel-cost-limit raises the number of steps"
	}
	w.diags.Add(diag.Diagnostic{
		Severity: diag.Error, Rule: "evaluation", Pos: doc.Within(e.Path, e.Offset(0)),
		Message: fmt.Sprintf("%s: %s: %s", n.ID, textOf(e), w.reasonOf(n, err)),
		Path:    e.Path.String(), Object: w.title(), Hint: hint, Sensitive: e.Sensitive,
	})
}

// nodeErrorf records a finding about a node as a whole.
func (w *walk) nodeErrorf(n *graph.Node, rule, format string, args ...any) {
	path := diag.Path{"spec", "resources", n.Index, "id"}
	w.diags.Add(diag.Diagnostic{
		Severity: diag.Error, Rule: rule, Pos: w.g.RGD.Doc.Position(path),
		Message: n.ID + ": " + fmt.Sprintf(format, args...), Path: path.String(), Object: w.title(),
	})
}

// title names the instance.
func (w *walk) title() string { return identityOf(w.out.Instance).String() }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
