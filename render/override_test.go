package render_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

const overrideRGD = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: web-app}
spec:
  schema:
    apiVersion: v1alpha1
    kind: WebApp
    spec:
      replicas: integer | default=1 maximum=10
      ratio: float | default=0.5
      debug: boolean | default=false
      image: {tag: string | default="v1"}
      ports: "[]integer"
      labels: "map[string]string"
      extra: object
  resources:
  - id: config
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}"}
      data:
        all: ${json.marshal(schema.spec)}
`

func TestOverrides(t *testing.T) {
	tests := []struct {
		name, instance string
		values         map[string]string
		want           string // the spec as JSON, or the findings
	}{
		{"none", "WebApp/web", nil, `{"debug":false,"image":{"tag":"v1"},"labels":{"a":"b"},"ports":[80],"ratio":0.5,"replicas":1}`},
		{"scalars", "WebApp/web", map[string]string{"replicas": "3", "ratio": "1.5", "debug": "true", "image.tag": "3"},
			`{"debug":true,"image":{"tag":"3"},"labels":{"a":"b"},"ports":[80],"ratio":1.5,"replicas":3}`},
		{"lists and maps", "shop/web", map[string]string{"ports[0]": "1", "ports[1]": "2", `labels["x.y"]`: "true"},
			`{"debug":false,"image":{"tag":"v1"},"labels":{"a":"b","x.y":"true"},"ports":[1,2],"ratio":0.5,"replicas":1}`},
		{"whole values", "web", map[string]string{"ports": "[7]", "labels": `{"c":"d"}`, "extra.a.b": "[1, 2.5]", "extra.t": "text"},
			`{"debug":false,"extra":{"a":{"b":[1,2.5]},"t":"text"},"image":{"tag":"v1"},"labels":{"c":"d"},"ports":[7],"ratio":0.5,"replicas":1}`},
		{"types", "WebApp/shop/web", map[string]string{"replicas": "s3cret", "ratio": "NaN", "debug": "yes", "ports": "{}", "labels": "x"},
			"field debug: the value is not true or false\nfield labels: the value is not JSON, which a field of type object takes\n" +
				"field ports: the value is not a JSON list\nfield ratio: the value is not a number\nfield replicas: the value is not an integer"},
		{"paths", "web", map[string]string{"image.tga": "x", "replica": "1", "image[0]": "x", "ports[3]": "1", "a..b": "x", "": "x"},
			"field : not a path such as image.tag, ports[0].name or labels[\"a.b\"]\nfield a..b: not a path such as image.tag, ports[0].name or labels[\"a.b\"]\n" +
				"field image.tga: the schema has no field image.tga; did you mean tag\nfield image[0]: image is not a list\n" +
				"field ports[3]: the list has 1 items, so the next index is [1]\nfield replica: the schema has no field replica; did you mean replicas"},
		{"schema", "web", map[string]string{"replicas": "11"}, "invalid value 11: should be less than or equal to 10 (set by the override of web)"},
		{"nobody", "WebApp/wob", map[string]string{"replicas": "1"}, "no instance is named WebApp/wob; there are WebApp/web"},
	}
	instance := "apiVersion: kro.run/v1alpha1\nkind: WebApp\nmetadata: {name: web}\nspec: {ports: [80], labels: {a: b}}\n"
	cache := render.NewCache(1 << 20)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, err := render.Render(t.Context(), render.Input{Files: []manifest.File{
				{Name: "rgd.yaml", Data: []byte(overrideRGD)}, {Name: "web.yaml", Data: []byte(instance)},
			}}, render.Options{Namespace: "shop", Cache: cache, Overrides: []render.Override{
				{Instance: tt.instance, Values: tt.values, Position: diag.Position{File: "flags", Line: 1, Column: 1}},
			}})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range res.Diagnostics {
				got = append(got, d.Message)
			}
			for _, o := range res.Objects {
				if res.Diagnostics.HasErrors() {
					break
				}
				data, _ := o.Object["data"].(map[string]any)
				got = append(got, data["all"].(string))
			}
			want, have := tt.want, strings.Join(got, "\n")
			if json.Valid([]byte(want)) {
				want, have = ordered(t, want), ordered(t, have)
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if !strings.Contains(instance, "ports: [80]") {
		t.Error("the input was changed")
	}
}

// ordered is JSON text with sorted keys.
func ordered(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
