package adopt

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/object"
)

// Annotations and labels of GitOps tools.
const (
	argoOptions  = "argocd.argoproj.io/sync-options"
	argoTracking = "argocd.argoproj.io/tracking-id"
	argoRefresh  = "argocd.argoproj.io/refresh"
	argoManager  = "argocd-controller"
	fluxPrune    = "kustomize.toolkit.fluxcd.io/prune"
	fluxName     = "kustomize.toolkit.fluxcd.io/name"
	fluxSpace    = "kustomize.toolkit.fluxcd.io/namespace"
	fluxRequest  = "reconcile.fluxcd.io/requestedAt"
	fluxManager  = "kustomize-controller"
)

func applications() schema.GroupKind {
	return schema.GroupKind{Group: "argoproj.io", Kind: "Application"}
}

func kustomizations() schema.GroupKind {
	return schema.GroupKind{Group: "kustomize.toolkit.fluxcd.io", Kind: "Kustomization"}
}

// tool is an Application or a Kustomization, and the objects that it has.
type tool struct {
	Ref
	live   *unstructured.Unstructured
	listed []listed
}

// listed is an object that a tool has in the cluster.
type listed struct {
	Ref
	synced bool // as Git has it
	gone   bool // Git does not have it any longer
}

// has reports whether the tool has an object.
func (t tool) has(r Ref) bool { return t.find(r) != nil }

func (t tool) find(r Ref) *listed {
	i := slices.IndexFunc(t.listed, func(l listed) bool { return l.same(r) })
	if i < 0 {
		return nil
	}
	return &t.listed[i]
}

// tools lists the Applications and Kustomizations of a cluster that has them.
func (c *Cluster) tools(ctx context.Context) ([]tool, error) {
	var out []tool
	for _, kind := range []schema.GroupKind{applications(), kustomizations()} {
		found, err := c.list(ctx, kind, "", "")
		if err != nil {
			return nil, err
		}
		for i := range found {
			t := tool{Ref: refOf(&found[i]), live: &found[i]}
			if kind == applications() {
				t.listed = ofApplication(found[i].Object)
			} else {
				t.listed = ofKustomization(found[i].Object)
			}
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b tool) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

func ofApplication(app map[string]any) []listed {
	var out []listed
	for _, item := range object.List(object.Map(app, "status"), "resources") {
		m, _ := item.(map[string]any)
		prune, _ := m["requiresPruning"].(bool)
		gv := schema.GroupVersion{Group: object.Text(m, "group"), Version: object.Text(m, "version")}
		out = append(out, listed{
			Ref:    Ref{gv.String(), object.Text(m, "kind"), object.Text(m, "namespace"), object.Text(m, "name")},
			synced: object.Text(m, "status") == "Synced", gone: prune,
		})
	}
	return out
}

// ofKustomization reads an inventory, whose ids are NAMESPACE_NAME_GROUP_KIND. A name
// may have a colon written as two underscores.
func ofKustomization(k map[string]any) []listed {
	var out []listed
	ready := fluxReady(k)
	for _, item := range object.List(object.Map(k, "status", "inventory"), "entries") {
		m, _ := item.(map[string]any)
		namespace, rest, _ := strings.Cut(object.Text(m, "id"), "_")
		at := strings.LastIndex(rest, "_")
		if at < 0 {
			continue
		}
		kind, rest := rest[at+1:], rest[:at]
		at = strings.LastIndex(rest, "_")
		if at < 0 {
			continue
		}
		gv := schema.GroupVersion{Group: rest[at+1:], Version: object.Text(m, "v")}
		out = append(out, listed{Ref: Ref{gv.String(), kind, namespace, strings.ReplaceAll(rest[:at], "__", ":")}, synced: ready})
	}
	return out
}

func fluxReady(k map[string]any) bool {
	status := object.Map(k, "status")
	for _, item := range object.List(status, "conditions") {
		m, _ := item.(map[string]any)
		if object.Text(m, "type") == "Ready" {
			return object.Text(m, "status") == "True" && object.Text(status, "lastAppliedRevision") == object.Text(status, "lastAttemptedRevision")
		}
	}
	return false
}

// trackingID is how Argo CD marks an object of an Application.
func (t tool) trackingID(r Ref) string {
	name := t.Name
	if home := object.Text(object.Map(t.live.Object, "status"), "controllerNamespace"); home != "" && home != t.Namespace {
		name = t.Namespace + "_" + t.Name
	}
	return name + ":" + r.GVK().Group + "/" + r.Kind + ":" + r.Namespace + "/" + r.Name
}
