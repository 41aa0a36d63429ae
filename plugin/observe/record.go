package observe

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/schema"
)

// record makes the observed object of a live one: what names it, the labels
// that selectors look at, the fields that are read, and the digest of the
// rendered object when the live one has all of it.
func record(live map[string]any, want *want, k *schema.Kind) map[string]any {
	var s *schema.Schema
	if k != nil {
		s = k.Schema
	}
	part, _ := project(live, want.fields, s)
	out, _ := part.(map[string]any)
	out = maps.Clone(out)
	from, _ := live["metadata"].(map[string]any)
	got, _ := out["metadata"].(map[string]any)
	meta := maps.Clone(got)
	if meta == nil {
		meta = map[string]any{}
	}
	if want.fields == nil {
		delete(meta, "managedFields") // who wrote a field, which nobody reads
	}
	for _, key := range []string{"name", "namespace"} {
		if v, ok := from[key]; ok {
			meta[key] = v
		}
	}
	if labels := picked(from["labels"], want.labels); len(labels) > 0 {
		if have, ok := meta["labels"].(map[string]any); ok {
			maps.Copy(labels, have)
		}
		meta["labels"] = labels
	}
	annotations, _ := meta["annotations"].(map[string]any)
	annotations = maps.Clone(annotations)
	if annotations == nil {
		annotations = map[string]any{}
	}
	delete(annotations, expand.RenderedAnnotation)
	annotations[expand.ObservedAnnotation] = "true"
	if want.rendered != nil && !want.metadataOnly && has(live, schema.ServerDefaults(k, want.rendered), s) {
		annotations[expand.RenderedAnnotation] = expand.Digest(want.rendered)
	}
	meta["annotations"] = annotations
	out["apiVersion"], out["kind"], out["metadata"] = live["apiVersion"], live["kind"], meta
	return out
}

// picked returns the labels of the names.
func picked(labels any, names map[string]bool) map[string]any {
	m, _ := labels.(map[string]any)
	out := map[string]any{}
	for name := range names {
		if v, ok := m[name]; ok {
			out[name] = v
		}
	}
	return out
}

// has reports whether a live value has all of a rendered one. What the cluster
// adds does not count, nor how it writes quantities and numbers.
func has(live, rendered any, s *schema.Schema) bool {
	switch r := rendered.(type) {
	case nil:
		return true
	case map[string]any:
		l, ok := live.(map[string]any)
		if !ok {
			return len(r) == 0 && live == nil // an empty object is not always stored
		}
		for key, value := range r {
			if !has(l[key], value, property(s, key)) {
				return false
			}
		}
		return true
	case []any:
		l, ok := live.([]any)
		if !ok {
			return len(r) == 0 && live == nil
		}
		return hasItems(l, r, s)
	}
	return same(live, rendered)
}

// hasItems compares items of one key where the schema names keys, else in
// order.
func hasItems(live, rendered []any, s *schema.Schema) bool {
	var items *schema.Schema
	keys := []string(nil)
	if s != nil {
		items, keys = s.Items, s.ListMapKeys
	}
	if s != nil && s.ListType == "map" && len(keys) > 0 {
		for _, r := range rendered {
			if !slices.ContainsFunc(live, func(l any) bool { return has(l, r, items) }) {
				return false
			}
		}
		return true
	}
	if len(live) != len(rendered) {
		return false
	}
	for i, r := range rendered {
		if !has(live[i], r, items) {
			return false
		}
	}
	return true
}

// same compares scalars as an API server stores them: 1 and 1.0, 1024Mi and 1Gi
// are the same, and a false or empty value may not be stored at all.
func same(live, rendered any) bool {
	if live == nil {
		return rendered == false || rendered == "" || rendered == int64(0)
	}
	x, y := fmt.Sprint(live), fmt.Sprint(rendered)
	if x == y {
		return true
	}
	p, err := resource.ParseQuantity(x)
	if err != nil {
		return false
	}
	q, err := resource.ParseQuantity(y)
	return err == nil && p.Cmp(q) == 0
}

// rendered indexes what instances render by identity.
func rendered(res *render.Result) map[key]map[string]any {
	out := map[key]map[string]any{}
	for _, i := range res.Instances {
		for _, o := range i.Objects {
			out[keyOf(o.Object)] = o.Object
		}
	}
	return out
}
