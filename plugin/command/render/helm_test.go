package render_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/krowave/krowave/plugin"
)

// Behind Helm, manifests leave out the namespace of their release.
func TestReleaseNamespace(t *testing.T) {
	const chart = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: box}
spec:
  schema: {apiVersion: v1alpha1, kind: Box, spec: {}}
  resources:
  - id: config
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}"}
---
apiVersion: kro.run/v1alpha1
kind: Box
metadata: {name: a}
---
apiVersion: kro.run/v1alpha1
kind: Box
metadata: {name: b, namespace: own}
`
	for _, tt := range []struct {
		name, release string
		args          []string
		want          string
	}{
		{"none", "", []string{"-"}, "default own"},
		{"of the release", "team-a", []string{"-"}, "team-a own"},
		{"a flag goes first", "team-a", []string{"-", "--namespace=team-b"}, "team-b own"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := plugin.Main(t.Context(), plugin.Streams{In: strings.NewReader(chart), Out: &out, Err: &errs, Dir: t.TempDir(), Getenv: func(name string) string {
				if name == "HELM_NAMESPACE" {
					return tt.release
				}
				return ""
			}}, append([]string{"render"}, tt.args...))
			var got []string
			for _, l := range strings.Split(out.String(), "\n") {
				if _, namespace, ok := strings.Cut(l, "namespace: "); ok {
					got = append(got, namespace)
				}
			}
			if code != 0 || strings.Join(got, " ") != tt.want {
				t.Errorf("exit code %d, namespaces %q, want %q\n%s", code, got, tt.want, errs.String())
			}
		})
	}
}
