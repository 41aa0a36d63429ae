package faults_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lost is what becomes of a peer.
type lost int

const (
	silent lost = iota // it closes the connection and does not answer
	midway             // it does what it was asked for, and its answer ends in the middle
	broken             // it says that it has an internal error
)

func (l lost) String() string { return []string{"silent", "midway", "broken"}[l] }

// network is the way to a peer that is lost from the n-th request on, until it is
// mended.
type network struct {
	lost
	from   int64 // 0 for never
	asked  atomic.Int64
	mended atomic.Bool
}

func (n *network) way(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.asked.Add(1) < n.from || n.from == 0 || n.mended.Load() {
			h.ServeHTTP(w, r)
			return
		}
		switch n.lost {
		case midway:
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, r)
			for name, values := range answer.Header() {
				w.Header()[name] = values
			}
			body := answer.Body.Bytes()
			w.Header().Set("Content-Length", fmt.Sprint(len(body)+1))
			w.WriteHeader(answer.Code)
			_, _ = w.Write(bytes.TrimSuffix(body[:len(body)/2], []byte("\n")))
			fallthrough
		case silent:
			panic(http.ErrAbortHandler)
		case broken:
			http.Error(w, "something broke", http.StatusInternalServerError)
		}
	})
}

// remote serves a repository of a directory, as git http-backend does it.
func remote(t *testing.T, dir string, way func(http.Handler) http.Handler) string {
	t.Helper()
	h := &cgi.Handler{
		Path: filepath.Join(git(t, dir, "--exec-path"), "git-http-backend"),
		Env:  append(environment, "GIT_PROJECT_ROOT="+dir, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=a"),
	}
	h.Stderr = &bytes.Buffer{}
	return serve(t, h, way).URL
}

// folder is the name of a copy, which an address has a part in.
var folder = regexp.MustCompile(`platform-[0-9a-f]{16}`)

// overHTTP has a job's repository on a server.
func overHTTP(begin func(*testing.T, string) job) func(way func(http.Handler) http.Handler) func(*testing.T, string) job {
	return func(way func(http.Handler) http.Handler) func(*testing.T, string) job {
		return func(t *testing.T, dir string) job {
			url := remote(t, dir, way)
			j := begin(t, dir)
			j.args = slices.Clone(j.args)
			for i := range j.args {
				j.args[i] = strings.ReplaceAll(j.args[i], "origin.git", url+"/origin.git")
			}
			settings := filepath.Join(dir, "app/krowave.yaml")
			if data, err := os.ReadFile(settings); err == nil {
				line := "definitions:\n- git: " + url + "/platform/.git\n"
				if _, pin, ok := strings.Cut(string(data), "commit:"); ok {
					line += "  commit:" + pin
				}
				if err := os.WriteFile(settings, []byte(line), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			// An address of its own for each run is none of what is compared.
			read := j.read
			j.read = func(t *testing.T) map[string]string {
				out := map[string]string{}
				for name, text := range read(t) {
					out[folder.ReplaceAllString(name, "platform")] = folder.ReplaceAllString(strings.ReplaceAll(text, url, "URL"), "platform")
				}
				return out
			}
			return j
		}
	}
}

// TestPeersGone has the peer of each command be lost from its n-th request on. The
// command says so, and changes all or nothing; when the peer is back, the next run
// gives what a run gives undisturbed.
func TestPeersGone(t *testing.T) {
	by := map[string]writer{}
	for _, w := range writers {
		by[w.name] = w
	}
	for name, begin := range map[string]func(way func(http.Handler) http.Handler) func(*testing.T, string) job{
		"push": pushing, "observe": observing,
		"update": overHTTP(by["update"].begin), "vendor-and-fetch": overHTTP(vendoring), "hydrate": overHTTP(by["hydrate"].begin),
	} {
		pristine := t.TempDir()
		by[name].prepare(t, pristine)
		if name == "hydrate" {
			git(t, filepath.Join(pristine, "origin.git"), "config", "http.receivepack", "true")
		}
		for _, l := range []lost{silent, midway, broken} {
			t.Run(name+"/"+l.String(), func(t *testing.T) {
				t.Parallel()
				w := by[name]
				w.lose(t, pristine, l, begin)
			})
		}
	}
}

func (w *writer) lose(t *testing.T, pristine string, l lost, begin func(way func(http.Handler) http.Handler) func(*testing.T, string) job) {
	dir := copyOf(t, pristine)
	counting := &network{}
	j := begin(counting.way)(t, dir)
	old := j.read(t)
	j.again(t, dir)
	want, requests := j.read(t), counting.asked.Load()
	if requests == 0 || cmp.Equal(old, want) {
		t.Fatalf("undisturbed: %d requests, %v", requests, want)
	}
	t.Logf("%d requests", requests)
	for n := int64(1); n <= requests; n++ {
		dir := copyOf(t, pristine)
		way := &network{lost: l, from: n}
		j := begin(way.way)(t, dir)
		out, err := combined(j.command(dir))
		got, where := j.read(t), fmt.Sprintf("%s from request %d", l, n)
		w.whole(t, where, old, got, want)
		switch {
		case err == nil && !cmp.Equal(got, want):
			t.Errorf("%s: exit code 0\n%s", where, out)
		case err != nil && !bytes.Contains(out, []byte("127.0.0.1")) && !(l == broken && bytes.Contains(out, []byte("something broke"))):
			t.Errorf("%s: the message says neither which peer nor what it said:\n%s", where, out)
		case bytes.Contains(out, []byte("goroutine ")):
			t.Errorf("%s: it says\n%s", where, out)
		}
		nothingLeft(t, where, dir)
		way.mended.Store(true)
		j.again(t, dir)
		if diff := cmp.Diff(want, j.read(t)); diff != "" {
			t.Errorf("%s, and another run (-want +got):\n%s", where, diff)
		}
	}
}
