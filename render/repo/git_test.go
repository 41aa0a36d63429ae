package repo_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/repo"
)

// checkout is a Git repository that a test makes with git.
type checkout struct {
	t   *testing.T
	dir string
}

func newCheckout(t *testing.T) checkout {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	c := checkout{t, t.TempDir()}
	c.git("init", "-q", "-b", "main")
	return c
}

// git runs git without the machine's configuration and returns what it prints.
func (c checkout) git(args ...string) string { return c.gitInput("", args...) }

func (c checkout) gitInput(input string, args ...string) string {
	c.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = c.dir, strings.NewReader(input)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_ALLOW_PROTOCOL=file",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

func (c checkout) write(name, text string) {
	c.t.Helper()
	file := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// commit writes files and commits all.
func (c checkout) commit(files map[string]string) string {
	c.t.Helper()
	for name, text := range files {
		c.write(name, text)
	}
	c.git("add", "-A")
	c.git("commit", "-q", "--allow-empty", "-m", "change")
	return c.git("rev-parse", "HEAD")
}

func (c checkout) open() *repo.Repository {
	c.t.Helper()
	r, err := repo.OpenGit(c.dir)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		if err := r.Close(); err != nil {
			c.t.Error(err)
		}
	})
	return r
}

func (c checkout) revision(name string) *repo.Revision {
	c.t.Helper()
	rev, err := c.open().Revision(name)
	if err != nil {
		c.t.Fatal(err)
	}
	return rev
}

// in returns a repository at another place.
func (c checkout) in(dir string) checkout { return checkout{c.t, dir} }

func TestRevisionNames(t *testing.T) {
	c := newCheckout(t)
	first := c.commit(map[string]string{"a.yaml": "a: 1"})
	c.git("tag", "v1", "-m", "annotated")
	c.git("tag", "v1-again", "v1", "-m", "tag of a tag")
	c.git("checkout", "-q", "-b", "topic/one")
	c.commit(map[string]string{"b.yaml": "b: 1"})
	c.git("checkout", "-q", "main")
	c.commit(map[string]string{"c.yaml": "c: 1"})
	c.git("merge", "-q", "--no-ff", "-m", "merge", "topic/one")
	c.commit(map[string]string{"d.yaml": "d: 1"})
	c.git("update-ref", "refs/remotes/origin/main", first)
	c.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	c.git("branch", "twice", "HEAD~1")
	c.git("tag", "twice", "HEAD")
	c.git("branch", "same")
	c.git("tag", "same")
	for _, packed := range []bool{false, true} {
		if packed {
			c.git("gc", "-q")
		}
		r := c.open()
		for _, name := range []string{
			"HEAD", "@", "main", "heads/main", "refs/heads/main", "topic/one", "v1", "tags/v1", "v1-again", "v1^{}", "v1^{commit}", "origin", "origin/main",
			"HEAD~1", "HEAD~2", "HEAD^", "HEAD^^", "HEAD~", "HEAD~1^2", "HEAD~1^1", "HEAD~3", "@~2", "HEAD^0", "same", first, first[:8], first[:7],
		} {
			rev, err := r.Revision(name)
			if err != nil {
				t.Error(err)
				continue
			}
			if want := c.git("rev-parse", name+"^{commit}"); rev.Hash != want || rev.Name != name {
				t.Errorf("%s is %s, want %s", name, rev.Hash, want)
			}
		}
		for name, want := range map[string]string{
			"":                      "a revision is a branch, a tag, or a commit's hash, not an empty text",
			"nope":                  `revision "nope" is not a branch, tag or commit of the Git repository; git branch --all and git tag list the names`,
			"config":                `revision "config" is not a branch, tag or commit of the Git repository; git branch --all and git tag list the names`,
			"twice":                 `revision "twice" is ambiguous: it is refs/tags/twice and refs/heads/twice; name one in full`,
			"HEAD^2":                fmt.Sprintf(`revision "HEAD^2": commit %.12s has no parent 2`, c.git("rev-parse", "HEAD")),
			"HEAD~9":                fmt.Sprintf(`revision "HEAD~9": commit %.12s is the first of its history`, first),
			"HEAD~x":                `revision "HEAD~x": "~x" is not supported; use ~N, ^N or ^{commit}`,
			"HEAD^{/}":              `revision "HEAD^{/}": "^{/}" is not supported; use ~N, ^N or ^{commit}`,
			strings.Repeat("a", 40): `revision "` + strings.Repeat("a", 40) + `" is not in this clone; git fetch may get it`,
		} {
			if _, err := r.Revision(name); err == nil || err.Error() != want {
				t.Errorf("%q: %v, want %s", name, err, want)
			}
		}
	}
}

// TestAmbiguousAbbreviation makes so many commits that two begin alike.
func TestAmbiguousAbbreviation(t *testing.T) {
	c := newCheckout(t)
	var in strings.Builder
	for i := range 800 {
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter a <a@example.org> %d +0000\ndata 0\n", 1_700_000_000+i)
	}
	c.gitInput(in.String(), "fast-import", "--quiet")
	r := c.open()
	seen, tried := map[string]string{}, false
	for _, hash := range strings.Fields(c.git("rev-list", "main")) {
		if other, ok := seen[hash[:4]]; ok {
			tried = true
			_, err := r.Revision(hash[:4])
			if err == nil || !strings.Contains(err.Error(), "is ambiguous") || !strings.Contains(err.Error(), hash) || !strings.Contains(err.Error(), other) {
				t.Errorf("%s: %v", hash[:4], err)
			}
			if rev, err := r.Revision(hash[:11]); err != nil || rev.Hash != hash {
				t.Errorf("%s: %v", hash[:11], err)
			}
			break
		}
		seen[hash[:4]] = hash
	}
	if !tried {
		t.Fatal("no two commits begin alike")
	}
}

// TestMergeBases holds merge bases of random histories to git's.
func TestMergeBases(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	c := newCheckout(t)
	var in strings.Builder
	const commits = 120
	for i := range commits {
		fmt.Fprintf(&in, "commit refs/heads/c%d\nmark :%d\ncommitter a <a@example.org> %d +0000\ndata 1\nx\n", i, i+1, 1_700_000_000+i/3)
		for n := range random.IntN(3) {
			if i > n {
				key := "merge"
				if n == 0 {
					key = "from"
				}
				fmt.Fprintf(&in, "%s :%d\n", key, 1+max(0, i-1-random.IntN(12)))
			}
		}
		in.WriteString("\n")
	}
	c.gitInput(in.String(), "fast-import", "--quiet")
	r := c.open()
	none := 0
	for range 300 {
		names := [2]string{fmt.Sprintf("c%d", random.IntN(commits)), fmt.Sprintf("c%d", random.IntN(commits))}
		var revs [2]*repo.Revision
		for i, name := range names {
			rev, err := r.Revision(name)
			if err != nil {
				t.Fatal(err)
			}
			revs[i] = rev
		}
		all, _ := exec.Command("git", "-C", c.dir, "merge-base", "--all", names[0], names[1]).Output()
		base, err := r.MergeBase(revs[0], revs[1])
		switch {
		case len(all) == 0 && err != nil:
			none++
		case err != nil:
			t.Errorf("%v: %v, want one of %s", names, err, all)
		case !strings.Contains(string(all), base.Hash):
			t.Errorf("%v: %s, want one of %s", names, base.Hash, all)
		}
	}
	if none == 0 || none == 300 {
		t.Errorf("%d of 300 pairs have no common commit", none)
	}
}

func TestUpstream(t *testing.T) {
	c := newCheckout(t)
	c.commit(nil)
	c.git("branch", "-m", "work")
	r := c.open()
	if _, err := r.Upstream(); err == nil || !strings.Contains(err.Error(), "--base") {
		t.Errorf("without any: %v", err)
	}
	c.git("remote", "add", "origin", "https://example.org/x.git")
	for _, step := range []struct {
		name, want string
		args       []string
	}{
		{"main", "main", []string{"branch", "main"}},
		{"main of origin", "origin/main", []string{"update-ref", "refs/remotes/origin/main", "HEAD"}},
		{"default of origin", "origin/HEAD", []string{"symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"}},
		{"own copy", "origin/HEAD", []string{"config", "branch.work.merge", "refs/heads/work"}},
		{"own copy that is there", "origin/HEAD", []string{"update-ref", "refs/remotes/origin/work", "HEAD"}},
		{"tracked", "origin/release", []string{"update-ref", "refs/remotes/origin/release", "HEAD"}},
		{"own copy only", "", []string{"update-ref", "-d", "refs/remotes/origin/main"}},
	} {
		c.git(step.args...)
		switch step.name {
		case "own copy only":
			c.git("symbolic-ref", "--delete", "refs/remotes/origin/HEAD")
			c.git("branch", "-D", "main")
			c.git("config", "branch.work.merge", "refs/heads/work")
			rev, err := c.open().Upstream()
			if err == nil || !strings.Contains(err.Error(), "origin/work, the copy of this branch itself") || !strings.Contains(err.Error(), "--base") {
				t.Errorf("%s: %v, %v", step.name, rev, err)
			}
			continue
		case "own copy":
			c.git("config", "branch.work.remote", "origin")
		case "tracked":
			c.git("config", "branch.work.merge", "refs/heads/release")
		}
		rev, err := c.open().Upstream()
		if err != nil || rev.Name != step.want {
			t.Errorf("%s: %v, %v, want %s", step.name, rev, err, step.want)
		}
	}
}

// TestCommitFiles holds the file system of a commit to io/fs's rules and to the
// files that were committed, loose and packed.
func TestCommitFiles(t *testing.T) {
	c := newCheckout(t)
	files := map[string]string{
		"a.yaml": "a: 1\r\nb: 2\r\n", "dir/b.yaml": "b: 1\n", "dir/deep/er/c.yaml": strings.Repeat("c: 1\n", 500), "empty.yaml": "", "über.yaml": "a: 1",
	}
	c.git("config", "core.autocrlf", "false")
	c.commit(files)
	if err := os.Chmod(filepath.Join(c.dir, "a.yaml"), 0o755); err != nil {
		t.Fatal(err)
	}
	c.commit(map[string]string{"dir/deep/er/c.yaml": files["dir/deep/er/c.yaml"] + "d: 1\n"})
	files["dir/deep/er/c.yaml"] += "d: 1\n"
	for _, packed := range []bool{false, true} {
		if packed {
			c.git("gc", "-q", "--aggressive")
		}
		fsys := c.revision("HEAD").Tree(c.dir).FS()
		names := []string{}
		for name, want := range files {
			names = append(names, name)
			got, err := fs.ReadFile(fsys, name)
			if err != nil || string(got) != want {
				t.Errorf("%s is %d bytes, want %d: %v", name, len(got), len(want), err)
			}
		}
		if err := fstest.TestFS(fsys, names...); err != nil {
			t.Error(err)
		}
		old := c.revision("HEAD~1").Tree(c.dir).FS()
		if got, err := fs.ReadFile(old, "dir/deep/er/c.yaml"); err != nil || len(got) != 2500 {
			t.Errorf("before: %d bytes, %v", len(got), err)
		}
	}
}

func TestCommitSymlinks(t *testing.T) {
	c := newCheckout(t)
	c.write("real/a.yaml", "a: 1")
	for name, target := range map[string]string{
		"file.yaml": "real/a.yaml", "dir": "real", "real/up": "../real/a.yaml", "loop": "loop", "out.yaml": "../../etc/passwd", "abs.yaml": "/etc/passwd", "gone.yaml": "nothing",
	} {
		if err := os.Symlink(target, filepath.Join(c.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	c.commit(nil)
	tree := c.revision("HEAD").Tree(c.dir)
	for name, want := range map[string]string{
		"file.yaml": "a: 1", "dir/a.yaml": "a: 1", "real/up": "a: 1",
		"loop": "too many symlinks", "out.yaml": "the symlink points outside the repository", "abs.yaml": "the symlink points outside the repository", "gone.yaml": "file does not exist",
	} {
		got, err := fs.ReadFile(tree.FS(), name)
		text := string(got)
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			text = pathErr.Err.Error()
		}
		if text != want {
			t.Errorf("%s: %q, want %q", name, text, want)
		}
	}
	// A directory that a link leads to is read once, and the links that lead
	// nowhere are findings, as in a work tree.
	dir, err := repo.Dir(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	var got [2]string
	for i, tree := range []*repo.Tree{dir, tree} {
		found, diags, err := tree.Select([]string{"."})
		got[i] = fmt.Sprint(names(found), err)
		for _, d := range diags {
			got[i] += "\n" + d.Pos.File + " " + d.Rule
		}
	}
	if diff := cmp.Diff(got[0], got[1]); diff != "" || !strings.Contains(got[0], "file-symlink") {
		t.Errorf("(-directory +revision):\n%s\n%s", diff, got[1])
	}
}

func TestNamesThatAreNotUTF8(t *testing.T) {
	c := newCheckout(t)
	file := filepath.Join(c.dir, "caf\xe9")
	if err := os.Mkdir(file, 0o755); err != nil {
		t.Skip("the file system wants UTF-8:", err)
	}
	c.commit(map[string]string{"caf\xe9/\xff.yaml": cm("a"), `caf\xe9.yaml`: cm("b")})
	dir, err := repo.Dir(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []repo.File{{Name: `caf\xe9.yaml`, Data: []byte(cm("b"))}, {Name: `caf\xe9/\xff.yaml`, Data: []byte(cm("a")), Walked: true}}
	for _, tree := range []*repo.Tree{dir, c.revision("HEAD").Tree(c.dir)} {
		found, diags, err := tree.Select([]string{`caf\xe9.yaml`, "."})
		if err != nil || len(diags) > 0 {
			t.Fatal(err, diags)
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestRepositoryLayouts(t *testing.T) {
	c := newCheckout(t)
	want := c.commit(map[string]string{"a.yaml": "a: 1"})
	c.commit(map[string]string{"a.yaml": "a: 2"})
	other := t.TempDir()
	c.git("clone", "-q", "--bare", c.dir, filepath.Join(other, "bare"))
	c.git("clone", "-q", "--shared", c.dir, filepath.Join(other, "shared"))
	c.git("worktree", "add", "-q", "--detach", filepath.Join(other, "linked"), "HEAD~1")
	if err := os.MkdirAll(filepath.Join(other, "linked", "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, top := range map[string]string{"bare": "", "shared": "shared", "linked": "linked", "linked/sub": "linked", "bare/refs": ""} {
		at := c.in(filepath.Join(other, name))
		r := at.open()
		if top != "" {
			top = filepath.Join(other, top)
		}
		rev, err := r.Revision("main~1")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		data, err := fs.ReadFile(rev.Tree(at.dir).FS(), "a.yaml")
		if rev.Hash != want || string(data) != "a: 1" || err != nil || r.Top() != top {
			t.Errorf("%s: %s %q %v in %q", name, rev.Hash, data, err, r.Top())
		}
	}
	linked, err := c.in(filepath.Join(other, "linked")).open().Revision("HEAD")
	if err != nil || linked.Hash != want {
		t.Errorf("HEAD of a linked work tree: %v, %v", linked, err)
	}
	if _, err := repo.OpenGit(t.TempDir()); !errors.Is(err, repo.ErrNoRepository) {
		t.Error(err)
	}
	empty := newCheckout(t)
	if _, err := empty.open().Revision("HEAD"); err == nil || err.Error() != "the Git repository has no commit yet" {
		t.Error(err)
	}
}

func TestUnreadableFormats(t *testing.T) {
	c := newCheckout(t)
	c.git("config", "core.repositoryFormatVersion", "1")
	for key, value := range map[string]string{"extensions.objectFormat": "sha256", "extensions.refStorage": "reftable"} {
		c.git("config", key, value)
		if _, err := repo.OpenGit(c.dir); err == nil || !strings.Contains(err.Error(), value) {
			t.Errorf("%s: %v", value, err)
		}
		config, err := os.ReadFile(filepath.Join(c.dir, ".git", "config"))
		if err != nil {
			t.Fatal(err)
		}
		before, _, _ := strings.Cut(string(config), "[extensions]")
		c.write(".git/config", before)
	}
}

func TestShallowClone(t *testing.T) {
	c := newCheckout(t)
	first := c.commit(map[string]string{"a.yaml": "a: 1"})
	c.commit(map[string]string{"a.yaml": "a: 2"})
	c.git("branch", "other")
	c.commit(map[string]string{"a.yaml": "a: 3"})
	at := c.in(filepath.Join(t.TempDir(), "shallow"))
	c.git("clone", "-q", "--depth=1", "--no-single-branch", "file://"+c.dir, at.dir)
	r := at.open()
	head, err := r.Revision("HEAD")
	if err != nil {
		t.Fatal(err)
	}
	other, err := r.Revision("origin/other")
	if err != nil {
		t.Fatal(err)
	}
	_, baseErr := r.MergeBase(head, other)
	_, stepErr := r.Revision("HEAD~1")
	_, hashErr := r.Revision(first)
	_, nameErr := r.Revision("v9")
	for _, err := range []error{baseErr, stepErr, hashErr, nameErr} {
		if err == nil || !strings.Contains(err.Error(), "git fetch --unshallow") {
			t.Errorf("%v", err)
		}
	}
}

// TestPartialClone shows that what a clone lacks is never taken for a file that
// is not there.
func TestPartialClone(t *testing.T) {
	c := newCheckout(t)
	c.commit(map[string]string{"dir/a.yaml": "a: 1"})
	c.git("config", "uploadpack.allowFilter", "true")
	at := c.in(filepath.Join(t.TempDir(), "partial"))
	c.git("clone", "-q", "--no-checkout", "--filter=blob:none", "file://"+c.dir, at.dir)
	tree := at.revision("HEAD").Tree(at.dir)
	_, diags, err := tree.Select([]string{"dir"})
	if err != nil || len(diags) != 1 || !strings.Contains(diags[0].Message, "git fetch --refetch --no-filter origin") {
		t.Errorf("%v %v", diags, err)
	}
	var missing *repo.MissingObject
	if !errors.As(tree.Lost(), &missing) {
		t.Errorf("lost: %v", tree.Lost())
	}
}

func TestSubmodule(t *testing.T) {
	inner := newCheckout(t)
	inner.commit(map[string]string{"a.yaml": "a: 1"})
	c := newCheckout(t)
	c.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.dir, "vendor/inner")
	c.commit(map[string]string{"b.yaml": "b: 1", "k/kustomization.yaml": "resources: [../vendor/inner/a.yaml]\n"})
	work, err := repo.WorkTree(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	const says = "vendor/inner is a Git submodule, whose files are in another repository and are not read; copy what is needed into this one"
	for name, tree := range map[string]*repo.Tree{"work tree": work, "revision": c.revision("HEAD").Tree(c.dir)} {
		found, diags, err := tree.Select([]string{"b.yaml", "vendor"})
		if err != nil || len(found) != 1 || len(diags) != 1 || diags[0].Message != says || diags[0].Rule != "git-submodule" {
			t.Errorf("%s: %v %v %v", name, names(found), diags, err)
		}
		if _, _, err := tree.Select([]string{"vendor/inner"}); err == nil || err.Error() != says {
			t.Errorf("%s: %v", name, err)
		}
		if name == "work tree" {
			continue // whose kustomizations may read what is checked out
		}
		if _, _, err := tree.Select([]string{"vendor/inner/a.yaml"}); err == nil || !strings.HasSuffix(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
		if _, diags, _ := tree.Select([]string{"k"}); len(diags) != 1 || !strings.HasSuffix(diags[0].Message, says) {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

func TestLFS(t *testing.T) {
	content := "a: 1\n"
	sum := sha256.Sum256([]byte(content))
	oid := hex.EncodeToString(sum[:])
	c := newCheckout(t)
	c.commit(map[string]string{"a.yaml": "version https://git-lfs.github.com/spec/v1\noid sha256:" + oid + "\nsize 5\n"})
	tree := c.revision("HEAD").Tree(c.dir)
	_, diags, err := tree.Select([]string{"a.yaml"})
	if err != nil || len(diags) != 1 || !strings.Contains(diags[0].Message, "git lfs fetch --all") {
		t.Errorf("%v %v", diags, err)
	}
	stored := ".git/lfs/objects/" + oid[:2] + "/" + oid[2:4] + "/" + oid
	c.write(stored, content)
	if found, diags, err := tree.Select([]string{"a.yaml"}); err != nil || len(diags) > 0 || string(found[0].Data) != content {
		t.Errorf("%v %v", diags, err)
	}
	c.write(stored, "b: 2\n")
	if _, diags, _ := tree.Select([]string{"a.yaml"}); len(diags) != 1 {
		t.Errorf("content of another hash: %v", diags)
	}
}
