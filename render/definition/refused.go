package definition

import (
	"fmt"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/internal/source"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/outline"
)

// isResourceGroup reports whether a kind is what kro 0.1 called an RGD.
func isResourceGroup(kind k8sschema.GroupVersionKind) bool {
	return kind.Group == object.RGDGroup && kind.Kind == "ResourceGroup"
}

// resourceGroup refuses an RGD under the name that it had in kro 0.1.
func (d *definer) resourceGroup(doc *source.Document) {
	d.diags.Add(diag.Diagnostic{
		Severity: diag.Error, Rule: "rgd-refused", Pos: doc.Position(diag.Path{"kind"}), Object: doc.Title(), Path: "kind",
		Message: "kind ResourceGroup is from kro 0.1 and no longer exists",
		Hint:    "write kind: " + object.RGDKind,
	})
	d.refuse(doc, "is from kro 0.1")
}

// refuse remembers which kind a definition that is not well-formed would define.
func (d *definer) refuse(doc *source.Document, reason string) {
	kind := outline.Kind(doc.Object)
	if kind.Kind == "" {
		return
	}
	if _, ok := d.set.refused[kind.GroupKind()]; !ok {
		d.set.refused[kind.GroupKind()] = refused{doc.Title(), reason}
	}
}

// orphans says once for each refused definition that its instances are not
// rendered, and why.
func (d *definer) orphans(docs []*source.Document) {
	first, count := map[k8sschema.GroupKind]*source.Document{}, map[k8sschema.GroupKind]int{}
	var order []k8sschema.GroupKind
	for _, doc := range docs {
		kind := doc.GVK.GroupKind()
		if _, ok := d.set.refused[kind]; !ok || d.set.defined[doc.GVK] {
			continue
		}
		if count[kind]++; count[kind] == 1 {
			first[kind], order = doc, append(order, kind)
		}
	}
	for _, kind := range order {
		by, more := d.set.refused[kind], ""
		if n := count[kind]; n > 1 {
			more = fmt.Sprintf(" (instances: %d)", n)
		}
		d.diags.Add(diag.Diagnostic{
			Severity: diag.Warning, Rule: "definition-refused", Pos: first[kind].Position(diag.Path{"kind"}), Object: first[kind].Title(),
			Because: by.title, Instances: count[kind],
			Message: fmt.Sprintf("not rendered%s: %s, which defines %s, %s", more, by.title, kind.Kind, by.reason),
		})
	}
}
