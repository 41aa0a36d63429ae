package install_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

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

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
