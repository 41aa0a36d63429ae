package helm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/loader"
	"helm.sh/helm/v4/pkg/cli"
	"helm.sh/helm/v4/pkg/postrenderer"
	release "helm.sh/helm/v4/pkg/release/v1"
)

// TestPostRender installs a chart without a cluster, with the plugin beside this
// file as its post-renderer. KROWAVE_BINARY is the krowave to run.
func TestPostRender(t *testing.T) {
	binary := os.Getenv("KROWAVE_BINARY")
	if binary == "" {
		t.Fatal("KROWAVE_BINARY does not name a krowave")
	}
	dir := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(dir, "krowave")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	for _, tt := range []struct {
		color any
		want  string
		fails string
	}{
		{color: "blue", want: "color: blue"},
		{color: []any{1}, fails: "spec.color"},
	} {
		got, err := install(t, map[string]any{"color": tt.color})
		if tt.fails != "" {
			if err == nil {
				t.Errorf("%v: rendered to %s", tt.color, got)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(got, tt.want) || !strings.Contains(got, "name: plain") || strings.Contains(got, "kind: Shop") || strings.Contains(got, "ResourceGraph") {
			t.Errorf("%v: got %s", tt.color, got)
		}
	}
}

func install(t *testing.T, values map[string]any) (string, error) {
	t.Helper()
	settings := cli.New()
	settings.PluginsDirectory = "plugins"
	renderer, err := postrenderer.NewPostRendererPlugin(settings, "krowave")
	if err != nil {
		t.Fatal(err)
	}
	chart, err := loader.Load("chart")
	if err != nil {
		t.Fatal(err)
	}
	a := action.NewInstall(action.NewConfiguration())
	a.DryRunStrategy, a.ReleaseName, a.Namespace, a.PostRenderer = action.DryRunClient, "corner", "shop", renderer
	out, err := a.Run(chart, values)
	if err != nil {
		return "", err
	}
	return out.(*release.Release).Manifest, nil
}
