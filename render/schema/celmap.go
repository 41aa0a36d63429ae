package schema

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	apiservercel "k8s.io/apiserver/pkg/cel"
)

// mapValue is a JSON object seen through an object schema: with properties
// (a CEL struct, whose field names are escaped) or with additionalProperties
// (a CEL map).
type mapValue struct {
	raw    map[string]any
	schema *Schema
}

var _ traits.Mapper = (*mapValue)(nil)

// isStruct reports whether keys are property names, in escaped spelling.
func (m *mapValue) isStruct() bool { return m.schema.Properties != nil }

// child returns the schema of the value at key, and whether it has one.
func (m *mapValue) child(key string) (*Schema, bool) {
	if m.isStruct() {
		s, ok := m.schema.Properties[key]
		return s, ok
	}
	return m.schema.AdditionalProperties, true
}

// Find returns the value of a key. A null property of a struct counts as
// absent (S5.3).
func (m *mapValue) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		if name, ok = key.ConvertToType(types.StringType).(types.String); !ok {
			return types.MaybeNoSuchOverloadErr(key), true
		}
	}
	k := string(name)
	if m.isStruct() && strings.Contains(k, "__") {
		if k, ok = apiservercel.Unescape(k); !ok {
			return nil, false
		}
	}
	v, ok := m.raw[k]
	if !ok || v == nil && m.isStruct() {
		return nil, false
	}
	if s, ok := m.child(k); ok {
		return Value(v, s), true
	}
	return native(v), true
}

// Get is Find with an error for an absent key; its text marks it as pending
// (S7.5).
func (m *mapValue) Get(key ref.Val) ref.Val {
	if v, ok := m.Find(key); ok {
		return v
	}
	return types.ValOrErr(key, "no such key: %v", key)
}

// Contains reports whether Find finds the key.
func (m *mapValue) Contains(key ref.Val) ref.Val {
	v, ok := m.Find(key)
	if v != nil && types.IsUnknownOrError(v) {
		return v
	}
	return types.Bool(ok)
}

// Iterator walks the keys in sorted order, so that results never depend on Go's
// map order (S4.4).
func (m *mapValue) Iterator() traits.Iterator {
	keys := slices.Sorted(maps.Keys(m.raw))
	if m.isStruct() {
		for i, k := range keys {
			if e, ok := apiservercel.Escape(k); ok {
				keys[i] = e
			}
		}
	}
	return &keyIterator{keys: keys}
}

// Size is the number of keys, nulls included.
func (m *mapValue) Size() ref.Val { return types.Int(len(m.raw)) }

// Equal compares field by field with the schema's types.
func (m *mapValue) Equal(other ref.Val) ref.Val {
	o, ok := other.(traits.Mapper)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	if m.Size() != o.Size() {
		return types.False
	}
	for _, key := range slices.Sorted(maps.Keys(m.raw)) {
		if eq := m.equalAt(key, o); eq != types.True {
			return eq
		}
	}
	return types.True
}

func (m *mapValue) equalAt(key string, o traits.Mapper) ref.Val {
	if _, ok := m.child(key); ok {
		v, found := m.Find(types.String(key))
		ov, oFound := o.Find(types.String(key))
		switch {
		case found != oFound:
			return types.False
		case !found:
			return types.True
		}
		return v.Equal(ov)
	}
	// A field that the schema does not know: only another object of the same
	// schema can hold it, and raw values decide.
	om, ok := o.(*mapValue)
	if !ok {
		return types.MaybeNoSuchOverloadErr(o)
	}
	if ov, ok := om.raw[key]; ok && !reflect.DeepEqual(m.raw[key], ov) {
		return types.False
	}
	return types.True
}

// Type is CEL's map type; the static type is the checker's business.
func (m *mapValue) Type() ref.Type { return types.MapType }

// Value returns the raw object.
func (m *mapValue) Value() any { return m.raw }

// ConvertToType supports map and type.
func (m *mapValue) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.MapType:
		return m
	case types.TypeType:
		return types.MapType
	}
	return types.NewErr("type conversion error from '%s' to '%s'", m.Type(), t.TypeName())
}

// ConvertToNative supports the raw form and Go maps.
func (m *mapValue) ConvertToNative(t reflect.Type) (any, error) {
	switch {
	case reflect.TypeFor[map[string]any]().AssignableTo(t):
		return m.raw, nil
	case reflect.TypeOf(m).AssignableTo(t):
		return m, nil
	case t.Kind() != reflect.Map:
		return nil, fmt.Errorf("type conversion error from map to '%v'", t)
	}
	out := reflect.MakeMapWithSize(t, len(m.raw))
	for it := m.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		k, err := key.ConvertToNative(t.Key())
		if err != nil {
			return nil, err
		}
		v, err := m.Get(key).ConvertToNative(t.Elem())
		if err != nil {
			return nil, err
		}
		out.SetMapIndex(reflect.ValueOf(k), reflect.ValueOf(v))
	}
	return out.Interface(), nil
}

// keyIterator walks a list of keys. It is a value for CEL's sake only.
type keyIterator struct {
	types.Null // the ref.Val methods that an iterator never uses
	keys       []string
	next       int
}

func (it *keyIterator) HasNext() ref.Val { return types.Bool(it.next < len(it.keys)) }

func (it *keyIterator) Next() ref.Val {
	k := it.keys[it.next]
	it.next++
	return types.String(k)
}
