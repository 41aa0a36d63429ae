package render_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
)

func oneMap(kind, value string) string {
	return fmt.Sprintf(`apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: %[1]s}
spec:
  schema: {apiVersion: v1alpha1, kind: %[2]s, spec: {size: integer}}
  resources:
    - id: map
      template: {apiVersion: v1, kind: ConfigMap, metadata: {name: "${schema.metadata.name}"}, data: {value: %[3]s}}
`, strings.ToLower(kind), kind, value)
}

func oneInner(kind, inner string) string {
	return fmt.Sprintf(`apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: %[3]s}
spec:
  schema: {apiVersion: v1alpha1, kind: %[1]s, spec: {size: integer}}
  resources:
    - id: inner
      template: {apiVersion: kro.run/v1alpha1, kind: %[2]s, metadata: {name: "${schema.metadata.name}"}, spec: {size: 1}}
`, kind, inner, strings.ToLower(kind))
}

// TestWhatIsRenderedAgain edits RGDs between renders that share a Cache. Only
// instances whose RGD is another, or that of an inner instance, are expanded again;
// and what comes out is what a render without a Cache makes.
func TestWhatIsRenderedAgain(t *testing.T) {
	files := map[string]string{"inner": oneMap("Inner", "a"), "middle": oneInner("Middle", "Inner"), "outer": oneInner("Outer", "Middle"), "other": oneMap("Other", "a")}
	for _, kind := range []string{"Inner", "Middle", "Outer", "Other"} {
		files["instance-"+kind] = fmt.Sprintf("apiVersion: kro.run/v1alpha1\nkind: %[1]s\nmetadata: {name: a-%[2]c}\nspec: {size: 1}\n", kind, kind[1])
	}
	cache := render.NewCache(1 << 30)
	made := func(cache *render.Cache) (map[string]*render.Instance, []map[string]any) {
		t.Helper()
		var in render.Input
		for _, name := range []string{"inner", "middle", "outer", "other", "instance-Inner", "instance-Middle", "instance-Outer", "instance-Other"} {
			in.Files = append(in.Files, manifest.File{Name: name + ".yaml", Data: []byte(files[name])})
		}
		res, err := render.Render(t.Context(), in, render.Options{Cache: cache})
		if err != nil || res.Diagnostics.HasErrors() {
			t.Fatal(err, res.Diagnostics)
		}
		out, objects := map[string]*render.Instance{}, []map[string]any{}
		for _, i := range res.Instances {
			if i.Parent == nil {
				out[i.Identity().Kind] = i
			}
		}
		for _, o := range res.Objects {
			objects = append(objects, o.Object)
		}
		return out, objects
	}
	before, _ := made(cache)
	for _, edit := range []struct {
		file, text string
		again      map[string]bool
	}{
		{"other", oneMap("Other", "b"), map[string]bool{"Other": true}},
		{"inner", oneMap("Inner", "b"), map[string]bool{"Inner": true, "Middle": true, "Outer": true}},
		{"middle", oneInner("Middle", "Other"), map[string]bool{"Middle": true, "Outer": true}},
		{"other", oneMap("Other", "c"), map[string]bool{"Other": true, "Middle": true, "Outer": true}},
		{"instance-Outer", files["instance-Outer"] + "# edited\n", map[string]bool{"Outer": true}},
	} {
		files[edit.file] = edit.text
		cache.Round()
		now, objects := made(cache)
		again := map[string]bool{}
		for kind, i := range now {
			if i != before[kind] {
				again[kind] = true
			}
		}
		if diff := cmp.Diff(edit.again, again); diff != "" {
			t.Errorf("%s: rendered again (-want +got):\n%s", edit.file, diff)
		}
		if _, want := made(nil); !cmp.Equal(want, objects) {
			t.Errorf("%s: with a cache another result (-want +got):\n%s", edit.file, cmp.Diff(want, objects))
		}
		before = now
	}
}
