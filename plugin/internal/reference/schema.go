package main

import (
	"encoding"
	"path"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render/diag"
)

// schema is a JSON schema.
type schema struct {
	Schema      string             `json:"$schema,omitempty"`
	ID          string             `json:"$id,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Ref         string             `json:"$ref,omitempty"`
	Type        string             `json:"type,omitempty"`
	Const       string             `json:"const,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Additional  any                `json:"additionalProperties,omitempty"`
	Defs        map[string]*schema `json:"$defs,omitempty"`
}

// schemaOf describes the documents of a kind.
func schemaOf(k report.Kind) *schema {
	g := generator{defs: map[string]*schema{}, names: map[reflect.Type]string{}}
	out := &schema{
		Schema: "https://json-schema.org/draft/2020-12/schema", ID: "https://krowave.dev/schemas/" + schemaFile(k),
		Title: k.Name, Description: "What krowave " + k.Command + " prints.",
		Type: "object", Additional: false, Properties: map[string]*schema{
			"apiVersion": {Const: report.APIVersion}, "kind": {Const: k.Name},
		}, Required: []string{"apiVersion", "kind"},
	}
	g.fields(out, reflect.TypeOf(k.Content))
	out.Defs = g.defs
	return out
}

// generator describes Go types as encoding/json prints them.
type generator struct {
	defs  map[string]*schema
	names map[reflect.Type]string
}

// diagnostic is what diag.Diagnostic prints.
type diagnostic struct {
	Severity diag.Severity `json:"severity"`
	Rule     string        `json:"rule"`
	diag.Position
	Message    string         `json:"message"`
	Object     string         `json:"object,omitempty"`
	Path       string         `json:"path,omitempty"`
	Hint       string         `json:"hint,omitempty"`
	Fix        *diag.Fix      `json:"fix,omitempty"`
	Difference string         `json:"difference,omitempty"`
	Related    []diag.Related `json:"related,omitempty"`
}

func (g *generator) of(t reflect.Type) *schema {
	switch t {
	case reflect.TypeFor[diag.Diagnostic]():
		t = reflect.TypeFor[diagnostic]()
	case reflect.TypeFor[diag.Severity]():
		return &schema{Type: "string", Enum: []string{diag.Error.String(), diag.Warning.String(), diag.Info.String()}}
	}
	if t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return &schema{Type: "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.of(t.Elem())
	case reflect.Struct:
		return &schema{Ref: "#/$defs/" + g.define(t)}
	case reflect.Slice:
		return &schema{Type: "array", Items: g.of(t.Elem())}
	case reflect.Map:
		return &schema{Type: "object", Additional: g.of(t.Elem())}
	case reflect.String:
		return &schema{Type: "string"}
	case reflect.Bool:
		return &schema{Type: "boolean"}
	case reflect.Int, reflect.Int64:
		return &schema{Type: "integer"}
	}
	return &schema{} // any value
}

// define describes a struct once, and returns the name of its description.
func (g *generator) define(t reflect.Type) string {
	if name, ok := g.names[t]; ok {
		return name
	}
	name := titled(strings.TrimSuffix(t.Name(), "Output"))
	if _, taken := g.defs[name]; taken {
		name = titled(path.Base(t.PkgPath())) + name
	}
	s := &schema{Type: "object", Additional: false, Properties: map[string]*schema{}}
	g.names[t], g.defs[name] = name, s
	g.fields(s, t)
	return name
}

// fields adds the fields of a struct, those of embedded structs among them.
func (g *generator) fields(to *schema, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, flags, _ := strings.Cut(tag, ",")
		if f.Anonymous && name == "" {
			embedded := f.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			g.fields(to, embedded)
			continue
		}
		if !f.IsExported() || tag == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		to.Properties[name] = g.of(f.Type)
		if !strings.Contains(flags, "omitempty") && !slices.Contains(to.Required, name) {
			to.Required = append(to.Required, name)
		}
	}
}

func titled(name string) string {
	runes := []rune(name)
	runes[0] = unicode.ToUpper(runes[0])
	return string(runes)
}
