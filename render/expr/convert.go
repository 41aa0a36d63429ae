package expr

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// errUnsupported is the reason of a result that JSON cannot hold.
var errUnsupported = errors.New("unsupported type")

// converter turns a CEL value into a JSON value that shares nothing with it
// (S5.8). Values are small, but a list may name one big value a million times,
// so that what is written is counted.
type converter struct {
	marshal bool // for json.marshal, which takes bytes and any uint
	left    int
}

func toJSON(v ref.Val, limit int) (out any, size int, err error) {
	c := converter{left: limit}
	out, err = c.value(v)
	return out, limit - c.left, err
}

func nativeForJSON(v ref.Val) (any, error) {
	c := converter{marshal: true, left: maxSize}
	return c.value(v)
}

// spend counts a value of n bytes.
func (c *converter) spend(n int) error {
	const perValue = 16
	if c.left -= n + perValue; c.left < 0 {
		return tooLarge("the result is larger than the limit")
	}
	return nil
}

func (c *converter) value(v ref.Val) (any, error) {
	switch v := v.(type) {
	case nil, types.Null:
		return nil, c.spend(0)
	case types.Bool:
		return bool(v), c.spend(0)
	case types.Int:
		return int64(v), c.spend(0)
	case types.Double:
		return float64(v), c.spend(0)
	case types.String:
		return string(v), c.spend(len(v))
	case types.Uint:
		return c.uint(v)
	case types.Bytes:
		if !c.marshal {
			return nil, fmt.Errorf("%w: a field cannot hold bytes; use base64.encode", errUnsupported)
		}
		return []byte(v), c.spend(len(v))
	case types.Duration:
		return v.Duration.String(), c.spend(0)
	case types.Timestamp:
		if v.IsZero() {
			return nil, c.spend(0)
		}
		return v.UTC().Format(time.RFC3339), c.spend(0)
	case *types.Optional:
		if !v.HasValue() {
			return nil, c.spend(0)
		}
		return c.value(v.GetValue())
	case omitValue:
		return Omit{}, c.spend(0)
	}
	switch v.Type() {
	case types.ListType:
		if list, ok := v.(traits.Lister); ok {
			return c.list(list)
		}
	case types.MapType:
		if m, ok := v.(traits.Mapper); ok {
			return c.object(m)
		}
	}
	return nil, fmt.Errorf("%w: %s", errUnsupported, v.Type().TypeName())
}

func (c *converter) uint(v types.Uint) (any, error) {
	if c.marshal {
		return uint64(v), c.spend(0)
	}
	if v > math.MaxInt64 {
		return nil, fmt.Errorf("%w: uint %d is larger than an int64, use string()", errUnsupported, uint64(v))
	}
	return int64(v), c.spend(0)
}

func (c *converter) list(list traits.Lister) (any, error) {
	if err := c.spend(0); err != nil {
		return nil, err
	}
	out := []any{}
	for it := list.Iterator(); it.HasNext() == types.True; {
		e, err := c.value(it.Next())
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func (c *converter) object(m traits.Mapper) (any, error) {
	// JSON that came from outside is copied as it is.
	if raw, ok := m.Value().(map[string]any); ok {
		return c.raw(raw)
	}
	if err := c.spend(0); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for _, k := range sortedKeys(m) { // sorted, so that the first error is always the same
		key, ok := k.(types.String)
		if !ok {
			return nil, fmt.Errorf("map key must be a string, got %s", k.Type().TypeName())
		}
		if err := c.spend(len(key)); err != nil {
			return nil, err
		}
		e, err := c.value(m.Get(key))
		if err != nil {
			return nil, err
		}
		out[string(key)] = e
	}
	return out, nil
}

// raw copies a JSON value.
func (c *converter) raw(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, int64, float64:
		return v, c.spend(0)
	case string:
		return v, c.spend(len(v))
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if err := c.spend(len(k)); err != nil {
				return nil, err
			}
			e, err := c.raw(e)
			if err != nil {
				return nil, err
			}
			out[k] = e
		}
		return out, c.spend(0)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			e, err := c.raw(e)
			if err != nil {
				return nil, err
			}
			out[i] = e
		}
		return out, c.spend(0)
	}
	return nil, fmt.Errorf("%w: %T", errUnsupported, v)
}

// sortedKeys returns the keys of a map by type, then by value.
func sortedKeys(m traits.Mapper) []ref.Val {
	var keys []ref.Val
	for it := m.Iterator(); it.HasNext() == types.True; {
		if k := it.Next(); k != nil {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, compareKeys)
	return keys
}
