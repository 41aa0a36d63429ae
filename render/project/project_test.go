package project_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/project"
	"github.com/krowave/krowave/render/repo"
)

// rgd defines a kind and renders another.
func rgd(kind, renders string) string {
	return "apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata: {name: x}\nspec:\n  schema: {kind: " + kind +
		"}\n  resources:\n  - id: a\n    template: {kind: " + renders + "}\n"
}

func tree(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return out
}

func names(files []repo.File) []string {
	out := []string{}
	for _, f := range files {
		out = append(out, f.Name)
	}
	return out
}

// object is an object of a kind that an RGD may define.
func object(kind string) string {
	return "apiVersion: kro.run/v1alpha1\nkind: " + kind + "\nmetadata: {name: a}\n"
}

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

// lines shows the units of a plan: the project, then files by role.
func lines(plan project.Plan) []string {
	var out []string
	for _, u := range plan.Units {
		line := u.Project.Dir + ": " + strings.Join(names(u.Paths), " ")
		for _, role := range []struct {
			name  string
			files []repo.File
		}{{"definitions", u.Definitions}, {"crds", u.CRDs}, {"observed", u.Observed}} {
			if len(role.files) > 0 {
				line += "; " + role.name + " " + strings.Join(names(role.files), " ")
			}
		}
		out = append(out, line)
	}
	for _, d := range plan.Found {
		out = append(out, d.Pos.String()+" "+d.Rule+" "+d.Message+"; "+d.Hint)
	}
	return out
}

func TestRead(t *testing.T) {
	fsys := tree(map[string]string{
		"apps/web.yaml":       object("Web"),
		"plain/a.yaml":        configMap,
		"own/rgd.yaml":        rgd("Own", "Pod"),
		"rgds/a.yaml":         rgd("Part", "Pod"),
		"rgds/b.json":         `{"apiVersion": "kro.run/v1alpha1", "kind": "ResourceGraphDefinition", "spec": {"schema": {"kind": "Web"}, "resources": [{"template": {"kind": "Part"}}]}}`,
		"rgds/broken.yaml":    "kind: ResourceGraphDefinition\nspec: {schema: []}\n",
		"rgds/mentions.yaml":  "text: ResourceGraphDefinition",
		"rgds/.hidden/c.yaml": rgd("Web", "Pod"),
		"crds/d.yaml":         "apiVersion: x/v1\nkind: CustomResourceDefinition\n",
		"crds/other.yaml":     configMap,
		"live/e.yaml":         configMap,
	})
	for _, tt := range []struct {
		name string
		req  project.Request
		want string
	}{
		{"definitions of the tree", project.Request{Paths: []string{"apps"}}, ".: apps/web.yaml; definitions rgds/a.yaml rgds/b.json"},
		{"nothing that could be an instance", project.Request{Paths: []string{"plain"}}, ".: plain/a.yaml"},
		{"own definitions", project.Request{Paths: []string{"own"}}, ".: own/rgd.yaml"},
		{"named definitions", project.Request{Paths: []string{"apps"}, Lookups: project.Lookups{Definitions: []string{"rgds/a.yaml", "apps"}}},
			".: apps/web.yaml; definitions rgds/a.yaml"},
		{"no search", project.Request{Paths: []string{"apps"}, Lookups: project.Lookups{NoSearch: true}}, ".: apps/web.yaml"},
		{"CRDs", project.Request{Paths: []string{"own"}, Lookups: project.Lookups{CRDs: []string{"crds"}}}, ".: own/rgd.yaml; crds crds/d.yaml"},
		{"observed", project.Request{Paths: []string{"own"}, Lookups: project.Lookups{Observed: []string{"live"}}}, ".: own/rgd.yaml; observed live/e.yaml"},
		{"exclude", project.Request{Paths: []string{"."}, Exclude: []string{"rgds", "**/e.yaml", "own/*", "crds", "plain"}}, ".: apps/web.yaml"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan, err := project.Read(t.Context(), repo.FS(fsys), tt.req)
			if err != nil {
				t.Fatal(err)
			}
			diff(t, []string{tt.want}, lines(plan))
		})
	}
	if _, err := project.Read(t.Context(), repo.FS(fsys), project.Request{Paths: []string{"nope"}}); err == nil {
		t.Error("a path that names nothing is no error")
	}
}

// Each file is read under its nearest krowave.yaml, whatever the paths are, and
// no project sees the definitions of another one that it does not name.
func TestProjects(t *testing.T) {
	files := map[string]string{
		"rgds/shared.yaml":                  rgd("Shared", "Pod"),
		"rgds/box.yaml":                     rgd("Box", "Pod"),
		"clusters/dev/krowave.yaml":         "definitions: [rgds]\nobserved: [live]\nexclude: [apps/old, '**/skeleton']\n",
		"clusters/dev/rgds/box.yaml":        rgd("Box", "Pod"),
		"clusters/dev/live/x.yaml":          configMap,
		"clusters/dev/apps/a.yaml":          object("Box"),
		"clusters/dev/apps/old/a.yaml":      object("Box"),
		"clusters/dev/apps/skeleton/a.yaml": object("Box"),
		"clusters/prod/krowave.yaml":        "kubernetesVersion: '1.34'\n",
		"clusters/prod/rgds/box.yaml":       rgd("Box", "Disk"),
		"clusters/prod/apps/a.yaml":         object("Box"),
		"clusters/prod/apps/s.yaml":         object("Shared"),
		"clusters/prod/deep/krowave.yaml":   "definitions: [../../dev/rgds]\n",
		"clusters/prod/deep/a.yaml":         object("Box"),
		"clusters/stage/krowave.yaml":       "",
		"clusters/stage/a.yaml":             object("Disk"),
		"clusters/stage/b.yaml":             object("Box"),
		"disks/krowave.yaml":                "{}",
		"disks/disk.yaml":                   rgd("Disk", "Pod"),
		"base/kustomization.yaml":           "resources: [a.yaml]\n",
		"base/a.yaml":                       object("Box"),
		"overlay/krowave.yaml":              "definitions: [../clusters/prod/rgds]\n",
		"overlay/kustomization.yaml":        "resources: [../base]\nnamePrefix: x-\n",
		"bad/krowave.yaml":                  "definitions: 3\n",
		"empty/krowave.yaml":                "exclude: [../x]\n",
	}
	const dev = "clusters/dev: clusters/dev/apps/a.yaml; definitions clusters/dev/rgds/box.yaml; observed clusters/dev/live/x.yaml"
	const prod = "clusters/prod: clusters/prod/apps/a.yaml clusters/prod/apps/s.yaml; definitions clusters/prod/rgds/box.yaml rgds/shared.yaml"
	for _, tt := range []struct {
		paths string
		want  []string
	}{
		{"clusters/dev/apps clusters/prod/apps", []string{dev, prod}},
		{"clusters/prod/apps clusters/dev/apps", []string{prod, dev}},
		{"clusters/*/apps", []string{dev, prod}},
		{"clusters/prod/deep", []string{"clusters/prod/deep: clusters/prod/deep/a.yaml; definitions clusters/dev/rgds/box.yaml"}},
		{"overlay base", []string{
			"overlay: overlay/kustomization.yaml; definitions clusters/prod/rgds/box.yaml",
			".: base/kustomization.yaml; definitions rgds/box.yaml",
		}},
		{"clusters/stage", []string{
			"clusters/stage: clusters/stage/a.yaml clusters/stage/b.yaml; definitions rgds/box.yaml",
			"clusters/stage/a.yaml:2:7 other-project kind Disk of group kro.run is defined in disks/disk.yaml, which belongs to another project (disks/krowave.yaml); " +
				`to use it here, add "../../disks/disk.yaml" to definitions in clusters/stage/krowave.yaml`,
		}},
		{"clusters/dev/apps bad", []string{dev, "bad/krowave.yaml:1:14 config definitions is a list of paths; "}},
		{"empty", []string{"empty: ", `empty/krowave.yaml:1:11 config exclude: "../x" is not a pattern of paths below the directory of krowave.yaml; `}},
	} {
		t.Run(tt.paths, func(t *testing.T) {
			plan, err := project.Read(t.Context(), repo.FS(tree(files)), project.Request{Paths: strings.Fields(tt.paths)})
			if err != nil {
				t.Fatal(err)
			}
			diff(t, tt.want, lines(plan))
		})
	}
}

// A search for definitions keeps to the limits, and stops when nobody waits for
// it; the next one looks again.
func TestSearchIsBounded(t *testing.T) {
	source := repo.FS(tree(map[string]string{"a.yaml": object("Box"), "rgds/a.yaml": rgd("Box", "Pod"), "rgds/b.yaml": rgd("C", "Pod")}))
	source.Limits = repo.Limits{Files: 2}
	plan, err := project.Read(t.Context(), source, project.Request{Paths: []string{"a.yaml"}})
	if err != nil {
		t.Fatal(err)
	}
	diff(t, []string{
		".: a.yaml; definitions rgds/a.yaml",
		"rgds/b.yaml:1:1 limit-files more than 2 files are searched for RGDs; raise --max-files to read them, or list the RGDs in definitions of krowave.yaml; ",
	}, lines(plan))

	source.Limits = repo.Limits{}
	finder := project.NewFinder(source, nil, manifest.Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := finder.Find(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if all, _, err := finder.Find(t.Context()); len(all) != 2 || err != nil {
		t.Errorf("again: %d definitions, %v", len(all), err)
	}
}

// A search opens no file when the rendered ones define every kind that they use.
func TestSearchOpensNothing(t *testing.T) {
	files := map[string]string{
		"krowave.yaml": "{}", "app/krowave.yaml": "{}", "app/a.yaml": rgd("Box", "Pod") + "---\n" + object("Box"),
		"b.yaml": rgd("B", "Pod"), "c.yaml": rgd("C", "Pod"), "d.yaml": rgd("D", "Pod"), "e.yaml": rgd("E", "Pod"),
	}
	source := repo.FS(tree(files))
	source.Limits = repo.Limits{Files: 2}
	plan, err := project.Read(t.Context(), source, project.Request{Paths: []string{"app/a.yaml"}})
	if err != nil {
		t.Fatal(err)
	}
	diff(t, []string{"app: app/a.yaml"}, lines(plan))
}

func TestMayHoldInstance(t *testing.T) {
	for text, want := range map[string]bool{
		configMap:     false,
		object("Box"): true,
		"apiVersion: apps/v1\nkind: Deployment\n---\n\"apiVersion\": networking.k8s.io/v1 # x\n": false,
		`{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"example.com/v1"}]}`:            true,
		`{"apiVersion":"v1","kind":"List","items":[]}`:                                           false,
		"apiVersion: &v example.com/v1\n":                                                        true,
		"apiVersion:\n  example.com/v1\n":                                                        true,
		`{"\u0061piVersion": "example.com/v1"}`:                                                  true,
		"apiVersion: sigs.x-k8s.io/v1\n":                                                         true,
	} {
		if got := project.MayHoldInstance([]byte(text)); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestNearestSettings(t *testing.T) {
	fsys := tree(map[string]string{
		"krowave.yaml":      "runtime: withhold",
		"apps/krowave.yaml": "kubernetesVersion: 1.34\ndefinitions: [../rgds]\nobserved: [live]\nlimits: {maxCollectionSize: 50, celCostLimit: 7}\n",
	})
	for dir, want := range map[string]string{"apps/web": "apps", "apps": "apps", "other": ".", ".": "."} {
		s, diags := project.NearestSettings(fsys, dir)
		if s == nil || s.Dir != want || len(diags) > 0 {
			t.Errorf("%s: %+v, %v, want those of %s", dir, s, diags, want)
		}
	}
	s, _ := project.NearestSettings(fsys, "apps")
	got := []string{strings.Join(s.Definitions, ","), strings.Join(s.Observed, ",")}
	for _, v := range s.Values {
		got = append(got, v.Position.String()+" "+v.Key+"="+strings.Join(v.Texts, " "))
	}
	want := []string{
		"../rgds", "live", "apps/krowave.yaml:1:20 kubernetesVersion=1.34",
		"apps/krowave.yaml:4:47 celCostLimit=7", "apps/krowave.yaml:4:29 maxCollectionSize=50",
	}
	diff(t, want, got)
	if s, diags := project.NearestSettings(tree(nil), "a/b"); s != nil || diags != nil {
		t.Errorf("without a file: %+v, %v", s, diags)
	}
}

// TestRemoteDefinitions reads a krowave.yaml for who fetches nothing, as Argo CD's
// plugin and Flux's controller do: with copies of what it names and without.
func TestRemoteDefinitions(t *testing.T) {
	const text = "vendor: copies\ndefinitions:\n- rgds\n- {git: https://example.org/x, commit: 0123456789abcdef0123456789abcdef01234567, path: ./a/}\n- oci: oci://ghcr.io/example/y\n"
	files := map[string]string{"apps/krowave.yaml": text}
	s, diags := project.NearestSettings(tree(files), "apps/web")
	got := slices.Clone(s.Definitions)
	for _, d := range diags {
		got = append(got, d.Pos.String()+" "+d.Message+"; "+d.Hint)
	}
	diff(t, []string{
		"rgds",
		"apps/krowave.yaml:4:3 the definitions of https://example.org/x are not in this repository, and nothing is fetched here; run krowave vendor and commit what it writes",
		"apps/krowave.yaml:5:3 the definitions of ghcr.io/example/y are not in this repository, and nothing is fetched here; run krowave vendor and commit what it writes",
	}, got)
	if r := s.Remotes[0]; r.Path != "a" || r.Name() != "example.org/x@0123456789ab" {
		t.Errorf("the first is %s of %s", r.Path, r.Name())
	}
	folder := "copies/" + s.Remotes[0].Folder()
	files["apps/"+folder+"/a/rgd.yaml"] = "x: 1"
	s, diags = project.NearestSettings(tree(files), "apps/web")
	diff(t, []string{"rgds", folder}, s.Definitions)
	if len(diags) != 1 || diags[0].Pos.Line != 5 {
		t.Errorf("with one copy: %v", diags)
	}
}

func diff(t *testing.T, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadSettingsFindings(t *testing.T) {
	text := "definition: x\ndefinitions: [https://example.org/x, 3]\nobserved: x\nlimits: 3\nruntime: {}\n"
	_, diags := project.ReadSettings("krowave.yaml", []byte(text))
	var got []string
	for _, d := range diags {
		got = append(got, d.Pos.String()+" "+d.Message)
	}
	diff(t, []string{
		"krowave.yaml:2:15 definitions from elsewhere are a mapping: {git: URL, ref: BRANCH or TAG, path: DIR} or {oci: REGISTRY/REPOSITORY, tag: TAG}, which krowave update pins",
		"krowave.yaml:2:38 definitions[1] is a path, or a mapping with git or oci",
		"krowave.yaml:4:9 limits is a mapping, such as maxCollectionSize: 1000",
		"krowave.yaml:3:11 observed is a list of paths",
	}, got)
}

func TestOnlyLookups(t *testing.T) {
	files := func(names ...string) []repo.File {
		var out []repo.File
		for _, n := range names {
			out = append(out, repo.File{Name: n})
		}
		return out
	}
	for name, c := range map[string]struct {
		lookups, paths []string
		found          []repo.File
		want           []repo.File
	}{
		"below the rendered path":        {[]string{"app/crds"}, []string{"app"}, files("app/crds/a.yaml"), files("app/crds/a.yaml")},
		"below the root":                 {[]string{"crds"}, []string{"."}, files("crds/a.yaml"), files("crds/a.yaml")},
		"a pattern around":               {[]string{"app/*/crd.yaml"}, []string{"app/one"}, files("app/one/crd.yaml"), nil},
		"a pattern below":                {[]string{"**/crds"}, []string{"."}, files("app/crds/a.yaml"), files("app/crds/a.yaml")},
		"elsewhere":                      {[]string{"lib"}, []string{"app"}, files("lib/a.yaml"), files("lib/a.yaml")},
		"the rendered path itself":       {[]string{"app"}, []string{"app"}, files("app/a.yaml", "app/crds/a.yaml"), nil},
		"around the rendered path":       {[]string{"."}, []string{"app"}, files("app/a.yaml", "lib/a.yaml"), files("lib/a.yaml")},
		"a file":                         {[]string{"app/crd.yaml"}, []string{"app"}, files("app/crd.yaml"), files("app/crd.yaml")},
		"a file that is rendered itself": {[]string{"app/crd.yaml"}, []string{"app/crd.yaml"}, files("app/crd.yaml"), nil},
		"a name that begins alike":       {[]string{"app-crds"}, []string{"app"}, files("app-crds/a.yaml"), files("app-crds/a.yaml")},
	} {
		t.Run(name, func(t *testing.T) {
			rendered := files("app/a.yaml", "app/crds/a.yaml", "app/crd.yaml", "app/one/crd.yaml", "crds/a.yaml")
			if d := cmp.Diff(c.want, project.OnlyLookups(c.found, rendered, c.lookups, c.paths)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}
