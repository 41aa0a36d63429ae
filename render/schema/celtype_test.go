package schema

import (
	"encoding/json"
	"testing"

	"github.com/google/cel-go/cel"
	"github.com/google/go-cmp/cmp"
)

func objectWith(properties map[string]*Schema) *Schema {
	return &Schema{Type: "object", Properties: properties}
}

func mapOf(s *Schema) *Schema {
	return &Schema{Type: "object", AdditionalProperties: s, HasAdditional: true}
}

// web is a kind with a field of every sort.
func web() *Schema {
	text, number, yes := &Schema{Type: "string"}, &Schema{Type: "integer"}, &Schema{Type: "boolean"}
	container := objectWith(map[string]*Schema{"name": text, "image": text, "tty": yes})
	return objectWith(map[string]*Schema{
		"name": text, "count": number, "ratio": {Type: "number"}, "on": yes, "a-b": text, "x.y": text, "in": text, "u__v": text,
		"data": {Type: "string", Format: "byte"}, "when": {Type: "string", Format: "date-time"}, "for": {Type: "string", Format: "duration"},
		"port": {IntOrString: true}, "quantity": {OneOf: []Branch{{Types: []string{"string"}}, {Types: []string{"number"}}}},
		"untyped": {}, "labels": mapOf(text), "counts": mapOf(number), "bare": {Type: "object"},
		"open": {Type: "object", PreserveUnknown: true, Properties: map[string]*Schema{"known": text}},
		"list": List(text), "lists": List(List(number)), "containers": List(container), "container": container,
		"meta": objectWith(map[string]*Schema{"name": text}), "pair": objectWith(map[string]*Schema{"a": text, "b": text}),
		"wrong": objectWith(map[string]*Schema{"name": number}), "byName": mapOf(container), "holes": List(&Schema{}),
	})
}

func TestTypesFields(t *testing.T) {
	types := NewTypes(map[string]*Schema{"web": web(), "webs": List(web()), "none": {}})
	types.Variables()
	tests := []struct {
		typeName, field, want string
	}{
		{"__type_web", "name", "string"},
		{"__type_web", "count", "int"},
		{"__type_web", "ratio", "double"},
		{"__type_web", "on", "bool"},
		{"__type_web", "data", "bytes"},
		{"__type_web", "when", "google.protobuf.Timestamp"},
		{"__type_web", "__for__", "google.protobuf.Duration"},
		{"__type_web", "for", "google.protobuf.Duration"},
		{"__type_web", "port", "dyn"},
		{"__type_web", "quantity", "-"},
		{"__type_web", "untyped", "-"},
		{"__type_web", "holes", "-"},
		{"__type_web", "nope", "-"},
		{"__type_web", "a-b", "-"},
		{"__type_web", "a__dash__b", "string"},
		{"__type_web", "x__dot__y", "string"},
		{"__type_web", "in", "string"},
		{"__type_web", "__in__", "string"},
		{"__type_web", "u__v", "-"},
		{"__type_web", "u__underscores__v", "string"},
		{"__type_web", "__name__", "-"},
		{"__type_web", "labels", "map(string, string)"},
		{"__type_web", "bare", "__type_web.bare"},
		{"__type_web", "list", "list(string)"},
		{"__type_web", "lists", "list(list(int))"},
		{"__type_web", "containers", "list(__type_web.containers.@idx)"},
		{"__type_web.containers.@idx", "image", "string"},
		{"__type_web", "byName", "map(string, __type_web.byName.@elem)"},
		{"__type_web.byName.@elem", "image", "string"},
		{"__type_web", "open", "__type_web.open"},
		{"__type_web.open", "known", "string"},
		{"__type_web.open", "anything", "dyn"},
		{"__type_webs.@idx", "count", "int"},
		{"__type_other", "name", "-"},
	}
	for _, tt := range tests {
		t.Run(tt.typeName+"."+tt.field, func(t *testing.T) {
			got := "-"
			if f, ok := types.FindStructFieldType(tt.typeName, tt.field); ok {
				got = f.Type.String()
			}
			if got != tt.want {
				t.Errorf("is %s, want %s", got, tt.want)
			}
		})
	}
	var names []string
	for _, name := range []string{"none", "web", "webs"} {
		if typ := types.Variables()[name]; typ != nil {
			names = append(names, name+" "+typ.String())
		}
	}
	if diff := cmp.Diff([]string{"web __type_web", "webs list(__type_webs.@idx)"}, names); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}

func TestFieldType(t *testing.T) {
	root := web()
	root.Properties["anyMap"] = &Schema{Type: "object", HasAdditional: true, AdditionalAllowed: true}
	types := NewTypes(map[string]*Schema{"web": root})
	types.Variables()
	tests := []struct {
		name string
		path []any
		want string
	}{
		{"scalar", []any{"name"}, "string"},
		{"dashed", []any{"a-b"}, "string"},
		{"item", []any{"containers", 0}, "__type_web.containers.@idx"},
		{"field of an item", []any{"containers", 3, "tty"}, "bool"},
		{"map value", []any{"labels", "any.key"}, "string"},
		{"struct in a map", []any{"byName", "x", "image"}, "string"},
		{"struct", []any{"container"}, "__type_web.container"},
		{"int-or-string", []any{"port"}, "dyn"},
		{"quantity", []any{"quantity"}, "dyn"},
		{"not described", []any{"nope"}, "dyn"},
		{"below unknown", []any{"open", "x", "y"}, "dyn"},
		{"below a map of anything", []any{"anyMap", "x"}, "dyn"},
		{"index into no list", []any{"name", 0}, "dyn"},
		{"an empty step is skipped", []any{"", "name"}, "string"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := types.FieldType("web", root, tt.path).String(); got != tt.want {
				t.Errorf("is %s, want %s", got, tt.want)
			}
		})
	}
}

// TestCompatible has accepted and refused examples of each rule of S5.6.
func TestCompatible(t *testing.T) {
	types := NewTypes(map[string]*Schema{"web": web(), "webs": List(web())})
	types.Variables()
	typeOf := func(fieldName string) *cel.Type {
		f, ok := types.FindStructFieldType("__type_web", fieldName)
		if !ok {
			t.Fatalf("no field %s", fieldName)
		}
		return f.Type
	}
	container, pair, meta, open := typeOf("container"), typeOf("pair"), typeOf("meta"), typeOf("open")
	texts, numbers := cel.MapType(cel.StringType, cel.StringType), cel.MapType(cel.StringType, cel.IntType)
	tests := []struct {
		name      string
		out, want *cel.Type
		why       string // empty: accepted
	}{
		{"the same", cel.StringType, cel.StringType, ""},
		{"dyn into anything", cel.DynType, cel.IntType, ""},
		{"anything into dyn", cel.BytesType, cel.DynType, ""},
		{"dyn inside a list", cel.ListType(cel.DynType), cel.ListType(cel.IntType), ""},
		{"an optional", cel.OptionalType(cel.StringType), cel.StringType, ""},
		{"an optional of another type", cel.OptionalType(cel.IntType), cel.StringType, "integer is not string"},
		{"map into struct", texts, pair, ""},
		{"map into struct, one field differs", texts, container, `the map's values do not fit field "tty": string is not boolean`},
		{"mixed map into struct", cel.MapType(cel.StringType, cel.DynType), container, ""},
		{"map with number keys into struct", cel.MapType(cel.IntType, cel.StringType), pair, "the map's keys are not strings"},
		{"struct into map", pair, texts, ""},
		{"struct into map, one field differs", container, texts, `field "tty" does not fit the map's values: boolean is not string`},
		{"object without fields into map", typeOf("bare"), numbers, ""},
		{"struct into a map with number keys", pair, cel.MapType(cel.IntType, cel.StringType), "the map's keys are not strings"},
		{"list", cel.ListType(pair), cel.ListType(texts), ""},
		{"list element differs", cel.ListType(cel.IntType), cel.ListType(cel.StringType), "list element: integer is not string"},
		{"scalar into list", cel.StringType, cel.ListType(cel.StringType), "string is not []string"},
		{"map into map", texts, texts, ""},
		{"map value differs", numbers, texts, "map value: integer is not string"},
		{"map key differs", cel.MapType(cel.IntType, cel.StringType), texts, "map key: integer is not string"},
		{"scalar into map", cel.StringType, texts, "string is not map[string]string"},
		{"subset of a struct", meta, container, ""},
		{"more than the struct", container, meta, `field "image" is not a field of the expected type`},
		{"field of a struct differs", typeOf("wrong"), meta, `field "name": integer is not string`},
		{"struct into one that keeps unknown fields", container, open, ""},
		{"scalar into struct", cel.StringType, container, ""},
		{"list into struct", cel.ListType(cel.StringType), container, ""},
		{"struct of a list variable", cel.ObjectType("__type_webs.@idx.container"), meta, ""},
		{"struct nobody knows", cel.ObjectType("__type_other"), meta, ""},
		{"int into double", cel.IntType, cel.DoubleType, "integer is not number"},
		{"int into string", cel.IntType, cel.StringType, "integer is not string"},
		{"string into bytes", cel.StringType, cel.BytesType, "string is not bytes"},
		{"string into timestamp", cel.StringType, cel.TimestampType, "string is not timestamp"},
		{"null into string", cel.NullType, cel.StringType, "null is not string"},
		{"struct into string", container, cel.StringType, "object is not string"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ok, why := types.Compatible(tt.out, tt.want)
			if ok != (tt.why == "") {
				t.Errorf("accepted: %v", ok)
			}
			if diff := cmp.Diff(tt.why, why); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestInfer publishes a status schema for each sort of type (S5.9).
func TestInfer(t *testing.T) {
	types := NewTypes(map[string]*Schema{"web": web()})
	types.Variables()
	if _, ok := types.FindStructFieldType("__type_web", "meta"); !ok {
		t.Fatal("no field meta")
	}
	keep := `"x-kubernetes-preserve-unknown-fields":true`
	tests := []struct {
		name string
		typ  *cel.Type
		want string
	}{
		{"string", cel.StringType, `{"type":"string"}`},
		{"int", cel.IntType, `{"type":"integer"}`},
		{"uint", cel.UintType, `{"type":"integer"}`},
		{"double", cel.DoubleType, `{"type":"number"}`},
		{"bool", cel.BoolType, `{"type":"boolean"}`},
		{"bytes", cel.BytesType, `{"type":"string","format":"byte"}`},
		{"timestamp", cel.TimestampType, `{"description":"Timestamp representing a creation time","type":"string","format":"date-time"}`},
		{"dyn", cel.DynType, `{` + keep + `}`},
		{"null", cel.NullType, `{"description":"null type - any value allowed",` + keep + `}`},
		{"duration", cel.DurationType, `{"description":"unknown CEL type: google.protobuf.Duration",` + keep + `}`},
		{"optional", cel.OptionalType(cel.StringType), `{"description":"unknown CEL type: optional_type(string)",` + keep + `}`},
		{"list", cel.ListType(cel.IntType), `{"type":"array","items":{"type":"integer"}}`},
		{"map", cel.MapType(cel.StringType, cel.BoolType), `{"type":"object","additionalProperties":{"type":"boolean"}}`},
		{"struct", cel.ObjectType("__type_web.meta"), `{"type":"object","properties":{"name":{"type":"string"}}}`},
		{"struct nobody knows", cel.ObjectType("__type_other"), `{"type":"object","additionalProperties":true}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw, err := json.Marshal(types.Infer(tt.typ))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(raw)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	whole := types.Infer(cel.ObjectType("__type_web"))
	for name, want := range map[string]string{
		"a__dash__b": `{"type":"string"}`, "when": `{` + keep + `}`, "__for__": `{` + keep + `}`, "port": `{` + keep + `}`,
		"labels": `{"type":"object","additionalProperties":{"type":"string"}}`,
	} {
		raw, err := json.Marshal(whole.Properties[name])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(raw)); diff != "" {
			t.Errorf("%s in a struct (-want +got):\n%s", name, diff)
		}
	}
}
