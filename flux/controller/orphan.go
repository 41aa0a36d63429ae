package controller

import (
	"fmt"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
)

// orphans refuses objects of a kind of which the last render expanded instances
// and which nothing defines any longer: handed over bare, each would take the place
// of all that was rendered from it, and pruning would delete that.
func (s *reconcileScope) orphans(res *render.Result) diag.List {
	was := map[k8sschema.GroupKind]string{} // the RGD of a kind
	for _, i := range s.obj.Status.Instances {
		was[k8sschema.FromAPIVersionAndKind(i.APIVersion, i.Kind).GroupKind()] = i.Definition
	}
	for _, g := range res.Graphs {
		delete(was, g.RGD.GVK.GroupKind())
	}
	var out diag.List
	for _, o := range res.Objects {
		gvk := object.GVK(o.Object)
		rgd, ok := was[gvk.GroupKind()]
		if !ok || o.Instance != nil || o.For != nil || o.Doc == nil {
			continue
		}
		out.Add(diag.Diagnostic{
			Severity: diag.Error, Rule: "definition-removed", Pos: o.Doc.Position(diag.Path{"kind"}), Object: o.Doc.Title(),
			Message: fmt.Sprintf("nothing defines %s %s any longer: ResourceGraphDefinition %s is removed", gvk.GroupVersion(), gvk.Kind, rgd),
			Hint:    "keep the definition, or delete its instances with it",
		})
	}
	return out
}
