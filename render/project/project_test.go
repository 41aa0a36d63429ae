package project_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

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

func TestRead(t *testing.T) {
	fsys := tree(map[string]string{
		"apps/web.yaml":       "kind: Web",
		"apps/krowave.yaml":   "runtime: fail",
		"own/rgd.yaml":        rgd("Own", "Pod"),
		"rgds/a.yaml":         rgd("Part", "Pod"),
		"rgds/b.json":         `{"kind": "ResourceGraphDefinition", "spec": {"schema": {"kind": "Web"}, "resources": [{"template": {"kind": "Part"}}]}}`,
		"rgds/broken.yaml":    "kind: ResourceGraphDefinition\nspec: {schema: []}\n",
		"rgds/mentions.yaml":  "text: ResourceGraphDefinition",
		"rgds/.hidden/c.yaml": rgd("Web", "Pod"),
		"crds/d.yaml":         "a: 1",
		"live/e.yaml":         "a: 1",
	})
	tests := []struct {
		name                               string
		req                                project.Request
		paths, definitions, crds, observed []string
	}{
		{"definitions of the tree", project.Request{Paths: []string{"apps"}},
			[]string{"apps/web.yaml"}, []string{"rgds/a.yaml", "rgds/b.json"}, []string{}, []string{}},
		{"own definitions", project.Request{Paths: []string{"own"}}, []string{"own/rgd.yaml"}, []string{}, []string{}, []string{}},
		{"named definitions", project.Request{Paths: []string{"apps"}, Definitions: []string{"rgds/a.yaml", "apps"}},
			[]string{"apps/web.yaml"}, []string{"rgds/a.yaml"}, []string{}, []string{}},
		{"the rest", project.Request{Paths: []string{"own"}, CRDs: []string{"crds"}, Observed: []string{"live"}},
			[]string{"own/rgd.yaml"}, []string{}, []string{"crds/d.yaml"}, []string{"live/e.yaml"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files, diags, err := project.Read(repo.FS(fsys), tt.req)
			if err != nil || len(diags) > 0 {
				t.Fatal(err, diags)
			}
			got := [][]string{names(files.Paths), names(files.Definitions), names(files.CRDs), names(files.Observed)}
			if diff := cmp.Diff([][]string{tt.paths, tt.definitions, tt.crds, tt.observed}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if _, _, err := project.Read(repo.FS(fsys), project.Request{Paths: []string{"nope"}}); err == nil {
		t.Error("a path that names nothing is no error")
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
