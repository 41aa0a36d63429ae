package cmpserver

import (
	"fmt"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
)

// destination warns of kinds that the destination does not serve and that the
// application does not bring the CRD of: Argo CD dry-runs a whole sync before it
// applies anything, and there the kind is missing. It also says when the
// destination's version is not bundled.
func (s *settings) destination(res *render.Result, env Environment) diag.List {
	var diags diag.List
	if version, exact := env.kubernetesVersion(); !exact && s.options.KubernetesVersion == version {
		diags.Warnf(source(kubeVersion), "kubernetes-version",
			"there are no schemas of Kubernetes %q; those of %s are used", env[kubeVersion], version)
	}
	apis := env.apis()
	if apis == nil {
		return diags
	}
	kinds := map[string]bool{} // versions of which the kinds are told, too
	for api := range apis {
		if at := strings.LastIndex(api, "/"); at > 0 {
			kinds[api[:at]] = true
		}
	}
	brought := crds(res)
	reported := map[k8sschema.GroupVersionKind]bool{}
	for _, o := range res.Objects {
		gvk := object.GVK(o.Object)
		group := gvk.GroupVersion().String()
		if o.For != nil && gvk.Kind != "ResourceGraphDefinition" {
			continue // kro makes its CRD during the sync
		}
		if gvk.Version == "" || brought[gvk] || reported[gvk] || apis[group+"/"+gvk.Kind] || apis[group] && !kinds[group] {
			continue
		}
		reported[gvk] = true
		d := diag.Diagnostic{
			Severity: diag.Warning, Rule: "not-served", Pos: source(s.request.Paths[0]),
			Message: fmt.Sprintf("the destination cluster does not serve %s %s, and the application does not bring its CRD", gvk.GroupVersion(), gvk.Kind),
			Hint:    "install the CRD first, or make it part of the application",
		}
		if apis[group] {
			d.Message = fmt.Sprintf("the destination cluster serves %s, but no kind %s in it", gvk.GroupVersion(), gvk.Kind)
		}
		if o.Instance != nil {
			d.Object = o.Instance.Title()
			d.Pos = o.Instance.Graph.RGD.Doc.Position(o.Node.At.With("id"))
		}
		if o.For != nil {
			d.Object = o.For.Title()
		}
		if o.For != nil || o.Shared {
			d.Hint = "install kro in the destination cluster: runtime: delegate leaves resources to it"
		}
		diags.Add(d)
	}
	return diags
}

// crds lists the kinds that CRDs among the objects define.
func crds(res *render.Result) map[k8sschema.GroupVersionKind]bool {
	out := map[k8sschema.GroupVersionKind]bool{}
	for _, o := range res.Objects {
		if object.GVK(o.Object).GroupKind() != (k8sschema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}) {
			continue
		}
		spec, _ := o.Object["spec"].(map[string]any)
		names, _ := spec["names"].(map[string]any)
		group, _ := spec["group"].(string)
		kind, _ := names["kind"].(string)
		versions, _ := spec["versions"].([]any)
		for _, v := range versions {
			version, _ := v.(map[string]any)
			name, _ := version["name"].(string)
			out[k8sschema.GroupVersionKind{Group: group, Version: name, Kind: kind}] = true
		}
	}
	return out
}
