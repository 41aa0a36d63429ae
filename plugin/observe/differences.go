package observe

import (
	"encoding/json"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// differences lists the fields in which a recorded file and a live object
// differ. Values of a Secret are not shown.
func differences(old []byte, f File) []string {
	docs, _ := manifest.Read(f.Name, old, manifest.Limits{})
	if len(docs) != 1 {
		return []string{"the file does not hold one object"}
	}
	d := differ{hide: object.IsSecret(f.Object)}
	d.value(nil, docs[0].Object, f.Object)
	return d.out
}

type differ struct {
	hide bool
	out  []string
}

func (d *differ) value(at diag.Path, was, is any) {
	switch w := was.(type) {
	case map[string]any:
		if i, ok := is.(map[string]any); ok {
			keys := maps.Clone(w)
			maps.Copy(keys, i)
			for _, key := range slices.Sorted(maps.Keys(keys)) {
				d.value(at.With(key), w[key], i[key])
			}
			return
		}
	case []any:
		if i, ok := is.([]any); ok && len(i) == len(w) {
			for n := range w {
				d.value(at.With(n), w[n], i[n])
			}
			return
		}
	}
	before, after := shown(was), shown(is)
	if before == after {
		return
	}
	switch {
	case at.String() == (diag.Path{"metadata", "annotations", expand.RenderedAnnotation}).String():
		d.out = append(d.out, "the digest of what was rendered")
	case d.hide && at[0] != "metadata":
		d.out = append(d.out, at.String()+" (the values are not shown)")
	default:
		d.out = append(d.out, at.String()+": "+before+" -> "+after)
	}
}

// shown is a value in one line, cut short.
func shown(v any) string {
	if v == nil {
		return "(none)"
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return "(no JSON)"
	}
	const most = 60
	if utf8.RuneCount(raw) > most {
		return string([]rune(string(raw))[:most]) + "..."
	}
	return string(raw)
}
