package schema

import (
	"testing"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/go-cmp/cmp"
)

// describe prints a value's CEL type and content, or its error.
func describe(v ref.Val) string {
	if types.IsError(v) {
		return "error: " + v.(*types.Err).Error()
	}
	return v.Type().TypeName() + " " + types.Format(v)
}

func TestValue(t *testing.T) {
	text := &Schema{Type: "string"}
	quantity := &Schema{OneOf: []Branch{{Types: []string{"string"}}, {Types: []string{"number"}}}}
	tests := []struct {
		name string
		raw  any
		s    *Schema
		want string
	}{
		{"no schema", int64(3), nil, `int 3`},
		{"string", "a", text, `string "a"`},
		{"string of a number", int64(3), text, `error: invalid data, expected string, got int64`},
		{"null", nil, text, `error: invalid data, got null for schema with nullable=false`},
		{"nullable null", nil, &Schema{Type: "string", Nullable: true}, `null_type null`},
		{"byte", "aGk=", &Schema{Type: "string", Format: "byte"}, `bytes b"\150\151"`},
		{"bad byte", "%%%", &Schema{Type: "string", Format: "byte"}, `error: Invalid byte formatted string: illegal base64 data at input byte 0`},
		{"duration", "1h", &Schema{Type: "string", Format: "duration"}, `google.protobuf.Duration duration("3600s")`},
		{"date", "2024-02-03", &Schema{Type: "string", Format: "date"}, `google.protobuf.Timestamp timestamp("2024-02-03T00:00:00Z")`},
		{"date-time", "2024-02-03T04:05:06Z", &Schema{Type: "string", Format: "date-time"}, `google.protobuf.Timestamp timestamp("2024-02-03T04:05:06Z")`},
		{"boolean", true, &Schema{Type: "boolean"}, `bool true`},
		{"boolean of text", "true", &Schema{Type: "boolean"}, `error: invalid data, expected bool, got string`},
		{"integer", int64(3), &Schema{Type: "integer"}, `int 3`},
		{"integer of a whole float", 3.0, &Schema{Type: "integer"}, `int 3`},
		{"integer of a fraction", 3.5, &Schema{Type: "integer"}, `error: invalid data, expected int, got non-integer float 3.5`},
		{"number", 1.5, &Schema{Type: "number"}, `double 1.5`},
		{"number of a whole number", int64(2), &Schema{Type: "number"}, `double 2.0`},
		{"int-or-string extension", "80%", &Schema{IntOrString: true}, `string "80%"`},
		{"int-or-string format", int64(80), &Schema{Type: "string", Format: "int-or-string"}, `int 80`},
		{"int-or-string of a bool", true, &Schema{IntOrString: true}, `error: invalid data, expected XIntOrString value to be either a string or integer`},
		{"quantity text", "100m", quantity, `string "100m"`},
		{"quantity number", int64(2), quantity, `int 2`},
		{"untyped", "x", &Schema{}, `error: invalid type "": the schema does not say how to read the value`},
		{"unknown kept", "x", &Schema{PreserveUnknown: true}, `string "x"`},
		{"object without properties", map[string]any{"a": 1.0}, &Schema{Type: "object"}, `map {"a": 1.0}`},
		{"object of a list", []any{}, &Schema{Type: "object"}, `error: invalid data, expected a map for the provided schema with type=object`},
		{"list of an object", map[string]any{}, &Schema{Type: "array", Items: text}, `error: invalid data, expected an array for the provided schema with type=array`},
		{"list without items", []any{}, &Schema{Type: "array"}, `error: invalid array type, expected Items with a non-empty Schema`},
		{"unknown list type", []any{}, &Schema{Type: "array", Items: text, ListType: "bag"}, `error: invalid x-kubernetes-list-type, expected 'map', 'set' or 'atomic' but got bag`},
		{"list", []any{"a", "b"}, List(text), `list ["a", "b"]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, describe(Value(tt.raw, tt.s))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestObjectValue reads the fields of a struct and a map.
func TestObjectValue(t *testing.T) {
	s := &Schema{Type: "object", PreserveUnknown: true, Properties: map[string]*Schema{
		"a-b": {Type: "string"}, "ratio": {Type: "number"}, "gone": {Type: "string"}, "in": {Type: "string"},
	}}
	raw := map[string]any{"a-b": "dash", "ratio": int64(1), "gone": nil, "in": "word", "extra": int64(1)}
	object := Value(raw, s).(traits.Mapper)
	open := Value(map[string]any{"a-b": "x", "n": nil}, &Schema{
		Type: "object", AdditionalProperties: &Schema{Type: "string"}, HasAdditional: true,
	}).(traits.Mapper)
	tests := []struct {
		name string
		in   traits.Mapper
		key  string
		want string
	}{
		{"escaped", object, "a__dash__b", `string "dash"`},
		{"as written", object, "a-b", `string "dash"`},
		{"reserved word", object, "__in__", `string "word"`},
		{"typed", object, "ratio", `double 1.0`},
		{"null is absent", object, "gone", `error: no such key: gone`},
		{"absent", object, "nope", `error: no such key: nope`},
		{"unknown kept", object, "extra", `int 1`},
		{"map key", open, "a-b", `string "x"`},
		{"map keys are not escaped", open, "a__dash__b", `error: no such key: a__dash__b`},
		{"null in a map", open, "n", `error: invalid data, got null for schema with nullable=false`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, describe(tt.in.Get(types.String(tt.key)))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got := object.Size(); got != types.Int(5) {
		t.Errorf("size is %v, want 5: nulls count", got)
	}
	var keys []string
	for it := object.Iterator(); it.HasNext() == types.True; {
		keys = append(keys, string(it.Next().(types.String)))
	}
	if diff := cmp.Diff([]string{"a__dash__b", "extra", "gone", "__in__", "ratio"}, keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

// TestListSemantics compares and adds lists (S5.7).
func TestListSemantics(t *testing.T) {
	text, number := &Schema{Type: "string"}, &Schema{Type: "integer"}
	port := &Schema{Type: "object", Properties: map[string]*Schema{"name": text, "proto": text, "port": number}}
	list := func(elems ...any) ref.Val { return Value(elems, List(text)) }
	set := func(elems ...any) ref.Val {
		return Value(elems, &Schema{Type: "array", Items: text, ListType: "set"})
	}
	ports := func(keys []string, elems ...any) ref.Val {
		return Value(elems, &Schema{Type: "array", Items: port, ListType: "map", ListMapKeys: keys})
	}
	p := func(name, proto string, n int64) any {
		return map[string]any{"name": name, "proto": proto, "port": n}
	}
	byName, byBoth := []string{"name"}, []string{"name", "proto"}
	tests := []struct {
		name  string
		a, b  ref.Val
		equal ref.Val
		sum   string
	}{
		{"lists keep order", list("a", "b"), list("b", "a"), types.False, `["a", "b", "b", "a"]`},
		{"equal lists", list("a"), list("a"), types.True, `["a", "a"]`},
		{"sets ignore order", set("a", "b"), set("b", "a"), types.True, `["a", "b"]`},
		{"a union", set("a", "b"), set("c", "a"), types.False, `["a", "b", "c"]`},
		{"a set and a list", set("a"), list("a", "a"), types.False, `["a"]`},
		{"a list and a set", list("a"), set("a"), types.True, `["a", "a"]`},
		{
			"maps ignore order", ports(byName, p("a", "T", 1), p("b", "T", 2)), ports(byName, p("b", "T", 2), p("a", "T", 1)),
			types.True, `[{"name": "a", "port": 1, "proto": "T"}, {"name": "b", "port": 2, "proto": "T"}]`,
		},
		{
			"maps merge by key in place", ports(byName, p("a", "T", 1), p("b", "T", 2)), ports(byName, p("a", "U", 9), p("c", "T", 3)),
			types.False, `[{"name": "a", "port": 9, "proto": "U"}, {"name": "b", "port": 2, "proto": "T"}, {"name": "c", "port": 3, "proto": "T"}]`,
		},
		{
			"two keys", ports(byBoth, p("a", "T", 1)), ports(byBoth, p("a", "U", 2)),
			types.False, `[{"name": "a", "port": 1, "proto": "T"}, {"name": "a", "port": 2, "proto": "U"}]`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.a.Equal(tt.b); got != tt.equal {
				t.Errorf("equal is %v, want %v", got, tt.equal)
			}
			before := types.Format(tt.a)
			if diff := cmp.Diff(tt.sum, types.Format(tt.a.(traits.Adder).Add(tt.b))); diff != "" {
				t.Errorf("sum (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, types.Format(tt.a)); diff != "" {
				t.Errorf("adding changed the list (-before +after):\n%s", diff)
			}
		})
	}
	for index, want := range map[int]string{0: `string "a"`, 1: "error: index out of bounds: 1", -1: "error: index out of bounds: -1"} {
		if got := describe(list("a").(traits.Indexer).Get(types.Int(index))); got != want {
			t.Errorf("index %d gives %s, want %s", index, got, want)
		}
	}
}
