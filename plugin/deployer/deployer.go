// Package deployer knows what Argo CD and Flux have in a cluster. It takes a
// cluster and returns its Applications and Kustomizations, each with the objects
// that it applied: the status of the Application, the inventory of the
// Kustomization. It only reads.
//
//	all, err := deployer.All(ctx, cluster)
package deployer

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/render/object"
)

// Annotations and labels of GitOps tools.
const (
	ArgoOptions  = "argocd.argoproj.io/sync-options"
	ArgoTracking = "argocd.argoproj.io/tracking-id"
	// ArgoInstallation tells several Argo CDs of one cluster apart, and ArgoLabel is
	// the mark of an Argo CD that tracks by label.
	ArgoInstallation = "argocd.argoproj.io/installation-id"
	ArgoLabel        = "app.kubernetes.io/instance"
	ArgoRefresh      = "argocd.argoproj.io/refresh"
	ArgoManager      = "argocd-controller" // its field manager
	FluxPrune        = "kustomize.toolkit.fluxcd.io/prune"
	FluxName         = "kustomize.toolkit.fluxcd.io/name"
	FluxSpace        = "kustomize.toolkit.fluxcd.io/namespace"
	FluxRequest      = "reconcile.fluxcd.io/requestedAt"
	FluxManager      = "kustomize-controller" // its field manager
)

// Applications is the kind of Argo CD.
func Applications() schema.GroupKind {
	return schema.GroupKind{Group: "argoproj.io", Kind: "Application"}
}

// Kustomizations is the kind of Flux.
func Kustomizations() schema.GroupKind {
	return schema.GroupKind{Group: "kustomize.toolkit.fluxcd.io", Kind: "Kustomization"}
}

// Tool is an Application or a Kustomization, and the objects that it has.
type Tool struct {
	kubeapi.Ref
	Live   *unstructured.Unstructured
	Listed []Listed
}

// Listed is an object that a tool has in the cluster.
type Listed struct {
	kubeapi.Ref
	Synced bool // as Git has it
	Gone   bool // Git does not have it any longer
}

// Has reports whether the tool has an object.
func (t Tool) Has(r kubeapi.Ref) bool { return t.Find(r) != nil }

// Find returns an object that the tool has; nil when it does not have it.
func (t Tool) Find(r kubeapi.Ref) *Listed {
	i := slices.IndexFunc(t.Listed, func(l Listed) bool { return l.Same(r) })
	if i < 0 {
		return nil
	}
	return &t.Listed[i]
}

// All lists the Applications and Kustomizations of a cluster that has them.
func All(ctx context.Context, c *kubeapi.Cluster) ([]Tool, error) {
	var out []Tool
	for _, kind := range []schema.GroupKind{Applications(), Kustomizations()} {
		found, err := c.List(ctx, kind, "", "")
		if err != nil {
			return nil, err
		}
		for i := range found {
			out = append(out, Of(&found[i]))
		}
	}
	slices.SortFunc(out, func(a, b Tool) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

// Of reads an Application or a Kustomization.
func Of(live *unstructured.Unstructured) Tool {
	t := Tool{Ref: kubeapi.RefOf(live), Live: live}
	if live.GroupVersionKind().GroupKind() == Applications() {
		t.Listed = ofApplication(live.Object)
	} else {
		t.Listed = ofKustomization(live.Object)
	}
	return t
}

func ofApplication(app map[string]any) []Listed {
	var out []Listed
	for _, item := range object.List(object.Map(app, "status"), "resources") {
		m, _ := item.(map[string]any)
		prune, _ := m["requiresPruning"].(bool)
		gv := schema.GroupVersion{Group: object.Text(m, "group"), Version: object.Text(m, "version")}
		out = append(out, Listed{
			Ref:    kubeapi.Ref{APIVersion: gv.String(), Kind: object.Text(m, "kind"), Namespace: object.Text(m, "namespace"), Name: object.Text(m, "name")},
			Synced: object.Text(m, "status") == "Synced", Gone: prune,
		})
	}
	return out
}

// ofKustomization reads an inventory, whose ids are NAMESPACE_NAME_GROUP_KIND. A name
// may have a colon written as two underscores.
func ofKustomization(k map[string]any) []Listed {
	var out []Listed
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
		out = append(out, Listed{Ref: kubeapi.Ref{APIVersion: gv.String(), Kind: kind, Namespace: namespace, Name: strings.ReplaceAll(rest[:at], "__", ":")}, Synced: ready})
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

// TrackingID is how Argo CD marks an object of an Application.
func (t Tool) TrackingID(r kubeapi.Ref) string {
	name := t.Name
	if home := object.Text(object.Map(t.Live.Object, "status"), "controllerNamespace"); home != "" && home != t.Namespace {
		name = t.Namespace + "_" + t.Name
	}
	return name + ":" + r.GVK().Group + "/" + r.Kind + ":" + r.Namespace + "/" + r.Name
}
