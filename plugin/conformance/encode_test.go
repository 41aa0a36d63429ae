package conformance_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// TestEncode renders four instances of each case, with other names and values, as maps and as
// text: the same bytes and the same findings come out. One worker takes all of them, so that each
// is written into the objects of the one before.
func TestEncode(t *testing.T) {
	encoded := 0
	for i, dir := range allCases(t) {
		if i%4 > 0 && os.Getenv("KROWAVE_ORACLE") == "" {
			continue // make conformance takes all
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			in := render.Input{Files: []manifest.File{caseFile(t, dir, "rgd.yaml")}}
			crds, err := filepath.Glob(filepath.Join(dir, "crds", "*.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range crds {
				in.CRDs = append(in.CRDs, caseFile(t, filepath.Dir(file), filepath.Base(file)))
			}
			if _, err := os.Stat(filepath.Join(dir, "instance.yaml")); err == nil {
				in.Files = append(in.Files, severalInstances(t, dir))
			}
			asMaps, _ := printed(t, in, false)
			asText, n := printed(t, in, true)
			if asMaps != asText {
				t.Errorf("as text:\n%s\nas maps:\n%s", asText, asMaps)
			}
			encoded += n
			if all, counted := counted(t, in, false), counted(t, in, true); all != counted {
				t.Errorf("counted:\n%s\nas maps:\n%s", counted, all)
			}
		})
	}
	if encoded < 300 {
		t.Errorf("only %d objects were encoded", encoded)
	}
}

// printed renders, and returns objects and findings as text, and how many objects were encoded.
func printed(t *testing.T, in render.Input, encode bool) (string, int) {
	t.Helper()
	res, err := render.Render(t.Context(), in, render.Options{Encode: encode, Jobs: 1, AllowEmpty: true, Annotate: render.Annotate{Origin: true, Waves: true}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	encoded := 0
	for i := range res.Objects {
		o := &res.Objects[i]
		fmt.Fprintf(&out, "# wave %d\n", o.Wave)
		if o.Encoded != nil {
			encoded++
		}
		text, err := o.YAML()
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
	}
	for _, d := range append(res.Diagnostics, render.Collisions(res.Objects)...) {
		fmt.Fprintf(&out, "%s: %s [%s] %s: %s (%s)\n", d.Pos, d.Severity, d.Rule, d.Object, d.Message, d.Hint)
	}
	return out.String(), encoded
}

// counted renders, and returns what a list of instances has: of each its objects by their
// names and waves, the nodes that are left out, and those that wait; and the findings.
func counted(t *testing.T, in render.Input, count bool) string {
	t.Helper()
	res, err := render.Render(t.Context(), in, render.Options{Count: count, Jobs: 1, AllowEmpty: true, Runtime: render.Withhold})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, i := range res.Instances {
		fmt.Fprintf(&out, "%v %v %d %v %d\n", i.Identity(), object.Labels(i.Instance), i.First, i.Skipped, len(i.Pending))
		for n := range res.Objects {
			if o := &res.Objects[n]; o.Instance == i {
				fmt.Fprintf(&out, "  %v %d %s\n", o.Key(), o.Wave, o.Node.ID)
			}
		}
	}
	for _, d := range append(res.Diagnostics, render.Collisions(res.Objects)...) {
		fmt.Fprintf(&out, "%s: %s [%s] %s\n", d.Pos, d.Severity, d.Rule, d.Message)
	}
	return out.String()
}

// severalInstances returns the first instance of a case four times.
func severalInstances(t *testing.T, dir string) manifest.File {
	t.Helper()
	docs, found := caseFile(t, withOneInstance(t, dir), "instance.yaml").Read(manifest.Limits{})
	if found.HasErrors() || len(docs) == 0 || docs[0].Object == nil {
		return caseFile(t, dir, "instance.yaml")
	}
	var out bytes.Buffer
	for i := range 4 {
		obj, _ := object.Copy(docs[0].Object).(map[string]any)
		if meta := object.Metadata(obj); i > 0 && meta != nil {
			meta["name"] = fmt.Sprintf("other-%d", i)
			if _, ok := meta["namespace"]; ok {
				meta["namespace"] = fmt.Sprintf("other-%d", i)
			}
		}
		if i > 1 {
			obj["spec"] = changed(obj["spec"], i)
		}
		if err := manifest.EncodeYAML(&out, []map[string]any{obj}); err != nil {
			t.Fatal(err)
		}
	}
	return manifest.File{Name: "instance.yaml", Data: out.Bytes()}
}

// changed returns a value with other texts and numbers, and without every i-th field.
func changed(v any, i int) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for n, key := range slices.Sorted(maps.Keys(v)) {
			if i < 3 || n%i != i-1 {
				out[key] = changed(v[key], i)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, changed(item, i))
		}
		return out
	case string:
		return v + strings.Repeat("z", i)
	case int64:
		return v + int64(i)
	}
	return v
}

func caseFile(t *testing.T, dir, name string) manifest.File {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return manifest.File{Name: name, Data: data}
}
