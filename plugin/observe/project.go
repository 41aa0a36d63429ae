package observe

import (
	"maps"
	"slices"

	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/schema"
)

// fields is a set of paths as a tree: the steps that are wanted at each place.
// A nil tree is everything below.
type fields map[string]fields

// add adds a path; nothing is added below a place that is wanted as a whole.
func (f fields) add(path []string) {
	for i, step := range path {
		next, known := f[step]
		switch {
		case known && next == nil:
			return
		case i == len(path)-1:
			f[step] = nil
			return
		case !known:
			next = fields{}
			f[step] = next
		}
		f = next
	}
}

// fieldsOf is the tree of paths; nil paths are the whole object.
func fieldsOf(paths [][]string) fields {
	if paths == nil {
		return nil
	}
	f := fields{}
	for _, p := range paths {
		if len(p) == 0 {
			return nil
		}
		f.add(p)
	}
	return f
}

// union is what either of two trees wants.
func union(a, b fields) fields {
	if a == nil || b == nil {
		return nil
	}
	out := maps.Clone(a)
	for step, below := range b {
		if mine, ok := out[step]; ok {
			out[step] = union(mine, below)
		} else {
			out[step] = below
		}
	}
	return out
}

// project returns the wanted part of a value, and false when there is none.
// Lists keep their length, and their items the keys that tell them apart.
func project(v any, f fields, s *schema.Schema) (any, bool) {
	if f == nil {
		return v, true
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, value := range v {
			below, ok := f[key]
			each, all := f[expr.Item]
			switch {
			case ok && all:
				below = union(below, each)
			case all:
				below, ok = each, true
			}
			if !ok {
				continue
			}
			if part, ok := project(value, below, property(s, key)); ok {
				out[key] = part
			}
		}
		return out, true
	case []any:
		below, ok := f[expr.Item]
		if !ok {
			return nil, false
		}
		if s != nil && s.ListType == "map" && below != nil {
			keys := fields{}
			for _, key := range s.ListMapKeys {
				keys.add([]string{key})
			}
			below = union(below, keys)
		}
		var items *schema.Schema
		if s != nil {
			items = s.Items
		}
		out := make([]any, len(v))
		for i, item := range v {
			out[i], _ = project(item, below, items)
		}
		return out, true
	}
	return nil, false
}

func property(s *schema.Schema, key string) *schema.Schema {
	switch {
	case s == nil:
		return nil
	case s.Properties[key] != nil:
		return s.Properties[key]
	}
	return s.AdditionalProperties
}

// readsValues reports whether paths lead to the values of a Secret.
func readsValues(paths [][]string) bool {
	return paths == nil || slices.ContainsFunc(paths, func(p []string) bool {
		return len(p) == 0 || object.IsSecretField(p[0])
	})
}
