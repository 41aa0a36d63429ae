package layout

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/yaml"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/meta"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/repo"
	"github.com/krowave/krowave/render/wave"
)

var update = flag.Bool("update", false, "rewrite the golden archives")

// TestFiles renders the inputs of each archive and compares the artifact, the
// Kustomizations and the findings with the sections below out/.
func TestFiles(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			inputs := slices.DeleteFunc(slices.Clone(archive.Files), func(f txtar.File) bool { return strings.HasPrefix(f.Name, "out/") })
			got := outputs(t, inputs)
			if *update {
				archive.Files = append(inputs, got...)
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want := archive.Files[len(inputs):]
			if diff := cmp.Diff(texts(want), texts(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func texts(files []txtar.File) map[string]string {
	out := map[string]string{}
	for _, f := range files {
		out[f.Name] = string(f.Data)
	}
	return out
}

func outputs(t *testing.T, inputs []txtar.File) []txtar.File {
	t.Helper()
	files, plan, diags := Files(rendered(t, inputs), Options{})
	var out []txtar.File
	for _, f := range files {
		out = append(out, txtar.File{Name: "out/" + f.Path, Data: f.Data})
	}
	if !diags.HasErrors() {
		out = append(out, txtar.File{Name: "out/kustomizations.yaml", Data: kustomizations(t, plan)})
	}
	var findings bytes.Buffer
	if err := diag.Print(&findings, diags, diag.PrintOptions{}); err != nil {
		t.Fatal(err)
	}
	if findings.Len() > 0 {
		out = append(out, txtar.File{Name: "out/findings", Data: findings.Bytes()})
	}
	return out
}

func rendered(t *testing.T, inputs []txtar.File) *render.Result {
	t.Helper()
	var in render.Input
	for _, f := range inputs {
		file := repo.File{Name: f.Name, Data: f.Data}
		if strings.HasPrefix(f.Name, "crds/") {
			in.CRDs = append(in.CRDs, file)
		} else {
			in.Files = append(in.Files, file)
		}
	}
	res, err := render.Render(t.Context(), in, render.Options{WaveMode: wave.Gated, Lenient: true, Runtime: render.Delegate, Graphs: render.ExpandGraphs})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range res.Diagnostics {
		if d.Severity == diag.Error {
			t.Errorf("%s: %s", d.Pos, d.Message)
		}
	}
	return res
}

// kustomizations prints what the plan needs, without what all have in common.
func kustomizations(t *testing.T, p *Plan) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, k := range Kustomizations(p, Template{Name: "shop", Prune: true, SourceRef: kustomizev1.CrossNamespaceSourceReference{Kind: "ExternalArtifact", Name: "shop"}}) {
		brief := struct {
			Name             string                               `json:"name"`
			Path             string                               `json:"path"`
			DependsOn        []kustomizev1.DependencyReference    `json:"dependsOn,omitempty"`
			HealthChecks     []meta.NamespacedObjectKindReference `json:"healthChecks,omitempty"`
			HealthCheckExprs json.RawMessage                      `json:"healthCheckExprs,omitempty"`
		}{Name: k.Name, Path: k.Spec.Path, DependsOn: k.Spec.DependsOn, HealthChecks: k.Spec.HealthChecks}
		if len(k.Spec.HealthCheckExprs) > 0 {
			raw, err := json.Marshal(k.Spec.HealthCheckExprs)
			if err != nil {
				t.Fatal(err)
			}
			brief.HealthCheckExprs = raw
		}
		text, err := yaml.Marshal(brief)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "---\n%s", text)
	}
	return out.Bytes()
}

// TestRead holds the plan that is read from an artifact to the one it was made of.
func TestRead(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/gated.txtar")
	if err != nil {
		t.Fatal(err)
	}
	inputs := slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "out/") })
	files, plan, _ := Files(rendered(t, inputs), Options{})
	read, err := Read(files)
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Waves) < 2 {
		t.Fatalf("%d waves, want several", len(read.Waves))
	}
	for i := range plan.Waves {
		plan.Waves[i].Gate, plan.Waves[i].HealthChecks, plan.Waves[i].HealthCheckExprs = false, nil, nil
	}
	if diff := cmp.Diff(plan, read); diff != "" {
		t.Errorf("-made +read:\n%s", diff)
	}
}

func TestReadRefuses(t *testing.T) {
	for _, files := range [][]File{
		nil,
		{{Path: "kustomization.yaml"}},
		{{Path: "other/kustomization.yaml"}},
		{{Path: "wave-99/kustomization.yaml"}},
		{{Path: "wave-0/kustomization.yaml"}, {Path: "wave-0/a.yaml", Data: []byte("a: [")}},
	} {
		if p, err := Read(files); err == nil {
			t.Errorf("%v: got %+v, want an error", files, p)
		}
	}
}

// TestFileNames finds no two objects in one file, and nothing outside the
// directory.
func TestFileNames(t *testing.T) {
	long := strings.Repeat("a", 253)
	seen := map[string]ID{}
	for _, id := range []ID{
		{"", "ConfigMap", "", "a"}, {"", "ConfigMap", "a", "a"}, {"", "ConfigMap", "_", "a"}, {"", "ConfigMap", "a", "_61"}, {"", "ConfigMap", "a", "a_61"},
		{"", "ConfigMap", "a", "aa"}, {"rbac.authorization.k8s.io", "ClusterRole", "", "system:a"}, {"rbac.authorization.k8s.io", "ClusterRole", "", "system_3aa"},
		{"", "ConfigMap", "a", ".."}, {"", "ConfigMap", "..", "a"}, {"", "ConfigMap", "a", "b/../../c"}, {"b", "A", "", "c"}, {"", "A.b", "", "c"},
		{"", "ConfigMap", "a", long}, {"", "ConfigMap", "a", long + "b"}, {"", "ConfigMap", "a", ""},
	} {
		p := id.path()
		if other, ok := seen[strings.ToLower(p)]; ok && id.Kind != "A.b" {
			t.Errorf("%s and %s are both %s", id, other, p)
		}
		seen[strings.ToLower(p)] = id
		for _, part := range strings.Split(p, "/") {
			if part == "" || part == "." || part == ".." || len(part) > 255 {
				t.Errorf("%s is %s", id, p)
			}
		}
	}
}
