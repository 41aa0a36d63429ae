package watch_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/watch"
)

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestLoop makes a change of each kind in each run, so that the next one comes:
// without it the test would wait for ever.
func TestLoop(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), "a")
	write(t, filepath.Join(dir, ".git", "HEAD"), "ref: refs/heads/main")
	changes := []func(){
		func() { write(t, filepath.Join(dir, "a.yaml"), "b") },
		func() { write(t, filepath.Join(dir, "new", "below", "b.yaml"), "a") },
		func() { write(t, filepath.Join(dir, "new", "below", "b.yaml"), "b") },
		func() {
			write(t, filepath.Join(dir, "new", "below", "b.tmp"), "c")
			if err := os.Rename(filepath.Join(dir, "new", "below", "b.tmp"), filepath.Join(dir, "new", "below", "b.yaml")); err != nil {
				t.Error(err)
			}
		},
		func() { write(t, filepath.Join(dir, ".git", "HEAD"), "ref: refs/heads/topic") },
		func() {
			if err := os.RemoveAll(filepath.Join(dir, "new")); err != nil {
				t.Error(err)
			}
		},
	}
	ctx, stop := context.WithCancel(t.Context())
	runs := 0
	var errs bytes.Buffer
	err := watch.Loop(ctx, cli.Streams{Out: &bytes.Buffer{}, Err: &errs}, []string{dir}, func() error {
		if runs == len(changes) {
			stop()
			return ctx.Err()
		}
		changes[runs]()
		runs++
		return cli.ErrFindings // ends nothing
	})
	if err != nil || runs != len(changes) {
		t.Errorf("%d runs, %v", runs, err)
	}
	if bytes.Contains(errs.Bytes(), []byte("error:")) {
		t.Errorf("what is printed already is printed again: %s", &errs)
	}
}
