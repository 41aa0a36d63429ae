package manifest

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
)

// Quote says how YAML reads the plain scalar at p when it is not a string, and quotes it;
// "" when it is one, or quoted.
func (d *Document) Quote(p diag.Path) diag.Remedy {
	text := d.ValueText(p)
	value, _ := p.In(d.Object)
	if _, isText := value.(string); isText || text == "" {
		return diag.Remedy{}
	}
	return diag.Remedy{
		Hint: "YAML reads " + diag.Cut(text, 60) + " as something other than a string; quote it: \"" + diag.Cut(text, 60) + "\"",
		Fix:  diag.Replace(text, `"`+text+`"`),
	}
}

// Retype is the remedy for a scalar at p of another type than a message says is
// wanted: quotes for what is to be a string, none around an integer or a boolean.
func (d *Document) Retype(p diag.Path, message string) diag.Remedy {
	types, typed := strings.CutPrefix(message, "must be of type ")
	want, _, ok := strings.Cut(types, ", not ")
	if !typed || !ok || object.IsSecret(d.Object) {
		return diag.Remedy{}
	}
	if want == "string" {
		return d.Quote(p)
	}
	return diag.Remedy{Fix: d.Unquote(p, want)}
}

// Unquote removes the quotes of the scalar at p if YAML then reads it as one of the
// types: integer, number or boolean.
func (d *Document) Unquote(p diag.Path, types ...string) *diag.Fix {
	t := d.find(p)
	if t.value == nil || t.anchored != nil || t.value.Kind != yaml.ScalarNode || t.value.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0 {
		return nil
	}
	text := t.value.Value
	pattern := slices.ContainsFunc(types, func(name string) bool { return plain[name] != nil && plain[name].MatchString(text) })
	if !pattern {
		return nil
	}
	quote := `"`
	if t.value.Style&yaml.SingleQuotedStyle != 0 {
		quote = "'"
	}
	return diag.Replace(quote+text+quote, text)
}

// plain are the texts that YAML reads as a type, whatever its version.
var plain = map[string]*regexp.Regexp{
	"integer": regexp.MustCompile(`^(0|-?[1-9][0-9]{0,17})$`),
	"number":  regexp.MustCompile(`^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?$`),
	"boolean": regexp.MustCompile(`^(true|false)$`),
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

// KeyRemedy says how YAML read the key at p, if it is one of BooleanKeys.
func (d *Document) KeyRemedy(p diag.Path) diag.Remedy {
	if len(p) == 0 {
		return diag.Remedy{}
	}
	key, _ := p[len(p)-1].(string)
	if key != "true" && key != "false" {
		return diag.Remedy{}
	}
	if written := d.KeyText(p); written != "" && written != key {
		return diag.Remedy{Hint: "YAML reads the key " + written + " as " + key + "; quote it: \"" + written + "\"", Fix: diag.Replace(written, `"`+written+`"`)}
	}
	return diag.Remedy{}
}

// BooleanKey is the finding about one of BooleanKeys.
func (d *Document) BooleanKey(p diag.Path) diag.Diagnostic {
	written, key := d.KeyText(p), p[len(p)-1].(string)
	return diag.Diagnostic{
		Severity: diag.Warning, Rule: "yaml-key", Pos: d.KeyPosition(p), Path: p.String(), Object: d.Title(),
		Message: "YAML reads the key " + written + " as " + key, Hint: "quote it: \"" + written + "\"",
		Sensitive: object.IsSecret(d.Object), Fix: diag.Replace(written, `"`+written+`"`),
	}
}
