package compare

import (
	"maps"
	"slices"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// DefinitionField is one difference inside an RGD itself.
type DefinitionField struct {
	FieldChange
	Position    *diag.Position `json:"position,omitempty"`    // on the new side
	OldPosition *diag.Position `json:"oldPosition,omitempty"` // on the old side
}

// definitionFields compares two versions of an RGD field by field. What ends up
// in Secrets is hidden.
func (c *comparison) definitionFields(old, now *graph.Graph) []DefinitionField {
	var out []DefinitionField
	for _, f := range field.Diff(c.old.maskedDefinition(old), c.new.maskedDefinition(now), nil) {
		d := DefinitionField{FieldChange: f}
		if f.Op != RemoveField {
			at := now.RGD.Doc.KeyPosition(f.Steps)
			d.Position = &at
		} else {
			at := old.RGD.Doc.KeyPosition(f.Steps)
			d.OldPosition = &at
		}
		out = append(out, d)
	}
	return out
}

// maskedDefinition is an RGD without the values that end up in Secrets: those in
// templates, those given to an RGD that puts them into one, and the defaults of
// such fields.
func (s *side) maskedDefinition(g *graph.Graph) map[string]any {
	shown, _ := hideSecrets(g.RGD.Doc.Object).(map[string]any)
	shown = maps.Clone(shown)
	delete(shown, "status")
	if annotations := object.Annotations(shown); annotations[object.LastApplied] != nil {
		meta, rest := maps.Clone(object.Metadata(shown)), maps.Clone(annotations)
		delete(rest, object.LastApplied)
		meta["annotations"], shown["metadata"] = rest, meta
	}
	inputs := s.secretInputs(g, map[*graph.Graph]bool{})
	whole := true
	for _, path := range inputs {
		masked, found := hideInput(shown, append([]string{"spec", "schema"}, path...))
		shown, _ = masked.(map[string]any)
		whole = whole && found
	}
	if !whole { // some are in a type of the RGD's own
		masked, _ := hideInput(shown, []string{"spec", "schema", "types"})
		shown, _ = masked.(map[string]any)
	}
	for _, n := range g.Nodes {
		inner := s.graphOfTemplate(n)
		if inner == nil {
			continue
		}
		spec, _ := shown["spec"].(map[string]any)
		list, _ := spec["resources"].([]any)
		if n.Index >= len(list) {
			continue
		}
		entry := list[n.Index]
		for _, path := range s.secretInputs(inner, map[*graph.Graph]bool{}) {
			entry, _ = hideInput(entry, append([]string{"template"}, path...))
		}
		spec, list, shown = maps.Clone(spec), slices.Clone(list), maps.Clone(shown)
		list[n.Index], spec["resources"], shown["spec"] = entry, list, spec
	}
	return shown
}

// hideInput hides what stands at a path, or the text on the way that says it all.
// It reports whether it was there.
func hideInput(v any, path []string) (any, bool) {
	if len(path) == 0 {
		return hideAt(v, nil), true
	}
	switch v := v.(type) {
	case map[string]any:
		item, ok := v[path[0]]
		if !ok {
			return v, false
		}
		out := maps.Clone(v)
		var found bool
		out[path[0]], found = hideInput(item, path[1:])
		return out, found
	case []any:
		return hideAt(v, nil), true
	case string: // such as the name of a type, with a default
		return hideAt(v, nil), false
	}
	return v, false
}

// graphOfTemplate is the RGD that a node makes an instance of.
func (s *side) graphOfTemplate(n *graph.Node) *graph.Graph {
	version, kind := object.Text(n.Template, "apiVersion"), object.Text(n.Template, "kind")
	of := k8sschema.FromAPIVersionAndKind(version, kind).GroupKind()
	for _, g := range s.Result.Graphs {
		if g.RGD.GVK.GroupKind() == of {
			return g
		}
	}
	return nil
}

// secretInputs are the fields of an RGD's instances that end up in Secrets, its
// own or those of the RGDs that it builds on.
func (s *side) secretInputs(g *graph.Graph, seen map[*graph.Graph]bool) [][]string {
	if seen[g] {
		return nil
	}
	seen[g] = true
	out := secretInputs(g)
	for _, n := range g.Nodes {
		inner := s.graphOfTemplate(n)
		if inner == nil || inner == g {
			continue
		}
		for _, input := range s.secretInputs(inner, seen) {
			for _, f := range n.Fields {
				if !overlap(input, wildcards(f.Path)) {
					continue
				}
				for _, r := range f.Expr.Reads {
					if len(r.Path) > 0 && r.Path[0] == graph.SchemaVar && !r.Shape {
						out = append(out, r.Field()[1:])
					}
				}
			}
		}
	}
	return out
}
