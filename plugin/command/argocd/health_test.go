package argocd

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
)

// runCommand runs one command in a directory that holds the RGD of healthRGD.
func runCommand(t *testing.T, build func(cli.Streams) *cobra.Command, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rgd.yaml"), []byte(healthRGD), 0o644); err != nil {
		t.Fatal(err)
	}
	return runIn(t, dir, build, stdin, args...)
}

func runIn(t *testing.T, dir string, build func(cli.Streams) *cobra.Command, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := build(cli.Streams{In: strings.NewReader(stdin), Out: &out, Err: &errs, Dir: dir, Getenv: func(string) string { return "" }})
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.ExecuteContext(t.Context())
	return out.String(), errs.String(), err
}

const healthRGD = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: shop
spec:
  schema:
    apiVersion: v1alpha1
    kind: Shop
    spec: {}
  resources:
    - id: settings
      readyWhen:
        - ${settings.data.ready == "yes"}
        - ${settings.data.url.startsWith("https://")}
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: ${schema.metadata.name}
`

func TestHealthCommand(t *testing.T) {
	const key = "resource.customizations.health.ConfigMap"
	const lost = `rgd.yaml:14:13: warning: readyWhen of shop/settings is not translated: startsWith() has no counterpart in the Lua that Argo CD runs [health-not-carried]`
	for _, c := range []struct {
		output, want string
	}{
		{"yaml", key + ": |\n"}, {"configmap", "---\napiVersion: v1\ndata:\n  " + key + ": |\n"}, {"json", "{\n  \"apiVersion\": \"krowave.dev/v1alpha1\",\n  \"kind\": \"HealthChecks\",\n  \"checks\": [\n"},
	} {
		stdout, stderr, err := runCommand(t, newArgoCDHealthCommand, "", "-o", c.output, "rgd.yaml")
		if err != nil || !strings.HasPrefix(stdout, c.want) {
			t.Errorf("-o %s: %v, output begins %.80q, want %q", c.output, err, stdout, c.want)
		}
		if !strings.Contains(stdout, "settings.data.ready == ") || !strings.Contains(stderr, lost) {
			t.Errorf("-o %s: stdout %s\nstderr %s", c.output, stdout, stderr)
		}
		if c.output == "json" && !json.Valid([]byte(stdout)) {
			t.Errorf("not JSON: %s", stdout)
		}
	}
	stdout, _, err := runCommand(t, newArgoCDHealthCommand, "", "--strict", "rgd.yaml")
	if !errors.Is(err, cli.ErrFindings) || stdout != "" {
		t.Errorf("--strict: %v, %q", err, stdout)
	}
}

func TestInstallCommand(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rgd.yaml"), []byte(healthRGD), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, stderr, err := runIn(t, dir, newArgoCDInstallCommand, "", "-o", "dir=out", "--version", "2.14", "-n", "gitops", "rgd.yaml"); err != nil {
		t.Fatal(err, stderr)
	}
	for _, name := range []string{"kustomization.yaml", "repo-server.yaml", "argocd-cm.yaml", "networkpolicy.yaml", "examples/applicationset.yaml"} {
		if _, err := os.Stat(filepath.Join(dir, "out", name)); err != nil {
			t.Error(err)
		}
	}
	text, _, err := runIn(t, dir, newArgoCDInstallCommand, "")
	if err != nil || !strings.HasPrefix(text, "---\n# kustomization.yaml\n") {
		t.Errorf("%v, output begins %.60q", err, text)
	}
	_, stderr, err := runIn(t, dir, newArgoCDInstallCommand, "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n", "--check", "-")
	if !errors.Is(err, cli.ErrFindings) || !strings.Contains(stderr, "-:1:1: there is no Deployment of repo-server") {
		t.Errorf("--check: %v\n%s", err, stderr)
	}
	if _, _, err := runIn(t, dir, newArgoCDInstallCommand, "", "--image", "a b"); !cli.IsUsage(err) {
		t.Errorf("--image 'a b': %v", err)
	}
}
