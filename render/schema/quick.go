package schema

import (
	"maps"
	"math"
	"slices"
	"unicode/utf8"
)

// This file is the short way of Admit. It copies, defaults and checks an object
// in one pass, and gives up on anything that is invalid, null, unknown or in
// doubt: the long way then decides and words the message. It must never accept
// or store what the long way would not; a randomized test holds it to that.

// admitQuickly returns the stored object, or false if the long way must decide.
func (a *Admitter) admitQuickly(obj map[string]any, namespace string) (map[string]any, bool) {
	root := a.quick
	if root == nil || obj["apiVersion"] != a.apiVersion || obj["kind"] != a.gvk.Kind {
		return nil, false
	}
	out := make(map[string]any, len(obj)+len(root.defaults))
	for key, v := range obj {
		switch key {
		case "apiVersion", "kind":
			out[key] = v
		case "metadata":
			meta, ok := a.copyMeta(v, namespace)
			if !ok {
				return nil, false
			}
			out[key] = meta
		default:
			c, ok := root.member(key, v)
			if !ok {
				return nil, false
			}
			out[key] = c
		}
	}
	if _, ok := out["metadata"]; !ok || !root.finish(out) {
		return nil, false
	}
	if root.rules && len(a.brokenRules(out)) > 0 {
		return nil, false
	}
	return out, true
}

// value returns a copy of v as it would be stored.
func (c *check) value(v any) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		return c.object(v)
	case []any:
		return c.list(v)
	case string:
		return v, c.text(v)
	case bool:
		return v, c.kind == "boolean" || c.any
	case int64:
		return v, c.integer(v)
	case int:
		return int64(v), c.integer(int64(v))
	case float64:
		return c.float(v)
	}
	return nil, false
}

func (c *check) object(in map[string]any) (any, bool) {
	if c.any {
		return freeCopy(in)
	}
	if c.kind != "object" || in == nil {
		return nil, false
	}
	out := make(map[string]any, len(in)+len(c.defaults))
	for key, v := range in {
		m, ok := c.member(key, v)
		if !ok {
			return nil, false
		}
		out[key] = m
	}
	return out, c.finish(out)
}

// member copies the value of a key by the schema that describes it.
func (c *check) member(key string, v any) (any, bool) {
	if p := c.properties[key]; p != nil {
		return p.value(v)
	}
	if !utf8.ValidString(key) {
		return nil, false
	}
	switch {
	case c.values != nil:
		return c.values.value(v)
	case c.free:
		return freeCopy(v)
	}
	return nil, false
}

// finish adds defaults and checks what concerns the whole object.
func (c *check) finish(out map[string]any) bool {
	for i := range c.defaults {
		d := &c.defaults[i]
		if _, ok := out[d.name]; ok {
			continue
		}
		if !d.valid {
			return false
		}
		out[d.name] = clone(d.value)
	}
	for _, name := range c.required {
		if _, ok := out[name]; !ok {
			return false
		}
	}
	if n := int64(len(out)); n < c.minMembers || n > c.maxMembers {
		return false
	}
	if c.oneOf == nil {
		return true
	}
	matching := 0
	for _, names := range c.oneOf {
		if !slices.ContainsFunc(names, func(name string) bool { _, ok := out[name]; return !ok }) {
			matching++
		}
	}
	return matching == 1
}

func (c *check) list(in []any) (any, bool) {
	if c.any {
		return freeCopy(in)
	}
	if c.kind != "array" || in == nil || int64(len(in)) < c.minLength || int64(len(in)) > c.maxLength {
		return nil, false
	}
	out := make([]any, len(in))
	for i, v := range in {
		item, ok := c.items.value(v)
		if !ok {
			return nil, false
		}
		out[i] = item
	}
	switch c.listType {
	case "set":
		return out, distinct(out)
	case "map":
		return out, distinctKeys(out, c.listMapKeys)
	}
	return out, true
}

func (c *check) text(v string) bool {
	if !utf8.ValidString(v) {
		return false
	}
	if c.any {
		return true
	}
	if c.kind != "string" || c.enum != nil && !slices.Contains(c.enum, any(v)) {
		return false
	}
	if c.minLength > 0 || c.maxLength < math.MaxInt64 {
		if n := int64(utf8.RuneCountInString(v)); n < c.minLength || n > c.maxLength {
			return false
		}
	}
	return c.pattern == nil || c.pattern.MatchString(v)
}

// exact is the range in which whole numbers and floats are the same to JSON.
const exact = 1 << 53

func (c *check) integer(v int64) bool {
	if c.any {
		return true
	}
	if c.kind != "integer" && c.kind != "number" || c.enum != nil && !slices.Contains(c.enum, any(v)) {
		return false
	}
	if c.int32 && (v < math.MinInt32 || v > math.MaxInt32) {
		return false
	}
	return !c.bounded || v > -exact && v < exact && c.wholeBounds && float64(v) >= c.minimum && float64(v) <= c.maximum
}

// float stores whole numbers as integers, as JSON does.
func (c *check) float(v float64) (any, bool) {
	n, whole, ok := jsonNumber(v)
	switch {
	case !ok:
		return nil, false
	case whole:
		return n, c.integer(n)
	case c.any:
		return v, true
	}
	return v, c.kind == "number" && c.enum == nil && v >= c.minimum && v <= c.maximum
}

// jsonNumber says what becomes of a float on its way through JSON: an integer,
// itself, or something to be left to the JSON package.
func jsonNumber(v float64) (n int64, whole, ok bool) {
	if math.Abs(v) >= exact || math.IsNaN(v) {
		return 0, false, false
	}
	if v == math.Trunc(v) {
		return int64(v), true, true
	}
	return 0, false, true
}

// freeCopy copies a value that no schema describes, nulls included.
func freeCopy(v any) (any, bool) {
	switch v := v.(type) {
	case nil, bool, int64:
		return v, true
	case int:
		return int64(v), true
	case string:
		return v, utf8.ValidString(v)
	case float64:
		n, whole, ok := jsonNumber(v)
		if whole {
			return n, ok
		}
		return v, ok
	case []any:
		if v == nil {
			return nil, true
		}
		out := make([]any, len(v))
		for i := range v {
			c, ok := freeCopy(v[i])
			if !ok {
				return nil, false
			}
			out[i] = c
		}
		return out, true
	case map[string]any:
		if v == nil {
			return nil, true
		}
		out := make(map[string]any, len(v))
		for key := range v {
			c, ok := freeCopy(v[key])
			if !ok || !utf8.ValidString(key) {
				return nil, false
			}
			out[key] = c
		}
		return out, true
	}
	return nil, false
}

// clone copies a value that has been through value or freeCopy.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := maps.Clone(v)
		for key, c := range out {
			out[key] = clone(c)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = clone(v[i])
		}
		return out
	}
	return v
}

// distinct reports whether all items are scalars and no two are equal.
func distinct(items []any) bool {
	if len(items) > 16 {
		seen := make(map[any]struct{}, len(items))
		for _, v := range items {
			if !scalar(v) {
				return false
			}
			seen[v] = struct{}{}
		}
		return len(seen) == len(items)
	}
	for i, v := range items {
		if !scalar(v) || slices.Contains(items[:i], v) {
			return false
		}
	}
	return true
}

func scalar(v any) bool {
	switch v.(type) {
	case string, bool, int64, float64:
		return true
	}
	return false
}

// distinctKeys does the same for lists of objects by one key that all have.
func distinctKeys(items []any, names []string) bool {
	if len(items) < 2 {
		return len(items) == 0 || isObject(items[0])
	}
	if len(names) != 1 {
		return false
	}
	keys := make([]any, len(items))
	for i, v := range items {
		m, ok := v.(map[string]any)
		if !ok {
			return false
		}
		if keys[i], ok = m[names[0]]; !ok {
			return false
		}
	}
	return distinct(keys)
}

func isObject(v any) bool { _, ok := v.(map[string]any); return ok }
