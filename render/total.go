package render

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/instance"
	"github.com/krowave/krowave/render/internal/source"
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
	alone bool   // the instance at it exceeds the limit without those before
	over  string // what is exceeded; "" for nothing
	hint  string // what to do
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
		t.at, t.alone = t.next, m.Bytes > t.opts.MaxOutputBytes
		t.over, t.hint = t.limit()
		t.next++
	}
	if t.over != "" {
		return errExceeded
	}
	return nil
}

// limit says which limit is exceeded, and what to do.
func (t *total) limit() (exceeded, hint string) {
	const advice = "render fewer files at once, or raise --"
	switch {
	case t.sum.Objects > t.opts.MaxObjects:
		return fmt.Sprintf("with this instance the render has more than %d objects", t.opts.MaxObjects), advice + "max-objects"
	case t.sum.Bytes > t.opts.MaxOutputBytes:
		return fmt.Sprintf("with this instance the render has more than %d bytes", t.opts.MaxOutputBytes), advice + "max-output-bytes"
	case t.sum.Steps > t.opts.CELCostTotal:
		return fmt.Sprintf("with this instance the CEL cost of the render exceeds %d", t.opts.CELCostTotal), advice + "cel-cost-total"
	}
	return "", ""
}

// exceeded returns the findings of a render that exceeds a limit, given the findings
// of each document, and the index of the first document beyond the limit. An
// instance that exceeds the limit alone has its own finding, which is enough.
func (t *total) exceeded(docs []*source.Document, found []diag.List) (diags diag.List, at int, yes bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over == "" {
		return nil, 0, false
	}
	diags = slices.Concat(found[:t.at+1]...)
	if !t.alone || !found[t.at].HasErrors() {
		d := docs[t.at]
		diags.Add(diag.Diagnostic{Severity: diag.Error, Rule: "limit-render", Pos: d.Start(), Object: d.Title(), Message: t.over, Hint: t.hint})
	}
	return diags, t.at, true
}
