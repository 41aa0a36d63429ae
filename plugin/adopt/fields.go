package adopt

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/render/object"
)

// changesIn returns the fields that a render sets to other values than the cluster has. What the
// cluster has beside that, from defaults and controllers, is no difference.
func changesIn(rendered, live map[string]any, secret bool) []field.Change {
	var out []field.Change
	rendered = object.AsStored(rendered)
	for _, c := range field.Diff(trimmed(live, rendered), rendered, nil) {
		if strings.HasPrefix(c.Path, "metadata.managedFields") {
			continue
		}
		data := secret && !strings.HasPrefix(c.Path, "metadata.name") || object.IsSecret(rendered) && object.IsSecretField(firstStep(c.Path))
		if data || strings.Contains(c.Path, object.LastApplied) {
			c.Secret, c.Before, c.After = true, nil, nil
		}
		out = append(out, c)
	}
	return out
}

func firstStep(path string) string {
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		return path
	}
	return path[:end]
}

// trimmed is live without the fields that wanted does not have.
func trimmed(live, wanted any) any {
	switch w := wanted.(type) {
	case map[string]any:
		l, ok := live.(map[string]any)
		if !ok {
			return live
		}
		out := map[string]any{}
		for name, v := range w {
			if have, ok := l[name]; ok {
				out[name] = trimmed(have, v)
			}
		}
		return out
	case []any:
		l, ok := live.([]any)
		if !ok || len(l) != len(w) {
			return live
		}
		out := make([]any, len(l))
		for i := range l {
			out[i] = trimmed(l[i], w[i])
		}
		return out
	}
	return live
}

// owners lists who has fields of an object, in order.
func owners(obj *unstructured.Unstructured) []string {
	var out []string
	for _, m := range obj.GetManagedFields() {
		name := m.Manager
		if m.Subresource != "" {
			name += " (" + m.Subresource + ")"
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// dropped lists the fields that kro owns and the render does not set: a tool that
// takes them over removes them.
func dropped(obj *unstructured.Unstructured, rendered map[string]any) []string {
	var out []string
	for _, m := range obj.GetManagedFields() {
		if m.Manager != kroManager || m.Subresource != "" || m.FieldsV1 == nil {
			continue
		}
		var set map[string]any
		if json.Unmarshal(m.FieldsV1.GetRawBytes(), &set) == nil {
			out = append(out, missing("", set, rendered)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// missing lists the fields of a set, as managedFields has it, that a value lacks.
func missing(path string, set map[string]any, v any) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(set)) {
		inner, _ := set[key].(map[string]any)
		kind, name, _ := strings.Cut(key, ":")
		switch kind {
		case "f":
			at := name
			if path != "" {
				at = path + "." + name
			}
			if ours(at) {
				continue
			}
			m, _ := v.(map[string]any)
			child, ok := m[name]
			if !ok && at != "metadata.labels" && at != "metadata.annotations" {
				out = append(out, at)
				continue
			}
			out = append(out, missing(at, inner, child)...)
		case "k":
			var keys map[string]any
			if json.Unmarshal([]byte(name), &keys) != nil {
				continue
			}
			at := path + "[" + name + "]"
			if item := itemWith(v, keys); item == nil {
				out = append(out, at)
			} else {
				out = append(out, missing(at, inner, item)...)
			}
		}
	}
	return out
}

// ours are fields that kro sets on every object.
func ours(path string) bool {
	name, ok := strings.CutPrefix(path, "metadata.labels.")
	if ok {
		return strings.HasPrefix(name, "kro.run/") || name == partOfLabel || name == managedByLabel
	}
	return path == "metadata.annotations."+orderAnnotation
}

// itemWith finds the item of a list that has some keys; one that the render leaves to
// its default matches any value.
func itemWith(v any, keys map[string]any) any {
	list, _ := v.([]any)
	for _, item := range list {
		m, _ := item.(map[string]any)
		if m != nil && !slices.ContainsFunc(slices.Collect(maps.Keys(keys)), func(k string) bool {
			have, ok := m[k]
			return ok && !field.Equal(have, number(keys[k]))
		}) {
			return item
		}
	}
	return nil
}

// number is a JSON number as objects have it.
func number(v any) any {
	if f, ok := v.(float64); ok && f == float64(int64(f)) {
		return int64(f)
	}
	return v
}

// handedOver are managed fields in which what kro owns belongs to another manager.
func handedOver(entries []metav1.ManagedFieldsEntry, to string, op metav1.ManagedFieldsOperationType) []metav1.ManagedFieldsEntry {
	out := slices.Clone(entries)
	from := slices.IndexFunc(out, func(m metav1.ManagedFieldsEntry) bool { return m.Manager == kroManager && m.Subresource == "" })
	if from < 0 {
		return out
	}
	moved := out[from]
	moved.Manager, moved.Operation = to, op
	at := slices.IndexFunc(out, func(m metav1.ManagedFieldsEntry) bool {
		return m.Manager == to && m.Operation == op && m.Subresource == "" && m.APIVersion == moved.APIVersion
	})
	if at < 0 {
		out[from] = moved
		return out
	}
	out[at].FieldsV1 = union(out[at].FieldsV1, moved.FieldsV1)
	return slices.Delete(out, from, from+1)
}

// union is the union of two sets of fields.
func union(a, b *metav1.FieldsV1) *metav1.FieldsV1 {
	var x, y map[string]any
	if a == nil || json.Unmarshal(a.GetRawBytes(), &x) != nil {
		return b
	}
	if b == nil || json.Unmarshal(b.GetRawBytes(), &y) != nil {
		return a
	}
	merge(x, y)
	raw, err := json.Marshal(x)
	if err != nil {
		return a
	}
	return metav1.NewFieldsV1(string(raw))
}

func merge(into, from map[string]any) {
	for name, v := range from {
		have, ok := into[name].(map[string]any)
		inner, both := v.(map[string]any)
		if !ok || !both {
			into[name] = v
			continue
		}
		merge(have, inner)
	}
}

// managedFields are entries as a patch has them.
func managedFields(entries []metav1.ManagedFieldsEntry) []any {
	out := []any{}
	for _, e := range entries {
		m, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&e)
		if err == nil {
			out = append(out, m)
		}
	}
	return out
}
