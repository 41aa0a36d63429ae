package rgdfmt_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/internal/clitest"
	"github.com/krowave/krowave/plugin/internal/randomcase"
	"github.com/krowave/krowave/plugin/rgdfmt"
)

const written = `# Platform team.
kind: ResourceGraphDefinition   # what it is
apiVersion: kro.run/v1alpha1
metadata: {name: web}

spec:
  # The nodes.
  resources:
    # The door.
    - template:
        kind: Service
        apiVersion: v1
        metadata: {name: "${ schema.metadata.name }-x"} # named
        spec:
          type: ${  schema.spec.type  }

      # Only when open.
      includeWhen:
      - ${ schema.spec.open }
      id: door
    - id: sign
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: sign}
        data:
          script: |
            # not a comment
            ${ kept }

  schema:
    spec:
      open:   boolean|default=true
      type: 'string | description="it''s a  type"   default="ClusterIP" required=true'
      ports: {number: "integer |maximum=9 minimum=1"}
    kind: Web
    apiVersion: v1alpha1
---
kind: ConfigMap
apiVersion: v1
metadata: {name: "${ other }"}
`

const formatted = `# Platform team.
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition   # what it is
metadata: {name: web}

spec:
  schema:
    apiVersion: v1alpha1
    kind: Web
    spec:
      open:   boolean | default=true
      type: 'string | required=true default="ClusterIP" description="it''s a  type"'
      ports: {number: "integer | minimum=1 maximum=9"}
  # The nodes.
  resources:
    # The door.
    - id: door
      # Only when open.
      includeWhen:
      - ${schema.spec.open}
      template:
        apiVersion: v1
        kind: Service
        metadata: {name: "${schema.metadata.name}-x"} # named
        spec:
          type: ${schema.spec.type}

    - id: sign
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: sign}
        data:
          script: |
            # not a comment
            ${ kept }

---
kind: ConfigMap
apiVersion: v1
metadata: {name: "${ other }"}
`

func TestFormat(t *testing.T) {
	for _, tt := range []struct{ name, from, want string }{
		{"everything", written, formatted},
		{"idempotent", formatted, formatted},
		{"no RGD", "kind: ConfigMap\napiVersion: v1", "kind: ConfigMap\napiVersion: v1"},
		{"JSON", `{"kind": "ResourceGraphDefinition", "apiVersion": "kro.run/v1alpha1"}`, `{"kind": "ResourceGraphDefinition", "apiVersion": "kro.run/v1alpha1"}`},
		{"aliases", "kind: ResourceGraphDefinition\napiVersion: kro.run/v1alpha1\nspec: &a {x: y}\nmetadata: {a: *a}\n", "kind: ResourceGraphDefinition\napiVersion: kro.run/v1alpha1\nspec: &a {x: y}\nmetadata: {a: *a}\n"},
		{"line ends", "kind: ResourceGraphDefinition\r\napiVersion: kro.run/v1alpha1\r\n", "apiVersion: kro.run/v1alpha1\r\nkind: ResourceGraphDefinition\r\n"},
		{"no line end", "kind: ResourceGraphDefinition\napiVersion: kro.run/v1alpha1", "apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := rgdfmt.Format("rgd.yaml", []byte(tt.from))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if _, err := rgdfmt.Format("rgd.yaml", []byte("kind: ResourceGraphDefinition\n  a: b: c\n")); err == nil || !strings.Contains(err.Error(), "rgd.yaml: ") {
		t.Errorf("broken YAML: %v", err)
	}
}

// TestFormatKeepsWhatIsRendered formats RGDs of many cases, their keys in the order of
// their names: they render to the same bytes, or are refused as before, and a second
// time changes nothing.
func TestFormatKeepsWhatIsRendered(t *testing.T) {
	cases := map[string]map[string]string{}
	dirs, err := filepath.Glob("../../testdata/kro/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		cases[filepath.Base(dir)] = map[string]string{"rgd.yaml": clitest.ReadFile(t, filepath.Join(dir, "rgd.yaml")), "instance.yaml": clitest.ReadFile(t, filepath.Join(dir, "instance.yaml"))}
	}
	for seed := range uint64(60) {
		c := randomcase.New(seed)
		cases[fmt.Sprintf("random-%d", seed)] = map[string]string{"rgd.yaml": c.Files["rgd.yaml"], "instance.yaml": c.Files["instance.yaml"]}
	}
	changed := 0
	for name, files := range cases {
		fresh, err := rgdfmt.Format("rgd.yaml", []byte(files["rgd.yaml"]))
		if err != nil {
			continue // cannot be read, as render says
		}
		again, err := rgdfmt.Format("rgd.yaml", fresh)
		if err != nil || string(again) != string(fresh) {
			t.Errorf("%s: formatted twice, error %v:\n%s", name, err, cmp.Diff(string(fresh), string(again)))
		}
		if string(fresh) == files["rgd.yaml"] {
			continue
		}
		if changed++; changed%4 != 0 {
			continue // to render all of them takes a minute
		}
		dir := t.TempDir()
		clitest.WriteTree(t, dir, files)
		before := clitest.Run(t, dir, "render", "--runtime=withhold", "rgd.yaml", "instance.yaml")
		if err := os.WriteFile(filepath.Join(dir, "rgd.yaml"), fresh, 0o644); err != nil {
			t.Fatal(err)
		}
		after := clitest.Run(t, dir, "render", "--runtime=withhold", "rgd.yaml", "instance.yaml")
		if before.Code != after.Code || before.Stdout != after.Stdout {
			t.Errorf("%s: renders otherwise:\n%s%s", name, cmp.Diff(before.Stdout, after.Stdout), after.Stderr)
		}
	}
	if changed < 80 {
		t.Errorf("only %d RGDs were changed, which tests little", changed)
	}
}
