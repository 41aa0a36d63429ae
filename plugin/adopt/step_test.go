package adopt

import (
	"fmt"
	"slices"
	"testing"
)

// outcome is what exploring every state gave.
type outcome struct {
	states     int
	violations []violation
	done, back int // states in which all steps are done
	stuck      int // states from which neither end can be reached
}

func (w *world) explore() outcome {
	start := w.initial()
	index := map[state]int32{start: 0}
	queue := []state{start}
	var from [][]int32
	var out outcome
	var ends []int32
	for at := 0; at < len(queue); at++ {
		s := queue[at]
		if len(from) <= at {
			from = append(from, nil)
		}
		if int(s.Run.At) == len(w.program(s)) {
			ends = append(ends, int32(at))
			if s.Run.Back {
				out.back++
			} else {
				out.done++
			}
		}
		w.next(s, func(n state) {
			i, ok := index[n]
			if !ok {
				i = int32(len(queue))
				index[n] = i
				queue = append(queue, n)
			}
			for len(from) <= int(i) {
				from = append(from, nil)
			}
			if int(i) != at {
				from[i] = append(from[i], int32(at))
			}
		}, func(v violation) {
			if !slices.Contains(out.violations, v) {
				out.violations = append(out.violations, v)
			}
		})
		if len(out.violations) > 0 { // one is enough
			break
		}
	}
	out.states = len(queue)
	out.stuck = len(queue) - reaching(from, ends)
	return out
}

// reaching counts the states from which one of the ends can be reached.
func reaching(from [][]int32, ends []int32) int {
	seen := make([]bool, len(from))
	n := 0
	for len(ends) > 0 {
		at := ends[len(ends)-1]
		ends = ends[:len(ends)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		n++
		ends = append(ends, from[at]...)
	}
	return n
}

func without(steps []Step, drop ...Step) []Step {
	return slices.DeleteFunc(slices.Clone(steps), func(s Step) bool { return slices.Contains(drop, s) })
}

func (w *world) String() string {
	tool := "argocd"
	if w.flux {
		tool = "flux"
	}
	return fmt.Sprintf("%s %s inGit=%v refs=%v", w.name, tool, w.inGit, w.refs)
}

// TestNoStepLeadsToADeletion looks at every state of every world.
func TestNoStepLeadsToADeletion(t *testing.T) {
	t.Parallel()
	var worlds []world
	for i := range 8 {
		w := world{flux: i&1 != 0, inGit: i&2 != 0, refs: i&4 != 0, restarts: true}
		w.name, w.steps, w.back = "to GitOps", ToGitOps(), Rollback()
		worlds = append(worlds, w)
		if w.refs {
			continue
		}
		w.name, w.steps, w.back, w.toKro = "to kro", ToKro(), nil, true
		worlds = append(worlds, w)
	}
	for _, w := range worlds {
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			out := w.explore()
			t.Logf("%d states", out.states)
			if len(out.violations) > 0 {
				t.Errorf("%v", out.violations)
			}
			if out.done == 0 || w.back != nil && out.back == 0 {
				t.Errorf("no run ends: %d done, %d taken back", out.done, out.back)
			}
		})
	}
}

// TestEveryStepIsNeeded leaves steps out: what happens then is why they are there. It
// tests the model as well, which finds what it has to find.
func TestEveryStepIsNeeded(t *testing.T) {
	t.Parallel()
	const safe = violation("nothing is deleted")
	const stuck = violation("nothing is deleted, and the steps do not end")
	const kro = violation("kro deletes an object")
	const pruned = violation("the GitOps tool prunes an object")
	toGitOps := world{name: "to GitOps", steps: ToGitOps(), inGit: true, restarts: true}
	careless := toGitOps
	careless.careless = true
	owned := careless
	owned.refs = true
	toKro := world{name: "to kro", steps: ToKro(), toKro: true, inGit: true, restarts: true}
	byHandToKro := toKro
	byHandToKro.inGit = false
	old := toGitOps
	old.byGraph = true
	byHand := toGitOps
	byHand.steps = append(without(ToGitOps(), Remove, Gone, Unhold), Finalize, Unhold)
	stopped := byHand
	stopped.noKro = true
	stopped.steps = without(stopped.steps, Fence)
	back := toGitOps
	back.back = Rollback()
	for _, c := range []struct {
		name string
		w    world
		drop []Step
		want violation
	}{
		{"no hold: the tool prunes the instance", toGitOps, []Step{Hold}, kro},
		{"the tool remembers the instance as it was before", toGitOps, []Step{Seen}, kro},
		{"kro is not suspended, and Check says so", toGitOps, []Step{Suspend}, stuck},
		{"kro is not suspended, and nobody looks", careless, []Step{Suspend, Check}, kro},
		{"kro's last reconcile still runs", careless, []Step{Fence, Check}, kro},
		{"the labels stay, and Check says so", toGitOps, []Step{Release}, stuck},
		{"the labels stay, and the inventory is empty", careless, []Step{Release, Check}, safe},
		{"the labels stay, and the objects refer to the instance", owned, []Step{Release, Check}, "the garbage collector deletes an object"},
		{"the inventory stays, and the labels are gone", careless, []Step{Empty, Check}, safe},
		{"neither is done", careless, []Step{Release, Empty, Check}, kro},
		{"the tool makes the instance again", toGitOps, []Step{Handover}, "kro makes the instance anew"},
		{"kro deletes by its graph", old, nil, kro},
		{"the finalizer is removed under a running kro", byHand, nil, "kro makes the instance anew"},
		{"the finalizer is removed, and kro is stopped", stopped, nil, safe},
		{"no hold: the tool prunes the objects", toKro, []Step{Hold}, pruned},
		{"the tool remembers the objects as they were before", toKro, []Step{Seen}, pruned},
		{"the objects keep the tool's marks", toKro, []Step{Untrack}, pruned},
		{"somebody applies the instance, and the tool still has the objects", byHandToKro, []Step{Returned}, pruned},
	} {
		c.w.steps = without(c.w.steps, c.drop...)
		out := c.w.explore()
		got := safe
		switch {
		case len(out.violations) > 0:
			got = out.violations[0]
		case out.done == 0:
			got = stuck
		}
		if got != c.want {
			t.Errorf("%s: %s without %v: %s, want: %s", c.name, c.w.name, c.drop, got, c.want)
		}
	}
	for step, want := range map[Step]bool{Hold: false, Returned: true, Untrack: true, Restore: false, Resume: false} {
		back.back = without(Rollback(), step)
		if got := len(back.explore().violations) > 0; got != want {
			t.Errorf("a rollback without %s: something is deleted: %v, want %v", step, got, want)
		}
	}
}
