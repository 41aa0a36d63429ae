package fleet_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/krowave/krowave/plugin/internal/fleet"
	"github.com/krowave/krowave/render"
)

// TestWrite writes a fleet to KROWAVE_FLEET_DIR, for a look at it or for
// measurements by hand.
func TestWrite(t *testing.T) {
	dir := os.Getenv("KROWAVE_FLEET_DIR")
	if dir == "" {
		t.Skip("KROWAVE_FLEET_DIR names no directory")
	}
	number := func(name string, or int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return or
	}
	files := fleet.Files(number("KROWAVE_FLEET_RGDS", 200), number("KROWAVE_FLEET_INSTANCES", 10_000))
	if err := fleet.Write(dir, files); err != nil {
		t.Fatal(err)
	}
}

func TestFilesRender(t *testing.T) {
	files := fleet.Files(20, 100)
	res, err := render.Render(t.Context(), render.Input{Files: files[1:]}, render.Options{Runtime: render.Withhold})
	if err != nil || len(res.Diagnostics) > 0 {
		t.Fatal(err, res.Diagnostics)
	}
	if len(res.Objects) != 1000 || len(res.Graphs) != 20 {
		t.Errorf("%d objects of %d RGDs, want 1000 of 20", len(res.Objects), len(res.Graphs))
	}
}
