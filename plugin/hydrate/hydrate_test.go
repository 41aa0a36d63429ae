package hydrate_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/hydrate"
)

// git runs git without the machine's configuration.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := tryGit(t, dir, args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func tryGit(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=b", "GIT_AUTHOR_EMAIL=b@example.org", "GIT_COMMITTER_NAME=b", "GIT_COMMITTER_EMAIL=b@example.org")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// isolate keeps the credentials of the machine out of a test.
func isolate(t *testing.T) {
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_ASKPASS", "")
	t.Setenv("SSH_ASKPASS", "")
	t.Setenv("HOME", t.TempDir())
}

// bare makes an empty repository to push to.
func bare(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "deploy.git")
	git(t, ".", "init", "--quiet", "--bare", "--initial-branch=prod", dir)
	return dir
}

// serve is git's own HTTP server for a repository; with a password it lets only
// those in who know it.
func serve(t *testing.T, dir, user, password string) string {
	t.Helper()
	git(t, dir, "config", "http.receivepack", "true")
	backend := &cgi.Handler{
		Path: filepath.Join(git(t, dir, "--exec-path"), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + filepath.Dir(dir), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); password != "" && (u != user || p != password) {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who is it", http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/" + filepath.Base(dir)
}

// content has a directory per name, each with one object that says revision.
func content(owner, revision string, names ...string) hydrate.Content {
	c := hydrate.Content{Owner: owner, Tool: hydrate.Tool{Version: "v1", Kro: "v0.9.4"}}
	for _, name := range names {
		c.Directories = append(c.Directories, hydrate.Directory{Parent: "shop", Name: name, Instance: "kro.run/WebApp/shop/" + name,
			Files: []hydrate.File{{Name: "wave-0/shop/configmap-" + name + ".yaml", Data: []byte("revision: " + revision + "\n")}}})
	}
	return c
}

func options() hydrate.Options {
	return hydrate.Options{Branch: "prod", Name: "a", Email: "a@example.org", When: time.Unix(1767323045, 0).UTC(), Retries: 50}
}

func mustRun(t *testing.T, url string, c hydrate.Content) *hydrate.Result {
	t.Helper()
	r, err := hydrate.Run(t.Context(), &hydrate.Remote{URL: url}, c, options())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	return strings.Fields(git(t, dir, "ls-tree", "-r", "--name-only", "prod"))
}

// TestRun goes through the life of a branch.
func TestRun(t *testing.T) {
	isolate(t)
	dir := bare(t)
	first := mustRun(t, dir, content("one", "1", "a", "b"))
	if first.Parent != "" || len(first.Added) != 2 {
		t.Errorf("first run: %+v", first)
	}
	again := mustRun(t, dir, content("one", "1", "a", "b"))
	if again.Changed() || again.Commit != first.Commit || again.Same != 2 {
		t.Errorf("the same again: %+v", again)
	}
	third := mustRun(t, dir, content("one", "2", "b", "c"))
	want := &hydrate.Result{Commit: third.Commit, Parent: first.Commit, Added: []string{"shop/c"}, Updated: []string{"shop/b"}, Removed: []string{"shop/a"}, Attempts: 1}
	if diff := cmp.Diff(want, third); diff != "" {
		t.Errorf("third run (-want +got):\n%s", diff)
	}
	wantFiles := []string{"hydrator.metadata",
		"shop/b/README.md", "shop/b/hydrator.metadata", "shop/b/wave-0/shop/configmap-b.yaml",
		"shop/c/README.md", "shop/c/hydrator.metadata", "shop/c/wave-0/shop/configmap-c.yaml"}
	if diff := cmp.Diff(wantFiles, files(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if got := git(t, dir, "fsck", "--strict", "--full"); got != "" {
		t.Errorf("git fsck: %s", got)
	}
	other := bare(t)
	if same := mustRun(t, other, content("one", "1", "a", "b")); same.Commit != first.Commit {
		t.Errorf("the same content and time made commit %s, and %s before", same.Commit, first.Commit)
	}
}

// TestOthers keeps the files of others, and refuses to write in their place.
func TestOthers(t *testing.T) {
	isolate(t)
	dir := bare(t)
	mustRun(t, dir, content("one", "1", "a"))
	clone := filepath.Join(t.TempDir(), "clone")
	git(t, ".", "clone", "--quiet", "--branch=prod", dir, clone)
	for name, text := range map[string]string{"NOTES.md": "ours", "shop/a/kustomization.yaml": "ours too", "shop/theirs/README.md": "x", "run.sh": "#!/bin/sh"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(clone, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(clone, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	git(t, clone, "add", ".")
	git(t, clone, "commit", "--quiet", "--message=ours")
	git(t, clone, "push", "--quiet")
	before := git(t, dir, "ls-tree", "prod", "run.sh")

	mustRun(t, dir, content("two", "1", "b"))
	mustRun(t, dir, content("one", "2", "c"))
	if diff := cmp.Diff([]string{"NOTES.md", "hydrator.metadata", "run.sh", "shop/a/kustomization.yaml",
		"shop/b/README.md", "shop/b/hydrator.metadata", "shop/b/wave-0/shop/configmap-b.yaml",
		"shop/c/README.md", "shop/c/hydrator.metadata", "shop/c/wave-0/shop/configmap-c.yaml", "shop/theirs/README.md"}, files(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if after := git(t, dir, "ls-tree", "prod", "run.sh"); after != before {
		t.Errorf("run.sh was %s and is %s", before, after)
	}
	mustRun(t, dir, content("one", "2", "a", "c")) // beside the file that was kept

	head := git(t, dir, "rev-parse", "prod")
	for _, tt := range []struct {
		content hydrate.Content
		want    string
	}{
		{content("one", "1", "b"), `shop/b belongs to another run of hydrate, "two"; use --owner="two"`},
		{content("one", "1", "theirs"), "was not written by krowave"},
		{hydrate.Content{Owner: "one", Prefix: "NOTES.md"}, "NOTES.md is a file"},
	} {
		_, err := hydrate.Run(t.Context(), &hydrate.Remote{URL: dir}, tt.content, options())
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
	if now := git(t, dir, "rev-parse", "prod"); now != head {
		t.Errorf("a refused run moved the branch to %s", now)
	}
}

// TestRace has two runs and git itself push to one branch over HTTP, all at once
// and many times: every commit of each has to be in the history, in order, and
// the last tree has what each wrote last.
func TestRace(t *testing.T) {
	isolate(t)
	dir := bare(t)
	url := serve(t, dir, "", "")
	mustRun(t, url, content("start", "0", "start"))
	clone := filepath.Join(t.TempDir(), "clone")
	git(t, ".", "clone", "--quiet", "--branch=prod", url, clone)

	const rounds = 12
	var group sync.WaitGroup
	var mu sync.Mutex
	var commits []string
	attempts := 0
	for _, owner := range []string{"one", "two"} {
		group.Go(func() {
			for i := range rounds {
				r, err := hydrate.Run(t.Context(), &hydrate.Remote{URL: url}, content(owner, fmt.Sprint(i), owner), options())
				if err != nil {
					t.Errorf("%s: %v", owner, err)
					return
				}
				mu.Lock()
				commits = append(commits, r.Commit)
				attempts += r.Attempts
				mu.Unlock()
			}
		})
	}
	group.Go(func() {
		for i := range rounds {
			name := filepath.Join(clone, "git.txt")
			if err := os.WriteFile(name, []byte(fmt.Sprint(i)), 0o644); err != nil {
				t.Error(err)
				return
			}
			if err := gitWrites(t, clone, fmt.Sprintf("round %d", i)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	group.Wait()

	history := strings.Fields(git(t, dir, "rev-list", "--first-parent", "prod"))
	if len(history) != 1+3*rounds {
		t.Errorf("%d commits in the history, want %d", len(history), 1+3*rounds)
	}
	all := strings.Join(history, " ")
	for _, c := range commits {
		if !strings.Contains(all, c) {
			t.Errorf("commit %s is lost", c)
		}
	}
	for name, want := range map[string]string{
		"shop/one/wave-0/shop/configmap-one.yaml": fmt.Sprintf("revision: %d", rounds-1), "shop/two/wave-0/shop/configmap-two.yaml": fmt.Sprintf("revision: %d", rounds-1),
		"git.txt": fmt.Sprint(rounds - 1), "shop/start/wave-0/shop/configmap-start.yaml": "revision: 0",
	} {
		if got := git(t, dir, "show", "prod:"+name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	t.Logf("%d runs took %d attempts", len(commits), attempts)
	git(t, dir, "fsck", "--strict", "--full")
}

// gitWrites commits and pushes as a person does: pull and push until it goes
// through.
func gitWrites(t *testing.T, clone, message string) error {
	for _, args := range [][]string{{"add", "."}, {"commit", "--quiet", "--message=" + message}} {
		if out, err := tryGit(t, clone, args...); err != nil {
			return fmt.Errorf("git %v: %w\n%s", args, err, out)
		}
	}
	last := ""
	for range 200 {
		if out, err := tryGit(t, clone, "pull", "--quiet", "--rebase"); err != nil {
			return fmt.Errorf("git pull: %w\n%s", err, out)
		}
		out, err := tryGit(t, clone, "push", "--quiet")
		if err == nil {
			return nil
		}
		last = out
	}
	return fmt.Errorf("git push never went through: %s", last)
}

// TestStartsOver loses a race that is arranged: another commit comes between
// reading the branch and pushing. When it holds the same, there is nothing left
// to do.
func TestStartsOver(t *testing.T) {
	isolate(t)
	for _, tt := range []struct {
		first   hydrate.Content
		changed bool
		want    []string
	}{
		{content("two", "1", "two"), true, []string{"shop/one/wave-0", "shop/two/wave-0", "shop/start/wave-0"}},
		{content("one", "1", "one"), false, []string{"shop/one/wave-0", "shop/start/wave-0"}},
	} {
		dir := bare(t)
		mustRun(t, dir, content("start", "0", "start"))
		once := sync.OnceFunc(func() { mustRun(t, dir, tt.first) })
		target := strings.TrimSuffix(serve(t, dir, "", ""), "/deploy.git")
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/git-receive-pack") {
				once()
			}
			forward(w, r, target)
		}))
		t.Cleanup(server.Close)
		got := mustRun(t, server.URL+"/deploy.git", content("one", "1", "one"))
		if got.Attempts != 2 || got.Changed() != tt.changed || got.Commit != git(t, dir, "rev-parse", "prod") {
			t.Errorf("%+v", got)
		}
		tree := strings.Join(files(t, dir), " ")
		for _, name := range tt.want {
			if !strings.Contains(tree, name) {
				t.Errorf("%s is not in %s", name, tree)
			}
		}
	}
}

func forward(w http.ResponseWriter, r *http.Request, target string) {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, target+r.URL.RequestURI(), r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	req.Header, req.ContentLength = r.Header, r.ContentLength
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer res.Body.Close()
	w.Header().Set("Content-Type", res.Header.Get("Content-Type"))
	w.WriteHeader(res.StatusCode)
	var body bytes.Buffer
	_, _ = body.ReadFrom(res.Body) // what is missing shows as a broken answer
	_, _ = w.Write(body.Bytes())
}
