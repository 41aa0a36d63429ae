package staging

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What killed writers left goes with the next one, what a living one has stays.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	for _, name := range []string{".krowave-17-0/default", ".krowave-18-3", ".krowave-mine", "krowave-1-1"} {
		if err := root.MkdirAll(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	one, err := Begin(root)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	two, err := Begin(other)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, dir, ".krowave-mine", one.Name, two.Name, "krowave-1-1")
	one.End()
	expect(t, dir, ".krowave-mine", two.Name, "krowave-1-1")
	two.End()
	expect(t, dir, ".krowave-mine", "krowave-1-1")
}

func expect(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.yaml")
	for _, text := range []string{"one", "two"} {
		if err := WriteFile(name, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(link, []byte("three"), 0o640); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(name)
	info, lerr := os.Stat(name)
	if err != nil || lerr != nil || string(got) != "three" || info.Mode().Perm() != 0o640 {
		t.Errorf("%q %v %v %v", got, info.Mode(), err, lerr)
	}
	expect(t, dir, "a.yaml")
}

func TestReplace(t *testing.T) {
	above := t.TempDir()
	dir := filepath.Join(above, "copies")
	if err := errors.Join(Replace(dir, []New{{Name: "a"}}), Replace(dir, []New{{Name: "b"}})); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, "b")
	if err := Replace(dir, []New{{Name: "c"}, {Name: "c/below"}}); err == nil {
		t.Error("a file below a file is written")
	}
	expect(t, dir, "b")
	expect(t, above, "copies")
}
