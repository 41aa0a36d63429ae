package render_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m) }

// kustomization holds a kustomization whose function is the test binary.
func kustomization(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	clitest.Install(t, dir) // kustomize runs functions of its own directory only
	for _, f := range txtar.Parse([]byte(text)).Files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func kustomizeBuild(dir string) (string, error) {
	opts := krusty.MakeDefaultOptions()
	opts.PluginConfig = types.EnabledPluginConfig(types.BploUseStaticallyLinked)
	opts.PluginConfig.FnpLoadingOptions.EnableExec = true
	opts.PluginConfig.FnpLoadingOptions.AsCurrentUser = true
	res, err := krusty.MakeKustomizer(opts).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return "", err
	}
	text, err := res.AsYaml()
	return string(text), err
}

const functionRGD = `
-- rgd.yaml --
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: shops.example.com
spec:
  schema:
    apiVersion: v1
    kind: Shop
    group: example.com
    spec: {color: string | default=red}
  resources:
  - id: config
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}"}
      data: {color: "${schema.spec.color}"}
`

const wantConfig = `apiVersion: v1
data:
  color: %s
kind: ConfigMap
metadata:
  name: %s
  namespace: default
`

func TestKustomizeFunction(t *testing.T) {
	config := func(name, color string) string {
		return strings.NewReplacer("name: %s", "name: "+name, "%s", color).Replace(wantConfig)
	}
	plain := "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: plain\n"
	for _, tt := range []struct{ name, files, want, fails string }{
		{
			name: "transformer with options",
			files: functionRGD + `
-- kustomization.yaml --
resources: [rgd.yaml, shop.yaml, plain.yaml]
transformers: [function.yaml]
-- shop.yaml --
apiVersion: example.com/v1
kind: Shop
metadata: {name: corner, namespace: default}
-- plain.yaml --
` + plain + `
-- function.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: krowave
  annotations:
    config.kubernetes.io/function: |
      exec: {path: ./krowave, args: [render, "-"]}
data: {waves: none}
`,
			want: plain + "---\n" + config("corner", "red"),
		},
		{
			name: "transformer that is the definition",
			files: `
-- kustomization.yaml --
resources: [shop.yaml]
transformers: [function.yaml]
-- shop.yaml --
apiVersion: example.com/v1
kind: Shop
metadata: {name: corner, namespace: default}
spec: {color: blue}
-- function.yaml --
` + strings.Replace(strings.TrimPrefix(functionRGD, "\n-- rgd.yaml --\n"), "  name: shops.example.com\n",
				"  name: shops.example.com\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./krowave, args: [render, \"-\"]}\n", 1),
			want: config("corner", "blue"),
		},
		{
			name: "generator from an instance",
			files: functionRGD + `
-- kustomization.yaml --
generators: [shop.yaml]
-- shop.yaml --
apiVersion: example.com/v1
kind: Shop
metadata:
  name: corner
  namespace: default
  annotations:
    config.kubernetes.io/function: |
      exec: {path: ./krowave, args: [render, -d, rgd.yaml, "-"]}
spec: {color: green}
`,
			want: config("corner", "green"),
		},
		{
			name: "a finding",
			files: functionRGD + `
-- kustomization.yaml --
resources: [rgd.yaml, shop.yaml]
transformers: [function.yaml]
-- shop.yaml --
apiVersion: example.com/v1
kind: Shop
metadata: {name: corner, namespace: default}
spec: {color: 1}
-- function.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: krowave
  annotations:
    config.kubernetes.io/function: |
      exec: {path: ./krowave, args: [render, "-"]}
`,
			fails: "spec.color",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := kustomizeBuild(kustomization(t, tt.files))
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), "exit status 1") {
					t.Errorf("got %v, want a function that fails\n%s", err, got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestResourceList has kyaml read what krowave writes.
func TestResourceList(t *testing.T) {
	got := clitest.RunWith(t, t.TempDir(), list("spec: {color: red}", ""), "render", "-")
	if got.Code != 0 {
		t.Fatalf("exit code %d: %s", got.Code, got.Stderr)
	}
	reader := &kio.ByteReader{Reader: strings.NewReader(got.Stdout), OmitReaderAnnotations: true}
	nodes, err := reader.Read()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range nodes {
		names = append(names, n.GetKind()+"/"+n.GetName())
	}
	if diff := cmp.Diff([]string{"ConfigMap/plain", "ConfigMap/corner"}, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if reader.WrappingKind != "ResourceList" || reader.Results != nil {
		t.Errorf("wrapped in %q, results %v", reader.WrappingKind, reader.Results)
	}
}

func TestResourceListFindings(t *testing.T) {
	for _, tt := range []struct {
		name, spec, config string
		code               int
		want               string
	}{
		{name: "an error", spec: "spec: {color: [1]}", code: 1, want: `results:
- field:
    path: spec.color
  file:
    index: 1
    path: shops/corner.yaml
  message: must be of type string, not array
`},
		{name: "an unknown config", config: "functionConfig: {apiVersion: example.com/v1, kind: Other, metadata: {name: a}}", code: 1,
			want: "the functionConfig is of kind Other; it has to be a ResourceGraphDefinition, an instance of one, or a ConfigMap with options"},
		{name: "an unknown option", config: "functionConfig: {apiVersion: v1, kind: ConfigMap, data: {colour: red}}", code: 2},
		{name: "a bad option", config: "functionConfig: {apiVersion: v1, kind: ConfigMap, data: {waves: red}}", code: 2},
	} {
		got := clitest.RunWith(t, t.TempDir(), list(tt.spec, tt.config), "render", "-")
		if got.Code != tt.code {
			t.Errorf("%s: exit code %d, want %d\n%s", tt.name, got.Code, tt.code, got.Stderr)
		}
		if tt.code == 2 {
			if got.Stdout != "" || !strings.Contains(got.Stderr, "functionConfig: data.") {
				t.Errorf("%s: %q\n%s", tt.name, got.Stdout, got.Stderr)
			}
			continue
		}
		if words := strings.Join(strings.Fields(got.Stdout), " "); !strings.Contains(words, strings.Join(strings.Fields(tt.want), " ")) || !strings.Contains(got.Stdout, "kind: Shop") {
			t.Errorf("%s: want %s\ngot %s\n%s", tt.name, tt.want, got.Stdout, got.Stderr)
		}
	}
}

func list(spec, config string) string {
	indent := func(text string) string {
		return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ") + "\n"
	}
	rgd := strings.TrimPrefix(functionRGD, "\n-- rgd.yaml --\n")
	return "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n" + config + "\nitems:\n" +
		"- " + indent(rgd) +
		"- " + indent("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n") +
		"- " + indent("apiVersion: example.com/v1\nkind: Shop\nmetadata:\n  name: corner\n  annotations: {internal.config.kubernetes.io/path: shops/corner.yaml, internal.config.kubernetes.io/index: '1'}\n"+spec)
}
