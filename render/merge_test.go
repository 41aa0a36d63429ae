package render_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

const fixedNameRGD = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: box}
spec:
  schema:
    apiVersion: v1alpha1
    kind: Box
    spec: {name: string | default=shared, twice: boolean | default=false}
  resources:
  - id: config
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.spec.name}"}
  - id: again
    includeWhen: ["${schema.spec.twice}"]
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.spec.name}"}
`

// A destination can have an object once, whatever it comes from.
func TestCollisions(t *testing.T) {
	box := func(name, more string) string {
		return "---\napiVersion: kro.run/v1alpha1\nkind: Box\nmetadata: {name: " + name + ", namespace: shop}\n" + more
	}
	config := func(meta string) string {
		return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {" + meta + "}\n"
	}
	const twice = "ConfigMap shop/shared is rendered twice, here and at app.yaml:2:1, and one would overwrite the other [duplicate-object]\n"
	const hint = "    hint: give one of them another name or namespace, or render them for different destinations\n"
	tests := []struct{ name, text, want string }{
		{"two instances", box("a", "") + box("b", ""), "app.yaml:6:1: " + twice + "    object: Box shop/b\n" + hint + "    app.yaml:2:1: by Box shop/a\n"},
		{"one instance twice", box("a", "spec: {name: b}\n") + box("a", "spec: {name: b}\n"),
			"app.yaml:7:1: Box shop/a is written twice, here and at app.yaml:2:1, and one would overwrite the other [duplicate-object]\n    object: Box shop/a\n" +
				"    hint: remove one of them, give it another name or namespace, or render them for different destinations\n    app.yaml:2:1: by Box shop/a\n"},
		{"two instances of different names", box("a", "") + box("b", "spec: {name: b}\n"), ""},
		{"an instance and a manifest", box("a", "") + config("name: shared, namespace: shop"),
			"app.yaml:6:1: " + twice + "    object: ConfigMap shop/shared\n" + hint + "    app.yaml:2:1: by Box shop/a\n"},
		{"a manifest and an instance", config("name: shared, namespace: shop") + box("a", ""),
			"app.yaml:6:1: " + twice + "    object: Box shop/a\n" + hint + "    app.yaml:2:1: by ConfigMap shop/shared\n"},
		{"a manifest that names no namespace", box("a", "") + config("name: shared"),
			"app.yaml:6:1: ConfigMap shared is rendered twice, here and at app.yaml:2:1, and one would overwrite the other [duplicate-object]\n" +
				"    object: ConfigMap shared\n" + hint + "    app.yaml:2:1: by Box shop/a\n"},
		{"another namespace", box("a", "") + config("name: shared, namespace: other"), ""},
		{"hooks", box("a", "") + config("generateName: shared-, namespace: shop") + config("generateName: shared-, namespace: shop"), ""},
		{"two manifests", config("name: shared, namespace: shop") + config("name: shared, namespace: shop, labels: {a: b}"),
			"app.yaml:6:1: " + twice + "    object: ConfigMap shop/shared\n" + hint + "    app.yaml:2:1: by ConfigMap shop/shared\n"},
		{"the same manifest twice", config("name: shared, namespace: shop") + config("name: shared, namespace: shop"),
			"app.yaml:6:1: warning: " + twice + "    object: ConfigMap shop/shared\n    hint: remove one of them\n    app.yaml:2:1: by ConfigMap shop/shared\n"},
		{"two nodes of one instance, of which the expansion tells", box("a", "spec: {twice: true}\n"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, err := render.Render(t.Context(), render.Input{Files: []manifest.File{
				{Name: "rgd.yaml", Data: []byte(fixedNameRGD)}, {Name: "app.yaml", Data: []byte(tt.text)},
			}}, render.Options{Namespace: "shop"})
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := diag.Print(&got, render.Collisions(res.Objects), diag.PrintOptions{}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
