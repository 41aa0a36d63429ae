package render_test

import (
	"testing"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/manifest"
)

// TestVersionsShareNoCache renders for two versions of kro with one cache.
func TestVersionsShareNoCache(t *testing.T) {
	in := render.Input{Files: []manifest.File{{Name: "app.yaml", Data: []byte(`
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: note}
spec:
  schema:
    apiVersion: v1alpha1
    kind: Note
    spec: {name: string, text: string}
  resources:
    - id: app
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: "${schema.metadata.name}"}
        data: {text: "${schema.spec.?text}"}
---
apiVersion: kro.run/v1alpha1
kind: Note
metadata: {name: a}
spec: {name: x}
`)}}}
	cache := render.NewCache(1 << 20)
	for _, v := range []compat.Version{compat.V0_9, compat.V0_10, "", compat.V0_10} {
		res, err := render.Render(t.Context(), in, render.Options{KroVersion: v, CELOmitFunction: true, Cache: cache})
		if err != nil || res.Diagnostics.HasErrors() {
			t.Fatal(err, res.Diagnostics)
		}
		data, _ := res.Objects[0].Object["data"].(map[string]any)
		if _, isThere := data["text"]; isThere == (v == compat.V0_10) {
			t.Errorf("kro %q gives %v", v, data)
		}
	}
}
