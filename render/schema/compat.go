package schema

import (
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"

	"github.com/krowave/krowave/render/expr"
)

// Compatible reports whether a value of type out may be written to a field of
// type want, and if not, why (S5.6). CEL assignability is enough; else the two
// are compared by structure.
func (t *Types) Compatible(out, want *cel.Type) (bool, string) {
	if want.IsAssignableType(out) {
		return true, ""
	}
	why := t.incompatible(out, want)
	return why == "", why
}

// incompatible returns why out does not fit want by structure, or "".
func (t *Types) incompatible(out, want *cel.Type) string {
	if want.Kind() == cel.DynKind || out.Kind() == cel.DynKind {
		return ""
	}
	if out.Kind() == cel.OpaqueKind && out.TypeName() == "optional_type" {
		return t.incompatible(out.Parameters()[0], want)
	}
	switch {
	case want.Kind() == cel.StructKind && out.Kind() == cel.MapKind:
		return t.mapIntoStruct(out, want)
	case want.Kind() == cel.MapKind && out.Kind() == cel.StructKind:
		return t.structIntoMap(out, want)
	case want.Kind() == cel.ListKind:
		return t.parameters(out, want, "list element")
	case want.Kind() == cel.MapKind:
		return t.parameters(out, want, "map key", "map value")
	case want.Kind() == cel.StructKind:
		return t.structIntoStruct(out, want)
	case out.Kind() != want.Kind():
		return isNot(out, want)
	}
	return ""
}

func isNot(out, want *cel.Type) string {
	return expr.TypeName(out.String()) + " is not " + expr.TypeName(want.String())
}

// parameters compares type parameters one by one. A scalar in the place of a
// list or map has none, which is reported as such.
func (t *Types) parameters(out, want *cel.Type, names ...string) string {
	o, w := out.Parameters(), want.Parameters()
	if len(o) < len(names) || len(w) < len(names) {
		if len(o) != len(w) {
			return isNot(out, want)
		}
		return ""
	}
	for i, name := range names {
		if why := t.incompatible(o[i], w[i]); why != "" {
			return name + ": " + why
		}
	}
	return ""
}

// mapIntoStruct: the map's one value type must fit every field of the struct,
// since nothing says which keys it holds.
func (t *Types) mapIntoStruct(out, want *cel.Type) string {
	return t.fieldsAndValues(want, out, func(field string, typ, value *cel.Type) string {
		if why := t.incompatible(value, typ); why != "" {
			return fmt.Sprintf("the map's values do not fit field %q: %s", field, why)
		}
		return ""
	})
}

// structIntoMap: every declared field must fit the map's value type.
func (t *Types) structIntoMap(out, want *cel.Type) string {
	return t.fieldsAndValues(out, want, func(field string, typ, value *cel.Type) string {
		if why := t.incompatible(typ, value); why != "" {
			return fmt.Sprintf("field %q does not fit the map's values: %s", field, why)
		}
		return ""
	})
}

// fieldsAndValues compares each field of a struct with the values of a map and
// returns the first complaint. A struct that cannot be looked up has none.
func (t *Types) fieldsAndValues(structure, m *cel.Type, compare func(field string, typ, value *cel.Type) string) string {
	s := t.resolve(structure.String())
	if s == nil || !isStruct(s) {
		return ""
	}
	params := m.Parameters()
	if len(params) < 2 {
		return "the map has no key and value types"
	}
	if params[0].Kind() != cel.StringKind {
		return "the map's keys are not strings"
	}
	for _, name := range fields(s) {
		f, _ := field(s, name)
		if why := compare(name, t.TypeOf(f, structure.String()+"."+name), params[1]); why != "" {
			return why
		}
	}
	return ""
}

// structIntoStruct: out's fields must be among want's, each compatible. Types
// that cannot be looked up, scalars and lists among them, pass (S12.77).
func (t *Types) structIntoStruct(out, want *cel.Type) string {
	w, o := t.resolve(want.String()), t.resolve(out.String())
	if w == nil || o == nil || isStruct(w) && w.PreserveUnknown || !isStruct(o) {
		return ""
	}
	for _, name := range fields(o) {
		wf, ok := field(w, name)
		if !ok {
			return fmt.Sprintf("field %q is not a field of the expected type", name)
		}
		of, _ := field(o, name)
		if why := t.incompatible(t.TypeOf(of, out.String()+"."+name), t.TypeOf(wf, want.String()+"."+name)); why != "" {
			return fmt.Sprintf("field %q: %s", name, why)
		}
	}
	return ""
}

func isStruct(s *Schema) bool {
	return s.Type == "object" && s.AdditionalProperties == nil && !s.IsIntOrString()
}

// resolve walks a struct type's name from its variable's root. It finds nothing
// below a variable that is a list, as kro: there every struct fits.
func (t *Types) resolve(typeName string) *Schema {
	segments := strings.Split(typeName, ".")
	id, ok := strings.CutPrefix(segments[0], typePrefix)
	s := t.roots[id]
	if !ok || s == nil || !isStruct(s) {
		return nil
	}
	return walk(s, segments[1:])
}

// walk follows escaped field names, @idx and @elem.
func walk(s *Schema, segments []string) *Schema {
	for _, seg := range segments {
		switch {
		case seg == "@idx" || seg == "@elem":
			s = element(s)
		default:
			seg, _, _ = strings.Cut(seg, "[")
			s, _ = field(s, seg)
		}
		if s == nil || !representable(s) {
			return nil
		}
	}
	return s
}

func element(s *Schema) *Schema {
	if s.Type == "array" {
		return s.Items
	}
	if s.Type == "object" {
		return s.AdditionalProperties
	}
	return nil
}

// FieldType returns the CEL type that the schema gives to a field of a
// resource, S5.5. path holds property names as written and list indices; dyn
// is the answer where the schema does not describe the field.
func (t *Types) FieldType(id string, root *Schema, path []any) *cel.Type {
	s, name := root, typePrefix+id
	for _, step := range path {
		switch step := step.(type) {
		case string:
			if step == "" {
				continue
			}
			name += "." + step
			s = Property(s, step)
		case int:
			name += ".@idx"
			if s.Items == nil {
				return cel.DynType
			}
			s = s.Items
		}
		if s == nil {
			return cel.DynType
		}
	}
	if d, ok := t.registered(name); ok {
		return t.TypeOf(d, name)
	}
	if typ := t.TypeOf(s, name); typ != nil {
		return typ
	}
	return cel.DynType
}

// Property returns the schema of a property, or of any value of a map; nil when
// there is none. An additionalProperties: true gives an empty schema.
func Property(s *Schema, name string) *Schema {
	if s == nil {
		return nil
	}
	if p, ok := s.Properties[name]; ok {
		return p
	}
	if s.AdditionalProperties != nil {
		return s.AdditionalProperties
	}
	if s.HasAdditional && s.AdditionalAllowed {
		return anything
	}
	if s.Items != nil {
		return Property(s.Items, name)
	}
	return nil
}

var anything = &Schema{}

// registered finds the schema behind the name of a struct, list or map type as
// the checker knows it: below a variable that is itself a list or map only
// structs have one.
func (t *Types) registered(name string) (*Schema, bool) {
	segments := strings.Split(name, ".")
	id, ok := strings.CutPrefix(segments[0], typePrefix)
	root := t.roots[id]
	if !ok || root == nil || len(segments) == 1 && !isStruct(root) {
		return nil, false
	}
	s := root
	for _, seg := range segments[1:] {
		switch seg {
		case "@idx", "@elem":
			s = element(s)
		default:
			s, _ = field(s, seg)
		}
		if s == nil || !representable(s) {
			return nil, false
		}
	}
	switch {
	case isStruct(s):
		return s, true
	case s.IsIntOrString() || !isStruct(root):
		return nil, false
	}
	return s, s.Type == "array" || s.Type == "object"
}
