package graph

import (
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/schema"
)

// scanner finds the expressions of a template and checks its literals against
// the schema (S3.1, S5.4). root is the template's path in the document.
type scanner struct {
	c      *compiler
	root   diag.Path
	fields []field[source]
	plain  []diag.Path // leaves without an expression, for status
}

// typed walks v with its schema.
func (s *scanner) typed(v any, sch *schema.Schema, path diag.Path) {
	if sch.PreserveUnknown {
		s.open(v, path)
		return
	}
	want, ok := expectedTypes(sch)
	if !ok {
		s.errorf(path, "schema-untyped", "the schema of %s has no type, so no value can be set", path)
		return
	}
	switch v := v.(type) {
	case map[string]any:
		s.object(v, sch, path)
	case []any:
		s.array(v, sch, path)
	case string:
		s.text(v, want, path)
	case nil:
	default:
		s.scalar(v, want, path)
	}
}

// open handles a schema that keeps unknown fields: its whole subtree is scanned
// without a schema (S12.88).
func (s *scanner) open(v any, path diag.Path) {
	switch v := v.(type) {
	case map[string]any, []any:
		s.schemaless(v, path)
	case string:
		s.text(v, []string{"any"}, path)
	}
}

// schemaless walks v without a schema.
func (s *scanner) schemaless(v any, path diag.Path) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			s.schemaless(v[key], path.With(key))
		}
	case []any:
		for i, item := range v {
			s.schemaless(item, path.With(i))
		}
	case string:
		if !s.expression(v, path) {
			s.plain = append(s.plain, path)
		}
	default:
		s.plain = append(s.plain, path)
	}
}

func (s *scanner) object(m map[string]any, sch *schema.Schema, path diag.Path) {
	want, _ := expectedTypes(sch)
	if !slices.Contains(want, "object") && !(sch.HasAdditional && sch.AdditionalAllowed) {
		s.errorf(path, "literal-type", "expected %s at %s, got an object", strings.Join(want, " or "), path)
		s.c.diags[len(s.c.diags)-1].Hint = brokenExpression(m)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		child := propertySchema(sch, key)
		if child == nil {
			at := path.With(key)
			s.c.diags.Add(diag.Diagnostic{
				Severity: diag.Error, Rule: "unknown-field", Pos: s.c.rgd.Doc.KeyPosition(s.root.With(at...)),
				Message: "field " + at.String() + " is not in the schema of " + s.title(), Path: s.root.With(at...).String(),
			}.With(diag.Meant(key, slices.Sorted(maps.Keys(sch.Properties)))))
			continue
		}
		s.typed(m[key], child, path.With(key))
	}
}

// propertySchema is the schema of a literal's entry: a property, or a map's
// value. additionalProperties: true gives a schema that accepts nothing but
// null (S12.87).
func propertySchema(s *schema.Schema, key string) *schema.Schema {
	if p, ok := s.Properties[key]; ok {
		return p
	}
	if s.AdditionalProperties != nil {
		return s.AdditionalProperties
	}
	if s.HasAdditional && s.AdditionalAllowed {
		return &schema.Schema{}
	}
	return nil
}

func (s *scanner) array(list []any, sch *schema.Schema, path diag.Path) {
	want, _ := expectedTypes(sch)
	switch {
	case !slices.Contains(want, "array"):
		s.errorf(path, "literal-type", "expected %s at %s, got a list", strings.Join(want, " or "), path)
		return
	case sch.Items == nil:
		s.errorf(path, "schema-untyped", "the schema of %s does not say what its items are", path)
		return
	}
	for i, item := range list {
		s.typed(item, sch.Items, path.With(i))
	}
}

// text handles a string: a standalone expression fits every type here, its type
// is checked later; anything else must be allowed to be a string (S12.46).
func (s *scanner) text(v string, want []string, path diag.Path) {
	before := len(s.fields)
	found := s.expression(v, path)
	if found && len(s.fields) > before && s.fields[before].expr.Standalone {
		return
	}
	if !slices.Contains(want, "string") && !slices.Contains(want, "any") {
		s.errorf(path, "literal-type", "expected %s at %s, got a string", strings.Join(want, " or "), path)
		s.c.diags[len(s.c.diags)-1].Fix = s.c.rgd.Doc.Unquote(s.root.With(path...), want...)
	}
}

// expression records the expressions of a string; it reports whether there was
// one, or something that went wrong in the place of one.
func (s *scanner) expression(v string, path diag.Path) bool {
	t, err := expr.Parse(v, s.c.opts.Kro)
	s.c.nextText(s.root.With(path...), v, t, err)
	if err != nil {
		s.c.scanError(s.root.With(path...), v, err)
		return true
	}
	if t == nil {
		return false
	}
	s.fields = append(s.fields, field[source]{
		path: path, steps: kroSteps(path), expr: source{Template: t, Path: s.root.With(path...), Sensitive: s.c.inSecret(s.root.With(path...))},
	})
	return true
}

func (s *scanner) scalar(v any, want []string, path diag.Path) {
	got := "boolean"
	switch v.(type) {
	case int64:
		got = "integer"
	case float64:
		got = "number"
	}
	for _, w := range want {
		if w == "any" || w == got || w == "number" && got == "integer" {
			return
		}
	}
	s.errorf(path, "literal-type", "expected %s at %s, got %s", strings.Join(want, " or "), path, got)
	last := &s.c.diags[len(s.c.diags)-1]
	*last = last.With(s.c.asWritten(s.root.With(path...), want))
}

func (s *scanner) errorf(path diag.Path, rule, format string, args ...any) {
	s.c.errorf(s.root.With(path...), rule, format, args...)
}

// title names the object whose template is scanned.
func (s *scanner) title() string {
	template, _ := s.root.In(s.c.rgd.Doc.Object)
	if t, ok := template.(map[string]any); ok && stringAt(t, "kind") != "" {
		return stringAt(t, "apiVersion") + " " + stringAt(t, "kind")
	}
	if len(s.root) > 0 && s.root[len(s.root)-1] == any("selector") {
		return "label selectors"
	}
	return "the kind"
}

func hasKeywords(s *schema.Schema) bool {
	return s.Type != "" || len(s.OneOf) > 0 || len(s.AnyOf) > 0 || s.HasAdditional
}

// expectedTypes lists the types that a literal may have: the first that applies
// of int-or-string, oneOf, anyOf, type, additionalProperties (S5.4).
func expectedTypes(s *schema.Schema) ([]string, bool) {
	switch {
	case s.PreserveUnknown:
		return []string{"any"}, true
	case !hasKeywords(s):
		return nil, false
	case s.IntOrString:
		return []string{"string", "integer"}, true
	}
	for _, branches := range [][]schema.Branch{s.OneOf, s.AnyOf} {
		if t := branchTypes(branches); len(t) > 0 {
			return t, true
		}
	}
	switch {
	case s.Type != "":
		return []string{s.Type}, true
	case s.HasAdditional && s.AdditionalAllowed:
		return []string{"any"}, true
	}
	return nil, false
}

func branchTypes(branches []schema.Branch) []string {
	var out []string
	add := func(t string) {
		if t != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	for _, b := range branches {
		if b.HasRequired || b.HasNot {
			add("object")
		}
		for _, t := range b.Types {
			add(t)
		}
	}
	return out
}

// SuggestField says which field of a schema was meant by the last step of a path,
// if one is called nearly so.
func SuggestField(s *schema.Schema, path diag.Path) diag.Remedy {
	for i, step := range path {
		name, isName := step.(string)
		switch {
		case s == nil:
			return diag.Remedy{}
		case isName && i == len(path)-1:
			return diag.Meant(name, slices.Sorted(maps.Keys(s.Properties)))
		case isName:
			s = propertySchema(s, name)
		default:
			s = s.Items
		}
	}
	return diag.Remedy{}
}
