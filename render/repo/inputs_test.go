package repo_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/repo"
)

const rgd = "apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\n"

// A walk skips what is no Kubernetes object; a lookup over all but RGDs
// and CRDs.
func TestPassedOver(t *testing.T) {
	tree := repo.FS(mapFS(map[string]string{
		"app/a.yaml":                       cm("a"),
		"app/values.yaml":                  "image: {tag: x}\n",
		"app/marked.yaml":                  "# +argocd:skip-file-rendering\n" + cm("m"),
		"app/list.yaml":                    "{% for x in xs %}\n",
		"chart/Chart.yaml":                 "apiVersion: v2\nname: c\n",
		"chart/values-prod.yaml":           cm("values"),
		"chart/templates/a.yaml":           "apiVersion: v1\nkind: {{ .Kind }}\n",
		"chart/charts/sub/a.yaml":          cm("sub"),
		"chart/crds/x.yaml":                "apiVersion: x\nkind: CustomResourceDefinition\n",
		"chart/example/a.yaml":             cm("example"),
		"skipped/a.yaml":                   cm("skipped"),
		"helm/kustomization.yaml":          "helmCharts: [{name: x}]\n",
		"rgds/kustomization.yaml":          "resources: [https://example.org/x]\n",
		"rgds/box.yaml":                    rgd,
		"rgds-plain/box.yaml":              rgd,
		"mkdocs.yml":                       "site_name: x\n",
		"app/catalog-info/kustomize.yaml":  "a: [\n",
		"app/catalog-info/broken.yaml":     "apiVersion: v1\nkind: [\n",
		"app/catalog-info/escapes.yaml":    "\"\\x61piVersion\": v1\n",
		"app/catalog-info/sub/values.json": "{}",
	}))
	skip := func(name string, dir bool) string {
		if dir && name == "skipped" {
			return "exclude"
		}
		return ""
	}
	for _, tt := range []struct {
		name                  string
		req                   repo.Request
		files, passed, errors []string
	}{
		{
			"walk", repo.Request{Paths: []string{"app", "chart", "skipped", "mkdocs.yml"}, Skip: skip},
			[]string{"app/a.yaml", "app/catalog-info/broken.yaml", "app/catalog-info/escapes.yaml", "chart/example/a.yaml", "skipped/a.yaml", "mkdocs.yml"},
			[]string{
				"chart/Chart.yaml: part of a Helm chart", "chart/charts: part of a Helm chart", "chart/crds: part of a Helm chart",
				"chart/templates: part of a Helm chart", "chart/values-prod.yaml: part of a Helm chart",
				"app/catalog-info/kustomize.yaml: not a Kubernetes object", "app/catalog-info/sub/values.json: not a Kubernetes object",
				"app/list.yaml: not a Kubernetes object", "app/marked.yaml: # +argocd:skip-file-rendering", "app/values.yaml: not a Kubernetes object",
			}, nil,
		},
		{
			"skip", repo.Request{Paths: []string{"."}, Skip: func(name string, _ bool) string {
				if name == "app" || name == "chart" || name == "rgds" || name == "helm" {
					return "exclude"
				}
				return skip(name, true)
			}},
			[]string{"rgds-plain/box.yaml"},
			[]string{"app: exclude", "chart: exclude", "helm: exclude", "rgds: exclude", "skipped: exclude", "mkdocs.yml: not a Kubernetes object"}, nil,
		},
		{
			"lookup", repo.Request{Paths: []string{"chart", "helm", "rgds-plain", "mkdocs.yml"}, Lookup: true},
			[]string{"chart/crds/x.yaml", "rgds-plain/box.yaml", "mkdocs.yml"},
			[]string{
				"chart/Chart.yaml: part of a Helm chart", "chart/charts: part of a Helm chart", "chart/templates: part of a Helm chart",
				"chart/values-prod.yaml: part of a Helm chart", "chart/example/a.yaml: no RGD or CRD in it",
			}, []string{"helm/kustomization.yaml kustomize-helm"}, // it is named
		},
		{
			"lookup of a directory above", repo.Request{Paths: []string{"."}, Lookup: true, Skip: func(name string, _ bool) string {
				if name == "helm" || strings.HasPrefix(name, "rgds") || name == "mkdocs.yml" {
					return ""
				}
				return "other"
			}},
			[]string{"rgds-plain/box.yaml"},
			[]string{
				"app: other", "chart: other", "skipped: other",
				"helm/kustomization.yaml: kustomization that cannot be built: helmCharts is not supported, as it would run helm; render the chart first and pipe it in",
				"mkdocs.yml: no RGD or CRD in it",
			}, []string{"rgds/kustomization.yaml kustomize-remote"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tree.Read(context.Background(), tt.req)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.files, names(got.Files)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			var passed, errors []string
			for _, p := range got.Passed {
				passed = append(passed, p.Name+": "+p.Reason)
			}
			for _, d := range got.Found {
				errors = append(errors, d.Pos.File+" "+d.Rule)
			}
			if diff := cmp.Diff(tt.passed, passed); diff != "" {
				t.Errorf("skipped (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.errors, errors); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// What Git ignores is skipped in a work tree, unless it is tracked or named.
func TestIgnored(t *testing.T) {
	c := newCheckout(t)
	c.commit(map[string]string{
		".gitignore":         "out/\r\nnode_modules/\n*.gen.yaml\n!keep.gen.yaml\n/top.yaml\n# comment\n",
		"apps/.gitignore":    "local.yaml\n",
		"apps/a.yaml":        cm("a"),
		"out/tracked.yaml":   cm("tracked"),
		"sub/top.yaml":       cm("top"),
		"apps/keep.gen.yaml": cm("keep"),
	})
	c.git("add", "-f", "out/tracked.yaml")
	c.git("commit", "-q", "-m", "in spite of .gitignore")
	for _, name := range []string{
		"out/new.yaml", "node_modules/p/box.yaml", "x.gen.yaml", "top.yaml", "apps/local.yaml", "apps/new.yaml", "excluded.yaml", "sub/local.yaml",
	} {
		c.write(name, cm("x"))
	}
	c.write(".git/info/exclude", "excluded.yaml\n")
	tree, err := repo.Dir(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ path, want string }{
		{".", "apps/a.yaml apps/keep.gen.yaml apps/new.yaml out/tracked.yaml sub/local.yaml sub/top.yaml"},
		{"node_modules", "node_modules/p/box.yaml"},
		{"top.yaml", "top.yaml"},
	} {
		files, found, err := tree.Select([]string{tt.path})
		if err != nil || len(found) > 0 {
			t.Fatal(found, err)
		}
		if got := strings.Join(names(files), " "); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.path, got, tt.want)
		}
	}
	// A tree that begins below the top follows the same rules.
	below, err := repo.Dir(filepath.Join(c.dir, "apps"))
	if err != nil {
		t.Fatal(err)
	}
	files, _, err := below.Select([]string{"."})
	if got := strings.Join(names(files), " "); got != "a.yaml keep.gen.yaml new.yaml" || err != nil {
		t.Errorf("below the top: got %s %v", got, err)
	}
}

// What a sparse checkout or a clone without its submodules lacks is said.
func TestNotWhole(t *testing.T) {
	for _, mode := range []string{"--no-sparse-index", "--sparse-index"} {
		t.Run(mode, func(t *testing.T) {
			c := newCheckout(t)
			c.commit(map[string]string{"a/a.yaml": cm("a"), "b/b.yaml": cm("b"), "b/c/c.yaml": cm("c"), "top.yaml": cm("top")})
			c.git("sparse-checkout", "set", "--cone", mode, "a")
			tree, err := repo.Dir(c.dir)
			if err != nil {
				t.Fatal(err)
			}
			files, found, err := tree.Select([]string{"a"})
			if err != nil || len(found) > 0 || len(files) != 1 {
				t.Errorf("in the cone: %v %v %v", names(files), found, err)
			}
			_, found, err = tree.Select([]string{"."})
			if err != nil || len(found) != 1 || found[0].Rule != "sparse-checkout" || !strings.HasPrefix(found[0].Pos.File, "b") {
				t.Errorf("outside of it: %v %v", found, err)
			}
			if _, _, err := tree.Select([]string{"b"}); err == nil || !strings.Contains(err.Error(), "outside the sparse checkout") {
				t.Errorf("named: %v", err)
			}
		})
	}
	inner, c := newCheckout(t), newCheckout(t)
	inner.commit(map[string]string{"a.yaml": cm("a")})
	c.git("-c", "protocol.file.allow=always", "submodule", "add", inner.dir, "lib")
	c.commit(map[string]string{"k/kustomization.yaml": "resources: [../lib]\n"})
	c.git("submodule", "deinit", "-f", "lib")
	tree, err := repo.Dir(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	_, found, err := tree.Select([]string{"."})
	var got []string
	for _, d := range found {
		got = append(got, d.Pos.String()+" "+d.Rule)
	}
	if diff := cmp.Diff([]string{"lib:1:1 git-submodule", "k/kustomization.yaml:1:13 git-submodule"}, got); diff != "" || err != nil {
		t.Errorf("findings (-want +got), error %v:\n%s", err, diff)
	}
}

// Nothing is read before it is known to be a file that is not too large.
func TestBoundedReads(t *testing.T) {
	root := write(t, map[string]string{
		"a.yaml": cm("a"), "lfs.yaml": "version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("0", 64) + "\nsize 12\n",
		"big.yaml": "", "big/kustomization.yaml": "", "with/kustomization.yaml": "resources: [x.yaml]\n", "with/x.yaml": "",
	})
	for _, name := range []string{"big.yaml", "big/kustomization.yaml", "with/x.yaml"} {
		if err := os.Truncate(filepath.Join(root, name), 10<<30); err != nil {
			t.Skip("no sparse files here:", err)
		}
	}
	for _, name := range []string{"pipe.yaml", "pipe/kustomization.yaml"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(filepath.Join(root, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := repo.Dir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ path, want string }{
		{".", "big.yaml limit-file-bytes, lfs.yaml git-lfs, big/kustomization.yaml limit-file-bytes, pipe/kustomization.yaml file-read, with/kustomization.yaml kustomize-build"},
		{"big.yaml", "big.yaml limit-file-bytes"},
		{"pipe.yaml", "pipe.yaml file-read"},
		{"pipe", "pipe/kustomization.yaml file-read"},
		{"a.yaml", ""},
	} {
		_, found, err := tree.Select([]string{tt.path})
		var got []string
		for _, d := range found.Sorted() {
			got = append(got, d.Pos.File+" "+d.Rule)
		}
		want := strings.Split(tt.want, ", ")
		if tt.want == "" {
			want = nil
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: error %v, findings (-want +got):\n%s", tt.path, err, diff)
		}
	}
}

// A pattern with many ** takes no longer than one with a single one, and a walk
// stops when nobody waits for it.
func TestGlobIsLinear(t *testing.T) {
	deep := strings.Repeat("d/", 200)
	bomb, err := repo.ParsePattern(strings.Repeat("**/d/", 60) + "nope.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if bomb.Match(deep+"x.yaml") || !bomb.Match(deep+"nope.yaml") {
		t.Error("wrong answer")
	}
	for _, tt := range []struct {
		pattern, name string
		match, covers bool
	}{
		{"**", "a/b", true, true},
		{"a/**", "a", true, true},
		{"a/**/b", "a/b", true, true},
		{"a/**/b", "a/x/y/b", true, true},
		{"a/**/b/*.yaml", "a/b/x/b/c.yaml", true, true},
		{"a/**/b/*.yaml", "a/b/x/c.yaml", false, false},
		{"**/**/a", "a", true, true},
		{"node_*", "node_modules/p/x.yaml", false, true},
		{"**/skeleton", "a/skeleton/x/y", false, true},
		{"a", "b/a", false, false},
	} {
		p, err := repo.ParsePattern(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if p.Match(tt.name) != tt.match || p.Covers(tt.name) != tt.covers {
			t.Errorf("%s and %s: match %v, covers %v", tt.pattern, tt.name, p.Match(tt.name), p.Covers(tt.name))
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, path := range []string{"**/*.yaml", ".", "shop"} {
		if _, err := repo.FS(mapFS(shop())).Read(ctx, repo.Request{Paths: []string{path}}); err == nil || !strings.Contains(err.Error(), "context canceled") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
