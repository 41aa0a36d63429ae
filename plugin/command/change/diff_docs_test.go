package change_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

// TestDiffDocs runs the sessions of docs/diff.md on the branches that it
// describes. -update rewrites what they print.
func TestDiffDocs(t *testing.T) {
	const name = "../../../docs/diff.md"
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS("../../../examples/shop"), ".", func(file string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files[file] = clitest.ReadFile(t, filepath.Join("../../../examples/shop", file))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := clitest.Repository(t, files)
	clitest.Git(t, dir, "checkout", "-q", "-b", "topic")
	edit := func(file, from, to string) {
		if !strings.Contains(files[file], from) {
			t.Fatalf("%s does not say %s", file, from)
		}
		files[file] = strings.Replace(files[file], from, to, 1)
		clitest.WriteTree(t, dir, files)
	}
	edit("overlays/prod/kustomization.yaml", "[eu, us]", "[eu]")
	first := true
	text := regexp.MustCompile("(?s)```console\n\\$ krowave (.*?)\n(.*?)```").ReplaceAllStringFunc(clitest.ReadFile(t, name), func(session string) string {
		if !first {
			clitest.Git(t, dir, "commit", "-q", "-a", "-m", "one region")
			edit("definitions/database.yaml", `default="1Gi"`, `default="2Gi"`)
		}
		first = false
		command, _, _ := strings.Cut(strings.TrimPrefix(session, "```console\n$ krowave "), "\n")
		got := clitest.Run(t, dir, strings.Fields(command)...)
		if got.Code != 1 {
			t.Errorf("krowave %s: exit code %d\n%s", command, got.Code, got.Stderr)
		}
		return "```console\n$ krowave " + command + "\n" + got.Stdout + got.Stderr + "```"
	})
	if *clitest.Update {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text != clitest.ReadFile(t, name) || first {
		t.Errorf("docs/diff.md shows other output; -update rewrites it:\n%s", text)
	}
}
