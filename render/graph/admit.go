package graph

import (
	"fmt"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/schema"
)

// Admit reads a ResourceGraphDefinition as the API server would store it, or
// says why it would be refused (S1.3). Unknown fields are warnings, since
// kubectl refuses them and a server without strict validation drops them.
func Admit(doc *manifest.Document) (*RGD, diag.List) {
	var diags diag.List
	stored, pruned, problems := schema.AdmitRGD(doc.Object)
	for _, p := range problems {
		diags.Add(diag.Diagnostic{
			Severity: diag.Error, Rule: "rgd-refused", Pos: doc.Position(p.Path), Message: p.Message,
			Path: p.Path.String(), Object: doc.Title(),
		})
	}
	for _, field := range pruned {
		diags.Add(diag.Diagnostic{
			Severity: diag.Warning, Rule: "unknown-field", Pos: doc.Position(ParsePath(field)), Path: field,
			Message: fmt.Sprintf("field %s is not a field of a ResourceGraphDefinition and is dropped", field), Object: doc.Title(),
		})
	}
	if diags.HasErrors() {
		return nil, diags
	}
	return decodeRGD(stored, doc), diags
}

// ParsePath reads a path that Kubernetes prints, such as spec.ports[0].name.
func ParsePath(text string) diag.Path {
	steps := diag.Path{}
	for text != "" {
		var ok bool
		if steps, text, ok = kroStep(steps, text); !ok {
			break
		}
	}
	return steps
}

// Kinds lists the kinds that an RGD's resources name, in author order and as
// far as they can be read, so that a caller can compile RGDs in an order in
// which each finds the CRDs of those it builds on.
func (r *RGD) Kinds() []KindRef {
	var out []KindRef
	for i, res := range r.Resources {
		obj := res.Template
		if obj == nil {
			obj = res.External
		}
		if gvk, err := gvkOf(obj); err == nil {
			out = append(out, KindRef{GVK: gvk, Resource: i})
		}
	}
	return out
}
