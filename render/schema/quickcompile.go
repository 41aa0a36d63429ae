package schema

import (
	"maps"
	"math"
	"regexp"
	"slices"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
)

// check is a schema in the form that the short way of Admit walks. It holds the
// keywords that SimpleSchema can produce, and a few more.
type check struct {
	kind       string // the type keyword
	any        bool   // nothing is checked and nothing pruned
	properties map[string]*check
	values     *check // additionalProperties
	items      *check
	free       bool // unknown members are kept

	defaults []defaultValue // by name
	required []string
	oneOf    [][]string // alternatives that only name required members

	minMembers, maxMembers int64
	minLength, maxLength   int64 // of strings and lists
	minimum, maximum       float64
	bounded, wholeBounds   bool
	int32                  bool
	enum                   []any
	pattern                *regexp.Regexp
	listType               string
	listMapKeys            []string

	rules bool // there are x-kubernetes-validations at or below; set on the root only
}

// defaultValue is the default of a property, complete with the defaults below.
type defaultValue struct {
	name  string
	value any
	valid bool // the long way decides otherwise
}

// compileRoot returns the check of a whole object, nil if a keyword is not known.
// A status that is dropped anyway is not described, so that objects that have
// one take the long way.
func compileRoot(s *structuralschema.Structural, dropsStatus bool) *check {
	root := *s
	root.Properties = maps.Clone(s.Properties)
	if dropsStatus {
		if root.XPreserveUnknownFields {
			return nil // an undescribed status would be kept
		}
		delete(root.Properties, "status")
	}
	for _, name := range []string{"apiVersion", "kind", "metadata"} {
		p, ok := root.Properties[name]
		if !ok {
			continue
		}
		if !plain(&p, map[bool]string{true: "object", false: "string"}[name == "metadata"]) {
			return nil
		}
		delete(root.Properties, name)
	}
	c := compileCheck(&root)
	if c == nil || c.kind != "object" || c.values != nil {
		return nil
	}
	c.rules = hasRules(s)
	return c
}

// plain reports that a schema says nothing but its type.
func plain(s *structuralschema.Structural, kind string) bool {
	return s.Type == kind && len(s.Properties) == 0 && s.AdditionalProperties == nil && s.Default.Object == nil &&
		!s.XPreserveUnknownFields && !s.XEmbeddedResource && (s.ValueValidation == nil || unconstrained(s.ValueValidation))
}

func unconstrained(v *structuralschema.ValueValidation) bool {
	return len(v.Required)+len(v.Enum)+len(v.AllOf)+len(v.AnyOf)+len(v.OneOf) == 0 && v.Not == nil && v.Format == "" &&
		v.Pattern == "" && v.MinLength == nil && v.MaxLength == nil && v.MinProperties == nil && v.MaxProperties == nil &&
		v.Minimum == nil && v.Maximum == nil && v.MultipleOf == nil
}

func compileCheck(s *structuralschema.Structural) *check {
	if s.XEmbeddedResource || s.XIntOrString || s.AdditionalProperties != nil && s.AdditionalProperties.Structural == nil {
		return nil
	}
	c := &check{
		kind: s.Type, free: s.XPreserveUnknownFields, maxMembers: math.MaxInt64, maxLength: math.MaxInt64,
		minimum: math.Inf(-1), maximum: math.Inf(1), listMapKeys: s.XListMapKeys,
	}
	if s.XListType != nil {
		c.listType = *s.XListType
	}
	if !c.constrain(s.ValueValidation) || !c.compileBelow(s) {
		return nil
	}
	switch c.kind {
	case "object":
		return c
	case "array":
		if c.items == nil || c.free {
			return nil
		}
	case "":
		c.any = true
		if !c.free || c.properties != nil || c.values != nil || c.items != nil || s.ValueValidation != nil && !unconstrained(s.ValueValidation) {
			return nil
		}
	default:
		if c.free {
			return nil
		}
	}
	return c
}

// compileBelow compiles the schemas of members and items, and the defaults.
func (c *check) compileBelow(s *structuralschema.Structural) bool {
	if s.AdditionalProperties != nil {
		if c.values = compileCheck(s.AdditionalProperties.Structural); c.values == nil {
			return false
		}
	}
	if s.Items != nil {
		if c.items = compileCheck(s.Items); c.items == nil {
			return false
		}
	}
	if len(s.Properties) > 0 {
		c.properties = make(map[string]*check, len(s.Properties))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		pc := compileCheck(&p)
		if pc == nil {
			return false
		}
		c.properties[name] = pc
		if p.Default.Object != nil {
			d := defaultValue{name: name}
			d.value, d.valid = pc.value(p.Default.Object)
			c.defaults = append(c.defaults, d)
		}
	}
	return true
}

// constrain takes over the keywords that restrict values, false if one of them
// is not known.
func (c *check) constrain(v *structuralschema.ValueValidation) bool {
	if v == nil {
		return true
	}
	if len(v.AllOf)+len(v.AnyOf) > 0 || v.Not != nil || v.MultipleOf != nil || v.UniqueItems ||
		v.ExclusiveMinimum || v.ExclusiveMaximum {
		return false
	}
	switch {
	case v.Format == "":
	case c.kind == "integer" && v.Format == "int32":
		c.int32 = true
	case c.kind == "integer" && v.Format == "int64":
	default:
		return false
	}
	for i := range v.OneOf {
		b := &v.OneOf[i]
		names := b.Required
		if len(names) == 0 || c.kind != "object" || len(b.Properties) > 0 || b.Items != nil || b.AdditionalProperties != nil ||
			b.ForbiddenGenerics.Type != "" || !unconstrained(withoutRequired(b.ValueValidation)) || len(b.XValidations) > 0 {
			return false
		}
		c.oneOf = append(c.oneOf, names)
	}
	c.required = v.Required
	setLimit(&c.minMembers, v.MinProperties)
	setLimit(&c.maxMembers, v.MaxProperties)
	switch c.kind {
	case "array":
		setLimit(&c.minLength, v.MinItems)
		setLimit(&c.maxLength, v.MaxItems)
	case "string":
		setLimit(&c.minLength, v.MinLength)
		setLimit(&c.maxLength, v.MaxLength)
	}
	return c.constrainNumber(v) && c.constrainText(v)
}

func withoutRequired(v structuralschema.ValueValidation) *structuralschema.ValueValidation {
	v.Required = nil
	return &v
}

func setLimit(to *int64, limit *int64) {
	if limit != nil {
		*to = *limit
	}
}

func (c *check) constrainNumber(v *structuralschema.ValueValidation) bool {
	c.wholeBounds = true
	for _, bound := range []struct {
		limit *float64
		to    *float64
	}{{v.Minimum, &c.minimum}, {v.Maximum, &c.maximum}} {
		if bound.limit == nil {
			continue
		}
		if math.IsNaN(*bound.limit) {
			return false
		}
		*bound.to, c.bounded = *bound.limit, true
		if *bound.limit != math.Trunc(*bound.limit) || math.Abs(*bound.limit) >= exact {
			c.wholeBounds = false
		}
	}
	return true
}

func (c *check) constrainText(v *structuralschema.ValueValidation) bool {
	for _, e := range v.Enum {
		switch e.Object.(type) {
		case string, int64:
			c.enum = append(c.enum, e.Object)
		default:
			return false
		}
	}
	if len(v.Enum) > 0 && c.kind != "string" && c.kind != "integer" {
		return false
	}
	if v.Pattern == "" {
		return true
	}
	var err error
	c.pattern, err = regexp.Compile(v.Pattern)
	return err == nil
}

// hasRules reports whether a schema holds x-kubernetes-validations anywhere.
func hasRules(s *structuralschema.Structural) bool {
	if s == nil {
		return false
	}
	if len(s.XValidations) > 0 || hasRules(s.Items) || s.AdditionalProperties != nil && hasRules(s.AdditionalProperties.Structural) {
		return true
	}
	for name := range s.Properties {
		p := s.Properties[name]
		if hasRules(&p) {
			return true
		}
	}
	return false
}
