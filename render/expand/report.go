package expand

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
)

// evalError records an evaluation without a value: pending or fatal (S7.5).
func (ev *evaluator) evalError(n *graph.Node, e *graph.Expression, vars *bindings, err error) {
	if isPending(err) {
		ev.pending(n, e, vars, err)
	} else {
		ev.fail(n, e, err)
	}
}

// pending records a node that waits for data. Data of a node that is pending
// itself is no cause of its own.
func (ev *evaluator) pending(n *graph.Node, e *graph.Expression, vars *bindings, err error) {
	if last := len(ev.out.Pending) - 1; last >= 0 && ev.out.Pending[last].Node == n {
		return // a placeholder stands there, and rendering went on
	}
	var unbound []string
	for _, dep := range n.Dependencies {
		if _, ok := ev.values[dep]; !ok && slices.Contains(e.References, dep) {
			unbound = append(unbound, dep)
		}
	}
	if ev.g.Native != nil {
		unbound = append(unbound, ev.missingChildren(e)...)
	}
	if len(unbound) > 0 {
		ev.wait(n, unbound)
		return
	}
	ev.out.Pending = append(ev.out.Pending, ev.withoutData(n, e, vars, err))
}

// alsoPending adds an expression without data to the Pending of its node, which
// waits already.
func (ev *evaluator) alsoPending(n *graph.Node, e *graph.Expression, vars *bindings) {
	p := ev.waitingNode(n)
	if p == nil {
		return
	}
	if _, err := ev.eval(e, vars); err != nil && isPending(err) {
		p.add(ev.withoutData(n, e, vars, err))
	}
}

// waitingNode is the Pending of a node that waits; nil when it does not.
func (ev *evaluator) waitingNode(n *graph.Node) *Pending {
	if last := len(ev.out.Pending) - 1; last >= 0 && ev.out.Pending[last].Node == n {
		return &ev.out.Pending[last]
	}
	return nil
}

// add adds another expression, or another read of one, once.
func (p *Pending) add(other Pending) {
	same := func(q Pending) bool { return q.Expression == other.Expression && q.Needs == other.Needs }
	if !same(*p) && !slices.ContainsFunc(p.Also, same) {
		p.Also = append(p.Also, other)
	}
}

// alsoUnknown adds to the Pending of a node all other runtime values that its
// expressions cannot do without, whatever stopped it first.
func (ev *evaluator) alsoUnknown(n *graph.Node) {
	p := ev.waitingNode(n)
	if p == nil || ev.opts.Placeholder {
		return
	}
	for _, e := range n.Expressions() {
		for _, r := range e.Runtime {
			v, bound := ev.values[r.Path[0]]
			if !bound || r.InstanceDependent || r.Branch || ev.observed[r.Path[0]] || !r.WholeObject && follow(v, r.Path[1:r.Required]) {
				continue
			}
			p.add(Pending{Node: n, Expression: e, Offset: e.Offset(e.Find(r.Read)), Needs: r.String(), Reason: "nothing is known of it"})
		}
	}
}

func (ev *evaluator) withoutData(n *graph.Node, e *graph.Expression, vars *bindings, err error) Pending {
	needs, sure := ev.missing(e)
	p := Pending{Node: n, Expression: e, Offset: failedAt(e, err), Needs: needs, Reason: ev.reasonOf(n, err)}
	// Without server defaults a field may be missing that a cluster would have.
	p.Unsatisfiable = ev.staticHere(e) && (ev.opts.ServerDefaults || !e.ReadsNodes())
	if !p.Unsatisfiable {
		return p
	}
	absent := ev.absent(n, e, vars, err)
	if absent == nil || absent.Hidden && sure {
		return p
	}
	if path := absent.Path(); path != "" && !strings.HasPrefix(p.Needs, path+".") {
		p.Needs = path
	}
	if !absent.Object {
		p.Absent, p.Offset = absent, e.Offset(absent.Offset)
	}
	return p
}

// staticHere reports whether Git has all that an expression reads: no cluster
// would bring what it lacks.
func (ev *evaluator) staticHere(e *graph.Expression) bool {
	return !slices.ContainsFunc(e.Runtime, func(r graph.RuntimeRead) bool {
		v, bound := ev.values[r.Path[0]]
		return !bound || r.WholeObject || ev.observed[r.Path[0]] || !follow(v, r.Path[1:])
	})
}

// absent finds the access of an expression to a list or map without what is
// read. Of what comes from a Secret it says no more than that.
func (ev *evaluator) absent(n *graph.Node, e *graph.Expression, vars *bindings, err error) *expr.Absent {
	vars.present = e.AsksForPresence
	found := e.Program.Absent(vars, err)
	if found != nil && (e.Sensitive || ev.out.ReadsSecret(n)) {
		return found.Masked()
	}
	return found
}

// inDetail is an error that says which list or map lacks what is read, where
// that is known.
func (ev *evaluator) inDetail(n *graph.Node, e *graph.Expression, vars *bindings, err error) error {
	if !isPending(err) {
		return err
	}
	absent := ev.absent(n, e, vars, err)
	if absent == nil {
		return err
	}
	return &expr.EvalError{Text: e.UserText(), Err: errors.New(absent.String()), Offset: absent.Offset}
}

// missing guesses which path of an expression has no value: the first, in the
// order of the text, that cannot be followed as far as it has to be. It is not
// sure when all can be.
func (ev *evaluator) missing(e *graph.Expression) (path string, sure bool) {
	for _, r := range e.Reads {
		if v, ok := ev.values[r.Path[0]]; ok && !follow(v, r.Path[1:r.Required]) {
			return r.String(), true
		}
	}
	if len(e.Reads) > 0 {
		return e.Reads[0].String(), false
	}
	return textOf(e), false
}

// follow reports whether a value has everything that a path names. An element
// stands for all of them.
func follow(v any, path []string) bool {
	for i, name := range path {
		if name == expr.Item {
			return followEach(v, path[i+1:])
		}
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

func followEach(v any, path []string) bool {
	items, ok := v.([]any)
	if !ok {
		c, ok := v.(traits.Iterable)
		if !ok {
			return true
		}
		_, isMap := v.(traits.Mapper)
		for it := c.Iterator(); it.HasNext() == types.True; {
			item := any(it.Next())
			if isMap {
				item = v.(traits.Mapper).Get(item.(ref.Val))
			}
			items = append(items, item)
		}
	}
	return !slices.ContainsFunc(items, func(item any) bool { return !follow(item, path) })
}

// noteFallback notes that an expression had a value although a runtime value that it
// reads is not known: it has a fallback, or took another branch.
func (ev *evaluator) noteFallback(n *graph.Node, e *graph.Expression) {
	if last := len(ev.out.Pending) - 1; last >= 0 && ev.out.Pending[last].Node == n {
		return // reported, and rendered with placeholders
	}
	for _, r := range e.Runtime {
		if r.InstanceDependent || ev.knows(r) {
			continue
		}
		ev.out.FallbackUsed = append(ev.out.FallbackUsed, Pending{
			Node: n, Expression: e, Offset: e.Offset(e.Find(r.Read)), Needs: r.String(), Reason: "its value is unknown, and the expression continues without it",
		})
		return
	}
}

// knows reports whether the value of a path is there, or is known to be absent.
func (ev *evaluator) knows(r graph.RuntimeRead) bool {
	root := r.Path[0]
	v, bound := ev.values[root]
	switch {
	case ev.observed[root]:
		return true
	case !bound || r.WholeObject:
		return false
	}
	return follow(v, r.Path[1:])
}

// failedAt is the byte of an expression's text at which its evaluation failed.
func failedAt(e *graph.Expression, err error) int {
	if failed := (*expr.EvalError)(nil); errors.As(err, &failed) {
		return e.Offset(failed.Offset)
	}
	return e.Offset(0)
}

// failedText is the expression that failed, of a text the one of its several.
func failedText(e *graph.Expression, err error) string {
	failed := (*expr.EvalError)(nil)
	if e.Standalone || e.Sensitive || !errors.As(err, &failed) {
		return textOf(e)
	}
	return oneLine(e.PartAt(failed.Offset).Source)
}

// fail records an evaluation that kro would fail on, at the expression.
func (ev *evaluator) fail(n *graph.Node, e *graph.Expression, err error) {
	doc := ev.g.RGD.Doc
	hint := ""
	if limit := (*expr.LimitError)(nil); errors.As(err, &limit) {
		hint = limit.Advice
	}
	ev.diags.Add(diag.Diagnostic{
		Severity: diag.Error, Rule: "evaluation", Pos: doc.Within(e.Path, failedAt(e, err)),
		Message: fmt.Sprintf("%s: %s: %s", n.ID, failedText(e, err), ev.reasonOf(n, err)),
		Path:    e.Path.String(), Object: ev.title(), Hint: hint, Sensitive: e.Sensitive,
	})
}

// nodeErrorf records a finding about a node as a whole.
func (ev *evaluator) nodeErrorf(n *graph.Node, rule, format string, args ...any) {
	ev.nodeError(n, rule, fmt.Sprintf(format, args...), "")
}

// nodeError records a finding about a node as a whole, and what to do.
func (ev *evaluator) nodeError(n *graph.Node, rule, message, hint string) {
	path := n.At.With("id")
	ev.diags.Add(diag.Diagnostic{
		Severity: diag.Error, Rule: rule, Pos: ev.g.RGD.Doc.Position(path),
		Message: n.ID + ": " + message, Path: path.String(), Object: ev.title(), Hint: hint,
	})
}

// title names the instance.
func (ev *evaluator) title() string { return identityOf(ev.out.Instance).String() }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
