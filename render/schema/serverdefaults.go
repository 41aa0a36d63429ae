package schema

import (
	"encoding/base64"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
)

// ServerDefaults returns obj with what the API server adds on storing it, as
// far as schemas tell (S8). obj is not changed.
//
// Kinds of CRDs: unknown fields are pruned, nulls dropped and defaults set, with
// the API server's own code (S2.9, steps 2 to 4); nothing is validated.
//
// Built-in kinds: the defaults of the published schema, such as a port's
// protocol TCP. Empty ones ({}, "", 0, false, null) are no defaults but Go's zero
// values, and are left out. A Secret's stringData goes into data, and a
// Namespace gets its name label. What the API server computes in code is not
// known here: a Service's type, a Deployment's strategy, a Pod's policies,
// cluster IPs, the normal form of quantities, and more.
func ServerDefaults(k *Kind, obj map[string]any) map[string]any {
	out, _ := copyObject(obj).(map[string]any)
	if out == nil {
		out = map[string]any{}
	}
	switch {
	case k == nil:
	case k.structural != nil:
		return k.crdDefaults(out)
	case k.Builtin:
		addDefaults(out, k.Schema)
		addKnown(k, out)
	}
	return out
}

// crdDefaults works on obj in place.
func (k *Kind) crdDefaults(obj map[string]any) map[string]any {
	s := k.structural
	defaulting.Default(obj, s)
	pruning.Prune(obj, s, true)
	defaulting.PruneNonNullableNullsWithoutDefaults(obj, s)
	return obj
}

// addDefaults sets what is absent, and goes on below what is there.
func addDefaults(v any, s *Schema) {
	switch v := v.(type) {
	case map[string]any:
		for name, p := range s.Properties {
			c, ok := v[name]
			if !ok && p.HasDefault && !isZero(p.Default) {
				v[name] = copyObject(p.Default)
			} else if ok {
				addDefaults(c, p)
			}
		}
		if s.AdditionalProperties != nil && s.Properties == nil {
			for _, c := range v {
				addDefaults(c, s.AdditionalProperties)
			}
		}
	case []any:
		if s.Items != nil {
			for _, c := range v {
				addDefaults(c, s.Items)
			}
		}
	}
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

// addKnown does what is the same for every Secret and Namespace.
func addKnown(k *Kind, obj map[string]any) {
	if k.GVK.Group != "" || k.GVK.Version != "v1" {
		return
	}
	switch k.GVK.Kind {
	case "Secret":
		mergeStringData(obj)
		if _, ok := obj["type"]; !ok {
			obj["type"] = "Opaque"
		}
	case "Namespace":
		labelNamespace(obj)
	}
}

// mergeStringData moves stringData, which is write-only, into data.
func mergeStringData(obj map[string]any) {
	text, ok := obj["stringData"].(map[string]any)
	if !ok {
		return
	}
	data, _ := obj["data"].(map[string]any)
	if data == nil {
		data = map[string]any{}
	}
	for key, v := range text {
		s, ok := v.(string)
		if !ok {
			return // refused by the API server: leave it as it is
		}
		data[key] = base64.StdEncoding.EncodeToString([]byte(s))
	}
	delete(obj, "stringData")
	if len(data) > 0 {
		obj["data"] = data
	}
}

func labelNamespace(obj map[string]any) {
	meta, _ := obj["metadata"].(map[string]any)
	name, _ := meta["name"].(string)
	if name == "" {
		return
	}
	labels, _ := meta["labels"].(map[string]any)
	if labels == nil {
		labels = map[string]any{}
		meta["labels"] = labels
	}
	labels["kubernetes.io/metadata.name"] = name
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
