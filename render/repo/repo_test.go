package repo_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/repo"
)

func mapFS(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func names(files []repo.File) []string {
	var out []string
	for _, f := range files {
		out = append(out, f.Name)
	}
	return out
}

func cm(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\ndata:\n  a: b\n"
}

// shop has one base, an overlay per environment, a component and loose files.
func shop() map[string]string {
	return map[string]string{
		"README.md":                           "x",
		".hidden/a.yaml":                      cm("x"),
		".git/config.yaml":                    "a: 1",
		"z.yaml":                              cm("x"),
		"apps/.b.yaml":                        cm("x"),
		"apps/b.yml":                          cm("x"),
		"apps/a/c.json":                       `{"apiVersion": "v1", "kind": "ConfigMap"}`,
		"shop/base/kustomization.yaml":        "resources: [web.yaml]\nconfigMapGenerator:\n- name: settings\n  literals: [url=https://example.org]\n",
		"shop/base/web.yaml":                  cm("web"),
		"shop/extra/kustomization.yaml":       "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamespace: x\n",
		"shop/overlays/dev/kustomization.yml": "namePrefix: dev-\nresources: [../../base]\n",
		"shop/overlays/prod/Kustomization":    "namePrefix: prod-\nresources: [../../base]\npatches:\n- path: patch.yaml\n  target: {name: web}\n",
		"shop/overlays/prod/patch.yaml":       "- {op: replace, path: /data/a, value: c}\n",
	}
}

func TestSelectNames(t *testing.T) {
	tests := []struct {
		name, err string
		args      []string
		want      []string
	}{
		{"file", "", []string{"z.yaml"}, []string{"z.yaml"}},
		{"any named file", "", []string{"./README.md", "README.md"}, []string{"README.md"}},
		{"directory", "", []string{"apps"}, []string{"apps/a/c.json", "apps/b.yml"}},
		{"whole tree", "", []string{"."}, []string{"apps/a/c.json", "apps/b.yml", "shop/overlays/dev/kustomization.yaml", "shop/overlays/prod/kustomization.yaml", "z.yaml"}},
		{"included base by name", "", []string{"shop/base"}, []string{"shop/base/kustomization.yaml"}},
		{"kustomization file by name", "", []string{"shop/overlays/prod/Kustomization"}, []string{"shop/overlays/prod/kustomization.yaml"}},
		{"glob", "", []string{"apps/*.yml"}, []string{"apps/b.yml"}},
		{"glob of directories", "", []string{"shop/overlays/*"}, []string{"shop/overlays/dev/kustomization.yaml", "shop/overlays/prod/kustomization.yaml"}},
		{"deep glob", "", []string{"**/*.json"}, []string{"apps/a/c.json"}},
		{"deep glob with zero directories", "", []string{"**/z.yaml"}, []string{"z.yaml"}},
		{"standard input", "", []string{"-", "z.yaml"}, []string{"-", "z.yaml"}},
		{"standard input twice", `"-" is named twice, but standard input can be read only once`, []string{"-", "-"}, nil},
		{"missing", "nope.yaml: no such file or directory\nx/*.yaml matches nothing\napps/*.json matches nothing",
			[]string{"nope.yaml", "x/*.yaml", "apps/*.json"}, nil},
		{"malformed", "apps/[: malformed pattern", []string{"apps/["}, nil},
		{"outside", "../x is outside the tree", []string{"../x"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tree := repo.FS(mapFS(shop()))
			tree.Stdin = strings.NewReader("a: 1")
			files, found, err := tree.Select(tt.args)
			if len(found) > 0 {
				t.Errorf("findings: %v", found)
			}
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tt.err, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, names(files)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKustomize(t *testing.T) {
	files, found, err := repo.FS(mapFS(shop())).Select([]string{"shop"})
	if err != nil || len(found) > 0 || len(files) != 2 {
		t.Fatalf("Select: %v %v %v", names(files), found, err)
	}
	prod := string(files[1].Data)
	for _, want := range []string{"name: prod-web", "a: c", "name: prod-settings-", "url: https://example.org"} {
		if !strings.Contains(prod, want) {
			t.Errorf("no %q in\n%s", want, prod)
		}
	}
	if dev := string(files[0].Data); !strings.Contains(dev, "name: dev-web") || !strings.Contains(dev, "a: b") {
		t.Errorf("dev:\n%s", dev)
	}
}

func TestKustomizeRefuses(t *testing.T) {
	const remote = " is remote, and nothing is fetched during a render; copy it into the repository"
	tests := []struct{ name, text, want string }{
		{"URL", "resources:\n- https://example.org/x.yaml\n", `a/kustomization.yaml:2:3: "https://example.org/x.yaml"` + remote},
		{"GitHub", "bases:\n- github.com/a/b?ref=v1\n", `a/kustomization.yaml:2:3: "github.com/a/b?ref=v1"` + remote},
		{"SSH", "components:\n- git@example.org:a/b.git\n", `a/kustomization.yaml:2:3: "git@example.org:a/b.git"` + remote},
		{"case of the field", "Resources: [HTTP://example.org/x]\n", `a/kustomization.yaml:1:13: "HTTP://example.org/x"` + remote},
		{"in the base", "resources: [../b]\n", `b/kustomization.yaml:1:13: "https://x.org/y"` + remote},
		{"patch", "patches:\n- path: https://x.org/p\n", `a/kustomization.yaml:2:9: "https://x.org/p"` + remote},
		{"generator file", "configMapGenerator:\n- name: x\n  files: [a=https://x.org/p]\n", `a/kustomization.yaml:3:11: "a=https://x.org/p"` + remote},
		{"behind an alias", "commonLabels: {a: &u https://x.org}\nresources: [*u]\n", `a/kustomization.yaml:1:19: "https://x.org"` + remote},
		{"built-in transformer", "transformers: [t.yaml]\n", `a/t.yaml:4:7: "https://x.org/p"` + remote},
		{"merge key", "<<: {resources: [../b]}\n", "a/kustomization.yaml:1:1: merge keys are not supported in a kustomization file; write the fields out"},
		{"helm", "helmCharts: [{name: x}]\n", "a/kustomization.yaml:1:1: helmCharts is not supported, as it would run helm; render the chart first and pipe it in"},
		{"missing", "resources: [nope.yaml]\n", `a/kustomization.yaml:1:13: "nope.yaml" is not a file or directory of the tree`},
		{"outside", "resources: [../../x]\n", `a/kustomization.yaml:1:13: "../../x" is outside the tree`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files, found, err := repo.FS(mapFS(map[string]string{
				"a/kustomization.yaml": tt.text,
				"a/t.yaml":             "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: x}\npath: https://x.org/p\n",
				"b/kustomization.yaml": "resources: [https://x.org/y]\n",
			})).Select([]string{"a"})
			if err != nil || len(files) > 0 || len(found) != 1 {
				t.Fatalf("Select: %v, findings %v, error %v", names(files), found, err)
			}
			if diff := cmp.Diff(tt.want, found[0].Pos.String()+": "+found[0].Message); diff != "" {
				t.Errorf("finding (-want +got):\n%s", diff)
			}
		})
	}
}

// Each kustomization asks for something that kustomize itself must refuse.
func TestKustomizeBuildErrors(t *testing.T) {
	for name, text := range map[string]string{
		"file outside of the kustomization": "resources: [../x.yaml]\n",
		"exec plugin":                       "transformers: [t.yaml]\n",
		"unknown field":                     "resource: [x.yaml]\n",
	} {
		t.Run(name, func(t *testing.T) {
			files, found, err := repo.FS(mapFS(map[string]string{
				"a/kustomization.yaml": text,
				"a/t.yaml":             "apiVersion: x/v1\nkind: Evil\nmetadata:\n  name: x\n  annotations:\n    config.kubernetes.io/function: 'exec: {path: ./x}'\n",
				"x.yaml":               cm("x"),
			})).Select([]string{"a"})
			if err != nil || len(files) > 0 || len(found) != 1 || found[0].Rule != "kustomize-build" {
				t.Fatalf("Select: %v, findings %v, error %v", names(files), found, err)
			}
		})
	}
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestDir(t *testing.T) {
	root := write(t, shop())
	for link, target := range map[string]string{
		"apps/link.yaml": "../z.yaml", "apps/again": "a", "apps/loop": "../apps",
	} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := repo.Dir(root)
	if err != nil {
		t.Fatal(err)
	}
	files, found, err := tree.Select([]string{"apps", filepath.Join(root, "z.yaml"), "shop"})
	if err != nil || len(found) > 0 {
		t.Fatalf("Select: %v %v", found, err)
	}
	want := []string{"apps/a/c.json", "apps/b.yml", "apps/link.yaml", "z.yaml", "shop/overlays/dev/kustomization.yaml", "shop/overlays/prod/kustomization.yaml"}
	if diff := cmp.Diff(want, names(files)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestSymlinkEscape(t *testing.T) {
	outside := write(t, map[string]string{"secret.yaml": "password: x\n"})
	root := write(t, map[string]string{"a.yaml": cm("a"), "k/kustomization.yaml": "resources: [link.yaml]\n"})
	for _, link := range []string{"link.yaml", "k/link.yaml"} {
		if err := os.Symlink(filepath.Join(outside, "secret.yaml"), filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := repo.Dir(root)
	if err != nil {
		t.Fatal(err)
	}
	files, found, err := tree.Select([]string{"."})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a.yaml"}, names(files)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	var got []string
	for _, d := range found {
		got = append(got, d.Pos.String()+" "+d.Rule)
	}
	if diff := cmp.Diff([]string{"link.yaml:1:1 file-symlink", "k/kustomization.yaml:1:13 kustomize-build"}, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if _, _, err := tree.Select([]string{"link.yaml"}); err == nil || !strings.Contains(err.Error(), "symlinks must stay inside the tree") {
		t.Errorf("naming the link: %v", err)
	}
}

func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		limits repo.Limits
		want   string
	}{
		{repo.Limits{Files: 2}, "c.yaml:1:1: more than 2 files are selected; raise --max-files to read them"},
		{repo.Limits{TotalBytes: 9}, "c.yaml:1:1: the selected files have more than 9 bytes together; raise --max-total-bytes to read them"},
	} {
		tree := repo.FS(mapFS(map[string]string{"a.yaml": "a: 1", "b.yaml": "b: 1", "c.yaml": "c: 1", "d.yaml": "d: 1"}))
		tree.Limits = tt.limits
		_, found, err := tree.Select([]string{"."})
		if err != nil || len(found) != 1 {
			t.Fatalf("Select: %v %v", found, err)
		}
		if diff := cmp.Diff(tt.want, found[0].Pos.String()+": "+found[0].Message); diff != "" {
			t.Errorf("finding (-want +got):\n%s", diff)
		}
	}
}
