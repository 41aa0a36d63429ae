package install

import (
	"fmt"

	"github.com/krowave/krowave/render/manifest"
)

// rbac adds the permissions: those that controller-gen finds in the controller,
// with leases in its own namespace only, and those for live values.
func (b *builder) rbac() {
	text, err := manifests.ReadFile("manifests/role.yaml")
	if err != nil {
		b.err = fmt.Errorf("reading the embedded manifests: %w", err)
		return
	}
	documents, found := manifest.Read("role.yaml", text, manifest.Limits{})
	if len(found) > 0 || len(documents) != 1 {
		b.err = fmt.Errorf("the embedded role is %d objects, want 1", len(documents))
		return
	}
	all, _ := documents[0].Object["rules"].([]any)
	var rules, own []any
	for _, rule := range all {
		groups, _ := rule.(map[string]any)["apiGroups"].([]any)
		if len(groups) == 1 && groups[0] == "coordination.k8s.io" {
			own = append(own, rule)
		} else {
			rules = append(rules, rule)
		}
	}
	const file = "rbac.yaml"
	labels := map[string]any{"app.kubernetes.io/name": "krowave"}
	b.objects(file,
		role("ClusterRole", map[string]any{"name": controllerName, "labels": labels}, rules),
		b.binding("ClusterRoleBinding", controllerName, "ClusterRole"),
		role("Role", map[string]any{"name": controllerName, "namespace": b.opts.Namespace, "labels": labels}, own),
		b.binding("RoleBinding", controllerName, "Role"))
	if b.opts.LiveValues != LiveNone {
		b.add(file, "live.yaml", nil)
		b.objects(file, b.binding("ClusterRoleBinding", "krowave-live-values", "ClusterRole"))
	}
	if b.opts.LiveValues == LiveImpersonate {
		b.add(file, "impersonation.yaml", nil)
		b.objects(file, b.binding("ClusterRoleBinding", "krowave-impersonation", "ClusterRole"))
	}
}

func role(kind string, meta map[string]any, rules []any) map[string]any {
	return map[string]any{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": meta, "rules": rules}
}

// binding gives a role to the account of every shard.
func (b *builder) binding(kind, name, roleKind string) map[string]any {
	meta := map[string]any{"name": name, "labels": map[string]any{"app.kubernetes.io/name": "krowave"}}
	if kind == "RoleBinding" {
		meta["namespace"] = b.opts.Namespace
	}
	subjects := []any{}
	for _, shard := range append([]string{""}, b.opts.Shards...) {
		account := controllerName
		if shard != "" {
			account += "-" + shard
		}
		subjects = append(subjects, map[string]any{"kind": "ServiceAccount", "name": account, "namespace": b.opts.Namespace})
	}
	return map[string]any{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": meta,
		"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": roleKind, "name": name},
		"subjects": subjects,
	}
}
