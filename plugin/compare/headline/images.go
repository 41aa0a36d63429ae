package headline

import (
	"maps"
	"slices"

	"github.com/krowave/krowave/plugin/compare/field"
)

// Images lists the images that an object, or a part of one, names: wherever a
// field is called image and holds text that is not hidden.
func Images(v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if text, ok := v[name].(string); ok && name == "image" && text != "" && text != field.Mask {
				out = append(out, text)
			} else {
				out = append(out, Images(v[name])...)
			}
		}
	case []any:
		for _, item := range v {
			out = append(out, Images(item)...)
		}
	}
	return out
}
