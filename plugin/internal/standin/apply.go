package standin

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// merged is an object after a merge patch.
func merged(obj, patch map[string]any) map[string]any {
	out := maps.Clone(obj)
	if out == nil {
		out = map[string]any{}
	}
	for name, v := range patch {
		inner, isMap := v.(map[string]any)
		have, _ := out[name].(map[string]any)
		switch {
		case v == nil:
			delete(out, name)
		case isMap:
			out[name] = merged(have, inner)
		default:
			out[name] = v
		}
	}
	return out
}

// applied is an object after a server-side apply: what the manager applied before
// and does not apply now goes, unless somebody else has it too.
func applied(obj, applied map[string]any, manager string) map[string]any {
	out := merged(obj, applied)
	entries := meta(out).GetManagedFields()
	set := fieldsOf(applied)
	at := slices.IndexFunc(entries, func(m metav1.ManagedFieldsEntry) bool { return m.Manager == manager && m.Operation == "Apply" })
	entry := metav1.ManagedFieldsEntry{Manager: manager, Operation: "Apply", APIVersion: meta(applied).GetAPIVersion(), FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(Text(set))}
	if at < 0 {
		entries = append(entries, entry)
	} else {
		var before map[string]any
		_ = json.Unmarshal(entries[at].FieldsV1.GetRawBytes(), &before) // it was written here
		var others []map[string]any
		for i, e := range entries {
			var s map[string]any
			if i != at && json.Unmarshal(e.FieldsV1.GetRawBytes(), &s) == nil {
				others = append(others, s)
			}
		}
		out = without(out, before, set, others)
		entries[at] = entry
	}
	meta(out).SetManagedFields(entries)
	return out
}

func fieldsOf(obj map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range obj {
		if name == "apiVersion" || name == "kind" || name == "name" || name == "namespace" {
			continue
		}
		inner, _ := v.(map[string]any)
		out["f:"+name] = fieldsOf(inner)
	}
	return out
}

// without removes the fields that are in before and not in now or in others.
func without(obj, before, now map[string]any, others []map[string]any) map[string]any {
	out := maps.Clone(obj)
	for key, v := range before {
		name := strings.TrimPrefix(key, "f:")
		inner, _ := v.(map[string]any)
		var rest []map[string]any
		for _, o := range others {
			if s, ok := o[key].(map[string]any); ok {
				rest = append(rest, s)
			}
		}
		still, _ := now[key].(map[string]any)
		child, isMap := out[name].(map[string]any)
		switch {
		case isMap && len(inner) > 0:
			if out[name] = without(child, inner, still, rest); len(out[name].(map[string]any)) == 0 {
				delete(out, name)
			}
		case still == nil && len(rest) == 0:
			delete(out, name)
		}
	}
	return out
}
