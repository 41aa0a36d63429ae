package schema

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

func TestValidator(t *testing.T) {
	tests := []struct {
		name, object string
		want         []string // path: rule: the message begins
	}{
		{"a ConfigMap", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}}", nil},
		{"a map of other values", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: 1}}", []string{"data.a: object-schema: must be a string, not a number"}},
		{"null is nothing", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: null}", nil},
		{"null in a map of texts is empty", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: null}}", nil},
		{"a key with dots", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a.b: 1}}", []string{`data["a.b"]: object-schema: must be a string`}},
		{"no name", "{apiVersion: v1, kind: ConfigMap, metadata: {}}", []string{"metadata.name: object-metadata: a value is required"}},
		{"no metadata", "{apiVersion: v1, kind: ConfigMap}", []string{"metadata.name: object-metadata: a value is required"}},
		{"a generated name", "{apiVersion: v1, kind: ConfigMap, metadata: {generateName: a-}}", nil},
		{"a bad label", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {a: 'b c'}}}", []string{"metadata.labels: object-metadata: invalid value"}},
		{"a label that is no text", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {a: true}}}", []string{"metadata.labels.a: object-metadata: must be a string, not a boolean"}},
		{"a name with a colon", "{apiVersion: v1, kind: ConfigMap, metadata: {name: 'a:b'}}", []string{"metadata.name: object-metadata: invalid value"}},
		{
			"a role may have one", "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: 'a:b'}, rules: []}", nil,
		},
		{"an unknown field", "{apiVersion: v1, kind: Secret, metadata: {name: a}, datas: {}}", []string{"datas: unknown-field: field datas is not in the schema of Secret; did you mean data?"}},
		{"text that is no base64", "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {a: '?'}}", []string{"data.a: object-schema: the value is not base64"}},
		{"status is not looked at", "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 1}]}, status: {x: y}}", nil},
		{"a port by name or number", "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 1, targetPort: web}, {port: 2, targetPort: 3}]}}", nil},
		{"a port of neither", "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 1, targetPort: true}]}}", []string{"spec.ports[0].targetPort: object-schema: must be an integer or a string, not a boolean"}},
		{"a port twice", "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 1}, {port: 1, protocol: TCP}]}}", []string{"spec.ports[1]: object-schema: duplicate value"}},
		{"a port for two protocols", "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 1}, {port: 1, protocol: UDP}]}}", nil},
		{"a port beyond 32 bits", "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 4294967296}]}}", []string{"spec.ports[0].port: object-schema: invalid value 4294967296: does not fit into 32 bits"}},
		{"half a port", "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 1.5}]}}", []string{"spec.ports[0].port: object-schema: must be an integer, not a number"}},
		{"quantities", "{apiVersion: v1, kind: ResourceQuota, metadata: {name: a}, spec: {hard: {cpu: 1, memory: 1Gi, pods: '10'}}}", nil},
		{"no quantity", "{apiVersion: v1, kind: ResourceQuota, metadata: {name: a}, spec: {hard: {cpu: 1 core}}}", []string{`spec.hard.cpu: object-schema: invalid value "1 core": not a quantity`}},
		{
			"what is required", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 1}}",
			[]string{"spec.selector: object-schema: a value is required", "spec.template: object-schema: a value is required"},
		},
		{"a word that is not of an enum", "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: loadBalancer, ports: [{port: 1}]}}", []string{`spec.type: object-schema: value "loadBalancer" is not supported: supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"`}},
		{"an empty word is as if it were left out", "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: '', ports: [{port: 1, protocol: ''}]}}", nil},
		{"words in a list", "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {accessModes: [ReadWriteOnce, RWX]}}", []string{`spec.accessModes[1]: object-schema: value "RWX" is not supported: supported values: "ReadOnlyMany", `}},
		{"a long enum is not listed", "{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {name: a}, spec: {signerName: a.b/c, request: YQ==, usages: [server aut]}}", []string{`spec.usages[0]: object-schema: value "server aut" is not supported`}},
		{"a signal may be dropped unchecked", "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, lifecycle: {stopSignal: SIGTERN}}]}}", nil},
		{"an enum of a CRD", "{apiVersion: example.com/v1, kind: Machine, metadata: {name: a}, spec: {tier: huge}}", []string{`spec.tier: object-schema: value "huge" is not supported`}},
		{"a rule of a CRD", "{apiVersion: example.com/v1, kind: Machine, metadata: {name: a}, spec: {tier: small, least: 3, most: 1}}", []string{"spec: object-validation: "}},
		{"an unknown field of a CRD", "{apiVersion: example.com/v1, kind: Machine, metadata: {name: a}, spec: {tier: small, size: 1}}", []string{"spec.size: unknown-field: field spec.size is not in the schema of Machine"}},
	}
	v := testValidator(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			problems, known := v.Validate(testObject(t, tt.object), "default")
			if !known {
				t.Fatal("the kind is not known")
			}
			var got []string
			for i, p := range problems {
				text := p.Path.String() + ": " + p.Rule + ": " + p.Message
				if i < len(tt.want) && strings.HasPrefix(text, tt.want[i]) {
					text = tt.want[i]
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if _, known := v.Validate(testObject(t, "{apiVersion: example.com/v1, kind: Other}"), ""); known {
		t.Error("a kind without a schema is known")
	}
}

func testValidator(t *testing.T) *Validator {
	t.Helper()
	catalog, err := NewCatalog("")
	if err != nil {
		t.Fatal(err)
	}
	crd, err := DecodeCRD(testObject(t, `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: machines.example.com}
spec:
  group: example.com
  names: {kind: Machine, plural: machines}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [tier]
              properties:
                tier: {type: string, enum: [small, large]}
                least: {type: integer}
                most: {type: integer}
              x-kubernetes-validations:
                - rule: "!has(self.least) || self.least <= self.most"
`))
	if err != nil {
		t.Fatal(err)
	}
	crds := []*apiextensionsv1.CustomResourceDefinition{crd}
	return NewValidator(catalog.With(crds...), crds)
}

func testObject(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	out, _ = decodeJSON(raw).(map[string]any)
	return out
}
