// Package schema contains the kinds that graphs use. Bundled Kubernetes schemas,
// CustomResourceDefinitions from the input and CRDs generated from RGDs all
// become *Schema, a compact, immutable tree that is safe to share. The CEL types
// and values of expressions (celtype.go, celvalue.go) and the admission of
// instances by the API server (admit.go) are built on it.
package schema

// Schema is one node of an OpenAPI v3 schema with references resolved. Values
// are immutable after construction; children may be shared between parents.
type Schema struct {
	Type   string // "object", "array", "string", "integer", "number", "boolean" or ""
	Format string

	Properties map[string]*Schema // nil when the schema has no properties keyword
	Required   []string
	Items      *Schema // nil when the schema has no items schema

	// AdditionalProperties is the schema of map values. AdditionalAllowed is
	// the keyword's boolean form (true also beside a schema read from JSON, as
	// in kube-openapi); HasAdditional reports whether the keyword is there at all.
	AdditionalProperties *Schema
	AdditionalAllowed    bool
	HasAdditional        bool

	Nullable         bool
	PreserveUnknown  bool // x-kubernetes-preserve-unknown-fields: true
	IntOrString      bool // x-kubernetes-int-or-string: true (the extension; see also Format)
	EmbeddedResource bool // x-kubernetes-embedded-resource: true
	ListType         string
	ListMapKeys      []string

	// OneOf and AnyOf hold of each branch only what literal checks look at
	// (S5.4): its types, and whether it has required or not.
	OneOf, AnyOf []Branch

	Default    any // JSON value; meaningful when HasDefault
	HasDefault bool
	Enum       []any

	Pattern                                  string
	Minimum, Maximum                         *float64
	MinLength, MaxLength, MinItems, MaxItems *int64
	Description                              string // CRDs only; bundled schemas carry none
}

// Step is the schema of a field, an item or an entry of a map; nil when nothing is
// known of it, as of a nil schema.
func (s *Schema) Step(name string) *Schema {
	switch {
	case s == nil:
		return nil
	case s.Properties[name] != nil:
		return s.Properties[name]
	case s.Items != nil:
		return s.Items
	}
	return s.AdditionalProperties
}

// Branch is one alternative of oneOf or anyOf.
type Branch struct {
	Types       []string
	HasRequired bool
	HasNot      bool
}

// IsIntOrString reports whether values may be a string or an integer, in either
// spelling: the CRD extension or the built-in types' format (S5.2).
func (s *Schema) IsIntOrString() bool { return s.IntOrString || s.Format == "int-or-string" }
