package schema

import (
	"encoding/json"
	"maps"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// InstanceSchema returns the typed view of kro's `schema` variable (S5.1): the
// root schema of a generated CRD without status and with full metadata. As in
// kro, enums, int-or-string, list types, embedded resources and validation
// rules are left out. props is not changed.
func InstanceSchema(props *apiextensionsv1.JSONSchemaProps, clusterScoped bool) *Schema {
	root := *props
	root.Properties = maps.Clone(props.Properties)
	delete(root.Properties, "status")
	out := fromProps(&root)
	if out.Properties == nil {
		out.Properties = map[string]*Schema{}
	}
	if clusterScoped {
		out.Properties["metadata"] = metaSchemas().namespaceless
	} else {
		out.Properties["metadata"] = ObjectMeta()
	}
	return out
}

// WithoutFormats returns a schema under which times, durations and bytes are the
// strings that JSON has for them.
func WithoutFormats(s *Schema) *Schema {
	if s == nil {
		return nil
	}
	out := *s
	if s.Type == "string" {
		out.Format = ""
	}
	if s.Properties != nil {
		out.Properties = make(map[string]*Schema, len(s.Properties))
		for name, p := range s.Properties {
			out.Properties[name] = WithoutFormats(p)
		}
	}
	out.Items, out.AdditionalProperties = WithoutFormats(s.Items), WithoutFormats(s.AdditionalProperties)
	return &out
}

func fromProps(p *apiextensionsv1.JSONSchemaProps) *Schema {
	if p == nil {
		return nil
	}
	out := &Schema{
		Type: p.Type, Format: p.Format, Description: p.Description, Nullable: p.Nullable, Required: p.Required,
		Pattern: p.Pattern, Minimum: p.Minimum, Maximum: p.Maximum,
		MinLength: p.MinLength, MaxLength: p.MaxLength, MinItems: p.MinItems, MaxItems: p.MaxItems,
		PreserveUnknown: p.XPreserveUnknownFields != nil && *p.XPreserveUnknownFields,
		OneOf:           branchesOfProps(p.OneOf), AnyOf: branchesOfProps(p.AnyOf),
	}
	if p.Default != nil {
		out.Default, out.HasDefault = decodeJSON(p.Default.Raw), true
	}
	if p.Items != nil {
		out.Items = fromProps(p.Items.Schema)
	}
	if p.Properties != nil {
		out.Properties = make(map[string]*Schema, len(p.Properties))
		for name := range p.Properties {
			c := p.Properties[name]
			out.Properties[name] = fromProps(&c)
		}
	}
	if a := p.AdditionalProperties; a != nil {
		out.HasAdditional = true
		out.AdditionalProperties = fromProps(a.Schema)
		out.AdditionalAllowed = a.Schema == nil && a.Allows // kro sets one or the other here
	}
	return out
}

func branchesOfProps(list []apiextensionsv1.JSONSchemaProps) []Branch {
	var out []Branch
	for i := range list {
		b := Branch{HasRequired: len(list[i].Required) > 0, HasNot: list[i].Not != nil}
		if t := list[i].Type; t != "" {
			b.Types = []string{t}
		}
		out = append(out, b)
	}
	return out
}

// decodeJSON returns the value of JSON text, nil if the text is not JSON; whole numbers
// become int64.
func decodeJSON(raw []byte) any {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return plainNumbers(v)
}
