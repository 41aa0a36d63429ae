// Package compare says what a change does: in go two renders, of before and
// after, and out comes a Report with the objects that are added, changed and
// deleted, by instance, field by field, and with what is dangerous about it.
// Write prints a report for people, for pull requests and for machines.
//
//	report, err := compare.Compare(ctx, compare.Side{Result: old, Label: "main"}, compare.Side{Result: new, Label: "HEAD"}, compare.Options{})
//	err = compare.Write(os.Stdout, report, compare.Human, compare.PrintOptions{})
//
// Objects are the same when group, kind, namespace and name are; which instance
// or node they come from does not count, nor in which file anything stands.
// Values of Secrets are hidden before anything is compared, so no format can
// show them, nor a digest, which could be guessed from a dictionary.
package compare

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/krowave/krowave/render"
)

// Side is one of the two renders.
type Side struct {
	Result *render.Result
	Label  string // a revision or a path, for headings
}

// Options configure a comparison. The zero value is the default.
type Options struct {
	// Unchanged are instances that neither side rendered, since nothing that they
	// read differs. They are counted, and listed as unchanged.
	Unchanged []render.Identity
	Jobs      int // default GOMAXPROCS
}

// Compare compares what two renders made. The sides may share a render.Cache,
// and are not changed.
func Compare(ctx context.Context, old, new Side, opts Options) (*Report, error) {
	c := &comparison{old: newSide(old), new: newSide(new)}
	c.old.findBroken(c.new)
	c.new.findBroken(c.old)
	c.match()
	if err := c.compareAll(ctx, opts.Jobs); err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	return c.report(opts), nil
}

// comparison is the state of one Compare.
type comparison struct {
	old, new *side
	pairs    []pair
}

// pair is an object on both sides, or on one.
type pair struct {
	before, after *render.Object
	change        *ObjectChange // nil when it is the same
	owner         *top          // the instance that it is reported under; nil for none
	dangers       []Danger
}

// match finds for each object of the new side that of the old. Where a side has
// several of one identity, those of one instance belong together, then those
// that come first.
func (c *comparison) match() {
	old := c.old.Result.Objects
	first := make(map[key]int, len(old)) // plus one
	next := make([]int, len(old))
	for i := len(old) - 1; i >= 0; i-- {
		k := keyOf(identityOf(old[i].Object))
		next[i], first[k] = first[k], i+1
	}
	used := make([]bool, len(old))
	c.pairs = make([]pair, 0, max(len(old), len(c.new.Result.Objects)))
	for i := range c.new.Result.Objects {
		after := &c.new.Result.Objects[i]
		p := pair{after: after, owner: c.new.owners[after.Instance]}
		found := 0
		for n := first[keyOf(identityOf(after.Object))]; n > 0; n = next[n-1] {
			if used[n-1] {
				continue
			}
			if owner := c.old.owners[old[n-1].Instance]; found == 0 || sameTop(owner, p.owner) {
				found = n
				if sameTop(owner, p.owner) {
					break
				}
			}
		}
		if found > 0 {
			used[found-1] = true
			p.before = &old[found-1]
		}
		if !c.isBroken(p.owner) {
			c.pairs = append(c.pairs, p)
		}
	}
	for i := range old {
		owner := c.old.owners[old[i].Instance]
		if !used[i] && !c.isBroken(owner) {
			c.pairs = append(c.pairs, pair{before: &old[i], owner: owner})
		}
	}
}

// isBroken reports whether an instance cannot be rendered now: nobody knows what
// becomes of its objects.
func (c *comparison) isBroken(t *top) bool {
	if t == nil {
		return false
	}
	now := c.new.byKey[t.key]
	return now != nil && len(now.broken) > 0
}

func sameTop(a, b *top) bool { return a == b || a != nil && b != nil && a.key == b.key }

// compareAll compares every pair, in parallel, each into its own slot.
func (c *comparison) compareAll(ctx context.Context, jobs int) error {
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	const share = 500
	var group errgroup.Group
	group.SetLimit(jobs)
	for chunk := range slices.Chunk(c.pairs, share) {
		group.Go(func() error {
			for i := range chunk {
				c.comparePair(&chunk[i])
			}
			return ctx.Err()
		})
	}
	return group.Wait()
}
