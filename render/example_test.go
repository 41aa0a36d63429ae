package render_test

import (
	"context"
	"fmt"
	"os"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

const exampleRGD = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: greeting
spec:
  schema:
    apiVersion: v1alpha1
    kind: Greeting
    spec:
      text: string | default="hello"
      times: integer | default=1 maximum=3
  resources:
  - id: config
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: ${schema.metadata.name}
      data:
        text: ${schema.spec.text}
        times: ${string(schema.spec.times)}
`

const exampleInstance = `apiVersion: kro.run/v1alpha1
kind: Greeting
metadata:
  name: world
spec:
  times: 2
`

// Files go in, objects come out.
func Example() {
	res, err := render.Render(context.Background(), render.Input{
		Definitions: []manifest.File{{Name: "greeting.yaml", Data: []byte(exampleRGD)}},
		Files:       []manifest.File{{Name: "world.yaml", Data: []byte(exampleInstance)}},
	}, render.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	var objects []map[string]any
	for _, o := range res.Objects {
		objects = append(objects, o.Object)
	}
	if err := manifest.EncodeYAML(os.Stdout, objects); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ---
	// apiVersion: v1
	// data:
	//   text: hello
	//   times: "2"
	// kind: ConfigMap
	// metadata:
	//   name: world
	//   namespace: default
}

// Whoever holds an instance as an object does not write it out as text.
func Example_objects() {
	instance := map[string]any{
		"apiVersion": "kro.run/v1alpha1", "kind": "Greeting",
		"metadata": map[string]any{"name": "world", "namespace": "shop"},
		"spec":     map[string]any{"text": "hi"},
	}
	res, err := render.Render(context.Background(), render.Input{
		Definitions: []manifest.File{{Name: "greeting.yaml", Data: []byte(exampleRGD)}},
		Files:       []manifest.File{{Name: "world", Objects: []map[string]any{instance}}},
	}, render.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range res.Objects {
		fmt.Println(o.Instance.Title(), o.Node.ID, o.Object["data"])
	}
	// Output: Greeting shop/world config map[text:hi times:1]
}

// One instance of many is rendered alone.
func Example_instance() {
	res, err := render.Render(context.Background(), render.Input{
		Definitions: []manifest.File{{Name: "greeting.yaml", Data: []byte(exampleRGD)}},
		Files: []manifest.File{
			{Name: "world.yaml", Data: []byte(exampleInstance)},
			{Name: "moon", Objects: []map[string]any{{"apiVersion": "kro.run/v1alpha1", "kind": "Greeting", "metadata": map[string]any{"name": "moon"}}}},
		},
	}, render.Options{Instances: []string{"Greeting/moon"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, i := range res.Instances {
		fmt.Println(i.Title(), len(i.Objects))
	}
	// Output: Greeting default/moon 1
}

// What is wrong with the input is not an error, but a list of findings.
func Example_findings() {
	wrong := []byte("apiVersion: kro.run/v1alpha1\nkind: Greeting\nmetadata: {name: world}\nspec:\n  times: 4\n")
	res, err := render.Render(context.Background(), render.Input{
		Definitions: []manifest.File{{Name: "greeting.yaml", Data: []byte(exampleRGD)}},
		Files:       []manifest.File{{Name: "world.yaml", Data: wrong}},
	}, render.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range res.Diagnostics {
		if d.Severity == diag.Error {
			fmt.Printf("%s: %s [%s]\n", d.Pos, d.Path, d.Rule)
		}
	}
	// Output: world.yaml:5:10: spec.times [object-schema]
}
