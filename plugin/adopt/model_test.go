package adopt

import "slices"

// This is a model of kro, of a GitOps tool and of the steps, small enough to look at
// every order in which they can act. Each write and each read that decides something
// is an action of its own; between any two of them anybody else may act, or stop for
// ever, or start anew. A deletion of an object, or an instance that kro makes anew
// from nothing, is a violation.
//
// kro, as v0.9.4 does it: it reads the instance once at the start. A deleted instance:
// it lists what has its label, of the kinds in the inventory that it has read, deletes
// that, and removes its finalizer when there is nothing. Else it puts its finalizer
// and labels on the instance, also when it is suspended, by an apply that makes the
// instance if there is none; stops if it was suspended; writes the inventory; applies
// the objects with its label.
//
// Argo CD: it compares Git with a memory of the cluster that may be old, applies, and
// prunes what has its mark, is not in Git and is not held. Flux: it prunes what it
// applied before and does not apply now, if it still has its mark and is not held.

const objects = 2

type child struct{ Label, Tracked, Hold, Ref bool }

type parent struct {
	Exists, Deleting, Finalizer, Owned, Suspended, Full, Hold, Tracked bool
}

type kroState struct {
	At   int8 // 0: idle
	Read parent
}

type recall struct{ Exists, Tracked, Hold bool }

type toolState struct {
	At      int8 // 0: idle
	New     bool // what the operation that runs, or ran last, found in Git
	Done    bool // it ran to its end
	Memory  [objects + 1]recall
	Applied [objects + 1]bool // Flux's inventory
}

type runState struct {
	Back    bool // a rollback
	At, Sub int8
	Fresh   bool // the instance is as it was when Check read it
	Removed bool
}

type state struct {
	Parent parent
	Child  [objects]child
	Kro    kroState
	Tool   toolState
	New    bool // Git has the objects, and not the instance
	Run    runState
}

// world is what is the same in all states of a run.
type world struct {
	name     string
	steps    []Step
	back     []Step
	flux     bool
	inGit    bool // the tool has the instance from Git
	refs     bool // the objects refer to the instance as their owner
	toKro    bool
	noKro    bool
	byGraph  bool // kro deletes by its graph, as before v0.9.4
	careless bool // Remove does not ask whether Check's answer is still true
	restarts bool
}

type violation string

// mark is the memory of the tool, object by object; the instance comes last.
func (s *state) live() [objects + 1]recall {
	var out [objects + 1]recall
	for i, c := range s.Child {
		out[i] = recall{true, c.Tracked, c.Hold}
	}
	out[objects] = recall{s.Parent.Exists, s.Parent.Tracked, s.Parent.Hold}
	return out
}

// setParent writes the instance: who read it before has an old version.
func (s *state) setParent(p parent) {
	if p != s.Parent {
		s.Run.Fresh = false
	}
	s.Parent = p
}

// next are the states after one action of anybody.
func (w *world) next(s state, add func(state), fail func(violation)) {
	if !w.noKro {
		w.kro(s, add, fail)
	}
	w.tool(s, add, fail)
	w.git(s, add)
	w.run(s, add)
	if !s.Parent.Exists {
		for _, c := range s.Child {
			if c.Ref && !w.toKro {
				fail("the garbage collector deletes an object")
			}
		}
	}
}

func (w *world) kro(s state, add func(state), fail func(violation)) {
	k := s.Kro
	read := k.Read
	idle := func(n state) { n.Kro = kroState{}; add(n) }
	to := func(n state, at int8) { n.Kro.At = at; add(n) }
	if k.At != 0 {
		idle(s) // it ends and starts again
	}
	switch {
	case k.At == 0:
		if s.Parent.Exists {
			s.Kro = kroState{1, s.Parent}
			add(s)
		}
	case k.At == 1 && read.Deleting:
		for _, c := range s.Child {
			if w.byGraph || read.Full && c.Label {
				fail("kro deletes an object")
				return
			}
		}
		if s.Parent.Exists {
			s.setParent(parent{})
		}
		idle(s)
	case k.At == 1: // its finalizer and labels
		if !read.Finalizer || !read.Owned {
			if !s.Parent.Exists {
				fail("kro makes the instance anew")
				return
			}
			p := s.Parent
			p.Finalizer, p.Owned = true, true
			s.setParent(p)
		}
		if read.Suspended {
			idle(s)
			return
		}
		to(s, 2)
	case k.At == 2: // the inventory
		if !s.Parent.Exists {
			fail("kro makes the instance anew")
			return
		}
		p := s.Parent
		p.Full = true
		s.setParent(p)
		to(s, 3)
	case k.At < 3+objects:
		s.Child[k.At-3].Label = true
		s.Child[k.At-3].Ref = w.refs
		if k.At+1 == 3+objects {
			idle(s)
		} else {
			to(s, k.At+1)
		}
	}
}

func (w *world) tool(s state, add func(state), fail func(violation)) {
	t := s.Tool
	if t.At != 0 {
		n := s
		n.Tool.At, n.Tool.Done = 0, false
		add(n)
	}
	switch {
	case t.At == 0:
		if !w.flux {
			n := s
			n.Tool.Memory = s.live()
			add(n)
		}
		s.Tool.At, s.Tool.New, s.Tool.Done = 1, s.New, false
		add(s)
	case t.At <= objects: // apply
		switch {
		case t.New:
			s.Child[t.At-1].Tracked = true
		case w.inGit && t.At == 1:
			p := s.Parent
			p.Exists, p.Tracked = true, true
			s.setParent(p)
		}
		s.Tool.At++
		add(s)
	default:
		desired := [objects + 1]bool{t.New, t.New, !t.New && w.inGit}
		seen := t.Memory
		if w.flux {
			seen = s.live()
		}
		for i, m := range seen {
			if desired[i] || !m.Exists || !m.Tracked || m.Hold || w.flux && !t.Applied[i] {
				continue
			}
			if i < objects {
				fail("the GitOps tool prunes an object")
				return
			}
			p := s.Parent
			if p.Deleting = true; !p.Finalizer {
				p = parent{}
			}
			if s.Parent.Exists {
				s.setParent(p)
			}
		}
		s.Tool.Applied = desired
		if !w.flux {
			s.Tool.Applied = [objects + 1]bool{}
		}
		s.Tool.At, s.Tool.Done = 0, true
		add(s)
	}
}

// git is a commit that the steps allow at this point.
func (w *world) git(s state, add func(state)) {
	steps := w.program(s)
	passed := func(step Step) bool { return int(s.Run.At) > slices.Index(steps, step) }
	if w.toKro && !w.inGit && !s.Parent.Exists && passed(Seen) { // somebody applies it
		n := s
		n.Parent.Exists = true
		add(n)
	}
	switch {
	case s.Run.Back && passed(Returned), w.toKro && (!passed(Seen) || slices.Contains(steps, Returned) && passed(Returned)),
		!s.Run.Back && !w.toKro && (slices.Contains(steps, Seen) && !passed(Seen) || slices.Contains(steps, Handover) && passed(Handover)):
		return
	case (s.Run.Back || w.toKro || !slices.Contains(steps, Handover)) && s.New == !w.toKro && !s.Run.Back, s.Run.Back && !s.New:
		return
	}
	s.New = !s.New
	add(s)
}

func (w *world) program(s state) []Step {
	if s.Run.Back {
		return w.back
	}
	return w.steps
}

// run is one action of the steps.
func (w *world) run(s state, add func(state)) {
	steps := w.program(s)
	if w.restarts && s.Run.At > 0 {
		n := s
		n.Run.At, n.Run.Sub, n.Run.Fresh = 0, 0, false
		if s.Run.Removed { // the journal says so
			n.Run.At = int8(slices.Index(steps, Remove) + 1)
		}
		add(n)
	}
	if w.restarts && !s.Run.Back && w.back != nil && !s.Run.Removed {
		n := s
		n.Run = runState{Back: true}
		add(n)
	}
	if int(s.Run.At) == len(steps) {
		return
	}
	if n, ok := w.step(steps[s.Run.At], s); ok {
		add(n)
	}
}

// step does a part of a step; ok is false as long as it waits.
func (w *world) step(step Step, s state) (state, bool) {
	sub, p := int(s.Run.Sub), s.Parent
	fresh := s.Run.Fresh
	done := func(ok bool) (state, bool) { s.Run.At++; s.Run.Sub = 0; return s, ok }
	part := func(parts int) (state, bool) {
		if s.Run.Sub++; int(s.Run.Sub) == parts {
			return done(true)
		}
		return s, true
	}
	again := func() (state, bool) {
		s.Run.At, s.Run.Sub, s.Run.Fresh = int8(max(0, slices.Index(w.program(s), Suspend))), 0, false
		return s, true
	}
	hold := func(on bool) (state, bool) {
		if sub < objects {
			s.Child[sub].Hold = on
		} else if p.Exists {
			p.Hold = on
			s.setParent(p)
		}
		return part(objects + 1)
	}
	idle := s.Tool.At == 0 && s.Tool.Done
	switch step {
	case Hold:
		return hold(true)
	case Unhold:
		return hold(false)
	case Seen:
		return done(s.Tool.At == 0 && (w.flux || s.Tool.Memory == s.live()))
	case Suspend:
		p.Suspended, p.Owned = true, false
		if s.Parent.Exists {
			s.setParent(p)
		}
		return done(s.Parent.Exists && !p.Deleting)
	case Fence:
		return done(p.Owned)
	case Release:
		s.Child[sub].Label, s.Child[sub].Ref = false, false
		return part(objects)
	case Empty:
		p.Full = false
		if s.Parent.Exists {
			s.setParent(p)
		}
		return done(s.Parent.Exists)
	case Handover:
		return done(idle && s.Tool.New && s.New && s.Child[0].Tracked && s.Child[1].Tracked)
	case Check:
		switch {
		case sub == 0 && (!p.Exists || p.Deleting || !p.Suspended || !p.Owned && !w.noKro || p.Full), sub > 0 && (s.Child[sub-1].Label || s.Child[sub-1].Ref):
			return again()
		case sub == 0:
			s.Run.Fresh = true
		}
		return part(objects + 1)
	case Remove:
		if !fresh && !w.careless {
			return again()
		}
		if p.Deleting = true; !p.Finalizer {
			p = parent{}
		}
		s.setParent(p)
		s.Run.Removed = true
		return done(true)
	case Gone:
		return done(!p.Exists)
	case Finalize:
		s.setParent(parent{})
		s.Run.Removed = true
		return done(true)
	case Returned:
		return done(idle && !s.Tool.New && !s.New)
	case Untrack:
		s.Child[sub].Tracked = false
		return part(objects)
	case Restore:
		p.Full = true
		if s.Parent.Exists {
			s.setParent(p)
		}
		return done(true)
	case Resume:
		p.Suspended = false
		if s.Parent.Exists {
			s.setParent(p)
		}
		return done(true)
	case Adopted:
		return done(s.Child[0].Label && s.Child[1].Label && p.Full)
	}
	panic(step)
}

func (w *world) initial() state {
	var s state
	if w.toKro {
		s.New = true
		s.Tool.New = true
		for i := range s.Child {
			s.Child[i] = child{Tracked: true}
			s.Tool.Applied[i] = w.flux
		}
	} else {
		s.Parent = parent{Exists: true, Finalizer: true, Owned: true, Full: true, Tracked: w.inGit}
		for i := range s.Child {
			s.Child[i] = child{Label: true, Ref: w.refs}
		}
		s.Tool.Applied[objects] = w.flux && w.inGit
	}
	if !w.flux {
		s.Tool.Memory = s.live()
	}
	return s
}
