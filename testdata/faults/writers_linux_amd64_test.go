package faults_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var everything = []fault{kill, full, readOnly}

// writers are the commands that write.
var writers = []writer{
	{"render-o-dir", everything, func(t *testing.T, dir string) {
		put(t, dir, map[string]string{"in.yaml": objects("new"), "out/ns/configmap-a.yaml": "old\n", "out/ns/mine.yaml": "mine\n"})
	}, into("out", "render", "-o", "dir=out", "in.yaml"), false},
	{"init", everything, func(*testing.T, string) {}, into("shop", "init", "shop"), false},
	{"new-rgd", everything, func(t *testing.T, dir string) {
		put(t, dir, map[string]string{"in.yaml": strings.ReplaceAll(objects("new"), "namespace: ns", "namespace: apps"), "out/mine.yaml": "mine\n"})
	}, into("out", "new", "rgd", "kiosk", "--from", "in.yaml", "-o", "out/kiosk.yaml"), false},
	{"fmt", everything, func(t *testing.T, dir string) {
		text := "kind: ResourceGraphDefinition\n" + strings.Replace(page("one"), "kind: ResourceGraphDefinition\n", "", 1)
		put(t, dir, map[string]string{"in/a.yaml": text, "in/b.yaml": text})
	}, into("in", "fmt", "in"), false},
	{"schema", everything, func(t *testing.T, dir string) {
		put(t, dir, map[string]string{"in.yaml": page("one")})
	}, into("out", "schema", "-o", "out", "in.yaml"), false},
	{"argocd-install", everything, func(t *testing.T, dir string) {
		put(t, dir, map[string]string{"out/kustomization.yaml": "old\n"})
	}, into("out", "argocd", "install", "-o", "dir=out"), false},
	{"update", everything, func(t *testing.T, dir string) { project(t, dir, "update", "move") }, func(_ *testing.T, dir string) job {
		return job{args: []string{"update", "app"}, read: below(dir, "app")}
	}, false},
	{"vendor", everything, func(t *testing.T, dir string) {
		project(t, dir, "update", "vendor", "move", "update")
		copies, old := filepath.Join(dir, "app/vendor"), filepath.Join(dir, ".old")
		if err := os.Rename(copies, old); err != nil {
			t.Fatal(err)
		}
		start(t, dir, "vendor", "app/krowave.yaml", "--cache-dir=cache") // which fills the cache
		if err := errors.Join(os.RemoveAll(copies), os.Rename(old, copies)); err != nil {
			t.Fatal(err)
		}
	}, vendoring, true},
	{"vendor-and-fetch", everything, func(t *testing.T, dir string) { project(t, dir, "update") }, vendoring, true},
	{"hydrate", everything, func(t *testing.T, dir string) {
		put(t, dir, map[string]string{"app/in.yaml": objects("old")})
		git(t, dir, "init", "-q", "--bare", "-b", "main", "origin.git")
		app := filepath.Join(dir, "app")
		git(t, app, "init", "-q", "-b", "main")
		git(t, app, "add", "-A")
		git(t, app, "commit", "-q", "-m", "old")
		start(t, dir, hydrating...)
		put(t, dir, map[string]string{"app/in.yaml": objects("new")})
		git(t, app, "commit", "-q", "-a", "-m", "new")
	}, func(_ *testing.T, dir string) job {
		return job{args: hydrating, read: func(t *testing.T) map[string]string {
			origin := filepath.Join(dir, "origin.git")
			git(t, origin, "fsck", "--strict")
			return map[string]string{"env": git(t, origin, "ls-tree", "-r", "env")}
		}}
	}, true},
	{"push", []fault{kill}, func(t *testing.T, dir string) {
		put(t, dir, map[string]string{"old.yaml": objects("old"), "new.yaml": objects("new")})
	}, pushing(nil), true},
	{"observe", everything, guests, observing(nil), false},
	{"flux-publish", everything, func(t *testing.T, dir string) { publishing("old")(t, dir).again(t, dir) }, publishing("new"), false},
}

var hydrating = []string{"hydrate", "app/in.yaml", "--remote=origin.git", "--branch=env", "--owner=me", "--author=a <a@example.org>", "--date=2026-01-02T03:04:05Z"}

// into is a command that writes to a directory.
func into(out string, args ...string) func(*testing.T, string) job {
	return func(_ *testing.T, dir string) job { return job{args: args, read: below(dir, out)} }
}

func vendoring(_ *testing.T, dir string) job {
	return job{args: []string{"vendor", "app/krowave.yaml", "--cache-dir=cache"}, read: below(dir, "app/vendor")}
}

// objects is a manifest.
func objects(version string) string {
	one := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME, namespace: ns}\ndata: {version: " + version + "}\n"
	return strings.ReplaceAll(one, "NAME", "a") + "---\n" + strings.ReplaceAll(one, "NAME", "b")
}

// page is an RGD.
func page(text string) string {
	return `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: page
spec:
  schema:
    apiVersion: v1alpha1
    kind: Page
    spec:
      text: string
  resources:
    - id: text
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: ${schema.metadata.name}
        data:
          by: ` + text + "\n"
}

// project is a project in app with a definition of the repository platform. Its
// steps are commands, or move for a new commit there. Paths are relative for Git,
// so that a copy of the directory has its own.
func project(t *testing.T, dir string, steps ...string) {
	t.Helper()
	platform := filepath.Join(dir, "platform")
	commit := func(text string) {
		put(t, platform, map[string]string{"page.yaml": page(text)})
		git(t, platform, "add", "-A")
		git(t, platform, "commit", "-q", "-m", text)
	}
	if err := os.Mkdir(platform, 0o755); err != nil {
		t.Fatal(err)
	}
	git(t, platform, "init", "-q", "-b", "main")
	commit("one")
	put(t, dir, map[string]string{"app/krowave.yaml": "definitions:\n- git: file://" + platform + "\n"})
	for _, step := range steps {
		switch step {
		case "move":
			commit("two")
		case "update":
			start(t, dir, "update", "app/krowave.yaml")
		case "vendor":
			start(t, dir, "vendor", "app/krowave.yaml", "--cache-dir=cache")
		}
	}
}
