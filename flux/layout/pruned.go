package layout

import (
	"cmp"
	"slices"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
)

// Pruned returns the objects that the Kustomizations of an artifact have in their
// inventories and a plan does not have: kustomize-controller deletes them when it has
// applied the plan. The IDs are those of the cluster, sorted.
func Pruned(wanted *Plan, list []kustomizev1.Kustomization) []ID {
	homes := wanted.homes()
	found := map[ID]bool{}
	for _, k := range list {
		if k.Status.Inventory == nil {
			continue
		}
		kept := map[ID]bool{}
		for id := range homes {
			if k.Spec.TargetNamespace != "" && id.Namespace != "" {
				id.Namespace = k.Spec.TargetNamespace
			}
			kept[id] = true
		}
		for _, ref := range k.Status.Inventory.Entries {
			if id := inventoryID(ref.ID); !kept[id] {
				found[id] = true
			}
		}
	}
	var out []ID
	for id := range found {
		out = append(out, id)
	}
	slices.SortFunc(out, func(a, b ID) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Group, b.Group))
	})
	return out
}
