package parallel

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestEachFillsEverySlot(t *testing.T) {
	for _, jobs := range []int{0, 1, 3, 100} {
		out := make([]int, 20)
		if err := Each(t.Context(), jobs, len(out), func(_ context.Context, i int) error {
			out[i] = i + 1
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(out, 0) {
			t.Errorf("jobs %d: %v", jobs, out)
		}
	}
}

func TestEachTurnsPanicsIntoErrors(t *testing.T) {
	err := Each(t.Context(), 2, 3, func(_ context.Context, i int) error {
		var none []int
		_ = none[i]
		return nil
	})
	var crash *Crash
	if !errors.As(err, &crash) || len(crash.Stack) == 0 {
		t.Errorf("a panic came back as %v, want a *Crash with its stack", err)
	}
}

func TestEachReturnsTheError(t *testing.T) {
	plain := errors.New("x")
	if err := Each(t.Context(), 1, 3, func(context.Context, int) error { return plain }); !errors.Is(err, plain) {
		t.Errorf("an error came back as %v", err)
	}
}

func TestEachStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	done := 0
	err := Each(ctx, 1, 3, func(context.Context, int) error { done++; return nil })
	if !errors.Is(err, context.Canceled) || done > 0 {
		t.Errorf("%d items were done, error %v", done, err)
	}
}
