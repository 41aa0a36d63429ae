package schema

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// shapes is a CRD with every form of schema that is published in its own way.
const shapes = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: shapes.example.com}
spec:
  group: example.com
  scope: Cluster
  names: {kind: Shape, plural: shapes}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        description: root
        required: [spec]
        properties:
          metadata: {type: object, properties: {name: {type: string, maxLength: 3}}}
          spec:
            type: object
            default: {}
            x-kubernetes-preserve-unknown-fields: true
            properties:
              port: {x-kubernetes-int-or-string: true}
              portAny: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}], pattern: x}
              portAll: {x-kubernetes-int-or-string: true, allOf: [{anyOf: [{type: integer}, {type: string}]}]}
              portOwn: {x-kubernetes-int-or-string: true, anyOf: [{pattern: a}, {pattern: b}]}
              embedded: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true, required: [x, kind], properties: {x: {type: string}}}
              any: {x-kubernetes-preserve-unknown-fields: true, nullable: true}
              map: {type: object, additionalProperties: {type: integer, format: int32, minimum: 1, maximum: 3, enum: [1, 2]}}
              anything: {type: object, additionalProperties: true}
              list: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [a, b], minItems: 1, maxItems: 2, items: {type: object, required: [a], properties: {a: {type: string}, b: {type: string, default: x, minLength: 1, maxLength: 2}}}}
              one: {type: object, oneOf: [{required: [a]}, {not: {required: [b]}}], properties: {a: {type: string}, b: {type: string}}}
              date: {type: string, format: date-time}
`

// specOf reads a published schema, as kro does.
func specOf(s *spec.Schema) *Schema {
	if s == nil {
		return nil
	}
	flag := func(name string) bool { v, _ := s.Extensions.GetBool(name); return v }
	out := &Schema{
		Format: s.Format, Description: s.Description, Required: s.Required, Nullable: s.Nullable, Pattern: s.Pattern,
		Minimum: s.Minimum, Maximum: s.Maximum, MinLength: s.MinLength, MaxLength: s.MaxLength, MinItems: s.MinItems, MaxItems: s.MaxItems,
		Default: s.Default, HasDefault: s.Default != nil, Enum: s.Enum,
		PreserveUnknown: flag("x-kubernetes-preserve-unknown-fields"), IntOrString: flag("x-kubernetes-int-or-string"),
		EmbeddedResource: flag("x-kubernetes-embedded-resource"),
		OneOf:            specBranches(s.OneOf), AnyOf: specBranches(s.AnyOf),
	}
	out.ListType, _ = s.Extensions.GetString("x-kubernetes-list-type")
	if keys, ok := s.Extensions["x-kubernetes-list-map-keys"].([]string); ok {
		out.ListMapKeys = keys
	}
	if len(s.Type) > 0 {
		out.Type = s.Type[0]
	}
	if s.Items != nil {
		out.Items = specOf(s.Items.Schema)
	}
	if a := s.AdditionalProperties; a != nil {
		out.HasAdditional, out.AdditionalProperties, out.AdditionalAllowed = true, specOf(a.Schema), a.Allows || a.Schema != nil
	}
	if s.Properties != nil {
		out.Properties = map[string]*Schema{}
	}
	for name, p := range s.Properties {
		out.Properties[name] = specOf(&p)
	}
	return out
}

func specBranches(list []spec.Schema) []Branch {
	var out []Branch
	for _, s := range list {
		out = append(out, Branch{Types: s.Type, HasRequired: len(s.Required) > 0, HasNot: s.Not != nil})
	}
	return out
}

// TestPublished compares with the schema library that the API server publishes
// through; what its builder adds on top is written down here.
func TestPublished(t *testing.T) {
	for _, crd := range []*apiextensionsv1.CustomResourceDefinition{parseCRD(t, shapes), readCRD(t, "website-crd.yaml"), ownCRDs()[0], ownCRDs()[1]} {
		v := &crd.Spec.Versions[0]
		s, err := structuralOf(v)
		if err != nil {
			t.Fatal(err)
		}
		want := specOf(s.DeepCopy().Unfold().ToKubeOpenAPI())
		addTyped(want)
		if crd.Name == "shapes.example.com" {
			embedded := want.Properties["spec"].Properties["embedded"]
			addTyped(embedded)
			embedded.Required = []string{"x", "kind", "apiVersion"}
		}
		got := kindOfCRD(crd, v)
		if d := cmp.Diff(want, got.Schema); d != "" || got.Err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", crd.Name, got.Err, d)
		}
	}
}

func addTyped(s *Schema) {
	s.Properties["apiVersion"], s.Properties["kind"], s.Properties["metadata"] = &Schema{Type: "string"}, &Schema{Type: "string"}, ObjectMeta()
}

func TestDecodeCRD(t *testing.T) {
	for _, tc := range []struct{ old, new, want string }{
		{"apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1", "convert it to apiextensions.k8s.io/v1"},
		{"kind: CustomResourceDefinition", "kind: Pod", "is a Pod"},
		{"group: example.com", "group: ''", "no spec.group"},
		{"plural: shapes", "plural: ''", "needs spec.names.kind"},
		{"served: true", "served: maybe", "custom resource definition: "},
	} {
		_, err := DecodeCRD(parseObject(t, strings.Replace(shapes, tc.old, tc.new, 1)))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %s", tc.new, err, tc.want)
		}
	}
	crd := parseCRD(t, strings.Replace(shapes, "type: object\n        description", "description", 1))
	k, ok := newCatalog(t, "").With(crd).Lookup(gvk("example.com", "v1", "Shape"))
	if !ok || k.Err == nil || !strings.Contains(k.Err.Error(), "not structural") {
		t.Errorf("a schema without a type: %+v", k)
	}
	if d := cmp.Diff(&Schema{Type: "object"}, k.Schema); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestInstanceSchema(t *testing.T) {
	crd := parseCRD(t, shapes)
	props := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	props.Properties["status"] = apiextensionsv1.JSONSchemaProps{Type: "object"}
	got := InstanceSchema(props, false)
	if _, ok := props.Properties["status"]; !ok {
		t.Error("the input was changed")
	}
	if _, ok := got.Properties["status"]; ok || got.Properties["metadata"] != ObjectMeta() {
		t.Errorf("status or metadata: %v", got.Properties)
	}
	if InstanceSchema(props, true).Properties["metadata"].Properties["namespace"] != nil || ObjectMeta().Properties["namespace"] == nil {
		t.Error("only instances in a cluster's scope have no namespace")
	}
	in := got.Properties["spec"].Properties
	one, three := 1.0, 3.0
	for name, want := range map[string]*Schema{
		"port": {},
		"map":  {Type: "object", HasAdditional: true, AdditionalProperties: &Schema{Type: "integer", Format: "int32", Minimum: &one, Maximum: &three}},
		"any":  {PreserveUnknown: true, Nullable: true},
		"date": {Type: "string", Format: "date-time"},
	} {
		if d := cmp.Diff(want, in[name]); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	if in["list"].ListType != "" || in["embedded"].EmbeddedResource || in["list"].Items.Properties["b"].Default != "x" {
		t.Errorf("list types or embedded resources survived, or a default did not: %+v", in["list"])
	}
	if !got.Properties["spec"].HasDefault || !got.Properties["spec"].PreserveUnknown {
		t.Errorf("spec is %+v", got.Properties["spec"])
	}
}

func TestServerDefaults(t *testing.T) {
	c := newCatalog(t, "").With(readCRD(t, "website-crd.yaml"))
	for _, tc := range []struct{ name, obj, want string }{
		{"crd", website + "metadata: {name: a, x: 1}\nspec: {nope: 1, enabled: null, ports: [{name: x}]}",
			website + "metadata: {name: a, x: 1}\nspec: {tier: small, replicas: 1, ports: [{name: x, port: 80}]}"},
		{"service", "{apiVersion: v1, kind: Service, spec: {ports: [{port: 1}, {port: 2, protocol: UDP}]}}",
			"{apiVersion: v1, kind: Service, spec: {ports: [{port: 1, protocol: TCP}, {port: 2, protocol: UDP}]}}"},
		{"no empty defaults", "{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {containers: [{env: [{}]}]}}}}",
			"{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {containers: [{env: [{}]}]}}}}"},
		{"secret", "{apiVersion: v1, kind: Secret, data: {a: eA==, b: eA==}, stringData: {b: z}}",
			"{apiVersion: v1, kind: Secret, type: Opaque, data: {a: eA==, b: eg==}}"},
		{"namespace", "{apiVersion: v1, kind: Namespace, metadata: {name: a}}",
			"{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {kubernetes.io/metadata.name: a}}}"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			obj := parseObject(t, tc.obj)
			group, version, ok := strings.Cut(obj["apiVersion"].(string), "/")
			if !ok {
				group, version = "", group
			}
			k, ok := c.Lookup(gvk(group, version, obj["kind"].(string)))
			if !ok {
				t.Fatal("no such kind")
			}
			if d := cmp.Diff(parseObject(t, tc.want), ServerDefaults(k, obj)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if d := cmp.Diff(parseObject(t, tc.obj), obj); d != "" {
				t.Errorf("the input was changed (-want +got):\n%s", d)
			}
		})
	}
}
