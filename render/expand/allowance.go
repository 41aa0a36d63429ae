package expand

import (
	"context"
	"fmt"

	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
)

// Allowance bounds what one instance of the input makes, with all that is
// chained into it. It is not safe for concurrent use.
type Allowance struct {
	Objects int // most objects; 0 means no limit
	Budget  expr.Budget

	objects int
	spent   bool // reported already
}

// Used returns what was made: objects, steps of loops, bytes.
func (a *Allowance) Used() (objects int, steps, bytes int64) {
	steps, bytes = a.Budget.Used()
	return a.objects, steps, bytes
}

// Context returns a context under which evaluations count.
func (a *Allowance) Context(ctx context.Context) context.Context {
	return expr.WithBudget(ctx, &a.Budget)
}

// allow counts one object of a node, and reports the first that is too many.
func (ev *evaluator) allow(n *graph.Node) bool {
	a := ev.opts.Allowance
	if a == nil {
		return true
	}
	if !n.Type.IsDef() {
		a.objects++
	}
	over := a.Budget.Charge(n.Bytes)
	switch {
	case a.spent:
		return false
	case a.Objects > 0 && a.objects > a.Objects:
		ev.nodeError(n, "limit-instance-objects", fmt.Sprintf("the instance renders more than %d objects", a.Objects), "make the instance smaller, or raise --max-objects-per-instance")
	case over != nil:
		ev.nodeError(n, "limit-instance-bytes", over.Reason, over.Advice)
	default:
		return true
	}
	a.spent = true
	return false
}
