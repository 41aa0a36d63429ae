package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/schema"
)

// Admit reads a ResourceGraphDefinition as the API server would store it, or
// says why it would be refused (S1.3). Unknown fields are errors: kubectl refuses
// them, and where a server drops them the RGD does not do what it says.
func Admit(doc *manifest.Document) (*RGD, diag.List) {
	var diags diag.List
	stored, pruned, problems := schema.AdmitRGD(doc.Object)
	var broken []string
	for _, p := range causal(problems, pruned) {
		written, _ := p.Path.In(doc.Object)
		remedy := diag.Remedy{Hint: brokenExpression(written)}
		if remedy.Hint != "" {
			broken = append(broken, p.Path.String()+".")
		} else if slices.Contains(p.Path, any("readyWhen")) || slices.Contains(p.Path, any("includeWhen")) {
			remedy.Hint = "write an expression: ${...}"
		} else {
			remedy = doc.Retype(p.Path, p.Message).Or(p.Meant())
		}
		diags.Add(diag.Diagnostic{
			Severity: diag.Error, Rule: "rgd-refused", Pos: doc.Position(p.Path), Message: p.Message,
			Path: p.Path.String(), Object: doc.Title(),
		}.With(remedy))
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Message, wrongType) {
			broken = append(broken, p.Path.String()+".")
		}
	}
	for _, field := range pruned {
		if slices.ContainsFunc(broken, func(above string) bool { return strings.HasPrefix(field, above) }) {
			continue // reported as what it is
		}
		path := ParsePath(field)
		if len(path) == 0 {
			path = diag.Path{field} // a name that is not a path
		}
		d := diag.Diagnostic{
			Severity: diag.Error, Rule: "unknown-field", Pos: doc.KeyPosition(path), Path: field,
			Message: fmt.Sprintf("field %s is not a field of a ResourceGraphDefinition; the API server refuses or drops it", field), Object: doc.Title(),
		}
		if strings.HasPrefix(field, "status.") { // which kro writes, whatever the file says
			d.Severity = diag.Warning
		}
		if name, ok := path[len(path)-1].(string); ok {
			known := schema.RGDFields(path[:len(path)-1])
			if len(path) == 2 && path[0] == "metadata" {
				known = []string{"name", "generateName", "namespace", "labels", "annotations", "finalizers"}
			}
			d = d.With(doc.KeyRemedy(path).Or(diag.Meant(name, known)))
		}
		diags.Add(d)
	}
	for _, path := range doc.BooleanKeys() {
		inResource := len(path) > 2 && path[0] == "spec" && path[1] == "resources"
		if !inResource && !slices.Contains(pruned, path.String()) { // of resources, the compiler says so
			diags.Add(doc.BooleanKey(path))
		}
	}
	if diags.HasErrors() {
		return nil, diags
	}
	return decodeRGD(stored, doc), diags
}

// wrongType begins the messages about values of another type, of which the fields
// are not looked at.
const wrongType = "must be of type "

// causal leaves out what is missing only because its key is misspelt: that is
// said at the key.
func causal(problems []schema.Problem, pruned []string) []schema.Problem {
	meant := map[string]bool{}
	for _, field := range pruned {
		path := ParsePath(field)
		if len(path) == 0 {
			continue
		}
		above := path[:len(path)-1]
		name, _ := path[len(path)-1].(string)
		if like := diag.Closest(name, schema.RGDFields(above)); like != "" {
			meant[above.With(like).String()] = true
			meant[above.String()] = like == "template" || like == "externalRef"
		}
	}
	return slices.DeleteFunc(slices.Clone(problems), func(p schema.Problem) bool {
		for n := len(p.Path); n > 0; n-- {
			if (n == len(p.Path) || !strings.HasPrefix(p.Message, wrongType)) && meant[p.Path[:n].String()] {
				return true
			}
		}
		return false
	})
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
