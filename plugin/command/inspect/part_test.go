package inspect_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/internal/fleet"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/affected"
	"github.com/krowave/krowave/render/trace"
)

// TestPart explains every object with the part of the input that affected.About
// leaves, and with all of it: the answers are the same.
func TestPart(t *testing.T) {
	in := render.Input{Files: fleet.Files(11, 24)[1:]} // of which one builds on another
	opts := render.Options{Runtime: render.Withhold, AllowEmpty: true}
	whole, err := render.Render(t.Context(), in, opts)
	if err != nil {
		t.Fatal(err)
	}
	answers := 0
	for _, i := range whole.Instances {
		for k, o := range i.Objects {
			if k%3 > 0 && i.Parent == nil {
				continue
			}
			id := render.IdentityOf(o.Object)
			question := strings.ToLower(id.Kind) + "/" + id.Namespace + "/" + id.Name
			part, ok := affected.About(in, question, opts)
			if !ok || len(part.Files) > 4 {
				t.Fatalf("%s: %v, %d files", question, ok, len(part.Files))
			}
			res, err := render.Render(t.Context(), part, opts)
			if err != nil {
				t.Fatal(err)
			}
			answers++
			if diff := cmp.Diff(answer(t, whole, question), answer(t, res, question)); diff != "" {
				t.Fatalf("%s (-whole +part):\n%s", question, diff)
			}
		}
	}
	if answers < 100 {
		t.Errorf("%d answers", answers)
	}
}

func answer(t *testing.T, res *render.Result, question string) string {
	t.Helper()
	tracer := trace.New(t.Context(), res, trace.Options{})
	target, err := tracer.Find(question, "")
	if err != nil {
		return err.Error()
	}
	x, err := tracer.Explain(target)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
