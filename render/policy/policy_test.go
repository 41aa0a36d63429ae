package policy_test

import (
	"slices"
	"testing"

	"github.com/krowave/krowave/render/policy"
)

// TestRuntime holds that each policy does exactly one thing with a node that waits, and that
// no output with texts in place of values counts as one to apply.
func TestRuntime(t *testing.T) {
	for _, p := range append(policy.All(), "") {
		done := 0
		for _, does := range []bool{p.Refuses(), p.LeavesOut(), p.Delegates(), p.Fills()} {
			if does {
				done++
			}
		}
		if done != 1 {
			t.Errorf("%q does %d things", p, done)
		}
		if p != "" && slices.Contains(policy.Appliable(), p) == p.Fills() {
			t.Errorf("%q: to apply %v, with placeholders %v", p, !p.Fills(), p.Fills())
		}
	}
	if !policy.Runtime("").Refuses() {
		t.Error("the zero value is not fail")
	}
}

// TestGraphs shows what each pair of settings does with an object of kind Graph.
func TestGraphs(t *testing.T) {
	want := map[string]string{
		"pass": "", "expand": "renders", "split": "renders divides", "": "",
		"pass delegate": "", "expand delegate": "renders divides", "split delegate": "renders divides",
	}
	for _, g := range append(policy.AllGraphs(), "") {
		for _, p := range policy.All() {
			name := string(g)
			if p.Delegates() && g != "" {
				name += " delegate"
			}
			got := ""
			if g.Renders() {
				got = "renders"
			}
			if g.Divides(p) {
				got += " divides"
			}
			if got != want[name] {
				t.Errorf("graphs %q, runtime %q: %q, want %q", g, p, got, want[name])
			}
		}
	}
}
