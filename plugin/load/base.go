package load

import "slices"

// Base is the old side of the comparison before. A commit does not change.
type Base struct {
	Reads int // how many commits were read

	hash string
	at   *place
	side Side
}

// is reports whether the side of a commit is kept.
func (b *Base) is(hash string) bool { return b != nil && b.hash == hash }

// keep keeps what was read of a commit. The comparison gets a part of its own that
// it may change.
func (b *Base) keep(hash string, at *place, side *Side) {
	if b == nil {
		return
	}
	*b = Base{b.Reads + 1, hash, at, *side}
	side.In = side.again()
}

// again is what was read of a side, for another comparison to add findings to.
func (s *Side) again() *Input {
	if s.In == nil {
		return nil
	}
	in := *s.In
	in.Diags = slices.Clone(in.Diags)
	return &in
}
