//go:build ignore

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	brokenRGD = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: broken
spec:
  schema:
    group: broken.example.com
    apiVersion: v1alpha1
    kind: Broken
    spec:
      size: integer
  resources:
    - id: settings
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: ${schma.metadata.name}
`
	brokenFinding = "apps/broken/rgd.yaml:18:19: undeclared reference to 'schma'"

	brokenInstance = "apiVersion: broken.example.com/v1alpha1\nkind: Broken\nmetadata:\n  name: one\nspec:\n  size: 1\n"

	manyRGD = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: many
spec:
  schema:
    group: many.example.com
    apiVersion: v1alpha1
    kind: Many
    spec:
      names: "[]string"
  resources:
    - id: part
      forEach:
        - name: ${schema.spec.names}
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: ${schema.metadata.name + "-" + name}
`
)

// repoServerTest is what the checks of checkRepoServer share.
type repoServerTest struct {
	*world
	server  *repoServer
	sidecar *sidecar
	repo    *repository
}

// checkRepoServer asks a real repo-server for manifests that only the sidecar
// can make.
func checkRepoServer(ctx context.Context, w *world) error {
	t := &repoServerTest{world: w}
	var err error
	if t.repo, err = w.shops(); err != nil {
		return err
	}
	// The link that leads out must reach the sidecar to be refused there.
	if t.server, err = w.startRepoServer("--plugin-use-manifest-generate-paths", "--allow-oob-symlinks"); err != nil {
		return err
	}
	if t.sidecar, err = w.startSidecar("krowave"); err != nil {
		return err
	}
	for _, check := range []func(context.Context){
		t.rendered, t.stock, t.environment, t.parameters, t.generatePaths, t.refused, t.symlink, t.discovered, t.concurrent, t.cancelled, t.restarted, t.replaced, t.ended,
	} {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		check(ctx)
	}
	return nil
}

// shops makes the repository: examples/shop and applications that are wrong.
func (w *world) shops() (*repository, error) {
	files, err := copied(w.examples, "apps/shop")
	if err != nil {
		return nil, err
	}
	files["apps/broken/krowave.yaml"] = "definitions:\n  - rgd.yaml\n"
	files["apps/broken/rgd.yaml"] = brokenRGD
	files["apps/broken/one.yaml"] = brokenInstance
	files["apps/empty/README.md"] = "Nothing to render.\n"
	files["apps/plain/settings.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: plain\n"
	files["apps/many/krowave.yaml"] = "definitions:\n  - rgd.yaml\n"
	files["apps/many/rgd.yaml"] = manyRGD
	var names []string
	for i := range 1000 {
		names = append(names, fmt.Sprintf("n%d", i))
	}
	for i := range 60 {
		files[fmt.Sprintf("apps/many/many-%d.yaml", i)] = fmt.Sprintf(
			"apiVersion: many.example.com/v1alpha1\nkind: Many\nmetadata:\n  name: many-%d\nspec:\n  names: [%s]\n", i, strings.Join(names, ", "))
	}
	for i := range 200 {
		files[fmt.Sprintf("docs/page-%d.md", i)] = strings.Repeat(fmt.Sprintf("Page %d has nothing to render.\n", i), 200)
	}
	return w.repository("repository", files)
}

func (t *repoServerTest) shop(path string) request {
	return request{repo: t.repo, plugin: "krowave", path: "apps/shop/overlays/" + path}
}

// rendered compares repo-server's answers with what krowave prints for the path.
func (t *repoServerTest) rendered(ctx context.Context) {
	for _, overlay := range []string{"dev", "prod"} {
		resp, err := t.server.generate(ctx, t.shop(overlay))
		name := "the objects of " + overlay + " are those that krowave render prints"
		if err != nil {
			t.check(name, err.Error())
			continue
		}
		want, err := output(ctx, t.repo.dir, t.krowave, "render", "apps/shop/overlays/"+overlay, "-o", "json", "--annotate=waves,origin")
		if err != nil {
			t.check(name, err.Error())
			continue
		}
		var list struct{ Items []map[string]any }
		if err := json.Unmarshal([]byte(want), &list); err != nil {
			t.check(name, err.Error())
			continue
		}
		t.check(name, different(objects(resp), list.Items))
		if overlay == "dev" {
			t.check("the answer is of type Plugin", unequal(resp.SourceType, "Plugin"))
			t.check("objects have waves 0, 1 and 2", waves(objects(resp)))
		}
	}
	pinned, _ := filepath.Glob(t.path("plugins", "krowave-*.sock"))
	if len(pinned) != 1 {
		t.check("the plugin has a name with its version", fmt.Sprintf("sockets: %v", pinned))
		return
	}
	r := t.shop("dev")
	r.plugin = strings.TrimSuffix(filepath.Base(pinned[0]), ".sock")
	_, err := t.server.generate(ctx, r)
	t.check("the plugin answers under its name with its version", text(err))
}

// stock asks Argo CD's own plugin server, which runs krowave argocd generate.
func (t *repoServerTest) stock(ctx context.Context) {
	const name = "Argo CD's own plugin server with krowave argocd generate gives the same"
	p, err := t.startStock("exec")
	if err != nil {
		t.check(name, err.Error())
		return
	}
	defer p.kill() // it never ends by itself
	defer os.Remove(t.path("plugins", "exec.sock"))
	ours, err1 := t.server.generate(ctx, t.shop("prod"))
	r := t.shop("prod")
	r.plugin = "exec"
	theirs, err2 := t.server.generate(ctx, r)
	if err1 != nil || err2 != nil {
		t.check(name, fmt.Sprintf("%v, %v", err1, err2))
		return
	}
	t.check(name, different(objects(ours), objects(theirs)))
}

// environment sets what flags set.
func (t *repoServerTest) environment(ctx context.Context) {
	r := t.shop("dev")
	r.env = "KROWAVE_EMIT=instances"
	resp, err := t.server.generate(ctx, r)
	t.check("an environment entry sets what a flag sets", first(text(err), func() string { return lacks(strings.Join(resp.Manifests, "\n"), `"kind":"Shop"`) }))
	r.env = "KROWAVE_EMITT=instances"
	_, err = t.server.generate(ctx, r)
	t.check("a misspelt environment entry is named", lacks(text(err), "ARGOCD_ENV_KROWAVE_EMITT: there is no such setting; did you mean ARGOCD_ENV_KROWAVE_EMIT?"))
}

// parameters are announced, applied and checked.
func (t *repoServerTest) parameters(ctx context.Context) {
	r := t.shop("dev")
	list, err := t.server.parameters(ctx, r)
	var names []string
	var replicas string
	for _, p := range list {
		names = append(names, p.Name)
		if strings.HasPrefix(p.Name, "Shop/") {
			replicas = p.Map["replicas"]
		}
	}
	t.check("settings and the instance are announced as parameters", first(text(err), func() string { return lacks(strings.Join(names, " "), "runtime") },
		func() string { return lacks(strings.Join(names, " "), "Shop/") }))
	t.check("the instance is announced with its values", unequal(replicas, "1"))
	r.parameters = `[{"name": "Shop/corner", "map": {"replicas": "4", "host": "shop.example.org"}}]`
	resp, err := t.server.generate(ctx, r)
	t.check("a parameter overrides a field of the instance", first(text(err), func() string { return lacks(strings.Join(resp.Manifests, "\n"), `"replicas":4`) },
		func() string { return lacks(strings.Join(resp.Manifests, "\n"), `"host":"shop.example.org"`) }))
	r.parameters = `[{"name": "Shop/corner", "map": {"replicas": "many"}}]`
	_, err = t.server.generate(ctx, r)
	t.check("a parameter of the wrong type is an error that names it", lacks(text(err), "parameter Shop/corner: field replicas"))
}

// generatePaths narrows what repo-server sends, which moves the root of it.
func (t *repoServerTest) generatePaths(ctx context.Context) {
	whole := t.sidecar.metric("krowave_cmp_received_bytes_total", "")
	full, err := t.server.generate(ctx, t.shop("dev"))
	whole = t.sidecar.metric("krowave_cmp_received_bytes_total", "") - whole
	if err != nil {
		t.check("manifest-generate-paths", err.Error())
		return
	}
	r := t.shop("dev")
	r.paths = ".;../../base;../../definitions"
	part := t.sidecar.metric("krowave_cmp_received_bytes_total", "")
	resp, err := t.server.generate(ctx, r)
	part = t.sidecar.metric("krowave_cmp_received_bytes_total", "") - part
	t.check("manifest-generate-paths gives the same objects", first(text(err), func() string { return different(objects(resp), objects(full)) }))
	problem := ""
	if part <= 0 || part >= whole {
		problem = fmt.Sprintf("%.0f bytes with it, %.0f without", part, whole)
	}
	t.check("manifest-generate-paths makes the upload smaller", problem)
	r.paths = "."
	_, err = t.server.generate(ctx, r)
	t.check("manifest-generate-paths without the base names what is missing", lacks(text(err), "base"))
}

// refused are applications that cannot be rendered.
func (t *repoServerTest) refused(ctx context.Context) {
	_, err := t.server.generate(ctx, request{repo: t.repo, plugin: "krowave", path: "apps/broken"})
	t.check("the finding in a bad RGD reaches the caller with file, line and column", lacks(text(err), brokenFinding))
	_, err = t.server.generate(ctx, request{repo: t.repo, plugin: "krowave", path: "apps/empty"})
	t.check("an empty path is an error that names it", lacks(text(err), "apps/empty"))
	_, err = t.server.generate(ctx, request{repo: t.repo, plugin: "krowave", path: "apps/absent"})
	t.check("a path that is not there is an error", lacks(text(err), "apps/absent"))
}

// symlink leads to a file outside the repository.
func (t *repoServerTest) symlink(ctx context.Context) {
	const name = "a symlink that leaves the repository is refused and not followed"
	outside := t.path("outside.yaml")
	if err := os.WriteFile(outside, []byte("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: outside-the-repository\n"), 0o644); err != nil {
		t.check(name, err.Error())
		return
	}
	repo, err := t.repository("linked", map[string]string{"app/inside.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: inside\n"})
	if err == nil {
		err = os.Symlink("../../outside.yaml", filepath.Join(repo.dir, "app", "link.yaml"))
	}
	if err == nil {
		err = repo.commit(nil)
	}
	if err != nil {
		t.check(name, err.Error())
		return
	}
	resp, err := t.server.generate(ctx, request{repo: repo, plugin: "krowave", path: "app"})
	t.check(name, first(lacks(text(err), "app/link.yaml"), func() string {
		if strings.Contains(text(err)+fmt.Sprint(resp), "outside-the-repository") {
			return "the file was read"
		}
		return ""
	}))
}

// discovered are applications that name no plugin.
func (t *repoServerTest) discovered(ctx context.Context) {
	r := t.shop("dev")
	r.plugin = ""
	resp, err := t.server.generate(ctx, r)
	t.check("without --discover no application is taken that names no plugin", first(lacksNot(text(err), "krowave"), func() string {
		if resp != nil && resp.SourceType == "Plugin" {
			return "it was taken"
		}
		return ""
	}))
	const name = "with --discover an application that holds instances is taken"
	s, err := t.startSidecar("discovering", "--discover")
	if err != nil {
		t.check(name, err.Error())
		return
	}
	defer s.stop()
	resp, err = t.server.generate(ctx, r)
	t.check(name, first(text(err), func() string { return unequal(resp.SourceType, "Plugin") }))
	resp, err = t.server.generate(ctx, request{repo: t.repo, path: "apps/plain"})
	t.check("with --discover plain manifests are left alone", first(text(err), func() string { return unequal(resp.SourceType, "Directory") }))
}
