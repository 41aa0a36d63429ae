package staging_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/krowave/krowave/plugin/staging"
)

func TestWriteNew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	files := []staging.New{{Name: "x/one", Data: []byte("1")}, {Name: "two", Data: []byte("2")}}
	if err := staging.WriteNew(dir, files); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "x", "one")); string(text) != "1" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	var there *staging.ExistsError
	if err := staging.WriteNew(dir, files); !errors.As(err, &there) || len(there.Names) != 2 {
		t.Errorf("files that are there: %v", err)
	}
	// What cannot be written whole is not written at all.
	fresh := filepath.Join(filepath.Dir(dir), "c")
	bad := []staging.New{{Name: "file", Data: nil}, {Name: "file/below", Data: nil}}
	if err := staging.WriteNew(fresh, bad); err == nil {
		t.Error("a file below a file is written")
	}
	if _, err := os.Stat(fresh); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a failure leaves the directory: %v", err)
	}
}
