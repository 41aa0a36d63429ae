package deployer_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/krowave/krowave/plugin/deployer"
	"github.com/krowave/krowave/plugin/kubeapi"
)

func parse(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	var obj map[string]any
	if err := yaml.Unmarshal([]byte(text), &obj); err != nil {
		t.Fatal(err)
	}
	return &unstructured.Unstructured{Object: obj}
}

func TestToolsList(t *testing.T) {
	k := parse(t, `
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: shop, namespace: flux}
status:
  lastAppliedRevision: "1"
  lastAttemptedRevision: "1"
  conditions: [{type: Ready, status: "True"}]
  inventory: {entries: [{id: shop_web_apps_Deployment, v: v1}, {id: _system__auth_rbac.authorization.k8s.io_ClusterRole, v: v1}, {id: shop_a__ConfigMap, v: v1}]}
`)
	want := []deployer.Listed{
		{Ref: kubeapi.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "shop", Name: "web"}, Synced: true},
		{Ref: kubeapi.Ref{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole", Namespace: "", Name: "system:auth"}, Synced: true},
		{Ref: kubeapi.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: "shop", Name: "a"}, Synced: true},
	}
	if diff := cmp.Diff(want, deployer.Of(k).Listed); diff != "" {
		t.Errorf("inventory (-want +got):\n%s", diff)
	}
	app := deployer.Of(parse(t, "{kind: Application, apiVersion: argoproj.io/v1alpha1, metadata: {namespace: team, name: shop}, status: {controllerNamespace: argocd}}"))
	if got, want := app.TrackingID(want[0].Ref), "team_shop:apps/Deployment:shop/web"; got != want {
		t.Errorf("tracking id %s, want %s", got, want)
	}
}
