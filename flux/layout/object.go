package layout

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// IDOf returns the ID of an object.
func IDOf(obj map[string]any) ID {
	return ID(object.KeyOf(obj))
}

// path is where an object's file is in a wave's directory, as no other object's.
func (id ID) path() string {
	namespace := "_"
	if id.Namespace != "" {
		namespace = fileName(id.Namespace)
	}
	kind := strings.ToLower(id.Kind)
	if id.Group != "" {
		kind += "." + id.Group
	}
	return namespace + "/" + fileName(kind) + "/" + fileName(id.Name) + ".yaml"
}

// maxFileName leaves room for the extension in what file systems allow.
const maxFileName = 200

// fileName spells a name with characters that every file system has, and
// differently from every other name.
func fileName(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "_%02x", c)
		}
	}
	if b.Len() <= maxFileName {
		return b.String()
	}
	return fmt.Sprintf("%s_%x", b.String()[:maxFileName-65], sha256.Sum256([]byte(name)))
}

// encrypted reports whether an object is a SOPS document.
func encrypted(obj map[string]any) bool {
	_, ok := obj["sops"].(map[string]any)
	return ok
}

// escaped keeps Flux from taking a text of the object for a variable of its own,
// which happens as soon as a Kustomization has postBuild.
func escaped(obj map[string]any) map[string]any {
	if encrypted(obj) || !holdsVariable(obj) || object.Annotation(obj, substituteAnnotation) != "" {
		return obj
	}
	return withAnnotation(obj, substituteAnnotation, "disabled")
}

func holdsVariable(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, "${") || strings.Contains(v, "$$")
	case map[string]any:
		for key, item := range v {
			if holdsVariable(key) || holdsVariable(item) {
				return true
			}
		}
	case []any:
		for _, item := range v {
			if holdsVariable(item) {
				return true
			}
		}
	}
	return false
}

// withAnnotation returns a copy of the object that has the annotation.
func withAnnotation(obj map[string]any, name, value string) map[string]any {
	return object.WithAnnotations(obj, map[string]any{name: value})
}

func encode(obj map[string]any) ([]byte, error) {
	var b bytes.Buffer
	if err := manifest.EncodeYAML(&b, []map[string]any{obj}); err != nil {
		return nil, fmt.Errorf("encoding %s: %w", IDOf(obj), err)
	}
	return b.Bytes(), nil
}
