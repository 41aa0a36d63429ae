package health

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/repo"
)

const addressRGD = `
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: app}
spec:
  schema: {apiVersion: v1alpha1, kind: App, group: GROUP}
  resources:
    - id: service
      template: {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}
    - id: address
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: a}
        data: {ip: "${service.spec.clusterIP}"}
`

// TestDelegatedKinds tells which kinds get a check.
func TestDelegatedKinds(t *testing.T) {
	for _, test := range []struct {
		name, group, version string
		delegate             bool
		want                 []string
	}{
		{"Argo CD 2.14", "kro.run", "2.14", true, []string{"kro.run_AppResidual", "kro.run_ResourceGraphDefinition"}},
		{"Argo CD 3 knows the group", "kro.run", "3", true, nil},
		{"another group", "shop.example.com", "3", true, []string{"shop.example.com_AppResidual"}},
		{"another policy", "shop.example.com", "2.14", false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := []byte(strings.ReplaceAll(addressRGD, "GROUP", test.group))
			res, err := render.Render(t.Context(), render.Input{Files: []repo.File{{Name: "rgd.yaml", Data: text}}}, render.Options{})
			if err != nil || len(res.Graphs) != 1 {
				t.Fatal(err, res.Diagnostics)
			}
			checks, _, err := Generate(res.Graphs, Options{ArgoCD: test.version, Delegate: test.delegate})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range checks {
				got = append(got, c.Group+"_"+c.Kind)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestStateCheck(t *testing.T) {
	ready := func(status string, generation int64) []any {
		return []any{map[string]any{"type": "Ready", "status": status, "message": "wait for it", "observedGeneration": generation}}
	}
	for _, test := range []struct {
		name            string
		status          any
		health, message string
	}{
		{"no status", nil, "Progressing", "kro has not reported a state"},
		{"odd status", "x", "Progressing", "kro has not reported a state"},
		{"instance done", map[string]any{"state": "ACTIVE", "conditions": ready("True", 2)}, "Healthy", ""},
		{"RGD accepted", map[string]any{"state": "Active", "conditions": ready("True", 2)}, "Healthy", ""},
		{"RGD refused", map[string]any{"state": "Inactive", "conditions": ready("False", 2)}, "Progressing", "wait for it"},
		{"in progress", map[string]any{"state": "IN_PROGRESS"}, "Progressing", "kro reports IN_PROGRESS"},
		{"an error, which kro tries again", map[string]any{"state": "ERROR"}, "Progressing", "kro reports ERROR"},
		{"older generation", map[string]any{"state": "ACTIVE", "conditions": ready("True", 1)}, "Progressing", "the status is of an older generation"},
		{"only the author's conditions", map[string]any{"state": "ACTIVE", "conditions": []any{map[string]any{"type": "Open", "status": "False"}}}, "Healthy", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			object := map[string]any{"metadata": map[string]any{"generation": int64(2)}}
			if test.status != nil {
				object["status"] = test.status
			}
			status, message, err := argoCD(stateCheck, object)
			if err != nil || status != test.health || message != test.message {
				t.Errorf("%s %q %v, want %s %q", status, message, err, test.health, test.message)
			}
		})
	}
}
