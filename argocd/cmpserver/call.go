package cmpserver

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/krowave/krowave/render"
)

// call is one request while it is served.
type call struct {
	method string
	start  time.Time
	now    func() time.Time

	mu     sync.Mutex
	stages []stage
	attrs  []any // for the log
}

type stage struct {
	name string
	from time.Time
}

func newCall(method string) *call {
	now := time.Now()
	return &call{method: method, start: now, now: time.Now, stages: []stage{{"waiting", now}}}
}

// enter says what the call does from now on.
func (c *call) enter(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stages = append(c.stages, stage{name, c.now()})
}

// note adds to what is logged when the call ends.
func (c *call) note(attrs ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attrs = append(c.attrs, attrs...)
}

func (c *call) noted() []any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]any{}, c.attrs...)
}

// stageDurations is how long each stage took; the last one goes on.
func (c *call) stageDurations() (names []string, durations map[string]time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	durations = map[string]time.Duration{}
	for i, s := range c.stages {
		to := c.now()
		if i+1 < len(c.stages) {
			to = c.stages[i+1].from
		}
		if _, ok := durations[s.name]; !ok {
			names = append(names, s.name)
		}
		durations[s.name] += to.Sub(s.from)
	}
	return names, durations
}

// timeoutMessage says what a call was at when its time was up, and where the time went.
func (c *call) timeoutMessage() string {
	names, took := c.stageDurations()
	c.mu.Lock()
	last := c.stages[len(c.stages)-1].name
	c.mu.Unlock()
	var parts []string
	for _, n := range names {
		parts = append(parts, fmt.Sprintf("%s %s", n, took[n].Round(time.Millisecond)))
	}
	advice := map[string]string{
		"waiting":   "the sidecar is busy: raise --max-concurrent and its CPU limit",
		"receiving": "exclude .git (reposerver.plugin.tar.exclusions) and use manifest-generate-paths",
		"reading":   "point the application at a smaller directory",
		"rendering": "split the application, or give the sidecar more CPU",
	}[last]
	text := fmt.Sprintf("out of time while %s: this call took %s (%s)", last, c.now().Sub(c.start).Round(time.Millisecond), strings.Join(parts, ", "))
	if advice != "" {
		text += "; " + advice
	}
	return text
}

// grace is how long before the deadline an answer is given: later, the caller
// would not hear it.
const grace = 200 * time.Millisecond

// early returns ctx with a deadline that leaves time to answer.
func early(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(grace, time.Until(deadline)/4)))
}

// within runs work and waits for it until ctx ends. Work that does not notice
// keeps what release frees until it is done. A panic becomes a *render.Crash.
func within(ctx context.Context, release func(), work func(context.Context) error) error {
	done := make(chan error, 1)
	go func() {
		defer release()
		defer func() {
			if v := recover(); v != nil {
				done <- &render.Crash{Value: fmt.Sprint(v), Stack: debug.Stack()}
			}
		}()
		done <- work(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		select {
		case err := <-done: // both at once
			return err
		default:
			return ctx.Err()
		}
	}
}
