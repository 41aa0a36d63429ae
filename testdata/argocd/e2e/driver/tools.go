//go:build ignore

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// tool is one way to answer repo-server, with a repository of its own in which every application has the same four
// objects.
type tool struct {
	name, plugin string
	files        func(apps int) map[string]string
	start        func(w *world, plugin string) (*process, error)
}

func (w *world) tools() []tool {
	stock := func(command ...string) func(*world, string) (*process, error) {
		return func(w *world, plugin string) (*process, error) { return w.startStockWith(plugin, command...) }
	}
	out := []tool{
		{"krowave's sidecar", "krowave", krowaveFiles, func(w *world, plugin string) (*process, error) {
			s, err := w.startSidecar(plugin)
			if err != nil {
				return nil, err
			}
			return s.process, nil
		}},
		{"Argo CD's plugin server with krowave", "stock-krowave", krowaveFiles, stock(w.krowave, "argocd", "generate")},
	}
	if w.helm != "" {
		out = append(out, tool{"Argo CD's plugin server with Helm", "stock-helm", helmFiles, stock(w.helm, "template", "shop", "../../chart", "-f", "values.yaml")})
	}
	if w.kustomize != "" {
		out = append(out, tool{"Argo CD's plugin server with kustomize", "stock-kustomize", kustomizeFiles, stock(w.kustomize, "build", ".")})
	}
	return out
}

// startStockWith starts Argo CD's own plugin server, which runs a command for each request.
func (w *world) startStockWith(plugin string, command ...string) (*process, error) {
	dir := w.path("config-" + plugin)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	text := fmt.Sprintf("apiVersion: argoproj.io/v1alpha1\nkind: ConfigManagementPlugin\nmetadata:\n  name: %s\nspec:\n  generate:\n    command: [%s]\n",
		plugin, strings.Join(command, ", "))
	if err := os.WriteFile(filepath.Join(dir, "plugin.yaml"), []byte(text), 0o644); err != nil {
		return nil, err
	}
	p, err := w.start(plugin, w.environment("argocd-cmp-server"), w.argocd, "--config-dir-path", dir, "--logformat", "text")
	if err != nil {
		return nil, err
	}
	return p, p.ready(dials("unix", w.path("plugins", plugin+".sock")))
}

const fourObjects = `apiVersion: v1
kind: ServiceAccount
metadata:
  name: NAME
  namespace: shops
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: NAME
  namespace: shops
data:
  greeting: hello
---
apiVersion: v1
kind: Service
metadata:
  name: NAME
  namespace: shops
spec:
  selector:
    app: NAME
  ports:
    - port: 80
      targetPort: 8080
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
  namespace: shops
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
      containers:
        - name: shop
          image: example.com/shop:1.0
          ports:
            - containerPort: 8080
`

func shopName(i int) string { return fmt.Sprintf("shop-%d", i) }

func krowaveFiles(apps int) map[string]string {
	var b strings.Builder
	b.WriteString("apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata:\n  name: shop\nspec:\n  schema:\n    apiVersion: v1alpha1\n" +
		"    kind: Shop\n    spec:\n      replicas: integer\n  resources:\n")
	text := strings.NewReplacer("NAME", "${schema.metadata.name}", "REPLICAS", "${schema.spec.replicas}").Replace(fourObjects)
	for i, object := range strings.Split(text, "---\n") {
		fmt.Fprintf(&b, "    - id: object%d\n      template:\n", i)
		for _, line := range strings.Split(strings.TrimSuffix(object, "\n"), "\n") {
			b.WriteString("        " + line + "\n")
		}
	}
	out := map[string]string{"krowave.yaml": "definitions: [definitions]\n", "definitions/shop.yaml": b.String()}
	for i := range apps {
		out[appDir(i)+"/shop.yaml"] = fmt.Sprintf("apiVersion: kro.run/v1alpha1\nkind: Shop\nmetadata:\n  name: %s\n  namespace: shops\nspec:\n  replicas: %d\n", shopName(i), i%7+1)
	}
	return out
}

func helmFiles(apps int) map[string]string {
	out := map[string]string{
		"chart/Chart.yaml":          "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
		"chart/templates/shop.yaml": strings.NewReplacer("NAME", "{{ .Values.name }}", "REPLICAS", "{{ .Values.replicas }}").Replace(fourObjects),
	}
	for i := range apps {
		out[appDir(i)+"/values.yaml"] = fmt.Sprintf("name: %s\nreplicas: %d\n", shopName(i), i%7+1)
	}
	return out
}

// kustomizeFiles has what people write: a base, its name put in by a prefix, and a patch of the replicas.
func kustomizeFiles(apps int) map[string]string {
	out := map[string]string{}
	for i := range apps {
		text := strings.NewReplacer("NAME", shopName(i), "REPLICAS", "1").Replace(fourObjects)
		out[appDir(i)+"/shop.yaml"] = text
		out[appDir(i)+"/kustomization.yaml"] = fmt.Sprintf("resources: [shop.yaml]\nreplicas:\n  - name: %s\n    count: %d\n", shopName(i), i%7+1)
	}
	return out
}

// packed writes a repository with further files and packs it as repo-server does.
func (w *world) packed(name string, files map[string]string) (*archive, error) {
	for i := 0; len(files) < w.files; i++ {
		files[fmt.Sprintf("other/%02d/settings-%d.yaml", i%40, i)] = settingsFile(i)
	}
	dir := w.path("repository-" + name)
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	return pack(dir)
}

// floor is what a process takes to read an archive and to do nothing but decompress it and build its checksum.
func (w *world) floor(ctx context.Context, up *archive) (time.Duration, error) {
	name := w.path("floor.tgz")
	if err := os.WriteFile(name, up.data, 0o644); err != nil {
		return 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cost := func(file string) (time.Duration, error) {
		var least time.Duration
		for range 3 {
			c := exec.CommandContext(ctx, self, "floor", "-work", file)
			if err := c.Run(); err != nil {
				return 0, err
			}
			if took := c.ProcessState.UserTime() + c.ProcessState.SystemTime(); least == 0 || took < least {
				least = took
			}
		}
		return least, nil
	}
	took, err := cost(name)
	if err != nil {
		return 0, err
	}
	alone, err := cost(os.DevNull)
	return took - alone, err
}
