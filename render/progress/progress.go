// Package progress counts the work of a render while it is done. A context
// carries the counter, so that what works need not know who shows it.
//
//	counter := &progress.Counter{}
//	res, err := render.Render(progress.With(ctx, counter), in, opts)
package progress

import (
	"context"
	"sync/atomic"
)

// Counter counts files that were read and instances that were expanded. It is safe
// for concurrent use, and nil counts nothing.
type Counter struct {
	files, instances atomic.Int64
}

// File counts a file.
func (c *Counter) File() {
	if c != nil {
		c.files.Add(1)
	}
}

// Instance counts an instance.
func (c *Counter) Instance() {
	if c != nil {
		c.instances.Add(1)
	}
}

// Counts returns the numbers of files and instances until now.
func (c *Counter) Counts() (files, instances int64) {
	if c == nil {
		return 0, 0
	}
	return c.files.Load(), c.instances.Load()
}

type key struct{}

// With returns a context with a counter.
func With(ctx context.Context, c *Counter) context.Context { return context.WithValue(ctx, key{}, c) }

// Of returns the counter of a context, or nil.
func Of(ctx context.Context) *Counter {
	c, _ := ctx.Value(key{}).(*Counter)
	return c
}
