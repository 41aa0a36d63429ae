package schema

import (
	"strings"
	"unicode/utf8"

	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
)

// copyMeta copies metadata that holds only a name, a namespace, labels and
// annotations, all valid; everything else takes the long way.
func (a *Admitter) copyMeta(v any, namespace string) (map[string]any, bool) {
	in, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	out := make(map[string]any, len(in)+1)
	if a.namespaced {
		out["namespace"] = namespace
	}
	for key, v := range in {
		switch key {
		case "name":
			out[key] = v
		case "namespace":
			ns, ok := v.(string)
			if !ok {
				return nil, false
			}
			if a.namespaced && ns != "" {
				out[key] = ns
			}
		case "labels", "annotations":
			m, ok := copyTexts(v)
			if !ok || key == "labels" && !validLabels(m) || key == "annotations" && !validAnnotations(m) {
				return nil, false
			}
			if len(m) > 0 { // empty ones are not stored
				out[key] = m
			}
		default:
			return nil, false
		}
	}
	name, ok := out["name"].(string)
	if !ok || !simple(name, false) && len(validation.IsDNS1123Subdomain(name)) > 0 {
		return nil, false
	}
	if a.namespaced {
		ns := out["namespace"].(string)
		if !simple(ns, false) && len(validation.IsDNS1123Label(ns)) > 0 {
			return nil, false
		}
	}
	return out, true
}

func copyTexts(v any) (map[string]any, bool) {
	in, ok := v.(map[string]any)
	if !ok || in == nil {
		return nil, false
	}
	out := make(map[string]any, len(in))
	for key, v := range in {
		s, ok := v.(string)
		if !ok || !utf8.ValidString(s) || !utf8.ValidString(key) {
			return nil, false
		}
		out[key] = v
	}
	return out, true
}

func validLabels(m map[string]any) bool {
	for key, v := range m {
		text := v.(string)
		if !simple(key, true) && len(validation.IsQualifiedName(key)) > 0 ||
			!simple(text, true) && len(validation.IsValidLabelValue(text)) > 0 {
			return false
		}
	}
	return true
}

func validAnnotations(m map[string]any) bool {
	size := 0
	for key, v := range m {
		size += len(key) + len(v.(string))
		if !simple(key, true) && len(validation.IsQualifiedName(strings.ToLower(key))) > 0 {
			return false
		}
	}
	return size <= metavalidation.TotalAnnotationSizeLimitB
}

// simple recognises most names without a regular expression: up to 63 lower-case
// letters, digits and inner dashes are a DNS label; with label also inner dots,
// underscores and capitals, as in label keys without a prefix and in values.
func simple(s string, label bool) bool {
	if len(s) == 0 || len(s) > 63 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || label && c >= 'A' && c <= 'Z':
		case (c == '-' || label && (c == '.' || c == '_')) && i > 0 && i < len(s)-1:
		default:
			return false
		}
	}
	return true
}
