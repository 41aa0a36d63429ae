package residual

import (
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
)

// builder writes the residual RGD.
type builder struct {
	*partition
	kind  string // of residual instances
	diags diag.List
}

// definition is the residual RGD as an object. Its resources stand in the
// original's topological order: kro then finds the same order, which the
// author's order would not ensure, since dependencies between nodes that Git
// renders are gone.
func (b *builder) definition() map[string]any {
	original := b.g.RGD.Doc.Object
	spec, _ := original["spec"].(map[string]any)
	authored, _ := spec["schema"].(map[string]any)
	s := maps.Clone(authored)
	s["kind"] = b.kind
	delete(s, "shortNames") // Kubernetes serves no second CRD of the group with them
	if status := b.status(); len(status) > 0 {
		s["status"] = status
	} else {
		delete(s, "status")
	}
	resources := []any{}
	items, _ := spec["resources"].([]any)
	for _, n := range b.g.Nodes {
		switch {
		case b.carried[n.ID]:
			resources = append(resources, b.reference(n))
		case b.has(n.ID) || b.kept[n.ID]:
			resources = append(resources, b.rewritten(items[n.Index], n.At))
		}
	}
	spec = maps.Clone(spec)
	spec["schema"], spec["resources"] = s, resources
	return map[string]any{"apiVersion": original["apiVersion"], "kind": original["kind"], "metadata": b.metadata(original), "spec": spec}
}

// metadata keeps labels and annotations, such as the one that lets kro break a
// CRD.
func (b *builder) metadata(original map[string]any) map[string]any {
	in, _ := original["metadata"].(map[string]any)
	out := map[string]any{"name": b.g.RGD.Name + NameSuffix}
	for _, field := range []string{"labels", "annotations"} {
		if entries, ok := in[field].(map[string]any); ok {
			if entries = withoutTracking(entries, field == "annotations"); len(entries) > 0 {
				out[field] = entries
			}
		}
	}
	return out
}

// reference is a node that Git renders as kro sees it: an object in the
// cluster, there under the conditions under which Git renders it.
func (b *builder) reference(n *graph.Node) map[string]any {
	root := n.At
	in, _ := n.Template["metadata"].(map[string]any)
	meta := map[string]any{"name": b.rewritten(in["name"], root.With("template", "metadata", "name"))}
	if ns, _ := in["namespace"].(string); ns != "" {
		meta["namespace"] = b.rewritten(ns, root.With("template", "metadata", "namespace"))
	}
	out := map[string]any{"id": n.ID, "externalRef": map[string]any{
		"apiVersion": n.Template["apiVersion"], "kind": n.Template["kind"], "metadata": meta,
	}}
	var conditions []any
	for _, e := range b.conditions(n) {
		if text := b.rewritten(e.Text, e.Path); !slices.Contains(conditions, text) {
			conditions = append(conditions, text)
		}
	}
	if conditions != nil {
		out["includeWhen"] = conditions
	}
	var ready []any
	for _, e := range n.ReadyWhen {
		ready = append(ready, e.Text)
	}
	if ready != nil {
		out["readyWhen"] = ready
	}
	return out
}

// rewritten copies a value of the original, at path, for the other kind.
func (b *builder) rewritten(value any, path diag.Path) any {
	return namer{b.g.RGD.GVK.Kind, b.g.Kro}.value(value, path, func(at diag.Path) {
		b.diags.Add(diag.Diagnostic{
			Severity: diag.Error, Rule: "delegate-kind", Pos: b.g.RGD.Doc.Position(at), Path: at.String(), Object: b.g.RGD.Doc.Title(),
			Message: "an expression uses the whole instance, whose kind is " + b.kind + " in the cluster",
			Hint:    "read schema.kind, schema.metadata or fields of schema.spec one by one",
		})
	})
}

// status keeps the fields that the residual RGD can compute.
func (b *builder) status() map[string]any {
	f := &statusFilter{builder: b}
	f.inspector = expr.NewInspector(append(slices.Sorted(maps.Keys(b.byID)), graph.SchemaVar, graph.RuntimeVar, graph.EachVar))
	at := diag.Path{"spec", "schema", "status"}
	out := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(b.g.RGD.Status)) {
		if v := f.value(b.g.RGD.Status[key], at.With(key)); v != nil {
			out[key] = v
		}
	}
	if len(f.dropped) > 0 {
		b.diags.Add(diag.Diagnostic{
			Severity: diag.Info, Rule: "delegate-status", Pos: b.g.RGD.Doc.Position(f.dropped[0]), Path: f.dropped[0].String(), Object: b.g.RGD.Doc.Title(),
			Message: "no status of " + b.kind + ", because it reads values that kro does not have there: " + f.names(),
		})
	}
	return out
}

// statusFilter leaves out what reads nodes that kro cannot see.
type statusFilter struct {
	*builder
	inspector *expr.Inspector
	dropped   []diag.Path
}

func (f *statusFilter) names() string {
	texts := make([]string, len(f.dropped))
	for i, path := range f.dropped {
		texts[i] = path[3:].String()
	}
	return strings.Join(texts, ", ")
}

// value returns what is left of a part of the status; nil for nothing. A list
// of fields is left out as a whole, since its indices mean something; a list of
// conditions is not.
func (f *statusFilter) value(v any, path diag.Path) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if item := f.value(v[key], path.With(key)); item != nil {
				out[key] = item
			}
		}
		if len(out) > 0 || len(v) == 0 {
			return out
		}
		return nil
	case []any:
		out := []any{}
		for i, item := range v {
			if kept := f.value(item, path.With(i)); kept != nil {
				out = append(out, kept)
			}
		}
		if len(out) == len(v) || len(out) > 0 && len(path) == 4 && path[3] == "conditions" {
			return out
		}
		return nil
	case string:
		return f.leaf(v, path)
	}
	return v
}

func (f *statusFilter) leaf(text string, path diag.Path) any {
	var reads []string
	if t, err := expr.Parse(text, f.g.Kro); err == nil && t != nil {
		if in, errs := f.inspector.Inspect(t.Source); errs == nil {
			reads = in.References
		}
	}
	carried, kept, hidden := f.reach(reads)
	if len(hidden) > 0 {
		f.dropped = append(f.dropped, path)
		return nil
	}
	maps.Copy(f.carried, carried)
	maps.Copy(f.kept, kept)
	out := f.rewritten(text, path)
	if len(reads) == 1 && reads[0] == graph.SchemaVar {
		return f.referring(out.(string))
	}
	return out
}

// referring returns the text of a field of the status so that it still refers
// to the instance, which kro demands of each, when its kind was all it read.
func (f *statusFilter) referring(text string) string {
	t, err := expr.Parse(text, f.g.Kro)
	if err != nil || t == nil {
		return text
	}
	if in, errs := f.inspector.Inspect(t.Source); errs != nil || len(in.References) > 0 {
		return text
	}
	at := t.Parts[0].Start + len("${")
	return text[:at] + `schema.metadata.name == "" ? "" : ` + text[at:]
}
