package field

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

// Hidden is a value that may not be shown. It can be compared, and that is all.
type Hidden struct{ value any }

// Hide hides a value.
func Hide(v any) Hidden { return Hidden{v} }

// Mask is what is shown of a hidden value.
const Mask = "<secret value>"

// MarshalJSON keeps hidden values out of whatever encodes them by mistake.
func (Hidden) MarshalJSON() ([]byte, error) { return []byte(strconv.Quote(Mask)), nil }

// MarshalYAML does the same for YAML.
func (Hidden) MarshalYAML() (any, error) { return Mask, nil }

// String does the same for text.
func (Hidden) String() string { return Mask }

// GoString does the same for %#v.
func (Hidden) GoString() string { return Mask }

// Shown returns v with Mask in the place of hidden values.
func Shown(v any) any {
	return Replaced(v, func(Hidden, string) any { return Mask })
}

// Replaced returns v with something else for each hidden value. where is its
// path without the places in lists.
func Replaced(v any, with func(h Hidden, where string) any) any { return replaced(v, "", with) }

func replaced(v any, where string, with func(Hidden, string) any) any {
	switch v := v.(type) {
	case Hidden:
		return with(v, where)
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, item := range v {
			out[k] = replaced(item, where+"\x00"+k, with)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = replaced(item, where+"\x00", with)
		}
		return out
	}
	return v
}

// HasHidden reports whether a value holds one that may not be shown.
func HasHidden(v any) bool {
	switch v := v.(type) {
	case Hidden:
		return true
	case map[string]any:
		for _, item := range v {
			if HasHidden(item) {
				return true
			}
		}
	case []any:
		for _, item := range v {
			if HasHidden(item) {
				return true
			}
		}
	}
	return false
}

// Equal compares two values as JSON does: 1 and 1.0 are the same number. A value
// is not looked into when both are the same one, as those of a shared cache are.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && equalMaps(a, b)
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		if len(a) == 0 || &a[0] == &b[0] {
			return true
		}
		for i := range a {
			if !Equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case string:
		b, ok := b.(string)
		return ok && a == b
	case int64:
		return equalNumber(float64(a), a, true, b)
	case float64:
		return equalNumber(a, int64(a), false, b)
	case Hidden:
		b, ok := b.(Hidden)
		return ok && Equal(a.value, b.value)
	case nil, bool:
		return a == b
	}
	return reflect.DeepEqual(a, b)
}

func equalMaps(a, b map[string]any) bool {
	if len(a) != len(b) {
		return false
	}
	if reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() {
		return true
	}
	for k, v := range a {
		other, ok := b[k]
		if !ok || !Equal(v, other) {
			return false
		}
	}
	return true
}

func equalNumber(f float64, i int64, whole bool, other any) bool {
	switch o := other.(type) {
	case int64:
		if whole {
			return i == o
		}
		return f == float64(o)
	case float64:
		return f == o
	}
	return false
}

// place is where the differ stands.
type place struct {
	text  string
	steps diag.Path
}

// key goes to a field of an object.
func (p place) key(name string) place {
	text := p.text
	switch {
	case name == "" || strings.ContainsAny(name, ".[]=,\"\\ ") || !printable(name):
		text += "[" + strconv.Quote(name) + "]"
	case text == "":
		text = name
	default:
		text += "." + name
	}
	return place{text, p.steps.With(name)}
}

// item goes to an item of a list that has a key.
func (p place) item(key string, i int) place {
	return place{p.text + "[" + key + "]", p.steps.With(i)}
}

// index goes to an item of a list that has none.
func (p place) index(i int) place { return p.item(strconv.Itoa(i), i) }

// step is the value of a key in a path.
func step(v any) string {
	s, ok := v.(string)
	if !ok {
		return fmt.Sprint(v)
	}
	if s == "" || strings.ContainsAny(s, "[]=,\"\\ ") || !printable(s) {
		return strconv.Quote(s)
	}
	return s
}

func printable(s string) bool {
	q := strconv.Quote(s)
	return len(q) == len(s)+2 && q[1:len(q)-1] == s
}
