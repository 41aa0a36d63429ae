package apidoc_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/krowave/krowave/plugin/apidoc"
	"github.com/krowave/krowave/plugin/internal/clitest"
	"github.com/krowave/krowave/plugin/internal/randomcase"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
)

const typed = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: app}
spec:
  schema:
    apiVersion: v1alpha1
    kind: App
    group: example.com
    types:
      Port: {number: integer | required=true minimum=1 maximum=65535, name: 'string | default="http"'}
    spec:
      image: string | required=true pattern="^[a-z/.:0-9-]+$"
      replicas: integer | default=1 required=true
      level: string | enum="debug,info" default="info"
      ratio: float
      open: boolean
      ports: "[]Port | minItems=1"
      tags: "[]string | uniqueItems=true"
      labels: "map[string]string"
      free: object
      password: string | default="hunter2"
  resources:
    - id: secret
      template: {apiVersion: v1, kind: Secret, metadata: {name: "${schema.metadata.name}"}, stringData: {password: "${schema.spec.password}"}}
`

// TestJSONSchemaValidates has a validator of JSON schemas decide about instances.
func TestJSONSchemaValidates(t *testing.T) {
	g := compiled(t, map[string]string{"rgd.yaml": typed})[0]
	text, err := apidoc.JSONSchema(g)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("hunter2")) {
		t.Errorf("the default of a Secret is shown:\n%s", text)
	}
	if name := apidoc.SchemaFile(g); name != "example.com/app_v1alpha1.json" {
		t.Errorf("the file is called %s", name)
	}
	schema := parsed(t, g)
	for _, tt := range []struct {
		name, spec string
		valid      bool
	}{
		{"only what is required", `{"image": "web:1"}`, true},
		{"everything", `{"image": "web:1", "replicas": 3, "level": "debug", "ratio": 0.5, "open": true, "ports": [{"number": 80}], "tags": ["a", "b"], "labels": {"a": "b"}, "free": {"x": {"y": 1}}, "password": "x"}`, true},
		{"a required field is missing", `{"replicas": 3}`, false},
		{"a required field of an item is missing", `{"image": "web:1", "ports": [{"name": "http"}]}`, false},
		{"not in the enum", `{"image": "web:1", "level": "trace"}`, false},
		{"a string for a number", `{"image": "web:1", "replicas": "3"}`, false},
		{"a number for a string", `{"image": 1}`, false},
		{"a fraction for an integer", `{"image": "web:1", "replicas": 1.5}`, false},
		{"above the maximum", `{"image": "web:1", "ports": [{"number": 70000}]}`, false},
		{"too few items", `{"image": "web:1", "ports": []}`, false},
		{"an item twice", `{"image": "web:1", "tags": ["a", "a"]}`, false},
		{"against the pattern", `{"image": "WEB"}`, false},
		{"an unknown field", `{"image": "web:1", "replica": 3}`, false},
		{"an unknown field of an item", `{"image": "web:1", "ports": [{"number": 80, "nam": "x"}]}`, false},
		{"a map entry of another type", `{"image": "web:1", "labels": {"a": 1}}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			check(t, schema, fmt.Sprintf(`{"apiVersion": "example.com/v1alpha1", "kind": "App", "metadata": {"name": "web"}, "spec": %s}`, tt.spec), tt.valid)
		})
	}
	check(t, schema, `{"apiVersion": "example.com/v1", "kind": "App", "metadata": {"name": "web"}}`, false)
	check(t, schema, `{"apiVersion": "example.com/v1alpha1", "kind": "App", "metadata": {"nam": "web"}}`, false)
	check(t, schema, `{"apiVersion": "example.com/v1alpha1", "kind": "App"}`, false)
}

// TestJSONSchemaAgrees holds the schemas of many RGDs to the admission of their
// instances: what is admitted whole is valid, and what loses a field is not.
func TestJSONSchemaAgrees(t *testing.T) {
	cases := map[string]map[string]string{}
	dirs, err := filepath.Glob("../../testdata/kro/*/instance.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range dirs {
		dir := filepath.Dir(name)
		cases[filepath.Base(dir)] = map[string]string{"rgd.yaml": clitest.ReadFile(t, filepath.Join(dir, "rgd.yaml")), "instance.yaml": clitest.ReadFile(t, name)}
	}
	for seed := range uint64(150) {
		c := randomcase.New(seed)
		cases[fmt.Sprintf("random-%d", seed)] = map[string]string{"rgd.yaml": c.Files["rgd.yaml"], "instance.yaml": c.Files["instance.yaml"]}
	}
	accepted, refused := 0, 0
	for name, files := range cases {
		graphs := compiled(t, map[string]string{"rgd.yaml": files["rgd.yaml"]})
		docs, _ := manifest.File{Name: "instance.yaml", Data: []byte(files["instance.yaml"])}.Read(manifest.Limits{})
		for _, d := range docs {
			for _, g := range graphs {
				if d.Kind() != g.RGD.GVK.Kind || d.Object["status"] != nil {
					continue
				}
				_, pruned, problems := g.Admitter.Admit(d.Object, "")
				text, err := manifest.CanonicalJSON(d.Object)
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case len(problems) > 0: // also by rules that JSON schema does not have
				case len(pruned) > 0:
					refused++
					t.Run(name, func(t *testing.T) { check(t, parsed(t, g), string(text), false) })
				default:
					accepted++
					t.Run(name, func(t *testing.T) { check(t, parsed(t, g), string(text), true) })
				}
			}
		}
	}
	if accepted < 300 || refused < 2 {
		t.Errorf("%d instances are valid and %d are not, which tests little", accepted, refused)
	}
}

func compiled(t *testing.T, files map[string]string) []*graph.Graph {
	t.Helper()
	in := render.Input{}
	for name, text := range files {
		in.Definitions = append(in.Definitions, manifest.File{Name: name, Data: []byte(text)})
	}
	res, err := render.Render(t.Context(), in, render.Options{AllowEmpty: true, Lenient: true})
	if err != nil {
		t.Fatal(err)
	}
	return res.Graphs
}

// parsed is the schema of an RGD, as the validator reads it.
func parsed(t *testing.T, g *graph.Graph) *jsonschema.Schema {
	t.Helper()
	text, err := apidoc.JSONSchema(g)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return schema
}

func check(t *testing.T, schema *jsonschema.Schema, text string, valid bool) {
	t.Helper()
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(instance); (err == nil) != valid {
		t.Errorf("valid is %t, want %t: %v\n%s", err == nil, valid, err, text)
	}
}
