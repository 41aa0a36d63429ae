package repo_test

import (
	"fmt"
	"os"
	"runtime/debug"
	"testing"

	"github.com/krowave/krowave/render/repo"
)

// TestOpenFiles reads a commit whose objects are files of their own, and counts
// the files that stay open. No collection of garbage closes any meanwhile.
func TestOpenFiles(t *testing.T) {
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("the system does not list open files")
		}
		return len(entries)
	}
	c := newCheckout(t)
	const files = 60
	for i := range files {
		c.write(fmt.Sprintf("%d.yaml", i), fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a-%d}\n", i))
	}
	c.git("add", "-A")
	c.git("commit", "-q", "-m", "files")
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	before := open()
	r, err := repo.OpenGit(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	rev, err := r.Revision("HEAD")
	if err != nil {
		t.Fatal(err)
	}
	read, found, err := rev.Tree(c.dir).Select([]string{"."})
	if err != nil || len(found) > 0 || len(read) != files {
		t.Fatal(len(read), found, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if n := open() - before; n > files/4 {
		t.Errorf("%d files are open after %d were read", n, files)
	}
}
