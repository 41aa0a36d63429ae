package definition

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/internal/source"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/outline"
)

// Stray reports an object that looks like an instance and has no definition: one
// that names another group or version than the RGD of its kind, and one in a
// group of which only RGDs define kinds: kro.run, one of groups, or that of another
// RGD. defaultNamespace is that of objects that name none.
func (s *Set) Stray(doc *source.Document, defaultNamespace string, groups []string) diag.List {
	if s.Catalog.Has(doc.GVK) || object.IsKroKind(doc.GVK) || isResourceGroup(doc.GVK) {
		return nil
	}
	var out diag.List
	if outline.IsNearlyRGD(doc.Kind()) && outline.Kind(doc.Object).Kind != "" {
		out.Add(nearlyRGD(doc))
		return out
	}
	for _, rgd := range s.RGDs {
		if rgd.GVK == doc.GVK || !strings.EqualFold(rgd.GVK.Kind, doc.GVK.Kind) || !s.resembles(doc, rgd, defaultNamespace) {
			continue
		}
		out.Add(diag.Diagnostic{
			Severity: diag.Error, Rule: "unknown-instance", Pos: doc.Position(diag.Path{"apiVersion"}), Object: doc.Title(),
			Message: fmt.Sprintf("nothing defines %s %s", doc.APIVersion(), doc.Kind()), Missing: doc.GVK.GroupKind().String(),
			Hint: fmt.Sprintf("ResourceGraphDefinition %s defines apiVersion: %s, kind: %s",
				rgd.Name, rgd.GVK.GroupVersion(), rgd.GVK.Kind),
			Fix: diag.Replace(doc.APIVersion(), rgd.GVK.GroupVersion().String()).And(diag.ReplaceAt(doc.Position(diag.Path{"kind"}), doc.Kind(), rgd.GVK.Kind)),
		})
		return out
	}
	siblings, elsewhere := s.near(doc.GVK)
	claimed := doc.GVK.Group == object.RGDGroup || slices.Contains(groups, doc.GVK.Group)
	unread := s.unread.mayDefine(doc.Kind())
	if !claimed && len(siblings) == 0 {
		return s.strayUnread(doc, unread)
	}
	d := diag.Diagnostic{
		Severity: diag.Error, Rule: "unknown-instance", Pos: doc.Position(diag.Path{"kind"}), Object: doc.Title(),
		Message: fmt.Sprintf("nothing defines %s %s, so none of its objects can be rendered", doc.APIVersion(), doc.Kind()),
		Missing: doc.GVK.GroupKind().String(),
	}
	if !claimed && (s.compile.Lenient || s.hasCRD(doc.GVK.GroupKind())) {
		d.Severity, d.Message = diag.Warning, fmt.Sprintf("nothing defines %s %s; the object is passed through", doc.APIVersion(), doc.Kind())
	}
	switch like := closest(doc.GVK.Kind, siblings); {
	case elsewhere != "":
		d.Hint = elsewhere
	case like != "":
		d.Hint, d.Fix = "did you mean "+like+"?", diag.Replace(doc.Kind(), like)
	case d.Severity == diag.Error:
		d.Hint = "name the ResourceGraphDefinition of " + doc.Kind() + " with -d or in krowave.yaml, or delete the instance together with its definition"
	}
	for _, u := range unread {
		d.Related = append(d.Related, diag.Related{Position: diag.Position{File: u.Name, Line: 1, Column: 1}, Message: "may define it, and cannot be read: " + u.Reason})
	}
	if d.Severity == diag.Error && !claimed { // which may have a CRD that nobody generated
		d.Message += fmt.Sprintf(" (ResourceGraphDefinition %s defines %s of the same group)", siblings[0].Name, siblings[0].Kind.Kind)
		d.Hint += "; if an operator's CRD defines it, look that up with --crds or crds in krowave.yaml"
	}
	out.Add(d)
	return out
}

// nearlyRGD refuses what defines a kind as an RGD does, and is none by its kind or
// group.
func nearlyRGD(doc *source.Document) diag.Diagnostic {
	d := diag.Diagnostic{
		Severity: diag.Error, Rule: "rgd-refused", Pos: doc.Position(diag.Path{"kind"}), Object: doc.Title(), Missing: doc.GVK.GroupKind().String(),
		Message: fmt.Sprintf("kro has no kind %s", doc.Kind()), Hint: "did you mean " + object.RGDKind + "?",
		Fix: diag.Replace(doc.Kind(), object.RGDKind),
	}
	if doc.Kind() == object.RGDKind {
		d.Pos = doc.Position(diag.Path{"apiVersion"})
		d.Message, d.Hint = fmt.Sprintf("%s is of group %s, not %s", object.RGDKind, object.RGDGroup, doc.GVK.Group), "write apiVersion: "+object.RGDGroup+"/v1alpha1"
		d.Fix = diag.Replace(doc.APIVersion(), object.RGDGroup+"/v1alpha1")
	}
	return d
}

// near returns the RGDs that define kinds of the same group, and says which one
// defines the kind in another group.
func (s *Set) near(kind gvk) (siblings []outline.Definition, elsewhere string) {
	all := make([]outline.Definition, len(s.RGDs), len(s.RGDs)+len(s.others))
	for i, rgd := range s.RGDs {
		all[i] = outline.Definition{Name: rgd.Name, Kind: rgd.GVK}
	}
	for _, rgd := range append(all, s.others...) {
		if rgd.Kind.Kind == kind.Kind && elsewhere == "" {
			elsewhere = fmt.Sprintf("ResourceGraphDefinition %s defines %s of apiVersion: %s", rgd.Name, rgd.Kind.Kind, rgd.Kind.GroupVersion())
		}
		if rgd.Kind.Group == kind.Group && rgd.Kind.Kind != "" {
			siblings = append(siblings, rgd)
		}
	}
	return siblings, elsewhere
}

// hasCRD reports whether a CRD that no RGD generates defines a kind, in whatever
// version.
func (s *Set) hasCRD(kind k8sschema.GroupKind) bool {
	return slices.ContainsFunc(s.Catalog.GroupVersions(kind.Kind), func(gv k8sschema.GroupVersion) bool { return gv.Group == kind.Group })
}

func closest(kind string, siblings []outline.Definition) string {
	kinds := make([]string, len(siblings))
	for i, rgd := range siblings {
		kinds[i] = rgd.Kind.Kind
	}
	return diag.Closest(kind, kinds)
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
