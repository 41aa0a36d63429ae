package layout

import (
	"testing"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/google/go-cmp/cmp"
)

// TestPruned names what a plan lacks of all inventories, as the cluster has it.
func TestPruned(t *testing.T) {
	inventory := func(target string, ids ...string) kustomizev1.Kustomization {
		k := kustomizev1.Kustomization{}
		k.Spec.TargetNamespace = target
		k.Status.Inventory = &kustomizev1.ResourceInventory{}
		for _, id := range ids {
			k.Status.Inventory.Entries = append(k.Status.Inventory.Entries, kustomizev1.ResourceRef{ID: id})
		}
		return k
	}
	wanted := &Plan{Waves: []Wave{
		{Entries: []Entry{{ID: ID{Kind: "ConfigMap", Namespace: "shop", Name: "a"}}, {ID: ID{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "shop:reader"}}}},
		{Entries: []Entry{{ID: ID{Kind: "ConfigMap", Namespace: "shop", Name: "moved"}}, {ID: ID{Kind: "ConfigMap", Namespace: "shop", Name: "b"}, Handover: true}}},
	}}
	got := Pruned(wanted, []kustomizev1.Kustomization{
		inventory("", "shop_a__ConfigMap", "shop_moved__ConfigMap", "shop_old__ConfigMap", "_shop__reader_rbac.authorization.k8s.io_ClusterRole"),
		inventory("", "shop_old__ConfigMap", "shop_b__ConfigMap", "shop_db_apps_StatefulSet"),
		inventory("prod", "prod_a__ConfigMap", "shop_a__ConfigMap"),
		{}, // has applied nothing
	})
	want := []ID{
		{Kind: "ConfigMap", Namespace: "shop", Name: "a"},
		{Kind: "ConfigMap", Namespace: "shop", Name: "b"},
		{Kind: "ConfigMap", Namespace: "shop", Name: "old"},
		{Group: "apps", Kind: "StatefulSet", Namespace: "shop", Name: "db"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
