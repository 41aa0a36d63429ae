package render

import (
	"errors"
	"testing"

	"golang.org/x/sync/errgroup"
)

func TestGuarded(t *testing.T) {
	var group errgroup.Group
	group.Go(guarded(func() error {
		var none []int
		_ = none[len(none)]
		return nil
	}))
	var crash *Crash
	if err := group.Wait(); !errors.As(err, &crash) || len(crash.Stack) == 0 {
		t.Errorf("a panic came back as %v, want a *Crash with its stack", err)
	}
	plain := errors.New("x")
	if err := guarded(func() error { return plain })(); err != plain {
		t.Errorf("an error came back as %v", err)
	}
}
