package conformance

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/internal/randomcase"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
)

// TestRandomVersions renders random RGDs for kro 0.9 and 0.10, every other one with a quote
// before an expression. What is not the same is what --warn-next warns of; both are the
// same in a second run.
func TestRandomVersions(t *testing.T) {
	same, differ := 0, 0
	for seed := range uint64(200) {
		c := randomcase.New(seed)
		if seed%2 == 1 {
			head, resources, _ := strings.Cut(c.Files["rgd.yaml"], "resources:")
			c.Files["rgd.yaml"] = head + "resources:" + strings.Replace(resources, "${", "it's '${", 1)
		}
		in := inputOf(c.Files)
		opts := render.Options{Runtime: render.Withhold, AllowEmpty: true, CELOmitFunction: c.Files["feature-gates"] != ""}
		old := rendered(t, in, opts)
		next := opts
		next.KroVersion = "0.10"
		now := rendered(t, in, next)
		for _, again := range []struct {
			first *render.Result
			opts  render.Options
		}{{old, opts}, {now, next}} {
			if diff := cmp.Diff(texts(t, again.first), texts(t, rendered(t, in, again.opts))); diff != "" {
				t.Errorf("seed %d: two runs (-first +second):\n%s", seed, diff)
			}
		}
		if slices.Equal(texts(t, old), texts(t, now)) && slices.Equal(messages(old), messages(now)) {
			same++
			continue
		}
		differ++
		opts.WarnNext = "0.10"
		warned := rendered(t, in, opts)
		if len(warned.Lifted) == 0 && !slices.ContainsFunc(warned.Diagnostics, func(d diag.Diagnostic) bool { return d.Rule == "kro-next" }) {
			t.Errorf("seed %d: the versions differ, and nothing warns of it\n0.9:  %v\n0.10: %v", seed, messages(old), messages(now))
		}
	}
	if same < 60 || differ < 10 {
		t.Errorf("%d are the same and %d differ, which tests little", same, differ)
	}
	t.Logf("%d are the same, %d differ", same, differ)
}
