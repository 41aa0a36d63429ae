package render

import (
	"errors"
	"fmt"
	"sync"

	"github.com/krowave/krowave/render/instance"
)

// total adds up what the instances of a render make. Instances end in any order,
// but are counted in that of the input, so that the first one beyond a limit is
// the same in every run.
type total struct {
	opts Options

	mu    sync.Mutex
	done  []bool
	slots []instance.Made
	next  int // the first one that has not ended
	sum   instance.Made
	at    int
	over  string // what is exceeded; "" for nothing
}

func newTotal(n int, opts Options) *total {
	return &total{opts: opts, done: make([]bool, n), slots: make([]instance.Made, n)}
}

// errExceeded stops a render that makes too much.
var errExceeded = errors.New("the render is too large")

// add counts what instance i made.
func (t *total) add(i int, made instance.Made) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done[i], t.slots[i] = true, made
	for t.over == "" && t.next < len(t.done) && t.done[t.next] {
		m := t.slots[t.next]
		t.sum.Objects += m.Objects
		t.sum.Steps += m.Steps
		t.sum.Bytes += m.Bytes
		t.at, t.over = t.next, t.limit()
		t.next++
	}
	if t.over != "" {
		return errExceeded
	}
	return nil
}

// limit says which limit is exceeded.
func (t *total) limit() string {
	const advice = "render fewer files at once, or raise --%s"
	switch {
	case t.sum.Objects > t.opts.MaxObjects:
		return fmt.Sprintf("with this instance the render has more than %d objects; "+advice, t.opts.MaxObjects, "max-objects")
	case t.sum.Bytes > t.opts.MaxOutputBytes:
		return fmt.Sprintf("with this instance the render has more than %d bytes; "+advice, t.opts.MaxOutputBytes, "max-output-bytes")
	case t.sum.Steps > t.opts.CELCostTotal:
		return fmt.Sprintf("with this instance the CEL cost of the render exceeds %d; "+advice, t.opts.CELCostTotal, "cel-cost-total")
	}
	return ""
}

// exceeded returns the index of the first document beyond a limit and what to
// say of it; "" when nothing is exceeded.
func (t *total) exceeded() (at int, message string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at, t.over
}
