package hydrate_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krowave/krowave/plugin/hydrate"
)

// TestRefused tells a rule of the server from a race, and gives its words.
func TestRefused(t *testing.T) {
	isolate(t)
	dir := bare(t)
	if err := os.WriteFile(filepath.Join(dir, "hooks", "pre-receive"), []byte("#!/bin/sh\necho 'prod is for release managers' >&2\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{dir, serve(t, dir, "", "")} {
		_, err := hydrate.Run(t.Context(), &hydrate.Remote{URL: url}, content("one", "1", "a"), options())
		if err == nil || !strings.Contains(err.Error(), "hook declined") || !strings.Contains(err.Error(), "prod is for release managers") || !strings.Contains(err.Error(), "protects the branch") {
			t.Errorf("%s: %v", url, err)
		}
	}
	target := strings.TrimSuffix(serve(t, dir, "", ""), "/deploy.git")
	readOnly := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.String(), "git-receive-pack") {
			http.Error(w, "ci may \x1b[31mread\x1b[0m only", http.StatusForbidden)
			return
		}
		forward(w, r, target)
	}))
	t.Cleanup(readOnly.Close)
	_, err := hydrate.Run(t.Context(), &hydrate.Remote{URL: readOnly.URL + "/deploy.git"}, content("one", "1", "a"), options())
	if err == nil || !strings.Contains(err.Error(), "the credentials have no permission") || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("without permission: %q", err)
	}
	if err := os.Remove(filepath.Join(dir, "hooks", "pre-receive")); err != nil {
		t.Fatal(err)
	}
	lock := filepath.Join(dir, "refs", "heads", "prod.lock") // of somebody who never comes back
	if err := os.WriteFile(lock, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = hydrate.Run(t.Context(), &hydrate.Remote{URL: dir}, content("one", "1", "a"), options())
	if err == nil || !strings.Contains(err.Error(), "the branch did not move") {
		t.Errorf("a lock that stays: %v", err)
	}
	if got := git(t, dir, "for-each-ref"); got != "" {
		t.Errorf("pushed all the same: %s", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := hydrate.Run(ctx, &hydrate.Remote{URL: serve(t, dir, "", "")}, content("one", "1", "a"), options()); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("cancelled: %v", err)
	}
}

// TestCredentials finds the password in each of the places that may have it.
func TestCredentials(t *testing.T) {
	isolate(t)
	dir := bare(t)
	url := serve(t, dir, "ci", "s3cret-value")
	home, work := t.TempDir(), t.TempDir()
	git(t, work, "init", "--quiet")
	run := func(name string, env map[string]string, address string) error {
		e := hydrate.Environment{Dir: work, Getenv: func(key string) string { return env[key] }}
		_, err := hydrate.Run(t.Context(), &hydrate.Remote{URL: address, Logins: e.Logins(address)}, content(name, "1", name), options())
		return err
	}
	err := run("none", nil, url)
	if err == nil || !strings.Contains(err.Error(), "requires credentials") {
		t.Errorf("without credentials: %v", err)
	}
	err = run("wrong", nil, strings.Replace(url, "http://", "http://ci:wrong-value@", 1))
	if err == nil || strings.Contains(err.Error(), "wrong-value") {
		t.Errorf("wrong password: %v", err)
	}
	if err := run("url", nil, strings.Replace(url, "http://", "http://ci:s3cret-value@", 1)); err != nil {
		t.Errorf("in the URL: %v", err)
	}
	if err := run("variables", map[string]string{"KROWAVE_GIT_USERNAME": "ci", "KROWAVE_GIT_PASSWORD": "s3cret-value"}, url); err != nil {
		t.Errorf("in variables: %v", err)
	}
	if err := os.WriteFile(filepath.Join(home, ".netrc"), []byte("machine example.org login x password y\nmachine 127.0.0.1\n login ci\n password s3cret-value\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run("netrc", map[string]string{"HOME": home}, url); err != nil {
		t.Errorf("in .netrc: %v", err)
	}
	git(t, work, "config", "credential.helper", `!f() { test "$1" = get && echo username=ci && echo password=s3cret-value; }; f`)
	if err := run("helper", nil, url); err != nil {
		t.Errorf("by a credential helper: %v", err)
	}
	git(t, work, "config", "--unset", "credential.helper")
	git(t, work, "config", "http."+strings.TrimSuffix(url, "/deploy.git")+"/.extraheader", "AUTHORIZATION: basic Y2k6czNjcmV0LXZhbHVl")
	if err := run("header", nil, url); err != nil {
		t.Errorf("in http.extraHeader: %v", err)
	}
	if got := git(t, dir, "log", "--format=%B", "prod"); strings.Contains(got, "s3cret") {
		t.Errorf("the history has the password:\n%s", got)
	}
}
