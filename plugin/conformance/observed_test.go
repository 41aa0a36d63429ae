package conformance_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/internal/liveobjects"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/expand"
)

// TestObservedObjects holds rendering with observed objects against kro, which
// sees the same objects as live ones: for every case that needs runtime values,
// such objects are made up. The environment is that of TestDelegate; without kro,
// the test says only which cases get through.
func TestObservedObjects(t *testing.T) {
	dirs := allCases(t)
	var kro *oracleProcess
	if oracle := os.Getenv("KROWAVE_ORACLE"); oracle != "" {
		kro = startOracle(t, oracle)
	}
	count := map[string]int{}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			count[readDelegated(t, dir).observed(t, kro)]++
		})
	}
	t.Logf("%d cases: %v", len(dirs), count)
	if count["complete"] < 45 {
		t.Errorf("only few cases get through: %v", count)
	}
}

// observed says what becomes of a case with made up live objects: static,
// rejected, complete, or incomplete when no value that was tried serves.
func (c *delegated) observed(t *testing.T, kro *oracleProcess) string {
	waits := func(res *render.Result) bool {
		return slices.ContainsFunc(res.Instances, func(i *render.Instance) bool {
			return slices.ContainsFunc(slices.Concat(i.Pending, i.FallbackUsed), func(p expand.Pending) bool { return !p.Unsatisfiable })
		})
	}
	plain, err := render.Render(t.Context(), render.Input{Files: c.in.Files, CRDs: c.in.CRDs}, c.with(render.Withhold))
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case plain.Diagnostics.HasErrors() || len(plain.Instances) == 0:
		return "rejected"
	case !waits(plain):
		return "static"
	}
	made, err := liveobjects.Make(t.Context(), c.in, c.opts)
	if err != nil {
		t.Fatal(err)
	}
	in := c.in
	in.Observed = made.Files()
	res, err := render.Render(t.Context(), in, c.with(render.Withhold))
	if err != nil {
		t.Fatal(err)
	}
	if kro != nil {
		got := outcome{Objects: map[string]map[string]any{}}
		for _, o := range res.Objects {
			got.Objects[identify(o.Object)] = canonical(o.Object)
		}
		for _, i := range res.Instances {
			for _, p := range i.Pending {
				got.Pending = append(got.Pending, p.Node.ID)
			}
		}
		want := c.original(t, kro, made)
		if (want.Rejected != "") != res.Diagnostics.HasErrors() {
			t.Errorf("kro says %q, krowave %v", want.Rejected, res.Diagnostics)
		} else if diff := cmp.Diff(want, got.sorted()); diff != "" && want.Rejected == "" {
			t.Errorf("(-kro +krowave):\n%s", diff)
		}
	}
	if waits(res) || res.Diagnostics.HasErrors() {
		t.Logf("incomplete: %v %v", made.Open, made.Errors)
		return "incomplete"
	}
	return "complete"
}
