package simpleschema

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// target is what a field's markers are written to. Its schema's slices may be
// shared with a custom type, so they are replaced, never appended in place.
type target struct {
	schema *apiextensionsv1.JSONSchemaProps
	parent *apiextensionsv1.JSONSchemaProps // whose required list names the field
	name   string
	inSpec bool // not in a custom type, which may be unused

	problems []Problem
}

// apply writes the markers in written order; of a repeated one the last counts
// (S2.4). What they mean together is looked at only if all of them are known.
func (t *target) apply(markers []marker, all bool) []Problem {
	for _, m := range markers {
		t.marker(m)
	}
	t.checkListMap(markers)
	if all && len(t.problems) == 0 {
		t.constraints(markers)
	}
	return t.problems
}

func (t *target) marker(m marker) {
	s := t.schema
	switch m.name {
	case "required":
		if t.bool(m) {
			t.parent.Required = append(t.parent.Required, t.name)
		}
	case "default":
		t.defaultValue(m)
	case "description":
		s.Description = m.value
	case "minimum":
		t.number(m, &s.Minimum)
	case "maximum":
		t.number(m, &s.Maximum)
	case "enum":
		t.enum(m)
	case "pattern":
		t.pattern(m)
	case "minLength":
		t.count(m, "string", &s.MinLength)
	case "maxLength":
		t.count(m, "string", &s.MaxLength)
	case "minItems":
		t.count(m, "array", &s.MinItems)
	case "maxItems":
		t.count(m, "array", &s.MaxItems)
	case "uniqueItems":
		t.uniqueItems(m)
	case "listType":
		t.listType(m)
	case "listMapKey":
		t.listMapKey(m)
	case "validation":
		if strings.TrimSpace(m.value) == "" {
			t.bad(m, "validation needs a CEL expression", `write for example: validation="self > 0"`)
			return
		}
		t.rule(m.value, "validation failed")
	case "immutable":
		if t.bool(m) {
			t.rule("self == oldSelf", "field is immutable")
		}
	}
}

// defaultValue stores the text as it stands (S2.6). Text between the quotes of
// a string is not escaped, and numbers like 007 stay: what is not JSON then, the
// API server refuses with the CRD.
func (t *target) defaultValue(m marker) {
	raw := m.value
	var err error
	switch t.schema.Type {
	case "string":
		raw = `"` + m.value + `"`
	case "integer":
		_, err = strconv.ParseInt(m.value, 10, 64)
	case "number":
		_, err = strconv.ParseFloat(m.value, 64)
	case "boolean":
		_, err = strconv.ParseBool(m.value)
	}
	if err != nil {
		t.bad(m, fmt.Sprintf("default %q is not of type %s", m.value, typeName(t.schema)), quoteHint(m))
		return
	}
	t.schema.Default = &apiextensionsv1.JSON{Raw: []byte(raw)}
}

func (t *target) enum(m marker) {
	kind := t.schema.Type
	if kind != "string" && kind != "integer" {
		t.misfit(m, "string and integer fields")
		return
	}
	var values []apiextensionsv1.JSON
	at := m.at
	ok := true
	for part := range strings.SplitSeq(m.value, ",") {
		value, offset := trim(part, at)
		at += len(part) + len(",")
		if strings.Contains(m.raw, `\`) {
			offset = m.at // escapes shift what follows
		}
		raw := strconv.Quote(value)
		switch {
		case value == "":
			t.badAt(offset, "an enum value is empty", "remove the extra comma; an empty string cannot be in an enum")
			ok = false
		case kind == "integer":
			raw = value
			if _, err := strconv.ParseInt(value, 10, 64); err != nil {
				t.badAt(offset, fmt.Sprintf("enum value %q is not an integer", value), quoteHint(m))
				ok = false
			}
		}
		values = append(values, apiextensionsv1.JSON{Raw: []byte(raw)})
	}
	if ok {
		t.schema.Enum = values
	}
}

func (t *target) pattern(m marker) {
	if m.value == "" {
		t.bad(m, "pattern is empty", "write a regular expression, or remove the marker")
		return
	}
	if t.schema.Type != "string" {
		t.misfit(m, "string fields")
		return
	}
	if _, err := regexp.Compile(m.value); err != nil {
		detail := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		t.bad(m, "pattern is not a regular expression: "+detail, "patterns are RE2: no look-around, no back-references")
		return
	}
	t.schema.Pattern = m.value
}

func (t *target) uniqueItems(m marker) {
	unique := t.bool(m)
	switch list := t.schema.XListType; {
	case t.schema.Type != "array":
		t.misfit(m, "array fields")
	case !unique:
	case list != nil && *list != "set":
		t.badAt(m.offset, fmt.Sprintf("uniqueItems contradicts listType=%s", *list), "remove one of the two")
	default:
		// Structural schemas cannot say uniqueItems; a set is the CRD's word for it.
		set := "set"
		t.schema.XListType = &set
	}
}

func (t *target) listType(m marker) {
	switch list := t.schema.XListType; {
	case t.schema.Type != "array":
		t.misfit(m, "array fields")
	case !slices.Contains([]string{"atomic", "set", "map"}, m.value):
		t.bad(m, fmt.Sprintf("listType %q does not exist", m.value), "write atomic, set or map")
	case list != nil && *list != m.value:
		t.bad(m, fmt.Sprintf("listType=%s contradicts an earlier %s", m.value, *list),
			"uniqueItems=true and a custom type's markers set the list type too; keep one")
	default:
		t.schema.XListType = &m.value
	}
}

func (t *target) listMapKey(m marker) {
	switch keys := t.schema.XListMapKeys; {
	case t.schema.Type != "array":
		t.misfit(m, "array fields")
	case slices.Contains(keys, m.value):
		t.bad(m, fmt.Sprintf("listMapKey %q is there twice", m.value), "remove one")
	default:
		t.schema.XListMapKeys = append(slices.Clip(keys), m.value)
	}
}

// checkListMap looks at the list keys once every marker is known, since
// listType may come after them.
func (t *target) checkListMap(markers []marker) {
	list := t.schema.XListType
	if len(t.schema.XListMapKeys) == 0 || list != nil && *list == "map" {
		return
	}
	at := 0
	for _, m := range markers {
		switch m.name {
		case "listType":
			if list == nil {
				return // its value has been refused already
			}
		case "listMapKey":
			at = m.offset
		}
	}
	message := "listMapKey needs listType=map"
	if list != nil {
		message += ", found " + *list
	}
	t.badAt(at, message, "add listType=map, or remove listMapKey")
}

func (t *target) rule(rule, message string) {
	t.schema.XValidations = append(slices.Clip(t.schema.XValidations),
		apiextensionsv1.ValidationRule{Rule: rule, Message: message})
}

func (t *target) bool(m marker) bool {
	value, err := strconv.ParseBool(m.value)
	if err != nil {
		hint := quoteHint(m)
		if hint == "" {
			hint = fmt.Sprintf("write %s=true or %s=false", m.name, m.name)
		}
		t.bad(m, fmt.Sprintf("%s must be true or false, found %q", m.name, m.value), hint)
	}
	return value
}

func (t *target) number(m marker, to **float64) {
	value, err := strconv.ParseFloat(m.value, 64)
	if err != nil {
		t.bad(m, fmt.Sprintf("%s must be a number, found %q", m.name, m.value), quoteHint(m))
		return
	}
	*to = &value
}

// count reads a marker that limits the length of a string or array.
func (t *target) count(m marker, kind string, to **int64) {
	if t.schema.Type != kind {
		t.misfit(m, kind+" fields")
		return
	}
	value, err := strconv.ParseInt(m.value, 10, 64)
	if err != nil {
		t.bad(m, fmt.Sprintf("%s must be an integer, found %q", m.name, m.value), quoteHint(m))
		return
	}
	*to = &value
}

// bad reports a marker's value.
func (t *target) bad(m marker, message, hint string) { t.badAt(m.at, message, hint) }

// misfit reports a marker on a type that it does not apply to.
func (t *target) misfit(m marker, kinds string) {
	t.badAt(m.offset, fmt.Sprintf("%s is for %s, this one is %s", m.name, kinds, typeName(t.schema)), "remove it")
}

func (t *target) badAt(offset int, message, hint string) {
	t.problems = append(t.problems, Problem{Offset: offset, Rule: RuleValue, Message: message, Hint: hint})
}

// quoteHint explains the commonest reason for a value that does not parse.
func quoteHint(m marker) string {
	switch {
	case strings.HasPrefix(m.raw, "'"):
		return "single quotes do not quote; remove them or use double quotes"
	case m.raw == "":
		return fmt.Sprintf(`write %s=VALUE without spaces around "="`, m.name)
	}
	return ""
}

// typeName is SimpleSchema's word for a schema's type.
func typeName(s *apiextensionsv1.JSONSchemaProps) string {
	if s.Type == "number" {
		return "float"
	}
	return s.Type
}
