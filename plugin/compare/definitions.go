package compare

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/compare/compat"
	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// allowBreaking is the annotation of an RGD with which kro updates its CRD
// whatever breaks (S1.11).
const allowBreaking = "kro.run/allow-breaking-changes"

// definitions adds the RGDs that differ, matched by name, and by place
// where several have one, and their dangers.
func (c *comparison) definitions(r *Report) {
	keys := slices.Collect(maps.Keys(c.old.graphs))
	for key := range c.new.graphs {
		if c.old.graphs[key] == nil {
			keys = append(keys, key)
		}
	}
	keys = append(keys, c.brokenNames()...)
	slices.Sort(keys)
	for _, key := range keys {
		name, _, _ := strings.Cut(key, " ")
		if c.new.graphs[key] == nil && c.unreadDefinition(c.old.graphs[key]) {
			continue
		}
		d, dangers := c.definition(name, c.old.graphs[key], c.new.graphs[key])
		if d != nil {
			d.key = key
			r.Definitions = append(r.Definitions, *d)
			r.Dangers = append(r.Dangers, dangers...)
		}
	}
}

// brokenNames are RGDs that compile on neither side.
func (c *comparison) brokenNames() []string {
	var out []string
	for _, d := range c.new.Result.Diagnostics {
		name, ok := strings.CutPrefix(d.Object, definitionTitle(""))
		if ok && d.Severity == diag.Error && !c.has(name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// has reports whether a side has an RGD of a name.
func (c *comparison) has(name string) bool {
	for _, s := range []*side{c.old, c.new} {
		for _, g := range s.Result.Graphs {
			if g.RGD.Name == name {
				return true
			}
		}
	}
	return false
}

func (c *comparison) definition(name string, old, now *graph.Graph) (*DefinitionChange, []Danger) {
	d := &DefinitionChange{Name: name}
	if g := cmp.Or(now, old); g != nil {
		at := g.RGD.Doc.Start()
		d.Group, d.Kind, d.Position = g.RGD.GVK.Group, g.RGD.GVK.Kind, &at
	}
	switch {
	case now == nil:
		d.Status = Removed
		for _, finding := range c.new.Result.Diagnostics {
			if finding.Severity == diag.Error && finding.Object == definitionTitle(name) {
				d.Status, d.Position = Broken, &finding.Pos
				d.Diagnostics = append(d.Diagnostics, finding)
			}
		}
		return d, nil
	case old == nil:
		d.Status = Added
		return d, c.newOwner(now)
	case field.Equal(old.RGD.Doc.Object, now.RGD.Doc.Object):
		return nil, nil
	}
	d.Status = Changed
	d.Allowed = object.Annotation(now.RGD.Doc.Object, allowBreaking) == "true"
	d.nodes(old.RGD.Resources, now.RGD.Resources, old, now)
	d.Fields = c.definitionFields(old, now)
	if dangers := fixedFields(old, now); len(dangers) > 0 {
		return d, dangers
	}
	secrets := append(secretInputs(old), secretInputs(now)...)
	for _, change := range compat.Compare(old.CRD, now.CRD, now.Kro) {
		change.Before, change.After = maskInput(change.Before, change, secrets), maskInput(change.After, change, secrets)
		at := schemaPosition(now, change)
		d.Schema = append(d.Schema, SchemaChange{Change: change, Position: &at})
		d.Breaking = d.Breaking || change.Breaking
	}
	return d, d.dangers()
}

// nodes lists the resources that come, go and differ, in the order of the RGD.
func (d *DefinitionChange) nodes(before, after []graph.Resource, old, now *graph.Graph) {
	entry := func(g *graph.Graph, i int) any {
		spec, _ := g.RGD.Doc.Object["spec"].(map[string]any)
		list, _ := spec["resources"].([]any)
		if i < len(list) {
			return list[i]
		}
		return nil
	}
	byID := map[string]int{}
	for i, r := range before {
		byID[r.ID] = i
	}
	for i, r := range after {
		j, ok := byID[r.ID]
		switch {
		case !ok:
			d.NodesAdded = append(d.NodesAdded, r.ID)
		case !field.Equal(entry(old, j), entry(now, i)):
			d.NodesChanged = append(d.NodesChanged, r.ID)
		}
	}
	for _, r := range before {
		if !slices.ContainsFunc(after, func(a graph.Resource) bool { return a.ID == r.ID }) {
			d.NodesRemoved = append(d.NodesRemoved, r.ID)
		}
	}
}

// dangers are the changes of the schema for which kro would refuse to update
// the CRD.
func (d *DefinitionChange) dangers() []Danger {
	var out []Danger
	for _, change := range d.Schema {
		if !change.Breaking {
			continue
		}
		x := Danger{
			Severity: diag.Error, Rule: "schema-breaking", Node: d.Name, Path: change.Path, Position: change.Position,
			Message: change.describe() + ": kro does not update the CRD, unless the RGD has the annotation " + allowBreaking + ": \"true\"",
		}
		if d.Allowed {
			x.Severity, x.Message = diag.Warning, change.describe()+", which the RGD allows ("+allowBreaking+")"
		}
		out = append(out, x)
	}
	return out
}

// describe says a breaking change in words.
func (c SchemaChange) describe() string {
	switch c.Verdict {
	case "PROPERTY_REMOVED":
		return "a field is removed"
	case "PROPERTY_ADDED":
		return "a new field is required and has no default"
	case "TYPE_CHANGED":
		return fmt.Sprintf("the type changes from %s to %s", c.Before, c.After)
	case "REQUIRED_ADDED":
		return "a field becomes required"
	case "REQUIRED_DEFAULT_REMOVED":
		return "a required field loses its default"
	case "ENUM_RESTRICTED":
		return fmt.Sprintf("the value %s is no longer allowed", c.Before)
	case "ENUM_ADDED":
		return "only these values are allowed now: " + c.After
	case "NULLABLE_REMOVED":
		return "null is no longer allowed"
	case "PRESERVE_UNKNOWN_FIELDS_REMOVED":
		return "unknown fields are no longer kept"
	case "PATTERN_ADDED":
		return fmt.Sprintf("values have to match %s", c.After)
	case "PATTERN_CHANGED":
		return fmt.Sprintf("values have to match %s instead of %s", c.After, c.Before)
	}
	if c.Before == "" {
		return fmt.Sprintf("a limit is new: %s (%s)", c.After, c.Verdict)
	}
	return fmt.Sprintf("a limit is tighter: %s instead of %s (%s)", c.After, c.Before, c.Verdict)
}

// schemaPosition is where an RGD says what a schema has at a path.
func schemaPosition(g *graph.Graph, c compat.Change) diag.Position {
	path := diag.Path{"spec", "schema"}
	if len(c.Steps) == 0 && c.Path == "version" {
		path = path.With("apiVersion")
	}
	return g.RGD.Doc.KeyPosition(path.With(c.Steps...))
}

// fixedFields reports what the API server does not let change of an RGD (S1.2).
func fixedFields(old, now *graph.Graph) []Danger {
	var out []Danger
	scope := func(g *graph.Graph) string {
		if g.RGD.ClusterScoped {
			return "Cluster"
		}
		return "Namespaced"
	}
	for _, f := range []struct{ name, was, is string }{
		{"kind", old.RGD.GVK.Kind, now.RGD.GVK.Kind},
		{"apiVersion", old.RGD.GVK.Version, now.RGD.GVK.Version},
		{"group", old.RGD.GVK.Group, now.RGD.GVK.Group},
		{"scope", scope(old), scope(now)},
	} {
		if f.was == f.is {
			continue
		}
		path := diag.Path{"spec", "schema", f.name}
		at := now.RGD.Doc.KeyPosition(path)
		out = append(out, Danger{
			Severity: diag.Error, Rule: "definition-immutable", Node: now.RGD.Name, Path: path.String(), Position: &at,
			Message: fmt.Sprintf("%s of an RGD cannot change from %s to %s: the API server refuses the update", f.name, f.was, f.is),
		})
	}
	return out
}

// newOwner reports an RGD whose kind another one had: kro leaves a CRD to the RGD
// that made it.
func (c *comparison) newOwner(now *graph.Graph) []Danger {
	for _, name := range slices.Sorted(maps.Keys(c.old.graphs)) {
		old := c.old.graphs[name]
		if old.RGD.GVK.GroupKind() != now.RGD.GVK.GroupKind() || old.RGD.Name == now.RGD.Name {
			continue // another kind, or a copy for another cluster
		}
		at := now.RGD.Doc.KeyPosition(diag.Path{"metadata", "name"})
		return []Danger{{
			Severity: diag.Error, Rule: "definition-owner", Node: now.RGD.Name, Path: "metadata.name", Position: &at,
			Message: fmt.Sprintf("kind %s belongs to the RGD %s: kro does not let another one have its CRD while that exists", now.RGD.GVK.Kind, old.RGD.Name),
		}}
	}
	return nil
}
