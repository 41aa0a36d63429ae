package apidoc

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// TestOpenAPIToJSONSchema is about what OpenAPI says otherwise than JSON schema.
func TestOpenAPIToJSONSchema(t *testing.T) {
	for _, tt := range []struct{ name, from, want string }{
		{"int or string", `{x-kubernetes-int-or-string: true}`, `{anyOf: [{type: integer}, {type: string}]}`},
		{"int or string of branches", `{x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}`, `{anyOf: [{type: integer}, {type: string}]}`},
		{"nullable", `{type: string, nullable: true, enum: [a]}`, `{type: [string, "null"], enum: [a, null]}`},
		{"exclusive bound", `{type: integer, minimum: 0, exclusiveMinimum: true, maximum: 9}`, `{type: integer, exclusiveMinimum: 0, maximum: 9}`},
		{"a required field with a default", `{type: object, required: [a, b], properties: {a: {type: string, default: x}, b: {type: string}}}`,
			`{type: object, required: [b], additionalProperties: false, properties: {a: {type: [string, "null"], default: x}, b: {type: string}}}`},
		{"unknown fields are kept", `{type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}`, `{type: object, properties: {a: {type: [string, "null"]}}}`},
		{"a set", `{type: array, items: {type: string}, x-kubernetes-list-type: set}`, `{type: array, items: {type: string}, uniqueItems: true}`},
		{"a rule", `{type: string, x-kubernetes-validations: [{rule: self == oldSelf, message: cannot change}]}`, `{type: string, $comment: "The API server also checks: cannot change"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s apiextensionsv1.JSONSchemaProps
			var got, want any
			if err := yaml.Unmarshal([]byte(tt.from), &s); err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(schemaWriter{}.schema(&s, nil))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
