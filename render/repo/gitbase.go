package repo

import (
	"container/heap"
	"errors"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
)

// Upstream returns the revision that the work on the current branch is meant
// for: the branch that it tracks, unless that is its own copy on a remote, which
// has the same commits; else the default branch of origin; else main or master.
func (r *Repository) Upstream() (*Revision, error) {
	tracked, own := r.tracked()
	names := []string{tracked, "refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master", "refs/heads/main", "refs/heads/master"}
	if own {
		names = names[1:]
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		if _, err := r.reference(plumbing.ReferenceName(name)); err == nil {
			rev, err := r.Revision(name)
			if rev != nil {
				rev.Name = shortName(name)
			}
			return rev, err
		}
	}
	if own {
		return nil, fmt.Errorf("there is nothing to compare with: the only upstream is %s, the copy of this branch itself; "+
			"fetch the target branch, or name a revision with --base", shortName(tracked))
	}
	return nil, errors.New("there is no upstream branch, no origin and no main or master to compare with; name a revision with --base")
}

func shortName(name string) string {
	for _, prefix := range []string{"refs/heads/", "refs/remotes/", "refs/tags/"} {
		if short, ok := strings.CutPrefix(name, prefix); ok {
			return short
		}
	}
	return name
}

// tracked returns the reference that the current branch tracks, and whether it
// is a branch of the same name, as git push -u makes it.
func (r *Repository) tracked() (name string, own bool) {
	r.mu.Lock()
	head, err := r.refs.Reference(plumbing.HEAD)
	r.mu.Unlock()
	if err != nil || head.Type() != plumbing.SymbolicReference {
		return "", false
	}
	current := head.Target().Short()
	branch := r.config.Branches[current]
	if branch == nil || branch.Merge == "" {
		return "", false
	}
	own = branch.Merge.Short() == current
	if branch.Remote == "." {
		return branch.Merge.String(), false
	}
	if remote := r.config.Remotes[branch.Remote]; remote != nil {
		for _, spec := range remote.Fetch {
			if spec.Match(branch.Merge) {
				return spec.Dst(branch.Merge).String(), own
			}
		}
	}
	return config.RefSpec("+refs/heads/*:refs/remotes/" + branch.Remote + "/*").Dst(branch.Merge).String(), own
}

// MergeBase returns the newest commit that both revisions come from.
func (r *Repository) MergeBase(a, b *Revision) (*Revision, error) {
	m := merge{repository: r, colours: map[plumbing.Hash]int{}}
	best, err := m.base(a.commit, b.commit)
	if err != nil {
		return nil, fmt.Errorf("merge base of %s and %s: %w", a.Name, b.Name, err)
	}
	if best == nil {
		if m.cut {
			return nil, fmt.Errorf("%s and %s have no common commit in this shallow clone; run git fetch --unshallow", a.Name, b.Name)
		}
		return nil, fmt.Errorf("%s and %s have no common commit; name a revision with --base", a.Name, b.Name)
	}
	name := fmt.Sprintf("merge base of %s and %s", a.Name, b.Name)
	return &Revision{Name: name, Hash: best.hash.String(), repository: r, commit: *best}, nil
}

// merge is the search for a merge base: both histories are painted, newest
// commit first, until all that is left to look at comes from both.
type merge struct {
	repository *Repository
	colours    map[plumbing.Hash]int
	queue      commitQueue
	cut        bool // a history went on where the clone ends
}

const (
	first, second, stale = 1, 2, 4
	both                 = first | second
)

func (m *merge) base(a, b commit) (*commit, error) {
	m.paint(a, first)
	m.paint(b, second)
	var found []commit
	for m.queue.open(m.colours) {
		c := heap.Pop(&m.queue).(commit)
		colour := m.colours[c.hash]
		if colour&both == both && colour&stale == 0 {
			found = append(found, c)
			colour |= stale // what is below is an older common commit
		}
		m.cut = m.cut || m.repository.shallow[c.hash]
		for _, hash := range c.parents {
			if m.colours[hash]&colour == colour {
				continue
			}
			parent, err := m.repository.commit(hash)
			if err != nil {
				return nil, err
			}
			m.paint(parent, colour)
		}
	}
	for i := range found {
		// A clock that went wrong can bring an older one up first: it is stale by now.
		if m.colours[found[i].hash]&stale == 0 {
			return &found[i], nil
		}
	}
	return nil, nil
}

func (m *merge) paint(c commit, colour int) {
	m.colours[c.hash] |= colour
	heap.Push(&m.queue, c)
}

// commitQueue is a heap of commits, newest first.
type commitQueue []commit

func (q commitQueue) Len() int      { return len(q) }
func (q commitQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *commitQueue) Push(c any)   { *q = append(*q, c.(commit)) }

func (q commitQueue) Less(i, j int) bool {
	if q[i].time != q[j].time {
		return q[i].time > q[j].time
	}
	return q[i].hash.String() < q[j].hash.String()
}

func (q *commitQueue) Pop() any {
	old := *q
	c := old[len(old)-1]
	*q = old[:len(old)-1]
	return c
}

// open reports whether a commit is left that could lead to a merge base.
func (q commitQueue) open(colours map[plumbing.Hash]int) bool {
	for _, c := range q {
		if colours[c.hash]&stale == 0 {
			return true
		}
	}
	return false
}
