package plugin_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

// TestReadme runs the README's session on the README's files.
func TestReadme(t *testing.T) {
	readme := clitest.ReadFile(t, "../README.md")
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
		got := clitest.Run(t, dir, strings.Fields(s[1])...)
		if diff := cmp.Diff(s[2], got.Stdout+got.Stderr); diff != "" {
			t.Errorf("krowave %s (-README +got):\n%s", s[1], diff)
		}
	}
}

// TestDemo pins what make demo prints. -update rewrites it.
func TestDemo(t *testing.T) {
	const golden = "../testdata/demo.yaml"
	got := clitest.Run(t, "..", "render", "examples/shop/overlays/dev", "examples/shop/overlays/prod")
	if got.Code != 0 || got.Stderr != "" {
		t.Fatalf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if *clitest.Update {
		if err := os.WriteFile(golden, []byte(got.Stdout), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(clitest.ReadFile(t, golden), got.Stdout); diff != "" {
		t.Errorf("make demo (-want +got):\n%s", diff)
	}
}

// TestDependenciesHaveReasons holds docs/dependencies.md to go.mod.
func TestDependenciesHaveReasons(t *testing.T) {
	text := clitest.ReadFile(t, "../docs/dependencies.md")
	direct, _, _ := strings.Cut(strings.SplitAfterN(clitest.ReadFile(t, "../go.mod"), "require (\n", 2)[1], ")")
	for _, line := range strings.Split(strings.TrimSpace(direct), "\n") {
		name := strings.Fields(line)[0]
		if !strings.HasSuffix(line, "// indirect") && !strings.Contains(text, "| "+name+" | ") {
			t.Errorf("docs/dependencies.md has no line for %s", name)
		}
	}
}
