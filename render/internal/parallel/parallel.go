// Package parallel runs work in parallel, with one result slot per item, and
// turns a panic into an error.
package parallel

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// Crash is the error of work that panicked. Stack is for a log; it names no
// value of the input.
type Crash struct {
	Value string
	Stack []byte
}

func (c *Crash) Error() string { return "internal error: " + c.Value }

// Each calls work for 0 to n-1, with at most jobs at a time; 0 is one per
// processor. It returns the first error, and starts nothing once there is one or
// ctx has ended.
func Each(ctx context.Context, jobs, n int, work func(ctx context.Context, i int) error) error {
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(jobs)
	for i := range n {
		if inner.Err() != nil {
			break
		}
		group.Go(func() error { return guarded(inner, i, work) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// guarded turns a panic into a *Crash: one in a goroutine would otherwise end
// the process, and with it the renders of others.
func guarded(ctx context.Context, i int, work func(ctx context.Context, i int) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &Crash{Value: fmt.Sprint(v), Stack: debug.Stack()}
		}
	}()
	return work(ctx, i)
}
