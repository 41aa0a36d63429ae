package layout

import (
	"testing"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
)

// A Kustomization of the whole artifact prunes, too: what is protected stays until it
// has applied that.
func TestRootIsWaitedFor(t *testing.T) {
	root := kustomizev1.Kustomization{}
	root.Spec.Path = "./"
	for applied, want := range map[string]string{"r1": "a b*", "r2": "a"} {
		root.Status.LastAppliedRevision = applied
		wanted := planOf(t, "a +b")
		protected, _ := next(t, planOf(t, "a b"), true, wanted)
		observed, settled := Observe(protected, wanted, "r2", []kustomizev1.Kustomization{root})
		if step, _ := next(t, observed, settled, wanted); textOf(step) != want {
			t.Errorf("the root has applied %s: %s, want %s", applied, textOf(step), want)
		}
	}
}

func TestInventoryIDs(t *testing.T) {
	for text, want := range map[string]ID{
		"shop_web_apps_Deployment":                         {"apps", "Deployment", "shop", "web"},
		"shop_web__ConfigMap":                              {"", "ConfigMap", "shop", "web"},
		"_shop__Namespace":                                 {"", "Namespace", "", "shop"},
		"_system__a_rbac.authorization.k8s.io_ClusterRole": {"rbac.authorization.k8s.io", "ClusterRole", "", "system:a"},
		"": {},
	} {
		if got := inventoryID(text); got != want {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
}
