package graph

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/schema"
)

// TestExpectedTypes has each rule of S5.4, in its order.
func TestExpectedTypes(t *testing.T) {
	branches := func(types ...string) (out []schema.Branch) {
		for _, typ := range types {
			out = append(out, schema.Branch{Types: []string{typ}})
		}
		return out
	}
	tests := []struct {
		name string
		s    schema.Schema
		want []string // nil: nothing can be written
	}{
		{"type", schema.Schema{Type: "integer"}, []string{"integer"}},
		{"unknown fields kept wins", schema.Schema{Type: "object", PreserveUnknown: true}, []string{"any"}},
		{"int-or-string extension", schema.Schema{Type: "string", IntOrString: true}, []string{"string", "integer"}},
		{"int-or-string extension alone", schema.Schema{IntOrString: true}, nil},
		{"int-or-string format is a string", schema.Schema{Type: "string", Format: "int-or-string"}, []string{"string"}},
		{"oneOf before type", schema.Schema{Type: "object", OneOf: branches("string", "number")}, []string{"string", "number"}},
		{"anyOf", schema.Schema{AnyOf: branches("integer", "string", "integer")}, []string{"integer", "string"}},
		{"oneOf before anyOf", schema.Schema{OneOf: branches("string"), AnyOf: branches("integer")}, []string{"string"}},
		{"branch with required", schema.Schema{Type: "string", OneOf: []schema.Branch{{HasRequired: true}}}, []string{"object"}},
		{"branch with not", schema.Schema{AnyOf: []schema.Branch{{HasNot: true, Types: []string{"string"}}}}, []string{"object", "string"}},
		{"branches without types", schema.Schema{Type: "string", OneOf: []schema.Branch{{}}}, []string{"string"}},
		{"any additional property", schema.Schema{HasAdditional: true, AdditionalAllowed: true}, []string{"any"}},
		{"no additional property", schema.Schema{HasAdditional: true}, nil},
		{"nothing said", schema.Schema{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := expectedTypes(&tt.s)
			if ok != (tt.want != nil) {
				t.Errorf("ok is %v", ok)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
