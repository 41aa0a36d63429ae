package schema

import (
	"encoding/base64"
	"maps"
	"slices"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
)

// ServerDefaults returns obj with what the API server adds on storing it, as
// far as schemas tell (S8). obj is not changed, and what is the same is shared
// with it.
//
// Kinds of CRDs: unknown fields are pruned, nulls dropped and defaults set, with
// the API server's own code (S2.9, steps 2 to 4); nothing is validated.
//
// Built-in kinds: the defaults of the published schema, such as a port's
// protocol TCP. Empty ones ({}, "", 0, false, null) are not defaults but Go's zero
// values, and are left out. A Secret's stringData goes into data, and a
// Namespace gets its name label. What the API server computes in code is not
// known here: a Service's type, a Deployment's strategy, a Pod's policies,
// cluster IPs, the normal form of quantities, and more.
func ServerDefaults(k *Kind, obj map[string]any) map[string]any {
	switch {
	case k == nil || obj == nil:
	case k.structural != nil:
		out, _ := copyObject(obj).(map[string]any)
		return k.crdDefaults(out)
	case k.Builtin:
		if d := k.defaults.of(k); d != nil {
			obj, _ = d.applyMap(obj)
		}
		return withKnown(k, obj)
	}
	return obj
}

// crdDefaults works on obj in place.
func (k *Kind) crdDefaults(obj map[string]any) map[string]any {
	s := k.structural
	defaulting.Default(obj, s)
	pruning.Prune(obj, s, true)
	defaulting.PruneNonNullableNullsWithoutDefaults(obj, s)
	return obj
}

// defaults is what a schema adds to a value. A nil one adds nothing.
type defaults struct {
	set   []setDefault         // fields of a map, sorted by name
	below map[string]*defaults // fields of a map
	each  *defaults            // entries of a map without fields
	items *defaults            // of a list
}

type setDefault struct {
	name  string
	value any
}

// kindDefaults are those of a kind, made when they are first asked for.
type kindDefaults struct {
	once sync.Once
	made *defaults
}

func (d *kindDefaults) of(k *Kind) *defaults {
	d.once.Do(func() { d.made = defaultsOf(k.Schema, map[*Schema]*defaults{}) })
	return d.made
}

// defaultsOf returns what a schema adds. Schemas are shared, and so is what has
// been made of them.
func defaultsOf(s *Schema, made map[*Schema]*defaults) *defaults {
	if s == nil {
		return nil
	}
	if d, ok := made[s]; ok {
		return d
	}
	d := &defaults{below: map[string]*defaults{}}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		if p.HasDefault && !isZero(p.Default) {
			d.set = append(d.set, setDefault{name, p.Default})
		}
		if below := defaultsOf(p, made); below != nil {
			d.below[name] = below
		}
	}
	if s.Properties == nil {
		d.each = defaultsOf(s.AdditionalProperties, made)
	}
	d.items = defaultsOf(s.Items, made)
	if d.set == nil && len(d.below) == 0 && d.each == nil && d.items == nil {
		d = nil
	}
	made[s] = d
	return d
}

// apply returns a value with what is absent, and with what is absent below what
// is there, and whether anything was. The value is not changed: where something
// is added, it is copied.
func (d *defaults) apply(v any) (any, bool) {
	if d == nil {
		return v, false
	}
	switch v := v.(type) {
	case map[string]any:
		return d.applyMap(v)
	case []any:
		var out []any
		for i, c := range v {
			with, added := d.items.apply(c)
			if added && out == nil {
				out = slices.Clone(v)
			}
			if added {
				out[i] = with
			}
		}
		if out != nil {
			return out, true
		}
	}
	return v, false
}

func (d *defaults) applyMap(m map[string]any) (map[string]any, bool) {
	var out map[string]any
	put := func(name string, v any) {
		if out == nil {
			out = make(map[string]any, len(m)+len(d.set))
			maps.Copy(out, m)
		}
		out[name] = v
	}
	if d.each != nil || len(d.below) > 0 {
		for name, c := range m {
			below := d.each
			if below == nil {
				below = d.below[name]
			}
			if with, added := below.apply(c); added {
				put(name, with)
			}
		}
	}
	for _, s := range d.set {
		if _, ok := m[s.name]; !ok {
			put(s.name, s.value)
		}
	}
	if out == nil {
		return m, false
	}
	return out, true
}

// isZero says that a published default is only the zero value of a Go type.
func isZero(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case int64:
		return v == 0
	case float64:
		return v == 0
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// withKnown adds what is the same for every Secret and Namespace.
func withKnown(k *Kind, obj map[string]any) map[string]any {
	if k.GVK.Group != "" || k.GVK.Version != "v1" || k.GVK.Kind != "Secret" && k.GVK.Kind != "Namespace" {
		return obj
	}
	obj = maps.Clone(obj)
	switch k.GVK.Kind {
	case "Secret":
		mergeStringData(obj)
		if _, ok := obj["type"]; !ok {
			obj["type"] = "Opaque"
		}
	case "Namespace":
		labelNamespace(obj)
	}
	return obj
}

// mergeStringData moves stringData, which is write-only, into data.
func mergeStringData(obj map[string]any) {
	text, ok := obj["stringData"].(map[string]any)
	if !ok {
		return
	}
	old, _ := obj["data"].(map[string]any)
	data := make(map[string]any, len(old)+len(text))
	maps.Copy(data, old)
	merged := true
	for key, v := range text {
		s, ok := v.(string)
		if !ok {
			merged = false // refused by the API server
			break
		}
		data[key] = base64.StdEncoding.EncodeToString([]byte(s))
	}
	if !merged {
		return
	}
	delete(obj, "stringData")
	if len(data) > 0 {
		obj["data"] = data
	}
}

func labelNamespace(obj map[string]any) {
	old, _ := obj["metadata"].(map[string]any)
	name, _ := old["name"].(string)
	if name == "" {
		return
	}
	meta := maps.Clone(old)
	was, _ := old["labels"].(map[string]any)
	labels := make(map[string]any, len(was)+1)
	maps.Copy(labels, was)
	labels["kubernetes.io/metadata.name"] = name
	meta["labels"], obj["metadata"] = labels, meta
}

// copyObject copies the maps and lists of a value.
func copyObject(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v == nil {
			return v
		}
		out := make(map[string]any, len(v))
		for key, c := range v {
			out[key] = copyObject(c)
		}
		return out
	case []any:
		if v == nil {
			return v
		}
		out := make([]any, len(v))
		for i, c := range v {
			out[i] = copyObject(c)
		}
		return out
	case int:
		return int64(v)
	}
	return v
}
