package install_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/krowave/krowave/argocd/install"
)

// TestDocs holds the documentation to the files that are written.
func TestDocs(t *testing.T) {
	files, err := install.Files(install.Options{Health: health()})
	if err != nil {
		t.Fatal(err)
	}
	guide := read(t, "../../docs/argocd-install.md")
	var hydrated string
	for _, f := range files {
		if strings.HasPrefix(f.Name, "examples/") {
			if f.Name == "examples/application-hydrated.yaml" {
				hydrated = string(f.Data)
			}
		} else if f.Name != "kustomization.yaml" && !strings.Contains(guide, "| `"+f.Name+"` |") {
			t.Errorf("docs/argocd-install.md does not list %s", f.Name)
		}
	}
	for _, setting := range []string{"reposerver.plugin.tar.exclusions: .git", `reposerver.plugin.use.manifest.generate.paths: "true"`, "ARGOCD_CMP_CHUNK_SIZE", "ARGOCD_PAUSE_GEN_MINUTES"} {
		if !strings.Contains(string(install.Text(files)), setting) || !strings.Contains(guide, setting) {
			t.Errorf("%s is not both set and explained", setting)
		}
	}
	block := regexp.MustCompile("(?s)```yaml\nspec:\n(.*?)```").FindStringSubmatch(read(t, "../../docs/argocd-hydrator.md"))
	if block == nil || !strings.Contains(hydrated, block[1]) {
		t.Error("the Application in docs/argocd-hydrator.md is not the example that install writes")
	}
}

// TestDiffPreview holds the Helm values of docs/ci to the sidecar that install
// writes.
func TestDiffPreview(t *testing.T) {
	files, err := install.Files(install.Options{})
	if err != nil {
		t.Fatal(err)
	}
	type container map[string]any
	var deployment struct {
		Spec struct {
			Template struct {
				Spec struct {
					Containers []container
					Volumes    []map[string]any
				}
			}
		}
	}
	for _, f := range files {
		if f.Name == "repo-server.yaml" {
			if err := yaml.Unmarshal(f.Data, &deployment); err != nil {
				t.Fatal(err)
			}
		}
	}
	var values struct {
		RepoServer struct {
			Env             []any
			ExtraContainers []container `json:"extraContainers"`
			Volumes         []map[string]any
		} `json:"repoServer"`
		Configs struct{ Params map[string]string }
	}
	if err := yaml.UnmarshalStrict([]byte(read(t, "../../docs/ci/argocd-diff-preview-values.yaml")), &values); err != nil {
		t.Fatal(err)
	}
	pod := deployment.Spec.Template.Spec
	if len(pod.Containers) != 2 || len(values.RepoServer.ExtraContainers) != 1 {
		t.Fatalf("%d containers of install and %d of the values", len(pod.Containers), len(values.RepoServer.ExtraContainers))
	}
	if diff := cmp.Diff(pod.Containers[1], values.RepoServer.ExtraContainers[0]); diff != "" {
		t.Errorf("the sidecar is not that of install (-install +values):\n%s", diff)
	}
	if diff := cmp.Diff(pod.Containers[0]["env"], any(values.RepoServer.Env)); diff != "" {
		t.Errorf("the environment of repo-server is not that of install (-install +values):\n%s", diff)
	}
	ofChart := []string{"var-files", "plugins"}
	own := slices.DeleteFunc(pod.Volumes, func(v map[string]any) bool { return slices.Contains(ofChart, v["name"].(string)) })
	if diff := cmp.Diff(own, values.RepoServer.Volumes); diff != "" {
		t.Errorf("the volumes are not those of install (-install +values):\n%s", diff)
	}
	for key, value := range values.Configs.Params {
		if !strings.Contains(string(install.Text(files)), key+": "+value) {
			t.Errorf("install does not set %s to %s", key, value)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
