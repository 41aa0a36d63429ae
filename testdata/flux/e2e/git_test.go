package e2e

import (
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// gitServer serves repositories by Git's own HTTP program.
type gitServer struct {
	dir    string
	server *httptest.Server
	down   atomic.Bool
}

func newGitServer(dir string) (*gitServer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	exec, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return nil, err
	}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(exec)), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1"},
	}
	g := &gitServer{dir: dir}
	g.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.down.Load() {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	return g, nil
}

// repository is a bare repository and a work tree of it.
type repository struct {
	name, tree, url string
}

func newRepository(t *testing.T, name string) *repository {
	t.Helper()
	r := &repository{name: name, tree: filepath.Join(world.dir, "trees", name), url: world.git.server.URL + "/" + name + ".git"}
	git(t, world.git.dir, "init", "-q", "--bare", "-b", "main", name+".git")
	if err := os.MkdirAll(r.tree, 0o755); err != nil {
		t.Fatal(err)
	}
	git(t, r.tree, "init", "-q", "-b", "main")
	return r
}

// push commits files, where "" deletes one, and returns the commit.
func (r *repository) push(t *testing.T, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(r.tree, name)
		if text == "" {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git(t, r.tree, "add", "-A")
	git(t, r.tree, "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "-q", "--allow-empty", "-m", "change")
	git(t, r.tree, "push", "-q", filepath.Join(world.git.dir, r.name+".git"), "main")
	return strings.TrimSpace(git(t, r.tree, "rev-parse", "HEAD"))
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	command := exec.Command("git", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}
