// Package compare compares two renders. It takes the render before and after a
// change and returns a Report of the added, changed and deleted objects, by
// instance and field by field, with the dangerous changes. Write prints a report
// for people, pull requests and programs.
//
//	report, err := compare.Compare(ctx, compare.Side{Result: old, Label: "main"}, compare.Side{Result: new, Label: "HEAD"}, compare.Options{})
//	err = compare.Write(os.Stdout, report, compare.Human, compare.PrintOptions{})
//
// Objects are the same when group, kind, namespace and name are; which instance
// or node they come from does not count. In which file anything stands counts
// only where several have one name, as those of several clusters do.
// Values of Secrets are hidden before anything is compared, so no format can
// show them, nor a digest, which could be guessed from a dictionary.
package compare

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/policycheck"
)

// Side is one of the two renders.
type Side struct {
	Result *render.Result
	Label  string // a revision or a path, for headings
	// Unread are files and directories that are there and could not be read: what
	// comes from them on the other side is not taken for deleted or added.
	Unread []string
	// Hides reports whether a file is left out of a sparse checkout; nil for none.
	Hides func(file string) bool
}

// Options configure a comparison. The zero value is the default.
type Options struct {
	// Unchanged are instances that neither side rendered, since nothing that they
	// read differs. They are counted, and listed as unchanged.
	Unchanged []render.Identity
	Jobs      int // default GOMAXPROCS
	// Cluster says that the old side is what a cluster has: an object that it has
	// not is not there, and one that only it has is pruned.
	Cluster bool
	// GraphsByKro says that kro makes what is rendered of objects of kind Graph.
	GraphsByKro bool
	Policies    map[string]*policycheck.Set // by project: what changes is checked against them
	Dangers     []Danger                    // that whoever asked the cluster found
}

// Compare compares what two renders made. The sides may share a render.Cache,
// and are not changed.
func Compare(ctx context.Context, old, new Side, opts Options) (*Report, error) {
	oldTwins, newTwins := twins(old, new, opts.Unchanged)
	oldKeys, newKeys := definitionKeys(old, new)
	c := &comparison{cluster: opts.Cluster, graphsByKro: opts.GraphsByKro, policies: opts.Policies, old: newSide(old, oldTwins, oldKeys), new: newSide(new, newTwins, newKeys)}
	c.old.findBroken(c.new)
	c.new.findBroken(c.old)
	c.findUnread()
	c.orphans()
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
	cluster  bool // the old side is a cluster
	policies map[string]*policycheck.Set

	graphsByKro bool // kro makes what is rendered of Graphs

	orphaned map[*render.Object]bool // instances whose RGD is gone
	removed  []Danger                // of those RGDs
	findings diag.List
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
// that stand in the same place.
func (c *comparison) match() {
	type group struct{ old, new []int }
	old, now := c.old.Result.Objects, c.new.Result.Objects
	groups := make(map[key]*group, max(len(old), len(now)))
	of := func(o *render.Object) *group {
		k := keyOf(identityOf(o.Object))
		if groups[k] == nil {
			groups[k] = &group{}
		}
		return groups[k]
	}
	for i := range old {
		g := of(&old[i])
		g.old = append(g.old, i)
	}
	for i := range now {
		g := of(&now[i])
		g.new = append(g.new, i)
	}
	before := make([]int, len(now)) // plus one
	used := make([]bool, len(old))
	for _, g := range groups {
		if len(g.old) == 0 || len(g.new) == 0 {
			continue
		}
		for i, j := range pairUp(c.old.placesOf(g.old), c.new.placesOf(g.new), true) {
			if j >= 0 {
				before[g.new[i]], used[g.old[j]] = g.old[j]+1, true
			}
		}
	}
	c.pairs = make([]pair, 0, max(len(old), len(now)))
	for i := range now {
		if c.orphaned[&now[i]] {
			continue
		}
		p := pair{after: &now[i], owner: c.new.ownerOf(&now[i])}
		if n := before[i]; n > 0 {
			p.before = &old[n-1]
		}
		if !c.isBroken(p.owner) {
			c.pairs = append(c.pairs, p)
		}
	}
	for i := range old {
		owner := c.old.ownerOf(&old[i])
		if !used[i] && !c.isBroken(owner) && !c.unknown(&old[i]) {
			c.pairs = append(c.pairs, pair{before: &old[i], owner: owner})
		}
	}
}

// findUnread makes broken what the old side has and the new side may have in a
// file that could not be read: it is not taken for removed.
func (c *comparison) findUnread() {
	for _, t := range c.old.tops {
		if t.instance == nil || c.new.byKey[t.topKey] != nil || !c.new.unread(t.identity.Path) {
			continue
		}
		m := &top{topKey: t.topKey, identity: t.identity, broken: diag.List{{
			Severity: diag.Error, Rule: "instance-unread", Pos: diag.Position{File: t.identity.Path, Line: 1, Column: 1}, Object: t.instance.Title(),
			Message: "its source cannot be read now, so the effect on the instance is unknown",
		}}}
		c.new.byKey[m.topKey] = m
		c.new.tops = append(c.new.tops, m)
	}
}

// unread reports whether something of a file could not be read on a side.
func (s *side) unread(file string) bool {
	return s.Hides != nil && file != "" && s.Hides(file) ||
		slices.ContainsFunc(s.Unread, func(name string) bool { return file == name || strings.HasPrefix(file, name+"/") })
}

// unknown reports whether the file that an object of the old side comes from
// cannot be read now.
func (c *comparison) unknown(o *render.Object) bool { return c.new.unread(c.old.placeOf(o).path) }

// isBroken reports whether an instance cannot be rendered now: nobody knows what
// becomes of its objects.
func (c *comparison) isBroken(t *top) bool {
	if t == nil {
		return false
	}
	now := c.new.byKey[t.topKey]
	return now != nil && len(now.broken) > 0
}

func sameTop(a, b *top) bool { return a == b || a != nil && b != nil && a.topKey == b.topKey }

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
				c.comparePair(ctx, &chunk[i])
			}
			return ctx.Err()
		})
	}
	return group.Wait()
}
