package expr

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
)

// Budget bounds what all evaluations for one instance take together. The zero
// value bounds nothing and counts. It is not safe for concurrent use.
type Budget struct {
	Steps int64 // most steps of loops; 0 means no limit
	Bytes int64 // most bytes of results, and of what Charge adds; 0 means no limit

	steps, bytes int64
}

// Used returns the steps and bytes that were counted.
func (b *Budget) Used() (steps, bytes int64) { return b.steps, b.bytes }

// Charge counts bytes that are not the result of an evaluation. It returns the limit
// that they exceed, or nil.
func (b *Budget) Charge(bytes int64) *LimitError {
	if b == nil {
		return nil
	}
	if b.bytes += bytes; b.Bytes > 0 && b.bytes > b.Bytes {
		return &LimitError{Reason: fmt.Sprintf("the instance renders more than %d bytes", b.Bytes), Advice: "make the instance smaller, or raise --max-output-bytes"}
	}
	return nil
}

type budgetKey struct{}

// WithBudget returns a context under which evaluations count against b.
func WithBudget(ctx context.Context, b *Budget) context.Context {
	return context.WithValue(ctx, budgetKey{}, b)
}

func budgetOf(ctx context.Context) *Budget {
	b, _ := ctx.Value(budgetKey{}).(*Budget)
	return b
}

// cel-go tells that a loop was stopped, but not how many steps it took. So an
// evaluation with loops is tried with few steps first, and again with tierFactor
// times as many for as long as it does not end: it costs at most a seventh more,
// and what it took is known up to the factor.
const (
	firstTier  = 1_000
	tierFactor = 8
	tierCharge = 200 // for one that ends within the first tier
)

// run evaluates a plan with at most the steps that the program and the budget
// allow.
func (p *Program) run(plan cel.Program, vars any, b *Budget) (ref.Val, *cel.EvalDetails, error) {
	if !p.tracked {
		return plan.Eval(vars)
	}
	most, charged := int64(p.cost), int64(tierCharge)
	if b == nil {
		return within(plan, vars, most)
	}
	if b.Steps > 0 {
		most = min(most, b.Steps-b.steps)
	}
	if most <= 0 {
		return nil, nil, b.spent()
	}
	for tier := int64(firstTier); ; tier *= tierFactor {
		limit := min(tier, most)
		v, details, err := within(plan, vars, limit)
		if isInterrupt(err) && limit < most {
			charged = limit * tierFactor
			continue
		}
		b.steps += min(charged, most)
		if isInterrupt(err) && most < int64(p.cost) {
			err = b.spent()
		}
		return v, details, err
	}
}

func (b *Budget) spent() error {
	return &LimitError{
		Reason: fmt.Sprintf("the CEL cost of all expressions of the instance exceeds %d", b.Steps),
		Advice: "make the lists of the instance smaller, or raise --cel-cost-per-instance",
	}
}

func isInterrupt(err error) bool { return err != nil && errors.Is(err, interpreter.InterruptError{}) }

// within evaluates a plan and stops its loops at a number of steps. cel-go looks
// at the context once in as many steps, and finds it done. Its own cost tracking
// is not used: its time is quadratic in the steps of a loop, and the libraries'
// trackers panic on arguments that are errors, which would make pending data fatal.
func within(plan cel.Program, vars any, steps int64) (ref.Val, *cel.EvalDetails, error) {
	frame, err := interpreter.NewExecutionFrame(vars)
	if err != nil {
		return nil, nil, fmt.Errorf("evaluate: %w", err)
	}
	defer frame.Close()
	if err := frame.SetContext(spent(), uint(steps)); err != nil {
		return nil, nil, fmt.Errorf("evaluate: %w", err)
	}
	return plan.Eval(frame)
}
