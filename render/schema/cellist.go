package schema

import (
	"fmt"
	"reflect"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	apiservercel "k8s.io/apiserver/pkg/cel"
)

// listValue is a JSON array seen through an array schema.
type listValue struct {
	elems []any
	items *Schema
}

var _ traits.Lister = (*listValue)(nil)

func (l *listValue) at(i int) ref.Val { return Value(l.elems[i], l.items) }

// Get returns an element; the error's text for a missing one marks it as
// pending (S7.5).
func (l *listValue) Get(index ref.Val) ref.Val {
	n, ok := index.(types.Int)
	if !ok {
		return types.ValOrErr(index, "unsupported index: %v", index)
	}
	if n < 0 || int(n) >= len(l.elems) {
		return types.NewErr("index out of bounds: %v", index)
	}
	return l.at(int(n))
}

// Add concatenates.
func (l *listValue) Add(other ref.Val) ref.Val {
	o, ok := other.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	return &listValue{elems: appendRaw(l.elems, o), items: l.items}
}

// appendRaw returns a new slice: elems, then the raw values of list.
func appendRaw(elems []any, list traits.Lister) []any {
	out := append(make([]any, 0, len(elems)+4), elems...)
	for it := list.Iterator(); it.HasNext() == types.True; {
		out = append(out, it.Next().Value())
	}
	return out
}

// Contains compares with each element in turn.
func (l *listValue) Contains(v ref.Val) ref.Val {
	if types.IsUnknownOrError(v) {
		return v
	}
	var failed ref.Val
	for i := range l.elems {
		eq := l.at(i).Equal(v)
		if eq == types.True {
			return types.True
		}
		if _, ok := eq.(types.Bool); !ok && failed == nil {
			failed = types.MaybeNoSuchOverloadErr(eq)
		}
	}
	if failed != nil {
		return failed
	}
	return types.False
}

// Equal compares in order.
func (l *listValue) Equal(other ref.Val) ref.Val {
	o, ok := other.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	if l.Size() != o.Size() {
		return types.False
	}
	for i := range l.elems {
		if eq := l.at(i).Equal(o.Get(types.Int(i))); eq != types.True {
			return eq
		}
	}
	return types.True
}

// Iterator walks the elements in order.
func (l *listValue) Iterator() traits.Iterator { return &elemIterator{list: l} }

// Size is the number of elements.
func (l *listValue) Size() ref.Val { return types.Int(len(l.elems)) }

// Type is CEL's list type.
func (l *listValue) Type() ref.Type { return types.ListType }

// Value returns the raw array.
func (l *listValue) Value() any { return l.elems }

// ConvertToType supports list and type.
func (l *listValue) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.ListType:
		return l
	case types.TypeType:
		return types.ListType
	}
	return types.NewErr("type conversion error from '%s' to '%s'", l.Type(), t.TypeName())
}

// ConvertToNative supports the raw form and Go slices, whose elements are
// converted from their raw values.
func (l *listValue) ConvertToNative(t reflect.Type) (any, error) {
	switch {
	case reflect.TypeFor[[]any]().AssignableTo(t):
		return l.elems, nil
	case reflect.TypeOf(l).AssignableTo(t):
		return l, nil
	case t.Kind() != reflect.Slice:
		return nil, fmt.Errorf("type conversion error from list to '%v'", t)
	}
	out := reflect.MakeSlice(t, len(l.elems), len(l.elems))
	for i, e := range l.elems {
		v, err := native(e).ConvertToNative(t.Elem())
		if err != nil {
			return nil, err
		}
		out.Index(i).Set(reflect.ValueOf(v))
	}
	return out.Interface(), nil
}

type elemIterator struct {
	types.Null // the ref.Val methods that an iterator never uses
	list       *listValue
	next       int
}

func (it *elemIterator) HasNext() ref.Val { return types.Bool(it.next < len(it.list.elems)) }

func (it *elemIterator) Next() ref.Val {
	v := it.list.at(it.next)
	it.next++
	return v
}

// mapListValue is an array with x-kubernetes-list-type: map. Equality ignores
// order, + merges by key (S5.7).
type mapListValue struct {
	listValue
	keys []string // escaped property names
}

// keyOf is the identity of an element: comparable, and the same text for the
// same key values.
func (l *mapListValue) keyOf(raw any) any {
	obj, ok := raw.(map[string]any)
	if !ok {
		return fmt.Sprintf("unexpected element %T", raw)
	}
	if len(l.keys) == 1 {
		if k, ok := obj[l.keys[0]].(string); ok {
			return k
		}
	}
	out := make([]any, len(l.keys))
	for i, k := range l.keys {
		out[i] = obj[k]
	}
	return fmt.Sprintf("%#v", out)
}

// Add merges: elements of other replace those with the same key in place, and
// the rest is appended in order.
func (l *mapListValue) Add(other ref.Val) ref.Val {
	o, ok := other.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	elems := append(make([]any, 0, len(l.elems)+4), l.elems...)
	at := make(map[any]int, len(elems))
	for i, e := range elems {
		at[l.keyOf(e)] = i
	}
	for it := o.Iterator(); it.HasNext() == types.True; {
		raw := it.Next().Value()
		if i, ok := at[l.keyOf(raw)]; ok {
			elems[i] = raw
		} else {
			elems = append(elems, raw)
		}
	}
	return &mapListValue{listValue: listValue{elems: elems, items: l.items}, keys: l.keys}
}

// Equal matches elements by key.
func (l *mapListValue) Equal(other ref.Val) ref.Val {
	o, ok := other.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	if l.Size() != o.Size() {
		return types.False
	}
	byKey := make(map[any]int, len(l.elems))
	for i, e := range l.elems {
		byKey[l.keyOf(e)] = i
	}
	for it := o.Iterator(); it.HasNext() == types.True; {
		v := it.Next()
		i, ok := byKey[l.keyOf(v.Value())]
		if !ok {
			return types.False
		}
		if eq := l.at(i).Equal(v); eq != types.True {
			return eq
		}
	}
	return types.True
}

// setListValue is an array with x-kubernetes-list-type: set. Equality ignores
// order, + is a union (S5.7).
type setListValue struct{ listValue }

func (l *setListValue) members() map[any]bool {
	set := make(map[any]bool, len(l.elems))
	for _, e := range l.elems {
		if hashable(e) {
			set[e] = true
		}
	}
	return set
}

// hashable guards Go map keys: the API server lets only scalars into a set, but
// a template's expression may produce anything.
func hashable(v any) bool { return v == nil || reflect.TypeOf(v).Comparable() }

// Add appends what is not there yet.
func (l *setListValue) Add(other ref.Val) ref.Val {
	o, ok := other.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	elems := append(make([]any, 0, len(l.elems)+4), l.elems...)
	set := l.members()
	for it := o.Iterator(); it.HasNext() == types.True; {
		raw := it.Next().Value()
		if !hashable(raw) {
			elems = append(elems, raw)
		} else if !set[raw] {
			set[raw] = true
			elems = append(elems, raw)
		}
	}
	return &setListValue{listValue{elems: elems, items: l.items}}
}

// Equal compares members.
func (l *setListValue) Equal(other ref.Val) ref.Val {
	o, ok := other.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	if l.Size() != o.Size() {
		return types.False
	}
	set := l.members()
	for it := o.Iterator(); it.HasNext() == types.True; {
		if raw := it.Next().Value(); !hashable(raw) || !set[raw] {
			return types.False
		}
	}
	return types.True
}

// escapeAll escapes property names; those that cannot be escaped stay as they
// are.
func escapeAll(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n
		if e, ok := apiservercel.Escape(n); ok {
			out[i] = e
		}
	}
	return out
}
