package scaffold_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

var all = flag.Bool("all", false, "try every case")

// TestNewRGDGivesManifestsBack makes an RGD of what cases of testdata/kro render
// to, every fifth and with -all each one: it renders to the same bytes.
func TestNewRGDGivesManifestsBack(t *testing.T) {
	dirs, err := filepath.Glob("../../../testdata/kro/*")
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	for n, dir := range dirs {
		if n%5 != 0 && !*all {
			continue
		}
		rendered := clitest.Run(t, dir, "render", "--annotate=none", "rgd.yaml", "instance.yaml")
		if rendered.Code != 0 {
			continue // is refused, or needs more files
		}
		work := t.TempDir()
		if err := os.WriteFile(filepath.Join(work, "plain.yaml"), []byte(rendered.Stdout), 0o644); err != nil {
			t.Fatal(err)
		}
		rgd := clitest.Run(t, work, "new", "rgd", "made", "--from", "plain.yaml")
		if rgd.Code == 1 || strings.Contains(rgd.Stderr, "cannot be a node") {
			continue // kro refuses a kind without schema, or a label
		}
		if rgd.Code != 0 {
			t.Errorf("%s: exit code %d\n%s", dir, rgd.Code, rgd.Stderr)
			continue
		}
		made++
		got := clitest.RunWith(t, work, rgd.Stdout, "render", "--annotate=none", "-")
		if sorted(got.Stdout) != sorted(rendered.Stdout) {
			t.Errorf("%s: rendered again\n%s%s\nof\n%s", dir, got.Stdout, got.Stderr, rendered.Stdout)
		}
	}
	if made < 30 {
		t.Errorf("only %d cases give an RGD, which tests little", made)
	}
}

// sorted are the documents in an order that does not depend on references.
func sorted(text string) string {
	docs := strings.Split(text, "---\n")
	for i := range docs {
		for k := range i {
			if docs[i] < docs[k] {
				docs[i], docs[k] = docs[k], docs[i]
			}
		}
	}
	return strings.Join(docs, "---\n")
}

// TestCIFilesAreThose holds the workflow that init writes to that of the docs.
func TestCIFilesAreThose(t *testing.T) {
	if clitest.ReadFile(t, "files/github.yml") != clitest.ReadFile(t, "../../../docs/ci/github.yml") {
		t.Error("files/github.yml is not docs/ci/github.yml")
	}
}
