// Package compat finds the changes of an RGD's schema that affect existing
// instances. It takes the CRDs that kro would generate before and after, and
// returns a list of Changes, each with kro's verdict whether it is breaking. kro
// updates a CRD with breaking changes only if the RGD has the annotation
// kro.run/allow-breaking-changes (S2.7).
//
//	changes := compat.Compare(before.CRD, after.CRD, kro)
//
// The verdicts are those of the version of kro, also where one might judge
// otherwise: kro looks at neither the schema of map values nor validation rules,
// and an enum where there was none breaks in 0.10 only (U17).
package compat

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	versions "github.com/krowave/krowave/render/compat"
	"github.com/krowave/krowave/render/diag"
)

// Verdict names a difference of schemas, as kro does.
type Verdict string

// Change is one difference between two schemas.
type Change struct {
	Path     string  `json:"path"` // spec.size; spec.ports[].name inside a list
	Verdict  Verdict `json:"change"`
	Before   string  `json:"before,omitempty"`
	After    string  `json:"after,omitempty"`
	Breaking bool    `json:"breaking,omitempty"`

	// Steps are the names of the fields on the way, without lists.
	Steps diag.Path `json:"-"`
}

// Compare compares the CRDs of one RGD as a version of kro does, sorted by path.
func Compare(before, after *apiextensionsv1.CustomResourceDefinition, kro versions.Behaviors) []Change {
	c := &comparer{kro: kro}
	if len(before.Spec.Versions) != 1 || len(after.Spec.Versions) != 1 {
		return nil // kro generates one version
	}
	old, next := &before.Spec.Versions[0], &after.Spec.Versions[0]
	if old.Name != next.Name {
		c.add(at{text: "version"}, "TYPE_CHANGED", true, old.Name, next.Name)
		return c.changes
	}
	if old.Schema != nil && next.Schema != nil {
		c.schema(at{}, old.Schema.OpenAPIV3Schema, next.Schema.OpenAPIV3Schema)
	}
	if old.Served && !next.Served {
		c.add(at{text: "version.served"}, "TYPE_CHANGED", true, "true", "false")
	}
	if hasStatus(old) && !hasStatus(next) {
		c.add(at{text: "version.subresources.status"}, "PROPERTY_REMOVED", true, "", "")
	}
	if !equality.Semantic.DeepEqual(old.AdditionalPrinterColumns, next.AdditionalPrinterColumns) {
		c.add(at{text: "version.additionalPrinterColumns"}, "ADDITIONAL_PRINTER_COLUMNS_CHANGED", false, "", "")
	}
	slices.SortStableFunc(c.changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Verdict, b.Verdict), cmp.Compare(a.Before, b.Before), cmp.Compare(a.After, b.After))
	})
	return c.changes
}

// Breaks reports whether kro refuses changes that are not allowed expressly.
func Breaks(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return c.Breaking })
}

func hasStatus(v *apiextensionsv1.CustomResourceDefinitionVersion) bool {
	return v.Subresources != nil && v.Subresources.Status != nil
}

// at is a place in a schema.
type at struct {
	text  string
	steps diag.Path
}

func (p at) property(name string) at {
	text := diag.Path{name}.String()
	if p.text != "" && text == name {
		text = "." + name
	}
	return at{p.text + text, p.steps.With(name)}
}

func (p at) items() at { return at{p.text + "[]", p.steps} }

type comparer struct {
	kro     versions.Behaviors
	changes []Change
}

func (c *comparer) add(p at, v Verdict, breaking bool, before, after string) {
	c.changes = append(c.changes, Change{Path: p.text, Verdict: v, Before: before, After: after, Breaking: breaking, Steps: p.steps})
}

type props = apiextensionsv1.JSONSchemaProps

func (c *comparer) schema(p at, old, next *props) {
	switch {
	case old == nil && next == nil:
		return
	case old == nil:
		c.add(p, "PROPERTY_ADDED", false, "", "")
		return
	case next == nil:
		c.add(p, "PROPERTY_REMOVED", true, "", "")
		return
	}
	if old.Description != next.Description {
		c.add(p, "DESCRIPTION_CHANGED", false, old.Description, next.Description)
	}
	if b, a := raw(old.Default), raw(next.Default); b != a || (old.Default == nil) != (next.Default == nil) {
		c.add(p, "DEFAULT_CHANGED", false, b, a)
	}
	if old.Type != next.Type {
		c.add(p, "TYPE_CHANGED", true, old.Type, next.Type)
		return // what is below cannot be compared
	}
	c.pattern(p, old.Pattern, next.Pattern)
	c.limits(p, old, next)
	c.properties(p, old, next)
	c.required(p, old, next)
	c.enum(p, old.Enum, next.Enum)
	if c.kro.ComparesMoreOfCRDs {
		c.permissions(p, old, next)
	}
	if old.Type == "array" {
		c.schema(p.items(), itemsOf(old), itemsOf(next))
	}
}

func raw(v *apiextensionsv1.JSON) string {
	if v == nil {
		return ""
	}
	return string(v.Raw)
}

func itemsOf(p *props) *props {
	if p.Items == nil {
		return nil
	}
	return p.Items.Schema
}

func (c *comparer) pattern(p at, old, next string) {
	switch {
	case old == next:
	case old == "":
		c.add(p, "PATTERN_ADDED", true, "", next)
	case next == "":
		c.add(p, "PATTERN_REMOVED", false, old, "")
	default:
		c.add(p, "PATTERN_CHANGED", true, old, next)
	}
}

// limits compares bounds: a new or a tighter one breaks.
func (c *comparer) limits(p at, old, next *props) {
	whole := func(n *int64) *float64 {
		if n == nil {
			return nil
		}
		f := float64(*n)
		return &f
	}
	for _, l := range []struct {
		name      string
		lower     bool
		old, next *float64
	}{
		{"MINIMUM", true, old.Minimum, next.Minimum},
		{"MAXIMUM", false, old.Maximum, next.Maximum},
		{"MIN_LENGTH", true, whole(old.MinLength), whole(next.MinLength)},
		{"MAX_LENGTH", false, whole(old.MaxLength), whole(next.MaxLength)},
		{"MIN_ITEMS", true, whole(old.MinItems), whole(next.MinItems)},
		{"MAX_ITEMS", false, whole(old.MaxItems), whole(next.MaxItems)},
	} {
		switch {
		case l.old == nil && l.next == nil || l.old != nil && l.next != nil && *l.old == *l.next:
		case l.old == nil:
			c.add(p, Verdict(l.name+"_ADDED"), true, "", number(*l.next))
		case l.next == nil:
			c.add(p, Verdict(l.name+"_REMOVED"), false, number(*l.old), "")
		case *l.next > *l.old:
			c.add(p, Verdict(l.name+"_INCREASED"), l.lower, number(*l.old), number(*l.next))
		default:
			c.add(p, Verdict(l.name+"_DECREASED"), !l.lower, number(*l.old), number(*l.next))
		}
	}
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func (c *comparer) properties(p at, old, next *props) {
	for _, name := range slices.Sorted(maps.Keys(old.Properties)) {
		was := old.Properties[name]
		if is, ok := next.Properties[name]; ok {
			c.schema(p.property(name), &was, &is)
		} else {
			c.add(p.property(name), "PROPERTY_REMOVED", true, "", "")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(next.Properties)) {
		if _, ok := old.Properties[name]; ok {
			continue
		}
		if is := next.Properties[name]; slices.Contains(next.Required, name) && !hasDefault(is) {
			c.add(p.property(name), "PROPERTY_ADDED", true, "required=false", "required=true")
		} else {
			c.add(p.property(name), "PROPERTY_ADDED", false, "", "")
		}
	}
}

func hasDefault(p props) bool { return raw(p.Default) != "" }

// required compares what must be set, of fields that both schemas have.
func (c *comparer) required(p at, old, next *props) {
	for _, name := range slices.Compact(slices.Sorted(slices.Values(next.Required))) {
		was, existed := old.Properties[name]
		switch {
		case !existed:
		case !slices.Contains(old.Required, name):
			c.add(p.property(name), "REQUIRED_ADDED", true, "", name)
		case hasDefault(was) && !hasDefault(next.Properties[name]):
			c.add(p.property(name), "REQUIRED_DEFAULT_REMOVED", true, name, "")
		}
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(old.Required))) {
		if !slices.Contains(next.Required, name) {
			c.add(p.property(name), "REQUIRED_REMOVED", false, name, "")
		}
	}
}

// permissions compares what a value may be beside what its type says (U17). kro's names
// of these verdicts are not known.
func (c *comparer) permissions(p at, old, next *props) {
	if len(old.Enum) == 0 && len(next.Enum) > 0 {
		c.add(p, "ENUM_ADDED", true, "", strings.Join(texts(next.Enum), ", "))
	}
	if old.Nullable && !next.Nullable {
		c.add(p, "NULLABLE_REMOVED", true, "true", "")
	}
	if keepsUnknown(old) && !keepsUnknown(next) {
		c.add(p, "PRESERVE_UNKNOWN_FIELDS_REMOVED", true, "true", "")
	}
}

func keepsUnknown(p *props) bool { return p.XPreserveUnknownFields != nil && *p.XPreserveUnknownFields }

func (c *comparer) enum(p at, old, next []apiextensionsv1.JSON) {
	if len(old) == 0 || len(next) == 0 {
		return
	}
	was, is := texts(old), texts(next)
	for _, v := range was {
		if !slices.Contains(is, v) {
			c.add(p, "ENUM_RESTRICTED", true, v, "")
		}
	}
	for _, v := range is {
		if !slices.Contains(was, v) {
			c.add(p, "ENUM_EXPANDED", false, "", v)
		}
	}
}

func texts(values []apiextensionsv1.JSON) []string {
	var out []string
	for _, v := range values {
		out = append(out, string(v.Raw))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
