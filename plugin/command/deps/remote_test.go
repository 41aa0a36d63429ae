package deps_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/krowave/krowave/flux/layout"
	"github.com/krowave/krowave/flux/push"
	"github.com/krowave/krowave/plugin"
	"github.com/krowave/krowave/plugin/internal/clitest"
	"github.com/krowave/krowave/render/project"
)

// remoteRun is a directory with testdata/remote.txtar in it and a cache.
type remoteRun struct {
	*testing.T
	dir string
}

func newRemoteRun(t *testing.T) remoteRun {
	t.Helper()
	r := remoteRun{t, t.TempDir()}
	archive, err := txtar.ParseFile("../../../testdata/remote.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		r.write(f.Name, string(f.Data))
	}
	return r
}

func (r remoteRun) path(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

func (r remoteRun) write(name, text string) {
	r.Helper()
	if err := os.MkdirAll(filepath.Dir(r.path(name)), 0o755); err != nil {
		r.Fatal(err)
	}
	if err := os.WriteFile(r.path(name), []byte(text), 0o644); err != nil {
		r.Fatal(err)
	}
}

// settings replaces words in the archive's krowave.yaml.
func (r remoteRun) settings(from string, words ...string) string {
	r.Helper()
	text := strings.NewReplacer(words...).Replace(clitest.ReadFile(r.T, r.path(from)))
	r.write("app/krowave.yaml", text)
	return text
}

// run runs krowave in the directory app, for an exit code.
func (r remoteRun) run(code int, args ...string) clitest.Output {
	r.Helper()
	if args[0] != "update" && args[len(args)-1] != "--check" {
		args = append(args, "--cache-dir", "../cache")
	}
	got := clitest.Run(r.T, r.path("app"), args...)
	if got.Code != code {
		r.Fatalf("krowave %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got.Code, code, got.Stdout, got.Stderr)
	}
	return got
}

func (r remoteRun) has(text, part string) {
	r.Helper()
	if !strings.Contains(text, part) {
		r.Errorf("%q is not in\n%s", part, text)
	}
}

func (r remoteRun) commit(message string) string {
	clitest.Git(r.T, r.path("platform"), "add", "-A")
	clitest.Git(r.T, r.path("platform"), "commit", "-q", "-m", message)
	return clitest.Git(r.T, r.path("platform"), "rev-parse", "HEAD")
}

// publish makes the platform's repository, with a tag on its first commit.
func (r remoteRun) publish() (first string) {
	clitest.Git(r.T, r.path("platform"), "init", "-q", "-b", "main")
	first = r.commit("one")
	clitest.Git(r.T, r.path("platform"), "tag", "-a", "-m", "v1", "v1")
	return first
}

// move adds a commit that changes the definition.
func (r remoteRun) move() string {
	name := "platform/defs/page.yaml"
	r.write(name, strings.ReplaceAll(clitest.ReadFile(r.T, r.path(name)), "platform one", "platform two"))
	return r.commit("two")
}

// serve serves the platform's repository over HTTP, as git http-backend does it.
func (r remoteRun) serve() *httptest.Server {
	server := httptest.NewServer(&cgi.Handler{
		Path: filepath.Join(clitest.Git(r.T, r.dir, "--exec-path"), "git-http-backend"),
		Env:  append(clitest.GitEnvironment(), "GIT_PROJECT_ROOT="+r.dir, "GIT_HTTP_EXPORT_ALL=1"),
	})
	r.Cleanup(server.Close)
	return server
}

// TestRemoteGit pins, fetches once, and renders when the repository is gone.
func TestRemoteGit(t *testing.T) {
	for name, tt := range map[string]struct {
		http, byCommit bool
		ref            string
	}{
		"file, tag":        {ref: "v1"},
		"file, in history": {ref: "main"},
		"http, tag":        {http: true, ref: "v1"},
		"http, in history": {http: true, ref: "main"},
		"http, any commit": {http: true, byCommit: true, ref: "refs/heads/main"},
		"file, any commit": {byCommit: true, ref: "main"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRemoteRun(t)
			first := r.publish()
			if tt.byCommit {
				clitest.Git(t, r.path("platform"), "config", "uploadpack.allowAnySHA1InWant", "true")
			}
			url, stop := "file://"+r.path("platform"), func() {}
			if tt.http {
				server := r.serve()
				url, stop = server.URL+"/platform/.git", server.Close
			}
			before := r.settings("app/krowave.yaml", "URL", url, "REF", tt.ref)
			r.has(r.run(1, "render", "page.yaml").Stderr, "krowave.yaml:3:5: "+url+" has no commit; run krowave update, which finds it [remote-definitions]")
			r.has(r.run(1, "update", "--check").Stdout, "none -> "+first)
			if diff := cmp.Diff(before, clitest.ReadFile(t, r.path("app/krowave.yaml"))); diff != "" {
				t.Errorf("update --check wrote (-before +after):\n%s", diff)
			}
			r.run(0, "update")
			want := strings.Replace(before, "for changes\n", "for changes\n    commit: "+first+"\n", 1)
			if diff := cmp.Diff(want, clitest.ReadFile(t, r.path("app/krowave.yaml"))); diff != "" {
				t.Errorf("update (-want +got):\n%s", diff)
			}
			second := r.move()
			r.has(r.run(1, "render", "page.yaml", "--offline").Stderr, "--offline forbids fetching it")
			r.has(r.run(0, "render", "page.yaml").Stdout, "by: platform one")
			if tt.ref != "v1" {
				r.has(r.run(1, "update", "--check").Stdout, first+" -> "+second)
				r.run(0, "update")
				r.has(r.run(0, "render", "page.yaml").Stdout, "by: platform two")
			}
			stop()
			if err := os.Rename(r.path("platform"), r.path("gone")); err != nil {
				t.Fatal(err)
			}
			r.has(r.run(0, "render", "page.yaml", "--offline").Stdout, "by: platform")
			r.has(r.run(0, "render", "page.yaml").Stdout, "by: platform")
			r.run(0, "validate", "page.yaml")
			r.run(1, "update", "--check")
		})
	}
}

// TestRemoteCredentials asks a server that wants a password: the one in .netrc is for
// its host, the one in the environment is for another repository.
func TestRemoteCredentials(t *testing.T) {
	r := newRemoteRun(t)
	r.publish()
	inner := r.serve()
	var names []string
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		name, password, ok := q.BasicAuth()
		if ok {
			names = append(names, name)
		}
		if password != "right" {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who is it", http.StatusUnauthorized)
			return
		}
		inner.Config.Handler.ServeHTTP(w, q)
	}))
	t.Cleanup(outer.Close)
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("GIT_ASKPASS", "")
	r.settings("app/krowave.yaml", "URL", outer.URL+"/platform/.git", "REF", "main")
	run := func(netrc string) (int, string) {
		r.write("netrc", netrc)
		env := map[string]string{"NETRC": r.path("netrc"), "KROWAVE_GIT_USERNAME": "variable", "KROWAVE_GIT_PASSWORD": "secret"}
		var stdout, stderr bytes.Buffer
		code := plugin.Main(t.Context(), plugin.Streams{Out: &stdout, Err: &stderr, Dir: r.path("app"), Getenv: func(name string) string { return env[name] }},
			[]string{"update"})
		return code, stdout.String() + stderr.String()
	}
	if code, text := run("machine elsewhere.example login a password right"); code != 1 || !strings.Contains(text, "the server requires credentials") {
		t.Errorf("without credentials: exit code %d\n%s", code, text)
	}
	if code, text := run("machine 127.0.0.1 login netrc password right"); code != 0 {
		t.Errorf("with credentials: exit code %d\n%s", code, text)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"netrc"}, slices.Compact(names)); diff != "" {
		t.Errorf("who asked (-want +got):\n%s", diff)
	}
}

// TestRemoteTampered changes what the cache holds, without damage to its format.
func TestRemoteTampered(t *testing.T) {
	r := newRemoteRun(t)
	r.publish()
	r.settings("app/krowave.yaml", "URL", "file://"+r.path("platform"), "REF", "main")
	r.run(0, "update")
	r.run(0, "render", "page.yaml")
	found, err := filepath.Glob(r.path("cache/git/*.objects"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	zip, err := gzip.NewReader(strings.NewReader(clitest.ReadFile(t, found[0])))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	again := gzip.NewWriter(&out)
	if _, err := again.Write(bytes.ReplaceAll(data, []byte("platform one"), []byte("somebody 999"))); err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	for name, cached := range map[string]string{"changed": out.String(), "cut": out.String()[:50], "empty": ""} {
		if err := os.WriteFile(found[0], []byte(cached), 0o644); err != nil {
			t.Fatal(err)
		}
		got := r.run(1, "render", "page.yaml")
		if got.Stdout != "" {
			t.Errorf("%s: rendered %s", name, got.Stdout)
		}
		r.has(got.Stderr, "the cache is damaged or was tampered with")
	}
	if err := os.Remove(found[0]); err != nil {
		t.Fatal(err)
	}
	r.run(0, "render", "page.yaml")
}

// TestRemoteMistakes are commits and paths that are not there.
func TestRemoteMistakes(t *testing.T) {
	r := newRemoteRun(t)
	first := r.publish()
	url := "file://" + r.path("platform")
	for text, want := range map[string]string{
		"{git: " + url + ", commit: 0123456789012345678901234567890123456abc}": "no branch or tag of " + url + " contains commit 0123456789012345678901234567890123456abc",
		"{git: " + url + ", commit: " + first + ", path: nope}":                "has no nope",
		"{git: " + url + ", commit: 012345}":                                   "put it in quotes if it is all digits",
		"{git: " + url + ", commit: main}":                                     "commit is a full commit id of 40 hexadecimal digits",
		"{git: https://user:secret@example.com/x, commit: " + first + "}":      "git is an http, https, ssh or file URL, without a password in it",
		"{git: 'ext::sh -c true', commit: " + first + "}":                      "git is an http, https, ssh or file URL",
		"{git: " + url + ", commit: " + first + ", path: ../x}":                "path is a directory or a file of the repository",
		"{git: " + url + ", comit: " + first + "}":                             "did you mean commit?",
		"{git: " + url + ", digest: sha256:" + strings.Repeat("0", 64) + "}":   "digest and tag go with oci",
		"{oci: 'ghcr.io/x/y:v1'}":                                              "tag and digest are settings of their own",
		"{path: x}":                                                            "remote definitions have either git or oci",
	} {
		r.write("app/krowave.yaml", "definitions: ["+text+"]\n")
		got := r.run(1, "render", "page.yaml")
		r.has(strings.ReplaceAll(got.Stderr, "\n", " "), want)
		if strings.Contains(strings.Split(got.Stderr, "\n")[0], "secret") {
			t.Errorf("a password is shown:\n%s", got.Stderr)
		}
	}
}

// TestVendor copies definitions, renders without cache and repository, and finds
// copies that were changed.
func TestVendor(t *testing.T) {
	r := newRemoteRun(t)
	r.publish()
	r.settings("app/krowave.yaml", "URL", "file://"+r.path("platform"), "REF", "v1")
	r.has(r.run(1, "vendor").Stderr, "run krowave update")
	r.run(0, "update")

	settings, diags := project.NearestSettings(os.DirFS(r.path("app")), ".")
	if len(settings.Definitions) != 0 || len(diags) != 1 || diags[0].Hint != "run krowave vendor and commit what it writes" {
		t.Errorf("without copies, who fetches nothing has %v, %v", settings.Definitions, diags)
	}
	r.has(r.run(1, "vendor", "--check").Stderr, "there is no sources.txt")
	r.has(r.run(0, "vendor").Stdout, ": 1 file from ")
	r.run(0, "vendor", "--check")
	settings, diags = project.NearestSettings(os.DirFS(r.path("app")), ".")
	if len(settings.Definitions) != 1 || len(diags) != 0 {
		t.Fatalf("with copies, who fetches nothing has %v, %v", settings.Definitions, diags)
	}
	for _, gone := range []string{"cache", "platform"} {
		if err := os.Rename(r.path(gone), r.path("gone-"+gone)); err != nil {
			t.Fatal(err)
		}
	}
	r.has(r.run(0, "render", "page.yaml").Stdout, "by: platform one")

	copied := "app/" + settings.Definitions[0] + "/defs/page.yaml"
	text := clitest.ReadFile(t, r.path(copied))
	r.write(copied, strings.ReplaceAll(text, "platform one", "somebody"))
	r.has(r.run(1, "vendor", "--check").Stderr, "differs from what was copied from")
	r.write(copied, text)
	r.run(0, "vendor", "--check")
	r.write("app/vendor/krowave/mine.yaml", "")
	r.has(r.run(1, "vendor", "--check").Stderr, "mine.yaml does not belong to any definitions")
	if err := os.Rename(r.path("gone-platform"), r.path("platform")); err != nil {
		t.Fatal(err)
	}
	r.has(r.run(3, "vendor").Stderr, "mine.yaml is not from krowave vendor")
	r.write("app/krowave.yaml", "vendor: ../elsewhere\n")
	r.has(r.run(1, "vendor").Stderr, "vendor is a directory below that of krowave.yaml")
}

// TestRemoteOCI pins an artifact of a real registry, and renders without it.
func TestRemoteOCI(t *testing.T) {
	r := newRemoteRun(t)
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	ref, err := push.Reference("oci://"+host+"/pages:v1", false)
	if err != nil {
		t.Fatal(err)
	}
	image, err := push.Image(push.Artifact{Files: []layout.File{{Path: "defs/page.yaml", Data: []byte(clitest.ReadFile(t, r.path("platform/defs/page.yaml")))}}})
	if err != nil {
		t.Fatal(err)
	}
	digest, err := push.Push(t.Context(), ref, image, push.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.settings("app/oci.yaml", "HOST", host)
	r.has(r.run(1, "render", "page.yaml").Stderr, "has no digest; run krowave update")
	r.run(0, "update")
	want := `definitions: [{oci: "` + host + `/pages", digest: ` + digest.String() + ", tag: v1, path: defs}] # pinned below\n"
	if diff := cmp.Diff(want, clitest.ReadFile(t, r.path("app/krowave.yaml"))); diff != "" {
		t.Fatalf("update (-want +got):\n%s", diff)
	}
	r.has(r.run(0, "update", "--check").Stdout, "1 remote source is up to date")
	r.run(1, "render", "page.yaml", "--offline")
	r.run(0, "render", "page.yaml")
	server.Close()
	r.has(r.run(0, "render", "page.yaml", "--offline").Stdout, "by: platform one")
	r.run(0, "vendor", "--offline")
	r.run(0, "vendor", "--check")
	if err := os.RemoveAll(r.path("app/vendor")); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(r.path("cache/oci/sha256-*"))
	if err != nil || len(found) != 2 {
		t.Fatal(found, err)
	}
	for _, name := range found {
		data := clitest.ReadFile(t, name)
		if err := os.WriteFile(name, []byte(data+" "), 0o644); err != nil {
			t.Fatal(err)
		}
		r.has(r.run(1, "render", "page.yaml").Stderr, "the cache is damaged or was tampered with")
		if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var remoteHelp = regexp.MustCompile(`(?s)Examples:\n(.*?)\n\nFlags:`)

// TestRemoteHelp runs the examples of update and vendor.
func TestRemoteHelp(t *testing.T) {
	r := newRemoteRun(t)
	r.publish()
	r.settings("app/krowave.yaml", "URL", "file://"+r.path("platform"), "REF", "v1")
	r.write("app/apps/krowave.yaml", clitest.ReadFile(t, r.path("app/krowave.yaml")))
	clitest.Run(t, r.path("app/apps"), "update")
	for _, name := range []string{"update", "vendor"} {
		m := remoteHelp.FindStringSubmatch(clitest.Run(t, r.dir, name, "--help").Stdout)
		if m == nil {
			t.Fatalf("%s has no examples", name)
		}
		if name == "vendor" {
			clitest.Run(t, r.path("app/apps"), "vendor", "--cache-dir", "../../cache")
		}
		for _, line := range strings.Split(strings.TrimSpace(m[1]), "\n") {
			r.run(0, strings.Fields(line)[1:]...)
		}
	}
}
