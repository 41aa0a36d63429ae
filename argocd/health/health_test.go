package health

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/graph"
)

func graphs(t *testing.T, rgds ...string) []*graph.Graph {
	t.Helper()
	var in render.Input
	for _, dir := range rgds {
		in.Definitions = append(in.Definitions, files(t, "testdata", dir+".yaml")...)
	}
	in.CRDs = files(t, "testdata", "crd.yaml")
	res, err := render.Render(t.Context(), in, render.Options{})
	if err != nil || res.Diagnostics.HasErrors() {
		t.Fatal(err, res.Diagnostics)
	}
	return res.Graphs
}

func TestGenerate(t *testing.T) {
	for _, version := range Versions() {
		t.Run(version, func(t *testing.T) {
			checks, diags, err := Generate(graphs(t, "platform", "site"), Options{ArgoCD: version})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string][]string{}
			for _, c := range checks {
				got[c.Key()] = c.Nodes
			}
			want := map[string][]string{
				"resource.customizations.health.ConfigMap":               {"platform/settings"},
				"resource.customizations.health.db.example.com_Database": {"platform/main", "platform/shards", "site/store"},
			}
			var findings []string
			for _, d := range diags {
				findings = append(findings, d.Pos.String()+" "+d.Severity.String()+" "+d.Rule+" "+d.Message)
			}
			wantFindings := []string{
				`platform.yaml:36:13 warning health-not-carried readyWhen of platform/main is not translated: matches() has no counterpart in the Lua that Argo CD runs`,
				`platform.yaml:46:13 info health-built-in readyWhen of platform/web is not translated: Argo CD ` + version + ` has its own health check of Deployment.apps, which is kept`,
				`platform.yaml:55:13 info health-built-in readyWhen of platform/cron is not translated: Argo CD 3 has its own health check of CronJob.batch, which is kept`,
				`platform.yaml:70:13 warning health-not-carried readyWhen of platform/shared is not translated: Argo CD does not apply an external reference, so no wave waits for it`,
				`site.yaml:23:13 warning health-not-carried readyWhen of site/platform is not translated: the node is expanded in place by platform, so no object of kind Platform exists to check`,
			}
			if version == "2.14" { // which knows no CronJob
				want["resource.customizations.health.batch_CronJob"] = []string{"platform/cron"}
				wantFindings = append(wantFindings[:2], wantFindings[3:]...)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("checks (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(wantFindings, findings); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
	if _, _, err := Generate(nil, Options{ArgoCD: "1"}); err == nil {
		t.Error("Argo CD 1 is accepted")
	}
}

// TestVerdicts runs one check on objects of several nodes.
func TestVerdicts(t *testing.T) {
	checks, _, err := Generate(graphs(t, "platform", "site"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	lua := checks[len(checks)-1].Lua
	object := func(node string, status map[string]any) map[string]any {
		meta := map[string]any{"name": "a", "generation": int64(2)}
		if node != "" {
			meta["annotations"] = map[string]any{render.NodeAnnotation: node}
		}
		out := map[string]any{"metadata": meta}
		if status != nil {
			out["status"] = status
		}
		return out
	}
	for _, c := range []struct {
		name            string
		object          map[string]any
		status, message string
	}{
		{"made by no node", object("", nil), "Healthy", ""},
		{"made by another node", object("platform/other", nil), "Healthy", ""},
		{"a node whose name begins alike", object("platform/main2", nil), "Healthy", ""},
		{"no status yet", object("platform/main", nil), "Progressing", `main.status.phase == "Ready"`},
		{"ready", object("platform/main", map[string]any{"phase": "Ready"}), "Healthy", ""},
		{"failed, which is not final", object("platform/main", map[string]any{"phase": "Failed"}), "Progressing", `main.status.phase == "Ready"`},
		{"stale", object("platform/main", map[string]any{"phase": "Ready", "observedGeneration": int64(1)}), "Progressing", "the status is of an older generation"},
		{"current", object("platform/main", map[string]any{"phase": "Ready", "observedGeneration": int64(2)}), "Healthy", ""},
		{"status is not an object", func() map[string]any { o := object("platform/main", nil); o["status"] = "odd"; return o }(), "Progressing", `main.status.phase == "Ready"`},
		{"member of a collection", object("platform/shards[0]", map[string]any{"phase": "Ready"}), "Progressing", `each.status.ready`},
		{"twelfth member", object("platform/shards[11]", map[string]any{"ready": true}), "Healthy", ""},
		{"another RGD", object("site/store", map[string]any{"phase": "Ready"}), "Progressing", `store.status.phase == "Done"`},
		{"a collection's name alone", object("platform/shards", nil), "Healthy", ""},
	} {
		status, message, err := argoCD(lua, c.object)
		if diff := cmp.Diff([]any{c.status, c.message, nil}, []any{status, message, err}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestManyNodes: a check of many nodes still compiles in Argo CD's Lua.
func TestManyNodes(t *testing.T) {
	var nodes []nodeCheck
	for i := range 500 {
		nodes = append(nodes, nodeCheck{origin: fmt.Sprintf("rgd/n%d", i), conditions: []condition{{text: "c", lua: fmt.Sprintf(`eq(at(self, "status", "n"), %d)`, i)}}})
	}
	object := map[string]any{"status": map[string]any{"n": int64(499)}}
	annotate(object, "rgd/n499")
	if status, _, err := argoCD(script(nodes), object); status != "Healthy" || err != nil {
		t.Error(status, err)
	}
}

// TestOrderOfInput: the same graphs in another order give the same bytes.
func TestOrderOfInput(t *testing.T) {
	one, _, err := Generate(graphs(t, "platform", "site"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	two, _, err := Generate(graphs(t, "site", "platform"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(one, two); diff != "" {
		t.Error(diff)
	}
}

// TestSameNameTwice: two RGDs of a name cannot be told apart by the annotation.
func TestSameNameTwice(t *testing.T) {
	other := files(t, "testdata", "other.yaml")
	in := render.Input{Definitions: append(files(t, "testdata", "platform.yaml"), other...), CRDs: files(t, "testdata", "crd.yaml")}
	res, err := render.Render(t.Context(), in, render.Options{})
	if err != nil || res.Diagnostics.HasErrors() {
		t.Fatal(err, res.Diagnostics)
	}
	_, diags, err := Generate(res.Graphs, Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, d := range diags {
		found = found || d.Pos.File == "other.yaml" && d.Rule == ruleNotCarried
	}
	if !found {
		t.Errorf("no finding in other.yaml: %v", diags)
	}
}

func TestBuiltIn(t *testing.T) {
	for _, c := range []struct {
		version, group, kind string
		want                 bool
	}{
		{"2.14", "apps", "Deployment", true}, {"3", "apps", "Deployment", true}, {"3", "", "Service", true},
		{"3", "", "ConfigMap", false}, {"3", "", "Secret", false}, {"2.14", "cert-manager.io", "Certificate", true},
		{"2.14", "kro.run", "ResourceGraphDefinition", false}, {"3", "kro.run", "ResourceGraphDefinition", true}, {"3", "kro.run", "Shop", true},
		{"2.14", "ec2.services.k8s.aws", "VPC", false}, {"3", "ec2.services.k8s.aws", "VPC", true}, {"3", "services.k8s.aws.example.com", "VPC", false},
		{"2.14", "batch", "CronJob", false}, {"3", "batch", "CronJob", true}, {"3", "networking.k8s.io", "NetworkPolicy", false},
	} {
		if got := builtIn(c.version, k8sschema.GroupKind{Group: c.group, Kind: c.kind}); got != c.want {
			t.Errorf("%s: %s/%s: %v, want %v", c.version, c.group, c.kind, got, c.want)
		}
	}
}
