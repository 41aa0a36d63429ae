package trace_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/trace"
)

// files reads the YAML files that a case folder has below some names; nil when
// it has none of them.
func files(t *testing.T, dir string, names ...string) []manifest.File {
	t.Helper()
	var out []manifest.File
	for _, name := range names {
		found, err := filepath.Glob(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, manifest.File{Name: filepath.ToSlash(f), Data: data})
		}
	}
	return out
}

// TestEverything explains every object, every field and every missing node of
// the conformance cases.
func TestEverything(t *testing.T) {
	dirs, err := filepath.Glob("../../testdata/kro/*")
	if err != nil {
		t.Fatal(err)
	}
	objects, fields, missing, secrets := 0, 0, 0, 0
	for _, dir := range dirs {
		in := render.Input{
			Files:    files(t, dir, "rgd.yaml", "instance.yaml"),
			CRDs:     files(t, dir, "crds/*.yaml"),
			Observed: files(t, dir, "observed/*.yaml", "cluster/*.yaml"),
		}
		gates := files(t, dir, "feature-gates")
		res, err := render.Render(t.Context(), in, render.Options{Runtime: render.Withhold, AllowEmpty: true, CELOmitFunction: len(gates) > 0})
		if err != nil {
			t.Fatal(err)
		}
		tracer := trace.New(t.Context(), res, trace.Options{})
		for _, i := range res.Instances {
			for k, o := range i.Objects {
				x, err := tracer.Explain(trace.Target{Instance: i, Node: o.Node, Object: k})
				if err != nil {
					t.Fatal(err)
				}
				objects++
				fields += len(x.Fields)
				checkObject(t, dir, i, k, x)
				if o.Node.Kind.GVK.Kind == "Secret" {
					secrets++
					checkHidden(t, dir, o.Object, x)
				}
			}
			for _, n := range i.Graph.Nodes {
				if hasObject(i, n) {
					continue
				}
				x, err := tracer.Explain(trace.Target{Instance: i, Node: n, Object: -1})
				if err != nil {
					t.Fatal(err)
				}
				missing++
				checkMissing(t, dir, i, x)
			}
		}
	}
	t.Logf("%d objects with %d fields, %d missing nodes, %d secrets", objects, fields, missing, secrets)
	if objects < 300 || fields < 2000 || missing < 100 || secrets < 5 {
		t.Errorf("only %d objects with %d fields, %d missing nodes and %d secrets were explained", objects, fields, missing, secrets)
	}
}

func hasObject(i *render.Instance, n *graph.Node) bool {
	for _, o := range i.Objects {
		if o.Node == n {
			return true
		}
	}
	return false
}

// checkObject: each field has an origin with a place, and the longest path ends
// at the wave that the object has.
func checkObject(t *testing.T, dir string, i *render.Instance, k int, x *trace.Explanation) {
	t.Helper()
	for _, v := range x.Fields {
		if v.From == "" || v.From == trace.FromNowhere || v.At == nil && v.From != trace.FromNamespace {
			t.Errorf("%s: %s of %s comes from %q, %v", dir, v.Name, x.Node.ID, v.From, v.At)
		}
	}
	path := x.Wave.Path
	if len(path) == 0 || path[len(path)-1].First != i.Waves[k] {
		t.Errorf("%s: the path of %s leads to %v, not to wave %d", dir, x.Node.ID, path, i.Waves[k])
	}
	for n := 1; n < len(path); n++ {
		if path[n].Instance == path[n-1].Instance && path[n].First != path[n-1].Last+1 {
			t.Errorf("%s: a step of the path of %s is too long: %v", dir, x.Node.ID, path)
		}
	}
}

// checkHidden: no value of a Secret is anywhere in its explanation.
func checkHidden(t *testing.T, dir string, obj map[string]any, x *trace.Explanation) {
	t.Helper()
	text, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"data", "stringData"} {
		values, _ := obj[key].(map[string]any)
		for _, v := range values {
			if s, _ := v.(string); len(s) > 5 && !strings.HasPrefix(s, "${") && strings.Contains(string(text), s) {
				t.Errorf("%s: the explanation of %s shows %s", dir, x.Node.ID, s)
			}
		}
	}
}

// checkMissing: there is a reason, and each chain of reasons ends at a cause.
func checkMissing(t *testing.T, dir string, i *render.Instance, x *trace.Explanation) {
	t.Helper()
	m := x.Missing
	if m == nil || m.Why == "" || m.Why == trace.WhyRendered || m.Text == "" || m.At == nil {
		t.Errorf("%s: nothing says why %s is missing: %+v", dir, x.Node.ID, m)
		return
	}
	for depth := 0; m.Why == trace.WhyDependency && depth < 3; depth++ {
		if len(m.Because) == 0 {
			t.Errorf("%s: %s depends on nothing that explains it: %+v", dir, m.Node, m)
			return
		}
		m = &m.Because[0]
	}
}

func TestFind(t *testing.T) {
	const rgd = `
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: stand}
spec:
  schema:
    apiVersion: v1alpha1
    kind: Stand
  resources:
    - id: shelf
      forEach: [{i: "${[1, 2]}"}]
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: ${schema.metadata.name}.${string(i)}
          annotations: {example.com/a.b: c}
        data: {a: x, a.b: w, "a.b[0]": z}
    - id: lamp
      includeWhen: ["${false}"]
      template:
        apiVersion: v1
        kind: Service
        metadata: {name: "${schema.metadata.name}"}
        spec: {ports: [{name: http, port: 80}]}
---
apiVersion: kro.run/v1alpha1
kind: Stand
metadata: {name: market}
---
apiVersion: v1
kind: Secret
metadata: {name: loose}
`
	res, err := render.Render(t.Context(), render.Input{Files: []manifest.File{{Name: "stand.yaml", Data: []byte(rgd)}}}, render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if res.Diagnostics.HasErrors() {
		t.Fatal(res.Diagnostics)
	}
	tracer := trace.New(t.Context(), res, trace.Options{})
	tests := []struct{ text, want string }{
		{"configmap/market.1", "shelf 0"},
		{"ConfigMap/market.2.data.a", "shelf 1 data.a"},
		{"configmaps/default/market.2.data.a.b", `shelf 1 data["a.b"]`},
		{`cm/market.2`, "shelf 1"},
		{`configmap/market.2.data["a.b[0]"]`, `shelf 1 data["a.b[0]"]`},
		{"configmap/market.2.metadata.annotations.example.com/a.b", `shelf 1 metadata.annotations["example.com/a.b"]`},
		{"service/market", "lamp -1"},
		{"services.v1/market.spec", "lamp -1"},
		{"stand/market", "market"},
		{"Stand.kro.run/default/market.metadata.name", "market metadata.name"},
		{"stand/market/shelf[1].data", "shelf 1 data"},
		{"market/lamp", "lamp -1"},
		{"stand/market/shelf", "shelf all"},
		{"stand/marker", "error: no object is named stand/marker; did you mean stand/default/market?"},
		{"configmap/market.2.data.a.c", "error: configmap/default/market.2 has no field data.a.c; data.a is not an object"},
		{"configmap/market.3", "error: no object is named configmap/market.3; did you mean configmap/default/market.1?"},
		{"secret/loose.data", "error: no RGD renders secret/loose: it passes through unchanged from stand.yaml:31:1"},
		{"", "error: no object is named ; there are configmap/default/market.1, configmap/default/market.2, stand/default/market"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			target, err := tracer.Find(test.text, "")
			if diff := cmp.Diff(test.want, targetText(target, err)); diff != "" {
				t.Errorf("Find(%q) (-want +got):\n%s", test.text, diff)
			}
		})
	}
}

func targetText(target trace.Target, err error) string {
	switch {
	case err != nil:
		return "error: " + err.Error()
	case target.Node == nil:
		return strings.TrimSpace(target.Instance.Identity().Name + " " + target.Field.String())
	}
	index := "-1"
	if target.Object == trace.Items {
		index = "all"
	}
	if target.Object >= 0 {
		index = string(rune('0' + target.Instance.Objects[target.Object].Index))
	}
	return strings.TrimSpace(target.Node.ID + " " + index + " " + target.Field.String())
}
