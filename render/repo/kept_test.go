package repo

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestKept changes a directory step by step and tells what changed: what is read
// is always what a tree that remembers nothing reads, and only what changed is
// looked up again.
func TestKept(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("apiVersion: v1\nkind: ConfigMap\n# "+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a.yaml", "b.yaml", "below/c.yaml", "below/deep/d.yaml", "hidden/node_modules/e.yaml"} {
		write(name, "first")
	}
	try(os.Symlink("hidden/node_modules/e.yaml", filepath.Join(dir, "link.yaml")))
	try(os.Symlink(filepath.Join("hidden", "node_modules"), filepath.Join(dir, "linked")))
	kept := NewKept([]string{dir})
	read := func(k *Kept, nested bool) map[string]string {
		t.Helper()
		open := Dir
		if nested {
			open = WorkTree
		}
		tree, err := open(dir)
		try(err)
		tree.Keep(k)
		out := map[string]string{}
		files, found, err := tree.Select([]string{"."})
		try(err)
		for _, f := range files {
			out[f.Name] = string(f.Data)
		}
		for _, d := range found {
			out[d.Pos.File+" "+d.Rule] = d.Message
		}
		return out
	}
	for _, step := range []struct {
		name string
		most int // look-ups
		do   func() []string
	}{
		{"nothing was read", 1000, func() []string { return nil }},
		{"nothing changes", 0, func() []string { return nil }},
		{"a file is edited", 6, func() []string { write("a.yaml", "second"); return []string{"a.yaml"} }},
		{"a file below is edited", 6, func() []string { write("below/deep/d.yaml", "second"); return []string{"below/deep/d.yaml"} }},
		{"what a link leads to is edited", 0, func() []string { write("hidden/node_modules/e.yaml", "second"); return nil }},
		{"a file is new", 8, func() []string { write("below/new.yaml", "first"); return []string{"below/new.yaml"} }},
		{"a directory is new", 30, func() []string { write("fresh/one/f.yaml", "first"); return []string{"fresh"} }},
		{"a file is gone", 8, func() []string { try(os.Remove(filepath.Join(dir, "b.yaml"))); return []string{"b.yaml"} }},
		{"a directory has another name", 40, func() []string {
			try(os.Rename(filepath.Join(dir, "below"), filepath.Join(dir, "moved")))
			return []string{"below", "moved"}
		}},
		{"a file becomes a link", 8, func() []string {
			try(os.Remove(filepath.Join(dir, "a.yaml")))
			try(os.Symlink("moved/c.yaml", filepath.Join(dir, "a.yaml")))
			return []string{"a.yaml"}
		}},
		{"what it leads to is edited", 6, func() []string { write("moved/c.yaml", "third"); return []string{"moved/c.yaml"} }},
		{"a repository is inside", 20, func() []string { write("fresh/one/.git/x", ""); return []string{"fresh/one/.git"} }},
		{"a kustomization is new", 40, func() []string {
			try(os.WriteFile(filepath.Join(dir, "fresh", "kustomization.yaml"), []byte("resources: [one/f.yaml]\n"), 0o600))
			return []string{"fresh/kustomization.yaml"}
		}},
	} {
		var names []string
		for _, name := range step.do() {
			names = append(names, filepath.Join(dir, name))
		}
		kept.Forget(names, false)
		before := kept.Reads()
		for _, nested := range []bool{false, true} {
			if diff := cmp.Diff(read(nil, nested), read(kept, nested)); diff != "" {
				t.Errorf("%s: (-there +remembered):\n%s", step.name, diff)
			}
		}
		if n := kept.Reads() - before; n > step.most {
			t.Errorf("%s: %d look-ups, more than %d", step.name, n, step.most)
		}
	}
	write("moved/c.yaml", "fourth")
	if got := read(kept, false)["moved/c.yaml"]; got == read(nil, false)["moved/c.yaml"] {
		t.Error("nothing is remembered: a change that nobody told was seen")
	}
	kept.Forget(nil, true)
	if diff := cmp.Diff(read(nil, false), read(kept, false)); diff != "" {
		t.Errorf("after all was forgotten: (-there +remembered):\n%s", diff)
	}
}
