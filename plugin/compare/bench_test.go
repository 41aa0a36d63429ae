package compare_test

import (
	"fmt"
	"testing"

	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/repo"
	"github.com/krowave/krowave/render/wave"
)

// fleet is a render of n objects, ten to an instance, made without rendering.
func fleet(b *testing.B, n int) *render.Result {
	b.Helper()
	seed, err := render.Render(b.Context(), render.Input{Files: []repo.File{{Name: "f.yaml", Data: []byte(`apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: app}
spec:
  schema: {apiVersion: v1alpha1, kind: App}
  resources:
    - id: config
      template: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
---
apiVersion: kro.run/v1alpha1
kind: App
metadata: {name: a}
`)}}}, render.Options{})
	if err != nil || len(seed.Instances) != 1 {
		b.Fatalf("%v %v", err, seed.Diagnostics)
	}
	first := seed.Instances[0]
	out := &render.Result{Graphs: seed.Graphs, Catalog: seed.Catalog}
	var owner *render.Instance
	for i := range n {
		if i%10 == 0 {
			id := map[string]any{"apiVersion": "kro.run/v1alpha1", "kind": "App", "metadata": map[string]any{"name": fmt.Sprint("app-", i), "namespace": "apps"}}
			owner = &render.Instance{Doc: first.Doc, Member: wave.Member{Expansion: &expand.Expansion{Graph: first.Graph, Instance: id}}}
			out.Instances = append(out.Instances, owner)
		}
		out.Objects = append(out.Objects, render.Object{Object: deployment(i), Instance: owner, Node: first.Graph.Nodes[0]})
	}
	return out
}

func deployment(i int) map[string]any {
	name := fmt.Sprint("web-", i)
	labels := map[string]any{"app": name, "tier": "web", "team": "shop"}
	return map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{
			"name": name, "namespace": "apps", "labels": labels,
			"annotations": map[string]any{"argocd.argoproj.io/sync-wave": "0", "krowave.dev/node": "app/config"},
		},
		"spec": map[string]any{
			"replicas": int64(3), "selector": map[string]any{"matchLabels": map[string]any{"app": name}},
			"template": map[string]any{
				"metadata": map[string]any{"labels": map[string]any{"app": name}},
				"spec": map[string]any{"containers": []any{map[string]any{
					"name": "web", "image": "web:1", "args": []any{"--listen", ":8080"},
					"env":       []any{map[string]any{"name": "A", "value": "1"}, map[string]any{"name": "B", "value": "2"}},
					"ports":     []any{map[string]any{"containerPort": int64(8080), "name": "http"}},
					"resources": map[string]any{"requests": map[string]any{"cpu": "100m", "memory": "128Mi"}},
				}}},
			},
		},
	}
}

// BenchmarkCompare compares 100,000 objects with copies of themselves, with
// themselves, and with ones of which each hundredth differs; deep-equal is what
// looking at each pair costs alone.
func BenchmarkCompare(b *testing.B) {
	const n = 100_000
	old := fleet(b, n)
	for _, c := range []struct {
		name  string
		other func() *render.Result
		want  int
	}{
		{"equal", func() *render.Result { return fleet(b, n) }, 0},
		{"shared", func() *render.Result { return old }, 0},
		{"1000-differ", func() *render.Result {
			other := fleet(b, n)
			for i := 0; i < n; i += 100 {
				other.Objects[i].Object["spec"].(map[string]any)["replicas"] = int64(5)
			}
			return other
		}, n / 100},
	} {
		b.Run(c.name, func(b *testing.B) {
			other := c.other()
			b.ReportAllocs()
			for b.Loop() {
				report, err := compare.Compare(b.Context(), compare.Side{Result: old}, compare.Side{Result: other}, compare.Options{})
				if err != nil || report.Summary.Changed != c.want {
					b.Fatalf("%v, %d changed", err, report.Summary.Changed)
				}
			}
		})
	}
	b.Run("deep-equal", func(b *testing.B) {
		other := fleet(b, n)
		b.ReportAllocs()
		for b.Loop() {
			for i := range old.Objects {
				if !field.Equal(old.Objects[i].Object, other.Objects[i].Object) {
					b.Fatal("not equal")
				}
			}
		}
	})
}
