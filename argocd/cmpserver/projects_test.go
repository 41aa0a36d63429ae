package cmpserver

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fleet has a project for each cluster, each with its own copy of an RGD.
func fleet() tree {
	out := tree{"platform/krowave.yaml": "", "platform/rgds/disk.yaml": releaseRGD("Disk", "x")}
	for _, c := range []string{"dev", "prod", "stage"} {
		out["clusters/"+c+"/krowave.yaml"] = "definitions: [rgds]\n"
		out["clusters/"+c+"/rgds/box.yaml"] = releaseRGD("Box", c)
		out["clusters/"+c+"/apps/a.yaml"] = fmt.Sprintf("apiVersion: example.com/v1alpha1\nkind: Box\nmetadata: {name: a, namespace: %s}\n", c)
		out["clusters/"+c+"/apps/values.yaml"] = "image: {tag: x}\n"
	}
	return out
}

func releaseRGD(kind, release string) string {
	return `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: ` + strings.ToLower(kind) + `}
spec:
  schema: {apiVersion: v1alpha1, kind: ` + kind + `, group: example.com, spec: {}}
  resources:
  - id: cm
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}"}
      data: {release: ` + release + `}
`
}

// An entry of a selection has to match an instance of one of the projects.
func TestSelectionOfProjects(t *testing.T) {
	s := start(t, Config{})
	tests := []struct {
		name, entries string
		want          int // manifests
		err           string
	}{
		{"one in each of two", `"dev/a","Box/prod/a"`, 2, ""},
		{"one of two is wrong", `"Box/dev/a","Box/prdo/a"`, 0, "parameter instances: no instance matches Box/prdo/a; " +
			"did you mean Box/prod/a? [instance-unmatched]"},
		{"nothing near", `"Box/dev/a","Lamp/kitchen","Lamp/kitchen"`, 0, "parameter instances: no instance matches Lamp/kitchen; there are Box/dev/a [instance-unmatched]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := s.generate(t, "clusters", fleet().pack(t, time.Time{}), map[string]string{appParameters: `[{"name":"instances","array":[` + tt.entries + `]}]`})
			if diff := cmp.Diff(tt.err, message(err)); diff != "" {
				t.Fatalf("error (-want +got):\n%s", diff)
			}
			if len(got) != tt.want {
				t.Errorf("%d manifests, want %d: %q", len(got), tt.want, got)
			}
		})
	}
}

// An application of several projects is rendered project by project.
func TestProjects(t *testing.T) {
	s := start(t, Config{})
	tests := []struct {
		name, path string
		more       tree
		want       []string // releases, by namespace
		err        string
	}{
		{"all", "clusters", nil, []string{"dev: dev", "prod: prod", "stage: stage"}, ""},
		{"one", "clusters/prod", nil, []string{"prod: prod"}, ""},
		{"its apps", "clusters/prod/apps", nil, []string{"prod: prod"}, ""},
		{"another's release", "clusters", tree{"clusters/stage/krowave.yaml": "definitions: [../dev/rgds]\n", "clusters/stage/rgds/box.yaml": ""}, []string{"dev: dev", "prod: prod", "stage: dev"}, ""},
		{"a wrong second file", "clusters", tree{"clusters/prod/krowave.yaml": "definitions: [rgds]\nbogus: 1\n"}, nil,
			"clusters/prod/krowave.yaml:2:1: krowave.yaml has no setting bogus; there are admissionDefaults, checkPolicies, crds, defaults, definitions, exclude, graphs, instanceGroups, kroVersion, kubernetesVersion, limits, observed, policies, residuals, runtime, strict, vendor, warnNext [config]"},
		{"excluded", "clusters", tree{"clusters/krowave.yaml": "exclude: [stage]\n"}, []string{"dev: dev", "prod: prod"}, ""},
		{"the same object twice", "clusters", tree{"clusters/prod/apps/a.yaml": fleet()["clusters/dev/apps/a.yaml"]}, nil,
			"clusters/prod/apps/a.yaml:1:1: Box dev/a is written twice, here and at clusters/dev/apps/a.yaml:1:1, and one would overwrite the other; " +
				"remove one of them, give it another name or namespace, or render them for different destinations [duplicate-object]"},
		{"a definition of another project", "apps", tree{"apps/d.yaml": "apiVersion: example.com/v1alpha1\nkind: Disk\nmetadata: {name: d}\n"}, nil,
			"apps/d.yaml:2:7: kind Disk of group example.com is defined in platform/rgds/disk.yaml, which belongs to another project (platform/krowave.yaml) (Disk d); " +
				`to use it here, add "platform/rgds/disk.yaml" to definitions in krowave.yaml [other-project]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := s.generate(t, tt.path, fleet().with(tt.more).pack(t, time.Time{}), nil)
			if diff := cmp.Diff(tt.err, message(err)); diff != "" {
				t.Fatalf("error (-want +got):\n%s", diff)
			}
			var releases []string
			for _, m := range got {
				_, namespace, _ := strings.Cut(m, `"namespace":"`)
				_, release, _ := strings.Cut(m, `"release":"`)
				namespace, _, _ = strings.Cut(namespace, `"`)
				release, _, _ = strings.Cut(release, `"`)
				releases = append(releases, namespace+": "+release)
			}
			slices.Sort(releases)
			if diff := cmp.Diff(tt.want, releases); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
