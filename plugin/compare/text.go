package compare

import (
	"bytes"
	"path"
	"strings"

	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// YAML returns the object before and after as text for people and their tools,
// nil where there is none: values of Secrets are masked, such that a change of
// them still shows.
func (o *ObjectChange) YAML() (before, after []byte, err error) {
	if before, err = yamlOf(o.before, o.after, " before"); err != nil {
		return nil, nil, err
	}
	after, err = yamlOf(o.after, o.before, " after")
	return before, after, err
}

// yamlOf prints one side. A hidden value that the other side has in the same
// place is masked alike there, any other says on which side it is.
func yamlOf(obj, other map[string]any, where string) ([]byte, error) {
	if obj == nil {
		return nil, nil
	}
	there := map[string][]field.Hidden{}
	field.Replaced(other, func(h field.Hidden, at string) any { there[at] = append(there[at], h); return nil })
	shown := field.Replaced(obj, func(h field.Hidden, at string) any {
		for _, o := range there[at] {
			if field.Equal(h, o) {
				return field.Mask
			}
		}
		if other == nil {
			return field.Mask
		}
		return strings.TrimSuffix(field.Mask, ">") + where + ">"
	})
	m, _ := shown.(map[string]any)
	var out bytes.Buffer
	err := manifest.EncodeYAML(&out, []map[string]any{m})
	return out.Bytes(), err
}

// FileName is the name that render -o dir gives the object, on the new side
// where it has one.
func (o *ObjectChange) FileName() string {
	if o.afterFile != "" {
		return o.afterFile
	}
	return o.beforeFile
}

// fileName is the name of render -o dir: with the group when a side has objects of
// several groups that are called alike.
func (s *side) fileName(obj map[string]any) string {
	return FileName(obj, s.names()[FileName(obj, false)] > 1)
}

// FileName is the name of an object's file in render -o dir: by namespace, kind
// and name, and with the group where others are called alike.
func FileName(obj map[string]any, withGroup bool) string {
	id := identityOf(obj)
	kind := id.Kind
	if group := object.GVK(obj).Group; group != "" && withGroup {
		kind += "." + group
	}
	return strings.ToLower(path.Join(id.Namespace, kind+"-"+id.Name+".yaml"))
}
