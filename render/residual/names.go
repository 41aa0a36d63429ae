package residual

import (
	"fmt"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/simpleschema"
)

// maxLabel is the length of a DNS label and of a label's value.
const maxLabel = 63

// checkNames holds the residual names to what Kubernetes accepts and to what is
// there already.
func (b *builder) checkNames() {
	kindPath, namePath := diag.Path{"spec", "schema", "kind"}, diag.Path{"metadata", "name"}
	rgd := b.g.RGD
	// The name of the list's kind is the longest that the CRD derives (S2.7).
	if excess := len(b.kind) + len("List") - maxLabel; excess > 0 {
		b.errorf(kindPath, fmt.Sprintf("kind %s is too long: %sList has %d characters, and Kubernetes accepts %d", b.kind, b.kind, maxLabel+excess, maxLabel),
			fmt.Sprintf("shorten kind %s by %d", rgd.GVK.Kind, excess))
	}
	// kro writes the RGD's name into a label of the CRD and of instances (S7.13).
	name := rgd.Name + NameSuffix
	if excess := len(name) - maxLabel; excess > 0 {
		b.errorf(namePath, fmt.Sprintf("name %s is too long: it has %d characters, and kro needs it as a label's value, of at most %d", name, len(name), maxLabel),
			fmt.Sprintf("shorten the name of ResourceGraphDefinition %s by %d", rgd.Name, excess))
	}
	for _, other := range b.world.RGDs {
		if other.Name == name {
			b.errorf(namePath, "another ResourceGraphDefinition has the name "+name, "rename one of the two")
		}
	}
	if b.world.Catalog == nil {
		return
	}
	plural := simpleschema.Plural(b.kind)
	for _, gvk := range b.world.Catalog.Kinds() {
		if gvk.Group != rgd.GVK.Group {
			continue
		}
		if k, ok := b.world.Catalog.Lookup(gvk); ok && (gvk.Kind == b.kind || k.Plural == plural || gvk.Kind == b.kind+"List") {
			b.errorf(kindPath, fmt.Sprintf("kind %s (%s.%s) is taken by kind %s", b.kind, plural, rgd.GVK.Group, gvk.Kind), "rename one of the two")
			return
		}
	}
}

func (b *builder) errorf(path diag.Path, what, hint string) {
	doc := b.g.RGD.Doc
	b.diags.Add(diag.Diagnostic{
		Severity: diag.Error, Rule: "delegate-name", Pos: doc.Position(path), Path: path.String(), Object: doc.Title(), Hint: hint,
		Message: "the nodes that need a cluster cannot be left to kro: " + what,
	})
}
