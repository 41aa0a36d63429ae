package load

import "github.com/krowave/krowave/render"

// pair is a project on both sides, or on one.
type pair struct{ old, new *Unit }

// pairs matches the projects of both sides by their directories, those of the new
// side first.
func (c *Comparison) pairs() []pair {
	var out []pair
	index := map[string]int{}
	for i := range c.New.In.Units {
		u := &c.New.In.Units[i]
		index[u.Project] = len(out)
		out = append(out, pair{new: u})
	}
	for i := range c.Old.In.Units {
		u := &c.Old.In.Units[i]
		if at, ok := index[u.Project]; ok && out[at].old == nil {
			out[at].old = u
			continue
		}
		out = append(out, pair{old: u})
	}
	return out
}

// sides returns both units; one that is not there is empty, with the options of
// the other.
func (p pair) sides() (old, now Unit) {
	switch {
	case p.old == nil:
		return Unit{Input: render.Input{Project: p.new.Project, Observed: p.new.Observed}, Options: p.new.Options}, *p.new
	case p.new == nil:
		return *p.old, Unit{Input: render.Input{Project: p.old.Project, Observed: p.old.Observed}, Options: p.old.Options}
	}
	return *p.old, *p.new
}
