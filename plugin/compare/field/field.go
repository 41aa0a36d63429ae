// Package field finds the fields in which two objects differ. It takes two JSON
// values and the schema of their kind, and returns a list of Changes sorted by
// field name. Lists are matched by the keys that the schema or convention gives
// their items, so a container is identified by its name wherever it is in the
// list; items that only change places are a reorder, not a difference.
//
//	changes := field.Diff(before, after, kind.Schema)
//
// dyff, which does the same for any YAML, is not used here, but for a second
// opinion in tests: it matches a list by one field that it guesses, where
// Kubernetes needs several (containerPort and protocol), knows no schema, reads
// YAML nodes, which these objects would have to be turned into, and has no place
// for values that may not be shown.
package field

import (
	"maps"
	"slices"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/schema"
)

// Op says how a field differs.
type Op string

// Ops.
const (
	Add     Op = "add"
	Remove  Op = "remove"
	Replace Op = "replace"
	Reorder Op = "reorder" // the same items in another order; Before and After list their keys
)

// Change is one difference inside an object.
type Change struct {
	// Path names list items by their keys: spec.containers[name=app].image.
	Path   string `json:"path"`
	Op     Op     `json:"op"`
	Before any    `json:"before,omitempty"`
	After  any    `json:"after,omitempty"`
	// Secret says that the values are a Secret's. Before and After are nil then.
	Secret bool `json:"secret,omitempty"`

	// Steps lead to the field in the new object, or in the old one when it was
	// removed, with indices in lists.
	Steps diag.Path `json:"-"`
}

// Diff compares two values. A nil schema is fine.
func Diff(before, after any, s *schema.Schema) []Change {
	d := &differ{}
	d.value(place{}, before, after, s)
	return d.changes
}

// differ collects changes.
type differ struct{ changes []Change }

func (d *differ) add(at place, op Op, before, after any) {
	c := Change{Path: at.text, Op: op, Steps: at.steps}
	if _, ok := before.(Hidden); ok {
		c.Secret = true
	}
	if _, ok := after.(Hidden); ok {
		c.Secret = true
	}
	if !c.Secret {
		c.Before, c.After = Shown(before), Shown(after)
	}
	d.changes = append(d.changes, c)
}

func (d *differ) value(at place, before, after any, s *schema.Schema) {
	if Equal(before, after) {
		return
	}
	switch b := before.(type) {
	case map[string]any:
		if a, ok := after.(map[string]any); ok {
			d.object(at, b, a, s)
			return
		}
	case []any:
		if a, ok := after.([]any); ok {
			d.list(at, b, a, s)
			return
		}
	}
	d.add(at, Replace, before, after)
}

func (d *differ) object(at place, before, after map[string]any, s *schema.Schema) {
	names := slices.Collect(maps.Keys(before))
	for name := range after {
		if _, ok := before[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		b, was := before[name]
		a, is := after[name]
		switch {
		case was && is:
			d.value(at.key(name), b, a, schema.Property(s, name))
		case was:
			d.add(at.key(name), Remove, b, nil)
		default:
			d.add(at.key(name), Add, nil, a)
		}
	}
}

func (d *differ) list(at place, before, after []any, s *schema.Schema) {
	var items *schema.Schema
	if s != nil {
		items = s.Items
	}
	if m := matchByKeys(before, after, s); m != nil {
		d.keyed(at, before, after, m, items)
		return
	}
	if sameItems(before, after) {
		d.add(at, Reorder, before, after)
		return
	}
	d.sequence(at, before, after, items)
}

// keyed compares lists whose items have keys.
func (d *differ) keyed(at place, before, after []any, m *match, items *schema.Schema) {
	var wereAt, areAt []any // keys of what both have, in either order
	for i, key := range m.before {
		j, ok := m.inAfter[key.text]
		if !ok {
			d.add(at.item(key.path, i), Remove, before[i], nil)
			continue
		}
		wereAt = append(wereAt, key.shown)
		d.value(at.item(key.path, j), before[i], after[j], items)
	}
	for j, key := range m.after {
		if _, ok := m.inBefore[key.text]; !ok {
			d.add(at.item(key.path, j), Add, nil, after[j])
			continue
		}
		areAt = append(areAt, key.shown)
	}
	if !Equal(wereAt, areAt) {
		d.add(at, Reorder, wereAt, areAt)
	}
}

// sequence compares lists whose items have only their places. Between the items
// that both lists have in one order, those that can be paired are compared.
func (d *differ) sequence(at place, before, after []any, items *schema.Schema) {
	i, j := 0, 0
	for _, p := range append(common(before, after), [2]int{len(before), len(after)}) {
		for ; i < p[0] && j < p[1]; i, j = i+1, j+1 {
			d.value(at.index(j), before[i], after[j], items)
		}
		for ; i < p[0]; i++ {
			d.add(at.index(i), Remove, before[i], nil)
		}
		for ; j < p[1]; j++ {
			d.add(at.index(j), Add, nil, after[j])
		}
		i, j = p[0]+1, p[1]+1
	}
}
