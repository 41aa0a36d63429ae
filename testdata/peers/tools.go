package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// tools returns the ways to render, krowave first.
func tools(krowave, helm3, helm4, kustomize string) []tool {
	self, err := os.Executable()
	if err != nil {
		panic(err) // Linux and macOS always know it
	}
	one := func(args ...string) func(dir string, n int) [][]string {
		return func(dir string, _ int) [][]string {
			out := append([]string(nil), args...)
			for i := range out {
				out[i] = strings.ReplaceAll(out[i], "DIR", dir)
			}
			return [][]string{out}
		}
	}
	each := func(args ...string) func(dir string, n int) [][]string {
		return func(dir string, n int) (out [][]string) {
			for i := range n {
				run := append([]string(nil), args...)
				for k := range run {
					run[k] = strings.NewReplacer("DIR", dir, "NUMBER", fmt.Sprint(i)).Replace(run[k])
				}
				out = append(out, run)
			}
			return out
		}
	}
	out := []tool{
		{"krowave", 1 << 30, writeInstances(false), one(krowave, "render", "DIR")},
		{"krowave, a file each", 10_000, writeInstances(true), one(krowave, "render", "DIR")},
		{"a Go program for this RGD alone", 1 << 30, writeInstances(false), one(self, "-floor", "DIR/instances.yaml")},
	}
	helm := func(name, binary string) {
		if binary != "" {
			out = append(out,
				tool{name + ", one chart with range", 1 << 30, writeRangeChart, one(binary, "template", "all", "DIR")},
				tool{name + ", a release each", 100, writeChart, each(binary, "template", "shop-NUMBER", "DIR/chart", "-f", "DIR/values-NUMBER.yaml")})
		}
	}
	helm("Helm 3", helm3)
	helm("Helm 4", helm4)
	if kustomize != "" {
		out = append(out, tool{"kustomize, an overlay each", 1000, writeOverlays, one(kustomize, "build", "DIR")})
	}
	return out
}

func replicas(i int) int { return i%5 + 1 }

func tag(i int) string { return fmt.Sprintf("1.%d", i%30) }

func writeFiles(dir string, files map[string]string) error {
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func instance(i int) string {
	return fmt.Sprintf("apiVersion: kro.run/v1alpha1\nkind: Shop\nmetadata:\n  name: shop-%d\n  namespace: team-%d\nspec:\n  replicas: %d\n  tag: \"%s\"\n", i, i%50, replicas(i), tag(i))
}

const rgd = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: shop
spec:
  schema:
    apiVersion: v1alpha1
    kind: Shop
    spec:
      replicas: integer
      tag: string
  resources:
` + "OBJECTS"

// objectTemplates are the four objects, with NAME, NAMESPACE, REPLICAS and TAG in the words of a tool.
var objectTemplates = []struct{ id, text string }{
	{"account", `apiVersion: v1
kind: ServiceAccount
metadata:
  name: NAME
  namespace: NAMESPACE
`},
	{"config", `apiVersion: v1
kind: ConfigMap
metadata:
  name: NAME
  namespace: NAMESPACE
data:
  greeting: hello
  shop: NAME
`},
	{"deployment", `apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
  namespace: NAMESPACE
  labels:
    app: NAME
spec:
  replicas: REPLICAS
  selector:
    matchLabels:
      app: NAME
  template:
    metadata:
      labels:
        app: NAME
    spec:
      serviceAccountName: NAME
      containers:
        - name: web
          image: IMAGE
          ports:
            - containerPort: 8080
          envFrom:
            - configMapRef:
                name: NAME
`},
	{"service", `apiVersion: v1
kind: Service
metadata:
  name: NAME
  namespace: NAMESPACE
spec:
  selector:
    app: NAME
  ports:
    - port: 80
      targetPort: 8080
`},
}

func filled(text, name, namespace, replicas, image string) string {
	return strings.NewReplacer("NAMESPACE", namespace, "NAME", name, "REPLICAS", replicas, "IMAGE", image).Replace(text)
}

func writeInstances(apart bool) func(dir string, n int) error {
	return func(dir string, n int) error {
		var nodes strings.Builder
		for _, o := range objectTemplates {
			text := filled(o.text, "${schema.metadata.name}", "${schema.metadata.namespace}", "${schema.spec.replicas}", "example.org/shop:${schema.spec.tag}")
			nodes.WriteString("    - id: " + o.id + "\n      template:\n        " + strings.TrimSpace(strings.ReplaceAll(text, "\n", "\n        ")) + "\n")
		}
		files := map[string]string{"rgd.yaml": strings.Replace(rgd, "OBJECTS", nodes.String(), 1)}
		var all strings.Builder
		for i := range n {
			if apart {
				files[fmt.Sprintf("shops/%03d/shop-%d.yaml", i/1000, i)] = instance(i)
				continue
			}
			all.WriteString("---\n" + instance(i))
		}
		if !apart {
			files["instances.yaml"] = all.String()
		}
		return writeFiles(dir, files)
	}
}

func chartTemplates() string {
	var out strings.Builder
	for _, o := range objectTemplates {
		out.WriteString("---\n" + filled(o.text, "{{ .name }}", "{{ .namespace }}", "{{ .replicas }}", "example.org/shop:{{ .tag }}"))
	}
	return out.String()
}

func values(i int) string {
	return fmt.Sprintf("{name: shop-%d, namespace: team-%d, replicas: %d, tag: \"%s\"}", i, i%50, replicas(i), tag(i))
}

const chartYAML = "apiVersion: v2\nname: shops\nversion: 1.0.0\n"

func writeRangeChart(dir string, n int) error {
	var list strings.Builder
	list.WriteString("shops:\n")
	for i := range n {
		list.WriteString("- " + values(i) + "\n")
	}
	return writeFiles(dir, map[string]string{
		"Chart.yaml": chartYAML, "values.yaml": list.String(), "templates/shops.yaml": "{{- range .Values.shops }}\n" + chartTemplates() + "{{- end }}\n",
	})
}

func writeChart(dir string, n int) error {
	files := map[string]string{"chart/Chart.yaml": chartYAML, "chart/templates/shop.yaml": "{{- with .Values.shop }}\n" + chartTemplates() + "{{- end }}\n"}
	for i := range n {
		files[fmt.Sprintf("values-%d.yaml", i)] = "shop: " + values(i) + "\n"
	}
	return writeFiles(dir, files)
}

func writeOverlays(dir string, n int) error {
	var base strings.Builder
	for _, o := range objectTemplates {
		base.WriteString("---\n" + filled(o.text, "shop", "default", "1", "example.org/shop:0"))
	}
	files := map[string]string{"base/objects.yaml": base.String(), "base/kustomization.yaml": "resources: [objects.yaml]\n"}
	var all strings.Builder
	all.WriteString("resources:\n")
	for i := range n {
		files[fmt.Sprintf("shops/%d/kustomization.yaml", i)] = fmt.Sprintf(`resources: [../../base]
namespace: team-%[1]d
nameSuffix: "-%[2]d"
replicas: [{name: shop, count: %[3]d}]
images: [{name: example.org/shop, newTag: "%[4]s"}]
patches:
- target: {kind: ConfigMap}
  patch: '[{"op": "replace", "path": "/data/shop", "value": "shop-%[2]d"}]'
- target: {kind: Service}
  patch: '[{"op": "replace", "path": "/spec/selector/app", "value": "shop-%[2]d"}]'
- target: {kind: Deployment}
  patch: |-
    - {op: replace, path: /metadata/labels/app, value: "shop-%[2]d"}
    - {op: replace, path: /spec/selector/matchLabels/app, value: "shop-%[2]d"}
    - {op: replace, path: /spec/template/metadata/labels/app, value: "shop-%[2]d"}
`, i%50, i, replicas(i), tag(i))
		all.WriteString(fmt.Sprintf("- shops/%d\n", i))
	}
	files["kustomization.yaml"] = all.String()
	return writeFiles(dir, files)
}

// byHand makes the objects without any engine: a program that can do nothing else.
func byHand(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	for _, doc := range documents(text) {
		var in struct {
			Metadata struct{ Name, Namespace string }
			Spec     struct {
				Replicas int64
				Tag      string
			}
		}
		if err := yaml.Unmarshal(doc, &in); err != nil {
			return err
		}
		if in.Metadata.Name == "" {
			continue
		}
		type m = map[string]any
		name := in.Metadata.Name
		meta := m{"name": name, "namespace": in.Metadata.Namespace}
		labels := m{"app": name}
		for _, o := range []m{
			{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
			{"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": m{"greeting": "hello", "shop": name}},
			{
				"apiVersion": "apps/v1", "kind": "Deployment", "metadata": m{"name": name, "namespace": in.Metadata.Namespace, "labels": labels},
				"spec": m{
					"replicas": in.Spec.Replicas, "selector": m{"matchLabels": labels},
					"template": m{"metadata": m{"labels": labels}, "spec": m{"serviceAccountName": name, "containers": []any{m{
						"name": "web", "image": "example.org/shop:" + in.Spec.Tag, "ports": []any{m{"containerPort": 8080}},
						"envFrom": []any{m{"configMapRef": m{"name": name}}},
					}}}},
				},
			},
			{"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": m{"selector": labels, "ports": []any{m{"port": 80, "targetPort": 8080}}}},
		} {
			text, err := yaml.Marshal(o)
			if err != nil {
				return err
			}
			if _, err := out.WriteString("---\n" + string(text)); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}
