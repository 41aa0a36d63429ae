package manifest

import (
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
)

// QuoteHint says how YAML reads the plain scalar at p when it is not a string;
// "" when it is one, or quoted.
func (d *Document) QuoteHint(p diag.Path) string {
	text := d.ValueText(p)
	value, _ := p.In(d.Object)
	if _, isText := value.(string); isText || text == "" {
		return ""
	}
	return "YAML reads " + diag.Cut(text, 60) + " as something other than a string; quote it: \"" + diag.Cut(text, 60) + "\""
}

// StringHint is QuoteHint for a message which says that a string is wanted.
func (d *Document) StringHint(p diag.Path, message string) string {
	if !strings.HasPrefix(message, "must be of type string, not ") || object.IsSecret(d.Object) {
		return ""
	}
	return d.QuoteHint(p)
}

// BooleanKeys lists the keys that YAML 1.1 reads as true or false and that are
// written as another word, such as y or off.
func (d *Document) BooleanKeys() []diag.Path {
	var out []diag.Path
	var walk func(v any, path diag.Path)
	walk = func(v any, path diag.Path) {
		switch v := v.(type) {
		case map[string]any:
			for _, key := range [...]string{"false", "true"} {
				if _, ok := v[key]; !ok {
					continue
				}
				if written := d.KeyText(path.With(key)); written != "" && written != key {
					out = append(out, path.With(key))
				}
			}
			for _, key := range slices.Sorted(maps.Keys(v)) {
				if holds(v[key]) {
					walk(v[key], path.With(key))
				}
			}
		case []any:
			for i, item := range v {
				if holds(item) {
					walk(item, path.With(i))
				}
			}
		}
	}
	walk(d.Object, diag.Path{})
	return out
}

func holds(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// KeyHint says how YAML read the key at p, if it is one of BooleanKeys.
func (d *Document) KeyHint(p diag.Path) string {
	if len(p) == 0 {
		return ""
	}
	key, _ := p[len(p)-1].(string)
	if key != "true" && key != "false" {
		return ""
	}
	if written := d.KeyText(p); written != "" && written != key {
		return "YAML reads the key " + written + " as " + key + "; quote it: \"" + written + "\""
	}
	return ""
}

// BooleanKey is the finding about one of BooleanKeys.
func (d *Document) BooleanKey(p diag.Path) diag.Diagnostic {
	written, key := d.KeyText(p), p[len(p)-1].(string)
	return diag.Diagnostic{
		Severity: diag.Warning, Rule: "yaml-key", Pos: d.KeyPosition(p), Path: p.String(), Object: d.Title(),
		Message: "YAML reads the key " + written + " as " + key, Hint: "quote it: \"" + written + "\"",
		Sensitive: object.IsSecret(d.Object),
	}
}
