// Package alike finds changes that are the same but for names. In go hunks,
// each with its owner and its digests, out come groups: the hunks that are the
// same, together with others that the same owners have.
//
//	names := alike.NewNames(alike.Name{Text: "corner", Stands: "name"})
//	script := names.Script().Add("spec.replicas", 1, 2)
//	groups, single := alike.Of([]alike.Hunk{{Owner: 0, Class: "shop/web", Keys: []alike.Digest{script.Sum()}}})
//
// Two hunks of one class are the same when they have a key in common. A hunk has
// two as a rule: one of what it says, and one of what it says with its own names
// replaced; an instance that is named like a word of the template is not lost so.
package alike

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// Hunk is one change of one owner.
type Hunk struct {
	Owner int
	Class string // only hunks of one class can be the same
	Keys  []Digest
	Shape Digest // of what changes, whatever the values
}

// Group is what several owners have in common.
type Group struct {
	Owners []int // ascending
	// Hunks are indices: for each change that the owners share, the hunks of all
	// of them, the first first.
	Hunks [][]int
	// Differ says that the hunks are alike in what changes, and not in the values.
	Differ bool
}

// Limits below which hunks are shown one by one.
const (
	fewOwners = 2 // of equal hunks
	fewItems  = 4 // of equal hunks of one owner
	fewShapes = 6 // owners of hunks whose values differ
)

// Of groups hunks, the largest group first, and returns the indices of those
// that are in none.
func Of(hunks []Hunk) (groups []Group, single []int) {
	rest := make([]int, len(hunks))
	for i := range rest {
		rest[i] = i
	}
	same, rest := sets(hunks, rest, func(h Hunk) []Digest { return h.Keys }, func(owners, n int) bool { return owners >= fewOwners || n >= fewItems })
	shaped, single := sets(hunks, rest, func(h Hunk) []Digest { return []Digest{h.Shape} }, func(owners, _ int) bool { return owners >= fewShapes })
	groups = append(merged(hunks, same, false), merged(hunks, shaped, true)...)
	slices.SortStableFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(len(b.Owners), len(a.Owners)), cmp.Compare(a.Hunks[0][0], b.Hunks[0][0]))
	})
	return groups, single
}

// key is a digest within a class.
type key struct {
	class string
	Digest
}

// sets puts hunks together that have a key in common, and returns the sets that
// are large enough, and the hunks of the others.
func sets(hunks []Hunk, of []int, keys func(Hunk) []Digest, large func(owners, hunks int) bool) (out [][]int, rest []int) {
	u := union{}
	first := map[key]int{}
	for _, i := range of {
		for _, d := range keys(hunks[i]) {
			k := key{hunks[i].Class, d}
			if j, ok := first[k]; ok {
				u.join(i, j)
			} else {
				first[k] = i
			}
		}
	}
	index := map[int]int{}
	for _, i := range of {
		root := u.root(i)
		n, ok := index[root]
		if !ok {
			n = len(out)
			index[root] = n
			out = append(out, nil)
		}
		out[n] = append(out[n], i)
	}
	out = slices.DeleteFunc(out, func(set []int) bool {
		if large(len(owners(hunks, set)), len(set)) {
			return false
		}
		rest = append(rest, set...)
		return true
	})
	slices.Sort(rest)
	return out, rest
}

// merged makes one group of the sets that have the same owners.
func merged(hunks []Hunk, sets [][]int, differ bool) []Group {
	var out []Group
	index := map[string]int{}
	for _, set := range sets {
		own := owners(hunks, set)
		var k []byte
		for _, o := range own {
			k = binary.AppendUvarint(k, uint64(o)) //nolint:gosec // an index
		}
		n, ok := index[string(k)]
		if !ok {
			n = len(out)
			index[string(k)] = n
			out = append(out, Group{Owners: own, Differ: differ})
		}
		out[n].Hunks = append(out[n].Hunks, set)
	}
	return out
}

func owners(hunks []Hunk, set []int) []int {
	out := make([]int, 0, len(set))
	for _, i := range set {
		out = append(out, hunks[i].Owner)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// union joins indices to sets, each named by its smallest member.
type union map[int]int

func (u union) root(i int) int {
	for {
		parent, ok := u[i]
		if !ok {
			return i
		}
		if above, ok := u[parent]; ok {
			u[i] = above
		}
		i = parent
	}
}

func (u union) join(a, b int) {
	a, b = u.root(a), u.root(b)
	if a != b {
		u[max(a, b)] = min(a, b)
	}
}
