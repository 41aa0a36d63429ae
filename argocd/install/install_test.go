package install_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/krowave/krowave/argocd/install"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// health is argocd-cm as argocd health writes it.
func health() map[string]any {
	return map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "argocd-cm"},
		"data": map[string]any{
			"resource.customizations.health.ConfigMap":               "-- one\nreturn {status = \"Progressing\"}\n",
			"resource.customizations.health.db.example.com_Database": "-- two\nreturn {status = \"Healthy\"}\n",
		},
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestText(t *testing.T) {
	for name, opts := range map[string]install.Options{
		"install-3.yaml":     {},
		"install-large.yaml": {Size: "large"},
		"install-2.14.yaml":  {ArgoCD: "2.14", Namespace: "gitops", Image: "registry.example.com:5000/krowave@sha256:0123", Health: health()},
	} {
		files, err := install.Files(opts)
		if err != nil {
			t.Fatal(err)
		}
		text := install.Text(files)
		golden(t, name, text)
		if _, found := manifest.Read(name, text, manifest.Limits{}); len(found) > 0 {
			t.Errorf("%s: %v", name, found)
		}
		if bytes.Contains(text, []byte("$(")) {
			t.Errorf("%s has a placeholder left", name)
		}
	}
}

// build puts the component into a repo-server of our own.
func build(t *testing.T, opts install.Options) []byte {
	t.Helper()
	files, err := install.Files(opts)
	if err != nil {
		t.Fatal(err)
	}
	fsys := filesys.MakeFsInMemory()
	write := func(name string, data []byte) {
		if err := fsys.WriteFile(filepath.Join("/base", name), data); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"kustomization.yaml", "argocd.yaml"} {
		data, err := os.ReadFile(filepath.Join("testdata/base", name))
		if err != nil {
			t.Fatal(err)
		}
		write(name, data)
	}
	for _, f := range files {
		write("krowave/"+f.Name, f.Data)
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fsys, "/base")
	if err != nil {
		t.Fatal(err)
	}
	text, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestKustomize builds the component, and checks what came out.
func TestKustomize(t *testing.T) {
	opts := install.Options{Health: health()}
	text := build(t, opts)
	golden(t, "built.yaml", text)
	if lacks := check(t, "built.yaml", text, opts); lacks != "" {
		t.Errorf("what install adds is not enough for --check:\n%s", lacks)
	}
	if again := build(t, opts); !bytes.Equal(text, again) {
		t.Error("a second build gives other bytes")
	}
}

// TestSizes builds the component of each size: it is enough for --check, and what a process may hold fits into what
// its container may.
func TestSizes(t *testing.T) {
	for _, size := range install.Sizes() {
		opts := install.Options{Size: size}
		text := build(t, opts)
		if lacks := check(t, size, text, opts); lacks != "" {
			t.Errorf("%s:\n%s", size, lacks)
		}
		first, _, _ := bytes.Cut(text, []byte("\n---\n"))
		var d appsv1.Deployment
		if err := yaml.Unmarshal(first, &d); err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(d.Spec.Template.Spec.Containers, func(c corev1.Container) bool { return c.Name == "krowave" })
		if at < 0 {
			t.Fatalf("%s has no container krowave", size)
		}
		c := d.Spec.Template.Spec.Containers[at]
		limit, request := c.Resources.Limits.Memory().Value(), c.Resources.Requests.Memory().Value()
		soft := resource.MustParse(strings.TrimSuffix(c.Env[0].Value, "B"))
		cached := int64(256 << 20)
		for _, arg := range c.Args {
			if text, ok := strings.CutPrefix(arg, "--cache-bytes="); ok {
				var err error
				if cached, err = strconv.ParseInt(text, 10, 64); err != nil {
					t.Error(err)
				}
			}
		}
		if c.Env[0].Name != "GOMEMLIMIT" || soft.Value() >= limit || soft.Value() < limit*8/10 || request > limit/2 || cached > soft.Value()/3 {
			t.Errorf("%s: request %d, limit %d, %s %s, cache %d", size, request, limit, c.Env[0].Name, c.Env[0].Value, cached)
		}
	}
}

func check(t *testing.T, name string, data []byte, opts install.Options) string {
	t.Helper()
	documents, found := manifest.Read(name, data, manifest.Limits{})
	if len(found) > 0 {
		t.Fatal(found)
	}
	var b strings.Builder
	if err := diag.Print(&b, install.Check(name, documents, opts), diag.PrintOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCheck(t *testing.T) {
	for _, name := range []string{"base/argocd.yaml", "careless.yaml"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		got := check(t, name, data, install.Options{Health: health()})
		golden(t, strings.TrimSuffix(filepath.Base(name), ".yaml")+".lacks", []byte(got))
	}
	if got := check(t, "-", []byte("apiVersion: v1\nkind: List\nitems: []\n"), install.Options{}); !strings.Contains(got, "-:1:1: there is no Deployment of repo-server") {
		t.Errorf("nothing exported: %s", got)
	}
}

// TestSharedDefinition reads an Application as the application controller leaves it.
func TestSharedDefinition(t *testing.T) {
	opts := install.Options{Health: health()}
	const application = `---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: one, namespace: argocd}
status:
  conditions:
    - {type: SharedResourceWarning, message: Deployment/web is part of applications argocd/one and two}
    - {type: SharedResourceWarning, message: ResourceGraphDefinition/shop-residual is part of applications argocd/one and two}
`
	got := check(t, "built.yaml", append(build(t, opts), application...), opts)
	if strings.Count(got, "[argocd-install]") != 1 || !strings.Contains(got, "shop-residual is part of applications argocd/one and two: let one Application own the definitions") {
		t.Errorf("a shared definition: %q", got)
	}
}

// TestEachSettingIsChecked spoils one setting at a time of what install made.
func TestEachSettingIsChecked(t *testing.T) {
	opts := install.Options{Health: health()}
	text := string(build(t, opts))
	for _, c := range []struct{ from, to, want string }{
		{"automountServiceAccountToken: false", "automountServiceAccountToken: true", "automountServiceAccountToken is not false"},
		{"runAsUser: 999", "runAsUser: 1000", "runAsUser of the plugin"},
		{"runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot of the plugin"},
		{"readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "readOnlyRootFilesystem of the plugin"},
		{"allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "allowPrivilegeEscalation of the plugin"},
		{"- ALL", "- CHOWN", "drop ALL"},
		{"memory: 1Gi", "cpu: 1", "no memory limit"},
		{"name: ARGOCD_CMP_CHUNK_SIZE", "name: OTHER", "chunks of 1 KiB"},
		{"name: ARGOCD_PAUSE_GEN_MINUTES", "name: OTHER", "its error is repeated for an hour"},
		{"readinessProbe:", "otherProbe:", "readinessProbe does not run"},
		{"livenessProbe:", "otherProbe:", "livenessProbe does not run"},
		{"exclusions: .git", "exclusions: .github", "has no .git"},
		{`paths: "true"`, `paths: "false"`, "is not \"true\""},
		{"mountPath: /tmp\n          name: krowave-tmp", "mountPath: /tmp\n          name: tmp", "shares the volume tmp"},
		{"health.ConfigMap:", "health.Other:", "there is no resource.customizations.health.ConfigMap"},
		{"-- two", "-- 2", "health.db.example.com_Database is not what"},
		{"- emptyDir: {}\n        name: plugins", "- hostPath: {}\n        name: plugins", "volume plugins is not an emptyDir"},
		{"name: argocd-repo-server\n  namespace", "name: other\n  namespace", ""},
	} {
		if !strings.Contains(text, c.from) {
			t.Errorf("what is built has no %q", c.from)
			continue
		}
		got := check(t, "built.yaml", []byte(strings.Replace(text, c.from, c.to, 1)), opts)
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%q: %q, want %q", c.to, got, c.want)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for _, opts := range []install.Options{
		{ArgoCD: "1.8"}, {Namespace: "Argo CD"}, {Namespace: "a\nb: c"}, {Image: "krowave: x"}, {Image: "a b"}, {Image: "krowave:"}, {Image: "-x"}, {Size: "huge"},
	} {
		if _, err := install.Files(opts); err == nil {
			t.Errorf("%+v is accepted", opts)
		}
	}
}
