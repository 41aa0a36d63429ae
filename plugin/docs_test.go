package plugin_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func readFile(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestReadme runs the README's session on the README's files.
func TestReadme(t *testing.T) {
	readme := readFile(t, "../README.md")
	dir := t.TempDir()
	blocks := regexp.MustCompile("(?s)`([a-z-]+\\.yaml)` [^`]*```yaml\n(.*?)```").FindAllStringSubmatch(readme, -1)
	for _, b := range blocks {
		if err := os.WriteFile(filepath.Join(dir, b[1]), []byte(b[2]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sessions := regexp.MustCompile("(?s)```console\n\\$ krowave (.*?)\n(.*?)```").FindAllStringSubmatch(readme, -1)
	if len(blocks) != 2 || len(sessions) == 0 {
		t.Fatalf("%d files and %d sessions in the README", len(blocks), len(sessions))
	}
	for _, s := range sessions {
		got := krowave(t, dir, strings.Fields(s[1])...)
		if diff := cmp.Diff(s[2], got.stdout+got.stderr); diff != "" {
			t.Errorf("krowave %s (-README +got):\n%s", s[1], diff)
		}
	}
}

// TestDemo pins what make demo prints. -update rewrites it.
func TestDemo(t *testing.T) {
	const golden = "../testdata/demo.yaml"
	got := krowave(t, "..", "render", "examples/shop/overlays/dev", "examples/shop/overlays/prod")
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("exit code %d\n%s", got.code, got.stderr)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.stdout), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(readFile(t, golden), got.stdout); diff != "" {
		t.Errorf("make demo (-want +got):\n%s", diff)
	}
}

// TestDependenciesHaveReasons holds docs/dependencies.md to go.mod.
func TestDependenciesHaveReasons(t *testing.T) {
	text := readFile(t, "../docs/dependencies.md")
	direct, _, _ := strings.Cut(strings.SplitAfterN(readFile(t, "../go.mod"), "require (\n", 2)[1], ")")
	for _, line := range strings.Split(strings.TrimSpace(direct), "\n") {
		name := strings.Fields(line)[0]
		if !strings.HasSuffix(line, "// indirect") && !strings.Contains(text, "| "+name+" | ") {
			t.Errorf("docs/dependencies.md has no line for %s", name)
		}
	}
}
