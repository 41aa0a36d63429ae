// Package override sets fields of instances before admission, like an edit of
// their files.
package override

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/schema"
)

// Override sets fields of one instance before it is admitted, as an edit of its
// file would.
type Override struct {
	Instance string            // named as object.Key.Matches reads it
	Values   map[string]string // by path below spec, such as image.tag or ports[0].name
	Position diag.Position     // of what is wrong with the override itself
}

// Unmatched is the rule of an override that names no instance.
const Unmatched = "override-unmatched"

// Of returns the overrides of one instance.
func Of(all []Override, instance object.Key) []Override {
	var out []Override
	for _, o := range all {
		if instance.Matches(o.Instance) {
			out = append(out, o)
		}
	}
	return out
}

// Apply returns an instance with its overrides, the document's own object when
// it has none. A value is read as the type that the schema gives its field.
func Apply(doc *manifest.Document, own []Override, instance *schema.Schema) (map[string]any, diag.List) {
	var diags diag.List
	obj := doc.Object
	for _, o := range own {
		for _, path := range slices.Sorted(maps.Keys(o.Values)) {
			value, steps, err := overrideValue(instance.Properties["spec"], path, o.Values[path])
			if err == nil {
				var changed any
				if changed, err = with(obj, append(diag.Path{"spec"}, steps...), value); err == nil {
					obj = changed.(map[string]any)
					continue
				}
			}
			diags.Add(diag.Diagnostic{
				Severity: diag.Error, Rule: "override", Pos: o.Position, Object: doc.Title(), Path: "spec." + path,
				Message: fmt.Sprintf("field %s: %v", path, err),
			})
		}
	}
	return obj, diags
}

// Sets says of a path whether its value comes from an override rather than the
// file, as the end of a message; "" if it does not.
func Sets(own []Override, path diag.Path) string {
	for _, o := range own {
		for field := range o.Values {
			if at := "spec." + field; path.String() == at || strings.HasPrefix(path.String(), at+".") || strings.HasPrefix(path.String(), at+"[") {
				return " (set by the override of " + o.Instance + ")"
			}
		}
	}
	return ""
}

// Stray reports overrides that name no instance, or several.
func Stray(all []Override, instances []Candidate) diag.List {
	var diags diag.List
	for _, o := range all {
		var found []Candidate
		for _, i := range instances {
			if i.Key.Matches(o.Instance) {
				found = append(found, i)
			}
		}
		d := diag.Diagnostic{Severity: diag.Error, Rule: "override", Pos: o.Position}
		switch {
		case len(found) == 1:
			continue
		case len(found) > 1:
			d.Message = fmt.Sprintf("%s is the name of %d instances: %s", o.Instance, len(found), Listed(found))
		case len(instances) == 0:
			d.Rule = Unmatched
			d.Message = fmt.Sprintf("no instance is named %s: there are no instances", o.Instance)
		default:
			d.Rule = Unmatched
			d.Message = fmt.Sprintf("no instance is named %s; there are %s", o.Instance, Listed(instances))
		}
		diags.Add(d)
	}
	return diags
}

// Candidate is an instance that an override may name.
type Candidate struct {
	Key     object.Key
	Written string // KIND/NAMESPACE/NAME as far as the file says it
}

// Listed names the first few of them.
func Listed(all []Candidate) string {
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.Written
	}
	return listed(names)
}

func listed(names []string) string {
	if len(names) > 5 {
		return strings.Join(names[:5], ", ") + fmt.Sprintf(" and %d more", len(names)-5)
	}
	return strings.Join(names, ", ")
}

// CandidateOf returns the Candidate of a document.
func CandidateOf(doc *manifest.Document, key object.Key) Candidate {
	return Candidate{Key: key, Written: doc.Kind() + "/" + strings.TrimPrefix(doc.Namespace()+"/"+doc.Name(), "/")}
}
