package watch_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
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

// TestChanges makes changes one at a time, and asks for their names. A directory
// that has another name is watched under that name, and one that is gone no more.
func TestChanges(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	for _, name := range []string{"a.yaml", ".git/HEAD", "old/b.yaml", "old/deep/c.yaml"} {
		write(t, at(name), "a")
	}
	w, err := watch.New([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		name    string
		do      func()
		want    []string // among others
		all     bool
		watched int
	}{
		{"an edit", func() { write(t, at("a.yaml"), "b") }, []string{"a.yaml"}, false, 3},
		{"another name", func() { try(os.Rename(at("old"), at("new"))) }, []string{"new", "old"}, false, 3},
		{"an edit below it", func() { write(t, at("new/deep/c.yaml"), "b") }, []string{"new/deep/c.yaml"}, false, 3},
		{"an edit in it", func() { write(t, at("new/b.yaml"), "b") }, []string{"new/b.yaml"}, false, 3},
		{"a directory", func() { write(t, at("more/d.yaml"), "a") }, []string{"more"}, false, 4},
		{"a directory less", func() { try(os.RemoveAll(at("more"))) }, []string{"more"}, false, 3},
		{"out of sight", func() { try(os.Rename(at("new"), t.TempDir()+"/new")) }, []string{"new"}, false, 1},
		{"another revision", func() { write(t, at(".git/HEAD"), "b") }, nil, true, 1},
		{"an edit at last", func() { write(t, at("a.yaml"), "c") }, []string{"a.yaml"}, false, 1},
	} {
		step.do()
		try(w.Next(t.Context()))
		names, all := w.Changes()
		for _, name := range step.want {
			if !slices.Contains(names, at(name)) {
				t.Errorf("%s: %s is not among %q", step.name, name, names)
			}
		}
		if all != step.all || w.Watched() != step.watched {
			t.Errorf("%s: all is %t, want %t; %d directories are watched, want %d", step.name, all, step.all, w.Watched(), step.watched)
		}
	}
}
