package definition

import (
	"fmt"
	"maps"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/internal/source"
	"github.com/krowave/krowave/render/object"
)

// Stray reports an object that looks like an instance but names another group
// or version than the RGD of its kind, and warns of one in a group that RGDs
// define whose kind nothing defines. defaultNamespace is that of objects that
// name none.
func (s *Set) Stray(doc *source.Document, defaultNamespace string) diag.List {
	if s.Catalog.Has(doc.GVK) || object.IsKroKind(doc.GVK) || isResourceGroup(doc.GVK) {
		return nil
	}
	var out diag.List
	inGroup, kinds, elsewhere := doc.GVK.Group == object.RGDGroup, []string{}, ""
	for _, rgd := range s.RGDs {
		if rgd.GVK.Kind == doc.GVK.Kind && elsewhere == "" {
			elsewhere = fmt.Sprintf("ResourceGraphDefinition %s defines %s of apiVersion: %s", rgd.Name, rgd.GVK.Kind, rgd.GVK.GroupVersion())
		}
		if rgd.GVK.Group == doc.GVK.Group {
			inGroup, kinds = true, append(kinds, rgd.GVK.Kind)
		}
		if rgd.GVK == doc.GVK || !strings.EqualFold(rgd.GVK.Kind, doc.GVK.Kind) || !s.resembles(doc, rgd, defaultNamespace) {
			continue
		}
		out.Add(diag.Diagnostic{
			Severity: diag.Error, Rule: "unknown-instance", Pos: doc.Position(diag.Path{"apiVersion"}), Object: doc.Title(),
			Message: fmt.Sprintf("nothing defines %s %s", doc.APIVersion(), doc.Kind()),
			Hint: fmt.Sprintf("ResourceGraphDefinition %s defines apiVersion: %s, kind: %s",
				rgd.Name, rgd.GVK.GroupVersion(), rgd.GVK.Kind),
		})
		return out
	}
	if !inGroup {
		return nil
	}
	w := diag.Diagnostic{
		Severity: diag.Warning, Rule: "unknown-instance", Pos: doc.Position(diag.Path{"kind"}), Object: doc.Title(),
		Message: fmt.Sprintf("nothing defines %s %s; the object is passed through", doc.APIVersion(), doc.Kind()),
		Hint:    elsewhere,
	}
	if doc.GVK.Group == object.RGDGroup { // no kind of it is anything but an RGD's
		w.Severity = diag.Error
		w.Message = fmt.Sprintf("nothing defines %s %s, so none of its objects can be rendered", doc.APIVersion(), doc.Kind())
		if w.Hint == "" {
			w.Hint = "name the ResourceGraphDefinition of " + doc.Kind() + " with -d or in krowave.yaml, or delete the instance together with its definition"
		}
	}
	if like := diag.Closest(doc.Kind(), kinds); elsewhere == "" && like != "" {
		w.Hint = "did you mean " + like + "?"
	}
	out.Add(w)
	return out
}

// resembles reports whether an object of another group or version is meant as
// an instance of rgd. Kinds of the same name live in many groups (Application,
// Cluster), so in another group only what the RGD's schema knows counts.
func (s *Set) resembles(doc *source.Document, rgd *graph.RGD, defaultNamespace string) bool {
	g := s.graphs[rgd.GVK]
	if g == nil || doc.GVK.Group == rgd.GVK.Group {
		return doc.GVK.Group == rgd.GVK.Group
	}
	obj := maps.Clone(doc.Object)
	obj["apiVersion"], obj["kind"] = rgd.GVK.GroupVersion().String(), rgd.GVK.Kind
	_, pruned, problems := g.Admitter.Admit(obj, defaultNamespace)
	return len(pruned) == 0 && len(problems) == 0
}
