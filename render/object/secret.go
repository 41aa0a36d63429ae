package object

import (
	"encoding/base64"
	"maps"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// LastApplied is the annotation in which kubectl repeats a whole object: of a
// Secret, also its values.
const LastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// IsSecret reports whether an object is a Secret: kind Secret of the core group.
// An object that names no apiVersion, or a wrong one of that group, counts too,
// since its values are just as secret.
func IsSecret(obj map[string]any) bool { return IsSecretKind(GVK(obj)) }

// IsSecretKind reports whether the objects of a kind are Secrets.
func IsSecretKind(kind schema.GroupVersionKind) bool {
	return kind.Group == "" && kind.Kind == "Secret"
}

// IsSecretField reports whether a top-level field of a Secret holds its values:
// data in base64, stringData in the clear.
func IsSecretField(name string) bool { return name == "data" || name == "stringData" }

// SecretFields returns the fields of which IsSecretField is true, by name.
func SecretFields() []string { return []string{"data", "stringData"} }

// HoldsSecretValues reports whether an object is a Secret with values in it.
// What is not a map counts as a value: the API server refuses it, but whoever reads
// the file has it.
func HoldsSecretValues(obj map[string]any) bool {
	if !IsSecret(obj) {
		return false
	}
	for _, name := range SecretFields() {
		if m, ok := obj[name].(map[string]any); len(m) > 0 || !ok && obj[name] != nil {
			return true
		}
	}
	return false
}

// NamesSecret reports whether the value at a path of a Secret only names or
// describes it. Annotations may hold all of its values, as LastApplied does.
func NamesSecret(path ...any) bool {
	if len(path) == 0 {
		return false
	}
	if len(path) == 1 {
		return path[0] == "apiVersion" || path[0] == "kind" || path[0] == "type"
	}
	if path[0] != "metadata" {
		return false
	}
	switch path[1] {
	case "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "labels":
		return true
	}
	return false
}

// WithoutSecretValues returns a copy of a Secret without its values.
func WithoutSecretValues(obj map[string]any) map[string]any {
	out := maps.Clone(obj)
	for _, name := range SecretFields() {
		delete(out, name)
	}
	annotations := Annotations(out)
	if annotations == nil {
		return out
	}
	annotations = maps.Clone(annotations)
	delete(annotations, LastApplied)
	return withMetadata(out, "annotations", annotations)
}

// AsStored returns an object as the API server stores it: what a Secret has in
// stringData is in data. Other objects are returned as they are.
func AsStored(obj map[string]any) map[string]any {
	text, ok := obj["stringData"].(map[string]any)
	if !ok || !IsSecret(obj) {
		return obj
	}
	out := maps.Clone(obj)
	data, _ := out["data"].(map[string]any)
	if data = maps.Clone(data); data == nil {
		data = map[string]any{}
	}
	for name, v := range text {
		if s, ok := v.(string); ok {
			data[name] = base64.StdEncoding.EncodeToString([]byte(s))
		}
	}
	delete(out, "stringData")
	out["data"] = data
	return out
}
