package repo_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/repo"
)

// TestOver: texts stand for files, also for those that are not there, and a
// kustomization is built from them.
func TestOver(t *testing.T) {
	tree := repo.FS(mapFS(shop()))
	tree.Over(map[string][]byte{
		"shop/base/web.yaml": []byte(cm("unsaved")),
		"apps/new.yaml":      []byte(cm("new")),
		"fresh/x/y.yaml":     []byte(cm("y")),
	})
	files, found, err := tree.Select([]string{"apps", "fresh", "shop/base"})
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	if diff := cmp.Diff([]string{"apps/a/c.json", "apps/b.yml", "apps/new.yaml", "fresh/x/y.yaml", "shop/base/kustomization.yaml"}, names(files)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if built := string(files[len(files)-1].Data); !strings.Contains(built, "name: unsaved") {
		t.Errorf("the build does not have the text:\n%s", built)
	}
}

// TestOverIsAFileSystem: texts are read as any file is, and hide what they stand for.
func TestOverIsAFileSystem(t *testing.T) {
	tree := repo.FS(fstest.MapFS{"a/b.yaml": {Data: []byte("old")}, "a/c.yaml": {Data: []byte("kept")}})
	tree.Over(map[string][]byte{"a/b.yaml": []byte("new text"), "d/e/f.yaml": []byte("f")})
	if err := fstest.TestFS(tree.FS(), "a/b.yaml", "a/c.yaml", "d/e/f.yaml"); err != nil {
		t.Error(err)
	}
	data, err := fs.ReadFile(tree.FS(), "a/b.yaml")
	if err != nil || string(data) != "new text" {
		t.Errorf("a/b.yaml is %q: %v", data, err)
	}
	if info, err := fs.Stat(tree.FS(), "d/e"); err != nil || !info.IsDir() {
		t.Errorf("d/e: %v %v", info, err)
	}
}
