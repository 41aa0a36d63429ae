package schema

import (
	"math"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
)

// Value returns raw, a JSON value, as the CEL value that expressions see of it:
// a lazy view that converts with the schema as it is read, so that values have
// their compile-time types (S5.7). A nil schema, and whatever a schema leaves
// open, gives the raw value.
func Value(raw any, s *Schema) ref.Val {
	if s == nil {
		return native(raw)
	}
	if raw == nil {
		if s.Nullable {
			return types.NullValue
		}
		return types.NewErr("invalid data, got null for schema with nullable=false")
	}
	if s.IsIntOrString() {
		return intOrString(raw)
	}
	switch s.Type {
	case "object":
		return objectValue(raw, s)
	case "array":
		return arrayValue(raw, s)
	case "string":
		return stringValue(raw, s.Format)
	case "number":
		return numberValue(raw)
	case "integer":
		return integerValue(raw)
	case "boolean":
		if b, ok := raw.(bool); ok {
			return types.Bool(b)
		}
		return types.NewErr("invalid data, expected bool, got %T", raw)
	}
	if s.PreserveUnknown || s.isQuantity() {
		return native(raw)
	}
	return types.NewErr("invalid type %q: the schema does not say how to read the value", s.Type)
}

// native is the untyped view of a JSON value.
func native(raw any) ref.Val { return types.DefaultTypeAdapter.NativeToValue(raw) }

// isQuantity recognises resource.Quantity, which OpenAPI v3 writes as oneOf
// string and number with no type of its own (S5.2).
func (s *Schema) isQuantity() bool {
	if s.Type != "" || len(s.OneOf) != 2 {
		return false
	}
	a, b := s.OneOf[0].first(), s.OneOf[1].first()
	return a == "string" && b == "number" || a == "number" && b == "string"
}

func (b Branch) first() string {
	if len(b.Types) == 0 {
		return ""
	}
	return b.Types[0]
}

func intOrString(raw any) ref.Val {
	switch v := raw.(type) {
	case string:
		return types.String(v)
	case int64:
		return types.Int(v)
	}
	return types.NewErr("invalid data, expected XIntOrString value to be either a string or integer")
}

func objectValue(raw any, s *Schema) ref.Val {
	m, ok := raw.(map[string]any)
	if !ok {
		return types.NewErr("invalid data, expected a map for the provided schema with type=object")
	}
	if s.Properties == nil && s.AdditionalProperties == nil {
		return native(raw)
	}
	return &mapValue{raw: m, schema: s}
}

func arrayValue(raw any, s *Schema) ref.Val {
	l, ok := raw.([]any)
	if !ok {
		return types.NewErr("invalid data, expected an array for the provided schema with type=array")
	}
	if s.Items == nil {
		return types.NewErr("invalid array type, expected Items with a non-empty Schema")
	}
	list := listValue{elems: l, items: s.Items}
	switch s.ListType {
	case "":
		return &list
	case "map":
		return &mapListValue{listValue: list, keys: escapeAll(s.ListMapKeys)}
	case "set":
		return &setListValue{listValue: list}
	case "atomic":
		return &list
	}
	return types.NewErr("invalid x-kubernetes-list-type, expected 'map', 'set' or 'atomic' but got %s", s.ListType)
}

func stringValue(raw any, format string) ref.Val {
	str, ok := raw.(string)
	if !ok {
		return types.NewErr("invalid data, expected string, got %T", raw)
	}
	switch format {
	case "duration":
		d, err := strfmt.ParseDuration(str)
		if err != nil {
			return types.NewErr("Invalid duration %s: %v", str, err)
		}
		return types.Duration{Duration: d}
	case "date":
		d, err := time.Parse(strfmt.RFC3339FullDate, str)
		if err != nil {
			return types.NewErr("Invalid date formatted string %s: %v", str, err)
		}
		return types.Timestamp{Time: d}
	case "date-time":
		d, err := strfmt.ParseDateTime(str)
		if err != nil {
			return types.NewErr("Invalid date-time formatted string %s: %v", str, err)
		}
		return types.Timestamp{Time: time.Time(d)}
	case "byte":
		var b strfmt.Base64
		if err := b.UnmarshalText([]byte(str)); err != nil {
			// No text of the value: it is most often a Secret's.
			return types.NewErr("Invalid byte formatted string: %v", err)
		}
		return types.Bytes(b)
	}
	return types.String(str)
}

func numberValue(raw any) ref.Val {
	switch v := raw.(type) {
	case int64: // whole floats lose their fraction on the way through JSON
		return types.Double(v)
	case float64:
		return types.Double(v)
	}
	return types.NewErr("invalid data, expected float, got %T", raw)
}

func integerValue(raw any) ref.Val {
	switch v := raw.(type) {
	case int64:
		return types.Int(v)
	case float64:
		if !math.IsNaN(v) && !math.IsInf(v, 0) && v == math.Trunc(v) && v >= math.MinInt64 && v <= math.MaxInt64 {
			return types.Int(int64(v))
		}
		return types.NewErr("invalid data, expected int, got non-integer float %v", v)
	}
	return types.NewErr("invalid data, expected int, got %T", raw)
}
