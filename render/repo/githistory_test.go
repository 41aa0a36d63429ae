package repo

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestHistoryCostsNothing reads one application of a packed repository by branch, tag and hash: as many objects of a
// history of 500 commits as of one of 5.
func TestHistoryCostsNothing(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	few, many := packedHistory(t, 5), packedHistory(t, 500)
	for _, ref := range []string{"main", "HEAD", "release", ""} {
		a, b := objectsRead(t, few, ref), objectsRead(t, many, ref)
		// At least the commit, the trees of the root, apps and apps/a, and two files.
		if a != b || a < 6 || a > 10 {
			t.Errorf("%q: %d objects of 5 commits, %d of 500", ref, a, b)
		}
	}
}

// packedHistory makes a repository in which each commit changes another application, and returns its directory.
func packedHistory(t *testing.T, commits int) string {
	t.Helper()
	dir := t.TempDir()
	git := func(input string, args ...string) {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(input)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
			"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org", "GIT_COMMITTER_DATE=1700000000 +0000")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("", "init", "-q", "-b", "main")
	var b strings.Builder
	file := func(name, text string) { fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", name, len(text), text) }
	for n := range commits {
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter A <a@example.org> %d +0000\ndata 1\nc\n", 1_700_000_000+n)
		if n == 0 {
			file("apps/a/one.yaml", "kind: One\n")
			file("apps/a/two.yaml", "kind: Two\n")
			for i := range 50 {
				file(fmt.Sprintf("apps/b%d/shop.yaml", i), fmt.Sprintf("kind: Shop\nname: shop-%d\n", i))
			}
		}
		file(fmt.Sprintf("apps/b%d/shop.yaml", n%50), fmt.Sprintf("kind: Shop\nreplicas: %d\n", n))
	}
	git(b.String(), "fast-import", "--quiet")
	git("", "tag", "-a", "-m", "x", "release")
	git("", "repack", "-adq")
	git("", "pack-refs", "--all")
	return dir
}

// objectsRead reads apps/a at a revision, that of main by its hash when ref is empty, and counts the objects.
func objectsRead(t *testing.T, dir, ref string) int {
	t.Helper()
	r, err := OpenGit(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if ref == "" {
		cmd := exec.Command("git", "rev-parse", "main")
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		ref = strings.TrimSpace(string(out))
	}
	v, err := r.Revision(ref)
	if err != nil {
		t.Fatal(err)
	}
	fsys := v.Tree("").fsys
	entries, err := fs.ReadDir(fsys, "apps/a")
	if err != nil || len(entries) != 2 {
		t.Fatal(entries, err)
	}
	for _, e := range entries {
		if _, err := fs.ReadFile(fsys, "apps/a/"+e.Name()); err != nil {
			t.Fatal(err)
		}
	}
	return r.found
}
