package wave_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/internal/archives"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/wave"
)

// TestArchives assigns waves to the instances of the archives of testdata/render
// whose RGD stands alone: the waves are those of a whole render, and the path to
// the wave of each object follows its dependencies and ends with it.
func TestArchives(t *testing.T) {
	checked := 0
	for _, a := range archives.Read(t, "annotate", "wavemode") {
		if len(a.RGDs) != 1 {
			continue
		}
		mode := wave.Mode(fmt.Sprint(a.Options["wavemode"]))
		if a.Options["wavemode"] == nil {
			mode = wave.Levels
		}
		t.Run(a.Name, func(t *testing.T) {
			graphs, _ := a.Compile()
			for _, g := range graphs {
				for _, doc := range a.Others {
					if x := expanded(t, g, doc.Object); x != nil {
						checked += checkWaves(t, a, &wave.Member{Expansion: x}, mode)
					}
				}
			}
		})
	}
	if checked < 40 {
		t.Errorf("%d waves in all archives: they do not show what waves are", checked)
	}
}

// expanded is an expansion whose objects all have a place; nil with findings.
func expanded(t *testing.T, g *graph.Graph, instance map[string]any) *expand.Expansion {
	if object.GVK(instance) != g.RGD.GVK {
		return nil
	}
	stored, _, problems := g.Admitter.Admit(instance, "")
	if len(problems) > 0 {
		return nil
	}
	x, diags, err := expand.Instance(context.Background(), g, stored, expand.Options{ServerDefaults: true})
	if err != nil {
		t.Fatal(err)
	}
	if diags.HasErrors() {
		return nil
	}
	return x
}

func checkWaves(t *testing.T, a *archives.Archive, m *wave.Member, mode wave.Mode) int {
	if wave.Assign(m, mode, func() diag.Position { return diag.Position{} }).HasErrors() {
		return 0
	}
	title := object.KeyOf(m.Instance).Title()
	var want, got []string
	for _, line := range a.Waves {
		if strings.Contains(line, " "+title+"/") {
			want = append(want, line)
		}
	}
	if len(want) != len(m.Objects) {
		return 0 // nodes of the archive wait for what only the render knows
	}
	for i, o := range m.Objects {
		got = append(got, fmt.Sprintf("%d %s/%s[%d] %s %s", m.Waves[i], title, o.Node.ID, o.Index, object.Kind(o.Object), object.Name(o.Object)))
		steps := wave.Path(m, i, wave.First(m), mode)
		last := steps[len(steps)-1]
		if last.Node != o.Node || last.First != m.Waves[i] {
			t.Errorf("the path to %s ends at %s in wave %d, not %d", o.Node.ID, last.Node.ID, last.First, m.Waves[i])
		}
		for j, s := range steps[1:] {
			if !slices.Contains(s.Node.Dependencies, steps[j].Node.ID) || s.First < steps[j].First {
				t.Errorf("%s does not follow %s on the path to %s", s.Node.ID, steps[j].Node.ID, o.Node.ID)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("waves of %s (-render +assigned):\n%s", title, diff)
	}
	nodes := wave.Nodes(m.Graph, mode)
	for _, n := range m.Graph.Nodes {
		for _, dep := range n.Dependencies {
			if nodes[n.ID] < nodes[dep] {
				t.Errorf("node %s is before %s, which it depends on", n.ID, dep)
			}
		}
	}
	return len(got)
}
