// Package helm has real Helm, versions 3 and 4, run krowave as its post-renderer.
package helm

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// version is one Helm with its way to name a post-renderer.
type version struct {
	name, binary string
	args         []string // of a release in the namespace shop
}

// versions has the two command lines that KROWAVE_HELM3 and KROWAVE_HELM4 name.
func versions(t *testing.T) []version {
	t.Helper()
	krowave := os.Getenv("KROWAVE_BINARY")
	out := []version{
		{"helm3", os.Getenv("KROWAVE_HELM3"), []string{
			"--post-renderer", krowave, "--post-renderer-args", "render", "--post-renderer-args", "-", "--post-renderer-args", "--namespace=shop",
		}},
		{"helm4", os.Getenv("KROWAVE_HELM4"), []string{"--post-renderer", "krowave"}},
	}
	for _, v := range out {
		if krowave == "" || v.binary == "" {
			t.Fatal("KROWAVE_BINARY, KROWAVE_HELM3 and KROWAVE_HELM4 must name binaries; use testdata/helm/run.sh")
		}
	}
	return out
}

// run runs Helm without a cluster and without settings of the user.
func (v version) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(os.Getenv("KROWAVE_BINARY"), filepath.Join(dir, "krowave")); err != nil {
		t.Fatal(err)
	}
	plugins, err := filepath.Abs("plugins")
	if err != nil {
		t.Fatal(err)
	}
	if v.name == "helm3" {
		plugins = filepath.Join(dir, "none") // Helm 3 has no plugins of this type
	}
	cmd := exec.Command(v.binary, args...)
	cmd.Env = []string{
		"PATH=" + dir + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + dir, "HELM_PLUGINS=" + plugins,
		"KUBECONFIG=" + filepath.Join(dir, "no-kubeconfig"),
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err = cmd.Run(); err != nil {
		return stderr.String(), err
	}
	return stdout.String(), nil
}

// TestPostRender renders a chart whose templates are an RGD, its instances and a plain object.
func TestPostRender(t *testing.T) {
	for _, v := range versions(t) {
		for _, command := range [][]string{{"template", "corner", "chart"}, {"install", "corner", "chart", "--dry-run=client"}} {
			t.Run(v.name+"/"+command[0], func(t *testing.T) {
				out, err := v.run(t, append(append(command, "--namespace", "shop", "--set", "color=blue"), v.args...)...)
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				_, out, _ = strings.Cut(out, "\n---\n") // what goes before are the words of helm install
				for name, namespace := range map[string]string{"corner": "shop", "bare": "shop", "other": "elsewhere"} {
					pattern := `(?s)kind: ConfigMap\nmetadata:\n[^-]*name: ` + name + `\n  namespace: ` + namespace + `\n`
					if !regexp.MustCompile(pattern).MatchString(out) {
						t.Errorf("no ConfigMap %s/%s", namespace, name)
					}
				}
				if !strings.Contains(out, "name: plain\n") || strings.Contains(out, "kind: Shop") || strings.Contains(out, "ResourceGraphDefinition") {
					t.Error("not the plain object and the objects of the instances alone")
				}
				if t.Failed() {
					t.Log(out)
				}
			})
		}
	}
}

// TestPostRenderFails has an instance that its RGD refuses: Helm fails and shows why.
func TestPostRenderFails(t *testing.T) {
	for _, v := range versions(t) {
		t.Run(v.name, func(t *testing.T) {
			out, err := v.run(t, append([]string{"template", "corner", "chart", "--namespace", "shop", "--set", "color={1}"}, v.args...)...)
			if err == nil {
				t.Fatalf("rendered to %s", out)
			}
			if !strings.Contains(out, "spec.color") {
				t.Errorf("the message does not name spec.color: %s", out)
			}
		})
	}
}
