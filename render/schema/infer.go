package schema

import (
	"fmt"

	"github.com/google/cel-go/cel"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// Infer returns the OpenAPI schema that kro publishes for a status field whose
// expression has type typ (S5.9). Struct types are copied field by field, with
// escaped names; what has no schema keeps unknown fields.
func (t *Types) Infer(typ *cel.Type) *apiextensionsv1.JSONSchemaProps {
	if s := primitiveProps(typ.String()); s != nil {
		return s
	}
	switch typ.Kind() {
	case cel.ListKind:
		if p := typ.Parameters(); len(p) > 0 {
			return arrayProps(t.Infer(p[0]))
		}
		return &apiextensionsv1.JSONSchemaProps{Type: "array"}
	case cel.MapKind:
		if p := typ.Parameters(); len(p) > 1 {
			return mapProps(t.Infer(p[1]))
		}
		return openProps()
	case cel.StructKind:
		if s, ok := t.lookup(typ.String()); ok {
			return declared(s)
		}
		return openProps()
	case cel.DynKind:
		return anyProps("")
	case cel.TimestampKind:
		return &apiextensionsv1.JSONSchemaProps{
			Type: "string", Format: "date-time", Description: "Timestamp representing a creation time",
		}
	}
	return anyProps(fmt.Sprintf("unknown CEL type: %s", typ))
}

// declared is the schema of a struct type's field as copied into status. Inside
// a struct, timestamps and durations keep unknown fields (S12.93).
func declared(s *Schema) *apiextensionsv1.JSONSchemaProps {
	switch {
	case s == nil || s.IsIntOrString():
		return anyProps("")
	case s.Type == "array":
		return arrayProps(declared(s.Items))
	case s.Type == "object" && s.AdditionalProperties != nil:
		if !representable(s.AdditionalProperties) {
			return mapProps(anyProps(""))
		}
		return mapProps(declared(s.AdditionalProperties))
	case s.Type == "object":
		out := &apiextensionsv1.JSONSchemaProps{Type: "object", Properties: map[string]apiextensionsv1.JSONSchemaProps{}}
		for _, name := range fields(s) {
			f, _ := field(s, name)
			out.Properties[name] = *declared(f)
		}
		return out
	}
	if typ := scalarType(s); typ != nil {
		if p := primitiveProps(typ.String()); p != nil {
			return p
		}
	}
	return anyProps("")
}

func primitiveProps(typeName string) *apiextensionsv1.JSONSchemaProps {
	switch typeName {
	case "bool":
		return &apiextensionsv1.JSONSchemaProps{Type: "boolean"}
	case "int", "uint":
		return &apiextensionsv1.JSONSchemaProps{Type: "integer"}
	case "double":
		return &apiextensionsv1.JSONSchemaProps{Type: "number"}
	case "string":
		return &apiextensionsv1.JSONSchemaProps{Type: "string"}
	case "bytes":
		return &apiextensionsv1.JSONSchemaProps{Type: "string", Format: "byte"}
	case "null_type":
		return anyProps("null type - any value allowed")
	}
	return nil
}

func anyProps(description string) *apiextensionsv1.JSONSchemaProps {
	return &apiextensionsv1.JSONSchemaProps{Description: description, XPreserveUnknownFields: new(true)}
}

func openProps() *apiextensionsv1.JSONSchemaProps {
	return &apiextensionsv1.JSONSchemaProps{
		Type: "object", AdditionalProperties: &apiextensionsv1.JSONSchemaPropsOrBool{Allows: true},
	}
}

func arrayProps(items *apiextensionsv1.JSONSchemaProps) *apiextensionsv1.JSONSchemaProps {
	return &apiextensionsv1.JSONSchemaProps{
		Type: "array", Items: &apiextensionsv1.JSONSchemaPropsOrArray{Schema: items},
	}
}

func mapProps(values *apiextensionsv1.JSONSchemaProps) *apiextensionsv1.JSONSchemaProps {
	return &apiextensionsv1.JSONSchemaProps{
		Type: "object", AdditionalProperties: &apiextensionsv1.JSONSchemaPropsOrBool{Schema: values},
	}
}
