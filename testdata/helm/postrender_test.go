// Package helm has real Helm, versions 3 and 4, run krowave as its post-renderer.
package helm

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// version is one Helm with its way to name a post-renderer.
type version struct {
	name, binary string
	renderer     []string // names krowave
	stderr       bool     // shows what a post-renderer that fails says
}

// A post-renderer is not told the namespace of the release: neither Helm passes on -n.
var inShop = []string{"--post-renderer-args", "--namespace=shop"}

// versions has the two command lines that KROWAVE_HELM3 and KROWAVE_HELM4 name.
func versions(t *testing.T) []version {
	t.Helper()
	krowave := os.Getenv("KROWAVE_BINARY")
	out := []version{
		{"helm3", os.Getenv("KROWAVE_HELM3"), []string{"--post-renderer", krowave, "--post-renderer-args", "render", "--post-renderer-args", "-"}, true},
		{"helm4", os.Getenv("KROWAVE_HELM4"), []string{"--post-renderer", "krowave"}, false},
	}
	for _, v := range out {
		if krowave == "" || v.binary == "" {
			t.Fatal("KROWAVE_BINARY, KROWAVE_HELM3 and KROWAVE_HELM4 must name binaries; use testdata/helm/run.sh")
		}
	}
	return out
}

// run runs Helm without a cluster and without settings of the user, but for env.
func (v version) run(t *testing.T, env []string, args ...string) (string, error) {
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
	cmd.Env = append(env,
		"PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"), "HOME="+dir, "HELM_PLUGINS="+plugins,
		"KUBECONFIG="+filepath.Join(dir, "no-kubeconfig"))
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
		for _, tt := range []struct {
			name string
			env  []string
			args []string
		}{
			{"template", nil, append([]string{"template", "--namespace", "shop"}, inShop...)},
			{"install", nil, append([]string{"install", "--dry-run=client", "--namespace", "shop"}, inShop...)},
			{"exported namespace", []string{"HELM_NAMESPACE=shop"}, []string{"template"}},
		} {
			if v.name == "helm3" && tt.name == "install" {
				continue // its dry run asks a cluster for its version
			}
			t.Run(v.name+"/"+tt.name, func(t *testing.T) {
				out, err := v.run(t, tt.env, slices.Concat(tt.args, []string{"corner", "chart", "--set", "color=blue"}, v.renderer)...)
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				_, out, _ = strings.Cut(out, "---\n") // what goes before are the words of helm install
				for name, namespace := range map[string]string{"corner": "shop", "bare": "shop", "other": "elsewhere"} {
					pattern := `kind: ConfigMap\nmetadata:\n  name: ` + name + `\n  namespace: ` + namespace + `\n`
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

// TestPostRenderFails has an instance that its RGD refuses: Helm fails. Helm 3 shows
// why; Helm 4.3 discards what a plugin writes.
func TestPostRenderFails(t *testing.T) {
	for _, v := range versions(t) {
		t.Run(v.name, func(t *testing.T) {
			out, err := v.run(t, nil, append([]string{"template", "corner", "chart", "--set", "color={1}"}, v.renderer...)...)
			if err == nil {
				t.Fatalf("rendered to %s", out)
			}
			if strings.Contains(out, "spec.color") != v.stderr {
				t.Errorf("the message names spec.color: %t, want %t\n%s", !v.stderr, v.stderr, out)
			}
		})
	}
}
