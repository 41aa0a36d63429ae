package field

import (
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/schema"
)

// customary are the fields that identify the items of a list whose schema does
// not say, in the order of trying.
var customary = [][]string{
	{"name"}, {"containerPort", "protocol"}, {"port", "protocol"}, {"mountPath"}, {"key"}, {"id"}, {"type"}, {"ip"}, {"host"},
}

// match pairs the items of two lists by their keys.
type match struct {
	before, after     []itemKey
	inBefore, inAfter map[string]int // index by key
}

// itemKey identifies an item of a list.
type itemKey struct {
	text  string // tells keys apart
	path  string // name=app
	shown any    // the value of a single key, else what path says
}

// matchByKeys returns nil when the lists' items have no keys, or not all of them
// one of their own.
func matchByKeys(before, after []any, s *schema.Schema) *match {
	candidates := customary
	if s != nil && s.ListType == "map" && len(s.ListMapKeys) > 0 {
		candidates = append([][]string{s.ListMapKeys}, customary...)
	}
	for _, names := range candidates {
		m := &match{inBefore: map[string]int{}, inAfter: map[string]int{}}
		if m.before = keysOf(before, names, s, m.inBefore); m.before == nil && len(before) > 0 {
			continue
		}
		if m.after = keysOf(after, names, s, m.inAfter); m.after == nil && len(after) > 0 {
			continue
		}
		return m
	}
	return nil
}

// keysOf returns the keys of all items, or nil when one has none or two have
// the same.
func keysOf(items []any, names []string, s *schema.Schema, index map[string]int) []itemKey {
	out := make([]itemKey, 0, len(items))
	for i, item := range items {
		object, ok := item.(map[string]any)
		if !ok {
			return nil
		}
		key, ok := keyOf(object, names, s)
		if !ok {
			return nil
		}
		if _, taken := index[key.text]; taken {
			return nil
		}
		index[key.text] = i
		out = append(out, key)
	}
	return out
}

func keyOf(object map[string]any, names []string, s *schema.Schema) (itemKey, bool) {
	var texts, parts []string
	var shown any
	for i, name := range names {
		v, ok := object[name]
		if !ok {
			v, ok = defaultOf(name, s)
		}
		if !ok && i > 0 {
			continue // a further key may be left out
		}
		switch v.(type) {
		case string, bool, int64, float64:
		default:
			return itemKey{}, false
		}
		texts = append(texts, fmt.Sprintf("%s=%T %v", name, v, v))
		parts = append(parts, name+"="+step(v))
		shown = v
	}
	if len(parts) == 0 {
		return itemKey{}, false
	}
	key := itemKey{text: strings.Join(texts, "\x00"), path: strings.Join(parts, ",")}
	if key.shown = any(key.path); len(names) == 1 {
		key.shown = shown
	}
	return key, true
}

// defaultOf is the value of a key that an item leaves out.
func defaultOf(name string, s *schema.Schema) (any, bool) {
	if p := schema.Property(s, name); p != nil && p.HasDefault {
		return p.Default, true
	}
	if name == "protocol" {
		return "TCP", true // of ports, where no schema says so
	}
	return nil, false
}

// sameItems reports whether two lists hold the same items, in whatever order.
func sameItems(a, b []any) bool {
	if len(a) != len(b) || len(a) > maxPairs {
		return false
	}
	left := slices.Clone(b)
	for _, item := range a {
		i := slices.IndexFunc(left, func(other any) bool { return Equal(item, other) })
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

// maxPairs bounds the length of lists that are compared item with item.
const maxPairs = 1000

// common returns the pairs of a longest common subsequence, the indices
// ascending. What lists begin and end with is always part of it; the middle of
// very long ones is not searched.
func common(a, b []any) [][2]int {
	var head, tail [][2]int
	for len(head) < min(len(a), len(b)) && Equal(a[len(head)], b[len(head)]) {
		head = append(head, [2]int{len(head), len(head)})
	}
	n := len(head)
	for len(tail) < min(len(a), len(b))-n && Equal(a[len(a)-1-len(tail)], b[len(b)-1-len(tail)]) {
		tail = append(tail, [2]int{len(a) - 1 - len(tail), len(b) - 1 - len(tail)})
	}
	slices.Reverse(tail)
	for _, p := range longest(a[n:len(a)-len(tail)], b[n:len(b)-len(tail)]) {
		head = append(head, [2]int{p[0] + n, p[1] + n})
	}
	return append(head, tail...)
}

// longest is the textbook table of a longest common subsequence.
func longest(a, b []any) [][2]int {
	if len(a) > maxPairs || len(b) > maxPairs {
		return nil
	}
	table := make([][]int, len(a)+1)
	for i := range table {
		table[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if Equal(a[i], b[j]) {
				table[i][j] = table[i+1][j+1] + 1
			} else {
				table[i][j] = max(table[i+1][j], table[i][j+1])
			}
		}
	}
	var out [][2]int
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case Equal(a[i], b[j]):
			out, i, j = append(out, [2]int{i, j}), i+1, j+1
		case table[i+1][j] >= table[i][j+1]:
			i++
		default:
			j++
		}
	}
	return out
}
