//go:build unix

package plugin_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/krowave/krowave/plugin/internal/clitest"
)

// descriptorOf is the name that a shell gives to <(cat text).
func descriptorOf(t *testing.T, text string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	go func() {
		_, _ = w.WriteString(text)
		_ = w.Close()
	}()
	return fmt.Sprintf("/dev/fd/%d", r.Fd())
}

// TestProcessSubstitution reads what other programs write, wherever a file may be
// named.
func TestProcessSubstitution(t *testing.T) {
	const definition = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: box}
spec:
  schema: {apiVersion: v1alpha1, kind: Box, spec: {color: string}}
  resources:
  - id: config
    template: {apiVersion: v1, kind: ConfigMap, metadata: {name: "${schema.metadata.name}"}, data: {color: "${schema.spec.color}"}}
`
	instance := func(color string) string {
		return "apiVersion: kro.run/v1alpha1\nkind: Box\nmetadata: {name: a, namespace: ns}\nspec: {color: " + color + "}\n"
	}
	dir := t.TempDir()
	clitest.WriteTree(t, dir, map[string]string{"rgd.yaml": definition, "blue.yaml": instance("blue")})
	fd := func(text string) string { return descriptorOf(t, text) }
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"render", fd(instance("blue"))}, 0, "color: blue"},
		{[]string{"render", fd(definition), fd(instance("blue"))}, 0, "color: blue"},
		{[]string{"render", "-d", fd(definition), fd(instance("blue"))}, 0, "color: blue"},
		{[]string{"render", "blue.yaml", "-d", fd(definition)}, 0, "color: blue"},
		{[]string{"render", fd(instance("[]"))}, 1, ":4:15: "},
		{[]string{"validate", "rgd.yaml", fd(instance("[]"))}, 1, ":4:15: "},
		{[]string{"explain", fd(definition + "---\n" + instance("blue")), "configmap/a.data.color"}, 0, "blue"},
		{[]string{"diff", "blue.yaml", fd(instance("red"))}, 1, `+ "red"`},
		{[]string{"diff", fd(instance("red")), fd(instance("green"))}, 1, `+ "green"`},
		{[]string{"crd", fd(definition)}, 0, "boxes.kro.run"},
		{[]string{"sample", fd(definition)}, 0, "kind: Box"},
		{[]string{"graph", fd(definition)}, 0, "config"},
		{[]string{"render", "/dev/fd/987654"}, 2, "it is not open"},
	} {
		out := clitest.Run(t, dir, tt.args...)
		if text := out.Stdout + out.Stderr; out.Code != tt.code || !strings.Contains(text, tt.want) {
			t.Errorf("krowave %s: exit code %d, want %d with %q\n%s", strings.Join(tt.args, " "), out.Code, tt.code, tt.want, text)
		}
	}
}

// A repository does not decide that something is read that was not named.
func TestDescriptorOfRepository(t *testing.T) {
	for _, setting := range []string{"definitions", "crds", "observed"} {
		dir := t.TempDir()
		for _, name := range []string{"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"} {
			clitest.WriteTree(t, dir, map[string]string{
				"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", "krowave.yaml": fmt.Sprintf("%s: [%q]\n", setting, name),
			})
			out := clitest.RunWith(t, dir, "s3cret", "render", "a.yaml")
			if out.Code != 1 || !strings.Contains(out.Stderr, "which only an argument may name") || strings.Contains(out.Stderr, "s3cret") {
				t.Errorf("%s: exit code %d\n%s%s", setting, out.Code, out.Stdout, out.Stderr)
			}
		}
	}
}
