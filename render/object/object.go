// Package object reads Kubernetes objects in their decoded form: maps of JSON
// values. It is the only place that knows an object's group, version and kind,
// its identity, its metadata, and whether it is a Secret.
//
//	object.GVK(obj)                       // apps/v1, Kind=Deployment
//	object.Map(obj, "spec", "template")   // nil when there is none
//	object.KeyOf(obj)                     // what tells it from others
//	object.IsSecret(obj)                  // its values must not be shown
//
// Nothing here panics on an object of the wrong shape, and nothing changes the
// object that it is given: functions whose names begin with With return copies.
package object

import (
	"maps"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GVK returns the group, version and kind of an object, "" for what is missing.
func GVK(obj map[string]any) schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(APIVersion(obj), Kind(obj))
}

// APIVersion returns apiVersion, "" if there is none.
func APIVersion(obj map[string]any) string { return Text(obj, "apiVersion") }

// Kind returns kind, "" if there is none.
func Kind(obj map[string]any) string { return Text(obj, "kind") }

// Name returns metadata.name, "" if there is none.
func Name(obj map[string]any) string { return Text(Metadata(obj), "name") }

// Namespace returns metadata.namespace, "" if there is none.
func Namespace(obj map[string]any) string { return Text(Metadata(obj), "namespace") }

// Metadata returns metadata, nil if there is none.
func Metadata(obj map[string]any) map[string]any {
	m, _ := obj["metadata"].(map[string]any)
	return m
}

// Labels returns metadata.labels, with "" for a value that is not a string.
func Labels(obj map[string]any) map[string]string {
	in := Map(obj, "metadata", "labels")
	out := make(map[string]string, len(in))
	for name, v := range in {
		out[name], _ = v.(string)
	}
	return out
}

// Annotations returns metadata.annotations, nil if there are none.
func Annotations(obj map[string]any) map[string]any { return Map(obj, "metadata", "annotations") }

// Annotation returns one annotation, "" if it is not there or not a string.
func Annotation(obj map[string]any, name string) string { return Text(Annotations(obj), name) }

// Map returns the map at a path, nil if there is none.
func Map(obj map[string]any, path ...string) map[string]any {
	for _, step := range path {
		obj, _ = obj[step].(map[string]any)
	}
	return obj
}

// Text returns the string of a key, "" if there is none.
func Text(obj map[string]any, key string) string {
	s, _ := obj[key].(string)
	return s
}

// List returns the list of a key, nil if there is none.
func List(obj map[string]any, key string) []any {
	l, _ := obj[key].([]any)
	return l
}

// Texts returns the strings of the list of a key.
func Texts(obj map[string]any, key string) []string {
	var out []string
	for _, v := range List(obj, key) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// WithAnnotations returns a copy of an object with annotations added, the object
// itself when there are none to add.
func WithAnnotations(obj, add map[string]any) map[string]any {
	if len(add) == 0 {
		return obj
	}
	annotations := Annotations(obj)
	merged := make(map[string]any, len(annotations)+len(add))
	maps.Copy(merged, annotations)
	maps.Copy(merged, add)
	return withMetadata(obj, "annotations", merged)
}

// WithNamespace returns a copy of an object in another namespace.
func WithNamespace(obj map[string]any, namespace string) map[string]any {
	return withMetadata(obj, "namespace", namespace)
}

func withMetadata(obj map[string]any, key string, value any) map[string]any {
	old := Metadata(obj)
	meta := make(map[string]any, len(old)+1)
	maps.Copy(meta, old)
	meta[key] = value
	out := make(map[string]any, len(obj)+1)
	maps.Copy(out, obj)
	out["metadata"] = meta
	return out
}

// Copy returns a copy of a JSON value that shares no map or list with it.
func Copy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v == nil {
			return v
		}
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = Copy(e)
		}
		return out
	case []any:
		if v == nil {
			return v
		}
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = Copy(e)
		}
		return out
	}
	return v
}
