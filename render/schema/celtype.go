package schema

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	apiservercel "k8s.io/apiserver/pkg/cel"
)

// typePrefix starts the CEL type name of every variable's root type, so that
// types and variables never share a name.
const typePrefix = "__type_"

// Types is the CEL type system of one graph (S5.2): a schema per variable, whose
// struct types are named by their path, such as __type_web.spec.template. Types
// are made when the checker asks for them, not up front: a Deployment has
// thousands of fields and an expression names a few.
//
// It is a types.Provider and safe for concurrent use.
type Types struct {
	types.Provider // answers for everything that no schema defines

	roots map[string]*Schema

	mu    sync.Mutex
	named map[string]*Schema // struct type name -> schema
}

// NewTypes returns the type system of the given variables.
func NewTypes(roots map[string]*Schema) *Types {
	registry := types.NewEmptyRegistry()
	return &Types{Provider: registry, roots: maps.Clone(roots), named: map[string]*Schema{}}
}

// Variables returns the type of every variable whose schema has one.
func (t *Types) Variables() map[string]*cel.Type {
	out := make(map[string]*cel.Type, len(t.roots))
	for _, name := range slices.Sorted(maps.Keys(t.roots)) {
		if typ := t.TypeOf(t.roots[name], typePrefix+name); typ != nil {
			out[name] = typ
		}
	}
	return out
}

// List returns the schema of a list of s: what a collection is to other nodes.
func List(s *Schema) *Schema { return &Schema{Type: "array", Items: s} }

// TypeOf returns the CEL type of a schema, naming struct types from name on, or
// nil when CEL has no type for it.
func (t *Types) TypeOf(s *Schema, name string) *cel.Type {
	switch {
	case s == nil:
		return nil
	case s.IsIntOrString():
		return cel.DynType
	}
	switch s.Type {
	case "array":
		if elem := t.TypeOf(s.Items, name+".@idx"); elem != nil {
			return cel.ListType(elem)
		}
		return nil
	case "object":
		if s.AdditionalProperties != nil {
			elem := t.TypeOf(s.AdditionalProperties, name+".@elem")
			if elem == nil {
				elem = cel.DynType
			}
			return cel.MapType(cel.StringType, elem)
		}
		t.mu.Lock()
		t.named[name] = s
		t.mu.Unlock()
		return cel.ObjectType(name)
	}
	return scalarType(s)
}

func scalarType(s *Schema) *cel.Type {
	switch s.Type {
	case "string":
		switch s.Format {
		case "byte":
			return cel.BytesType
		case "duration":
			return cel.DurationType
		case "date", "date-time":
			return cel.TimestampType
		}
		return cel.StringType
	case "boolean":
		return cel.BoolType
	case "number":
		return cel.DoubleType
	case "integer":
		return cel.IntType
	}
	return nil
}

// representable reports whether TypeOf would give a type, without naming any.
func representable(s *Schema) bool {
	for s != nil && !s.IsIntOrString() && s.Type == "array" {
		s = s.Items
	}
	return s != nil && (s.IsIntOrString() || s.Type == "object" || scalarType(s) != nil)
}

// field returns the property behind an escaped field name of a struct.
func field(s *Schema, escaped string) (*Schema, bool) {
	if s.Type != "object" || s.AdditionalProperties != nil {
		return nil, false
	}
	name := escaped
	if strings.Contains(escaped, "__") {
		var ok bool
		if name, ok = apiservercel.Unescape(escaped); !ok {
			return nil, false
		}
	}
	p, ok := s.Properties[name]
	if !ok || !representable(p) {
		return nil, false
	}
	// Only the canonical spelling names the field.
	if e, ok := apiservercel.Escape(name); !ok || e != escaped {
		return nil, false
	}
	return p, true
}

// fields lists the escaped names of a struct's representable fields, sorted.
func fields(s *Schema) []string {
	var out []string
	for name, p := range s.Properties {
		if e, ok := apiservercel.Escape(name); ok && representable(p) {
			out = append(out, e)
		}
	}
	slices.Sort(out)
	return out
}

func (t *Types) lookup(typeName string) (*Schema, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.named[typeName]
	return s, ok
}

// FindStructType implements types.Provider.
func (t *Types) FindStructType(typeName string) (*types.Type, bool) {
	if _, ok := t.lookup(typeName); ok {
		return types.NewTypeTypeWithParam(cel.ObjectType(typeName)), true
	}
	return t.Provider.FindStructType(typeName)
}

// FindStructFieldNames implements types.Provider; kro's provider has no answer
// either.
func (t *Types) FindStructFieldNames(string) ([]string, bool) { return []string{}, false }

// FieldNames lists the fields of a struct type, escaped and sorted, for "did you
// mean".
func (t *Types) FieldNames(typeName string) []string {
	if s, ok := t.lookup(typeName); ok {
		return fields(s)
	}
	return nil
}

// Field is the schema of a field of a struct type, by its escaped name.
func (t *Types) Field(typeName, escaped string) (*Schema, bool) {
	if s, ok := t.lookup(typeName); ok {
		return field(s, escaped)
	}
	return nil, false
}

// FindStructFieldType implements types.Provider. Field names are escaped as in
// Kubernetes CEL, CEL's reserved words may also be written plainly, and an
// object that keeps unknown fields has a dyn field of every other name (S5.2).
func (t *Types) FindStructFieldType(typeName, name string) (*types.FieldType, bool) {
	s, ok := t.lookup(typeName)
	if !ok {
		return t.Provider.FindStructFieldType(typeName, name)
	}
	escaped := name
	f, ok := field(s, name)
	if !ok && reserved[name] {
		escaped = "__" + name + "__"
		f, ok = field(s, escaped)
	}
	switch {
	case ok:
		return &types.FieldType{Type: t.TypeOf(f, typeName+"."+escaped)}, true
	case s.PreserveUnknown:
		return &types.FieldType{Type: cel.DynType}, true
	}
	return nil, false
}

// NewValue implements types.Provider; schemas have no literals.
func (t *Types) NewValue(typeName string, fields map[string]ref.Val) ref.Val {
	return t.Provider.NewValue(typeName, fields)
}

// reserved holds the words of CEL's grammar and those it keeps for later
// (https://github.com/google/cel-spec, doc/langdef.md, syntax).
var reserved = map[string]bool{
	"true": true, "false": true, "null": true, "in": true,
	"as": true, "break": true, "const": true, "continue": true, "else": true,
	"for": true, "function": true, "if": true, "import": true, "let": true,
	"loop": true, "package": true, "namespace": true, "return": true,
	"var": true, "void": true, "while": true,
}
