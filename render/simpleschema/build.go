// Package simpleschema turns kro's SimpleSchema into OpenAPI: Build makes the
// schema of `spec` from spec.schema.spec and spec.schema.types, CRD the
// CustomResourceDefinition that serves it, Sample an instance of that CRD.
//
//	replicas: integer | default=3 minimum=1
//
// becomes {"type":"integer","default":3,"minimum":1}. What is accepted, and
// every byte of the result, is kro's (kro-semantics S2): the text of a default
// is kept as it stands even when it is not JSON, because it is the API server
// that refuses the CRD then. The package reads decoded values only; it knows
// neither files nor expressions.
package simpleschema

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/krowave/krowave/render/diag"
)

// Rules of the problems that Build reports.
const (
	RuleType       = "simpleschema-type"       // a type that does not exist or cannot be read
	RuleMarker     = "simpleschema-marker"     // text after "|" that is not name=value, or a name that does not exist
	RuleValue      = "simpleschema-value"      // a marker's value, or a marker that does not fit the type
	RuleCycle      = "simpleschema-cycle"      // custom types that contain themselves
	RuleConstraint = "simpleschema-constraint" // markers that check nothing, or that no value satisfies
	RuleSize       = "simpleschema-size"       // custom types that expand beyond what a cluster can store
)

// maxNodes bounds the inlined schema. Custom types are inlined at each use, so
// a few lines can double at every level. A node takes at least 17 bytes of JSON
// and etcd refuses objects over 1.5 MiB, so no CRD beyond this bound can exist.
const maxNodes = 100_000

// Problem is one reason why kro refuses a SimpleSchema, or a warning of what it
// accepts and cannot work.
type Problem struct {
	Severity diag.Severity
	Path     diag.Path // relative to spec.schema: {"spec","web","replicas"} or {"types","Port","name"}
	Offset   int       // byte offset inside the string at Path, 0 if it is not a string
	Rule     string
	Message  string
	Hint     string
	Fix      *diag.Fix
}

// Build returns the schema of an instance's spec, and what is wrong with it
// (S2.1 to S2.6). With errors the schema is what could be understood.
func Build(spec, types map[string]any) (*apiextensionsv1.JSONSchemaProps, []Problem) {
	b := &builder{declared: types, built: map[string]*inlined{}}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		b.custom(name)
	}
	root := b.structure(diag.Path{"spec"}, spec)
	slices.SortStableFunc(b.problems, compareProblems)
	if root.size > maxNodes {
		b.problems = append(b.problems, Problem{
			Path: diag.Path{"spec"}, Rule: RuleSize,
			Message: fmt.Sprintf("custom types expand to more than %d schema fields", maxNodes),
			Hint:    "use fewer nested custom types, or object for a free-form part",
		})
		return &apiextensionsv1.JSONSchemaProps{Type: "object"}, b.problems
	}
	// Uses of a custom type share its subtrees until here.
	return root.schema.DeepCopy(), b.problems
}

// builder holds what the parts of one Build share.
type builder struct {
	declared map[string]any
	built    map[string]*inlined
	stack    []string // custom types being built, outermost first
	problems []Problem
}

// inlined is a finished schema. Its subtrees are shared and never written to.
type inlined struct {
	schema   *apiextensionsv1.JSONSchemaProps
	size     int  // number of schema nodes, capped above maxNodes
	required bool // an alias with required=true makes its direct users required
	open     bool // still being built
}

func (in *inlined) grow(size int) { in.size = min(in.size+size, maxNodes+1) }

func (b *builder) report(p Problem) { b.problems = append(b.problems, p) }

// custom builds a declared type once. The caller has checked that it exists and
// is not being built.
func (b *builder) custom(name string) *inlined {
	if done := b.built[name]; done != nil {
		return done
	}
	entry := &inlined{open: true}
	b.built[name] = entry
	b.stack = append(b.stack, name)
	path := diag.Path{"types", name}
	switch value := b.declared[name].(type) {
	case string:
		var parent apiextensionsv1.JSONSchemaProps
		made := b.field(path, value, &parent)
		entry.schema, entry.size, entry.required = made.schema, made.size, len(parent.Required) > 0
	case map[string]any:
		made := b.structure(path, value)
		entry.schema, entry.size = made.schema, made.size
	default:
		b.report(notAType(path, value))
		entry.schema, entry.size = unknownSchema(), 1
	}
	b.stack = b.stack[:len(b.stack)-1]
	entry.open = false
	return entry
}

// structure builds a nested map of fields, or the spec itself.
func (b *builder) structure(path diag.Path, fields map[string]any) *inlined {
	schema := &apiextensionsv1.JSONSchemaProps{
		Type:       "object",
		Properties: make(map[string]apiextensionsv1.JSONSchemaProps, len(fields)),
	}
	out := &inlined{schema: schema, size: 1}
	defaulted := false
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		at := path.With(name)
		var made *inlined
		switch value := fields[name].(type) {
		case string:
			made = b.field(at, value, schema)
		case map[string]any:
			made = b.structure(at, value)
		default:
			b.report(notAType(at, value))
			continue
		}
		schema.Properties[name] = *made.schema
		out.grow(made.size)
		defaulted = defaulted || made.schema.Default != nil
	}
	// {} would be invalid where a field is required, so such a struct blocks
	// the defaults below it (S2.6).
	if defaulted && len(schema.Required) == 0 {
		schema.Default = &apiextensionsv1.JSON{Raw: []byte("{}")}
	}
	slices.Sort(schema.Required)
	return out
}

// field builds one `type | markers` string. Whether the field is required is
// written to its parent; a name may be in the list twice, as with kro.
func (b *builder) field(path diag.Path, text string, parent *apiextensionsv1.JSONSchemaProps) *inlined {
	typ, problem := parseType(text)
	made := &inlined{schema: unknownSchema(), size: 1}
	if problem != nil {
		problem.Path = path
		b.report(*problem)
	} else {
		made = b.typeSchema(path, typ)
	}
	name := path[len(path)-1].(string)
	if made.required {
		parent.Required = append(parent.Required, name)
	}

	pipe := strings.IndexByte(text, '|')
	if pipe < 0 {
		return made
	}
	markers, problems := parseMarkers(text, pipe+1)
	schema := *made.schema // markers write to the top of the schema only
	target := &target{schema: &schema, parent: parent, name: name, inSpec: path[0] == "spec"}
	if problem == nil && !isUnknown(made.schema) {
		problems = append(problems, target.apply(markers, len(problems) == 0)...)
	}
	for _, p := range problems {
		p.Path = path
		b.report(p)
	}
	return &inlined{schema: &schema, size: made.size}
}

// typeSchema resolves the type of a field to a schema.
func (b *builder) typeSchema(path diag.Path, typ *fieldType) *inlined {
	switch typ.form {
	case formArray:
		elem := b.typeSchema(path, typ.elem)
		out := &inlined{size: 1, schema: &apiextensionsv1.JSONSchemaProps{
			Type:  "array",
			Items: &apiextensionsv1.JSONSchemaPropsOrArray{Schema: elem.schema},
		}}
		out.grow(elem.size)
		return out
	case formMap:
		elem := b.typeSchema(path, typ.elem)
		out := &inlined{size: 1, schema: &apiextensionsv1.JSONSchemaProps{
			Type:                 "object",
			AdditionalProperties: &apiextensionsv1.JSONSchemaPropsOrBool{Schema: elem.schema},
		}}
		out.grow(elem.size)
		return out
	case formObject:
		preserve := true
		return &inlined{size: 1, schema: &apiextensionsv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: &preserve}}
	case formCustom:
		return b.reference(path, typ)
	}
	jsonType := typ.name
	if jsonType == "float" {
		jsonType = "number"
	}
	return &inlined{size: 1, schema: &apiextensionsv1.JSONSchemaProps{Type: jsonType}}
}

// reference resolves a custom type where it is used.
func (b *builder) reference(path diag.Path, typ *fieldType) *inlined {
	if _, ok := b.declared[typ.name]; !ok {
		p := unknownType(typ, slices.Sorted(maps.Keys(b.declared)))
		p.Path = path
		b.report(p)
		return &inlined{schema: unknownSchema(), size: 1}
	}
	if entry := b.built[typ.name]; entry != nil && entry.open {
		cycle := append(slices.Clone(b.stack[slices.Index(b.stack, typ.name):]), typ.name)
		p := Problem{
			Path: path, Offset: typ.offset, Rule: RuleCycle,
			Message: "custom types contain each other: " + strings.Join(cycle, " -> "),
			Hint:    "use object where the nesting has no end",
		}
		if len(cycle) == 2 {
			p.Message = fmt.Sprintf("custom type %q contains itself", typ.name)
		}
		b.report(p)
		return &inlined{schema: unknownSchema(), size: 1}
	}
	entry := b.custom(typ.name)
	return &inlined{schema: entry.schema, size: entry.size, required: entry.required}
}

// unknownSchema stands in for a type that is wrong; no valid type has a schema
// without a type, so nothing further is said about it.
func unknownSchema() *apiextensionsv1.JSONSchemaProps { return &apiextensionsv1.JSONSchemaProps{} }

func isUnknown(s *apiextensionsv1.JSONSchemaProps) bool { return s.Type == "" }

// compareProblems orders types before spec, then by path and offset.
func compareProblems(a, b Problem) int {
	if a.Path[0] != b.Path[0] {
		return -strings.Compare(a.Path[0].(string), b.Path[0].(string))
	}
	for i := 1; i < len(a.Path) && i < len(b.Path); i++ {
		if c := strings.Compare(a.Path[i].(string), b.Path[i].(string)); c != 0 {
			return c
		}
	}
	if len(a.Path) != len(b.Path) {
		return len(a.Path) - len(b.Path)
	}
	return a.Offset - b.Offset
}
