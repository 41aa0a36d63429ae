package residual_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/internal/archives"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/residual"
)

// TestArchives divides the RGDs of the archives of testdata/render that leave
// nodes to kro: the residual RGD is the one that a render hands over, what moves
// has no object there, and the findings are the render's.
func TestArchives(t *testing.T) {
	definitions := 0
	for _, a := range archives.Read(t, "Runtime", "runtime", "Annotate", "annotate", "Emit", "emit") {
		if !strings.HasPrefix(a.Name, "delegate") || strings.Contains(a.Name, "observed") {
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			handed := residualRGDs(t, a)
			graphs, _ := a.Compile()
			for _, g := range graphs {
				d, diags := residual.Divide(g, residual.World{Catalog: a.Catalog, RGDs: a.RGDs})
				if !d.Delegates() || d.Whole {
					continue
				}
				for _, m := range d.Moved {
					if !d.Has(m.Node.ID) || m.Why == "" || m.At.Line == 0 {
						t.Errorf("%s moves without a reason or place: %q, %s", m.Node.ID, m.Why, m.At)
					}
					for _, line := range a.Waves {
						if strings.Contains(line, "/"+m.Node.ID+"[") && strings.Contains(line, " "+g.RGD.GVK.Kind+" ") {
							t.Errorf("%s is left to kro, but a render has %s", m.Node.ID, line)
						}
					}
				}
				needed := slices.ContainsFunc(a.Others, func(doc *manifest.Document) bool { return object.GVK(doc.Object) == g.RGD.GVK })
				if needed { // findings are said only then
					checkFindings(t, a, diags)
				}
				if d.Definition == nil {
					if !diags.HasErrors() {
						t.Errorf("%s has no residual RGD, and no error says why", g.RGD.Name)
					}
					continue
				}
				want := handed[object.Name(d.Definition)]
				if want == nil {
					continue // no instance needs it, or the archive has findings
				}
				definitions++
				if diff := cmp.Diff(want["spec"], normal(t, d.Definition["spec"])); diff != "" {
					t.Errorf("residual RGD %s (-render +divided):\n%s", object.Name(d.Definition), diff)
				}
			}
		})
	}
	if definitions < 3 {
		t.Errorf("%d residual RGDs in all archives: they do not show what is left to kro", definitions)
	}
}

// residualRGDs are those that a render hands over, by name.
func residualRGDs(t *testing.T, a *archives.Archive) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, text := range strings.Split(a.Objects, "---\n") {
		var obj map[string]any
		if err := yaml.Unmarshal([]byte(text), &obj); err != nil {
			t.Fatal(err)
		}
		if object.Kind(obj) == "ResourceGraphDefinition" {
			out[object.Name(obj)] = obj
		}
	}
	return out
}

// normal is a value as YAML reads it back.
func normal(t *testing.T, v any) any {
	text, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := yaml.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func checkFindings(t *testing.T, a *archives.Archive, diags diag.List) {
	var out bytes.Buffer
	if err := diag.Print(&out, diags, diag.PrintOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(out.String(), "\n") {
		if line != "" && !strings.HasPrefix(line, " ") && !strings.Contains(a.Diagnostics, line+"\n") {
			t.Errorf("a render does not say:\n%s", line)
		}
	}
}
