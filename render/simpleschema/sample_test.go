package simpleschema

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/krowave/krowave/render/diag"
)

const sampleSchema = `
spec:
  imageTag: string | required=true
  tier: string | required=true enum="dev,prod"
  replicas: integer | required=true minimum=3
  ratio: float | required=true maximum=0.5
  enabled: boolean | required=true
  port: integer | required=true default=80
  note: string
  ingress:
    enabled: boolean | default=false
    host: string
  tls:
    secret: string | required=true
    issuer: string
  zones: '[]Zone | required=true listType=set minItems=2'
  users: '[]User | required=true listType=map listMapKey=name minItems=2'
  labels: map[string]string | required=true
  sizes: '[]integer'
types:
  Zone: string | pattern="^[a-z]{2}-[0-9]$"
  User:
    name: string | default=root
    shell: string
`

func sampleCRD(t *testing.T, text string) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	in := parseSchema(t, []byte(text))
	schema, problems := Build(in.Spec, in.Types)
	if len(problems) > 0 {
		t.Fatalf("%+v", problems)
	}
	return CRD(Definition{Group: "kro.run", Version: "v1", Kind: "WebApp", Spec: *schema})
}

func TestSample(t *testing.T) {
	minimal := func() map[string]any {
		return map[string]any{
			"imageTag": "imagetag", "tier": "dev", "replicas": int64(3), "ratio": 0.5, "enabled": true,
			"zones":  []any{"aa-1", "bb-2"},
			"users":  []any{map[string]any{"name": "name"}, map[string]any{"name": "name-2"}},
			"labels": map[string]any{"example": "labels"},
		}
	}
	with := func(more map[string]any) map[string]any {
		out := minimal()
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	for _, test := range []struct {
		name    string
		include []string
		want    map[string]any
	}{
		{"required only", nil, minimal()},
		{"optional field", []string{"spec.note"}, with(map[string]any{"note": "note"})},
		{"field with default", []string{"spec.port", "spec.ingress.enabled", "spec.ingress"}, minimal()},
		{"below a defaulted parent", []string{"spec.ingress.host"},
			with(map[string]any{"ingress": map[string]any{"host": "host"}})},
		{"brings what its parent requires", []string{"spec.tls.issuer"},
			with(map[string]any{"tls": map[string]any{"issuer": "issuer", "secret": "secret"}})},
		{"inside list items", []string{"spec.users[0].shell"}, with(map[string]any{"users": []any{
			map[string]any{"name": "name", "shell": "shell"}, map[string]any{"name": "name-2", "shell": "shell-2"}}})},
		{"list", []string{"spec.sizes"}, with(map[string]any{"sizes": []any{int64(1)}})},
	} {
		t.Run(test.name, func(t *testing.T) {
			asked := map[string]bool{}
			for _, path := range test.include {
				asked[path] = true
			}
			got := Sample(sampleCRD(t, sampleSchema), func(p diag.Path) bool { return asked[p.String()] })
			want := map[string]any{
				"apiVersion": "kro.run/v1", "kind": "WebApp",
				"metadata": map[string]any{"name": "my-webapp"}, "spec": test.want,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSampleFull(t *testing.T) {
	got := SampleFull(sampleCRD(t, `
spec:
  image: string | default="nginx:1"
  note: string
  deep:
    port: integer | default=80
    hosts: '[]string | default=["a"]'
`))["spec"]
	want := map[string]any{
		"image": "nginx:1", "note": "note",
		"deep": map[string]any{"port": int64(80), "hosts": []any{"a"}},
	}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSampleOfHostileSchema(t *testing.T) {
	crd := sampleCRD(t, `
spec:
  a: '[]A | required=true minItems=9000000000'
types:
  A: '[]B | minItems=9000000000'
  B: string | minLength=9000000000 pattern="^((a*)*b+)+$"
`)
	if got := len(Sample(crd, nil)["spec"].(map[string]any)["a"].([]any)); got == 0 || got > maxSampleValues {
		t.Errorf("%d items", got)
	}
}

func TestSampleString(t *testing.T) {
	for _, test := range []struct {
		pattern   string
		low, high int64
		want      string
	}{
		{"", 0, 0, "imagetag"},
		{"", 12, 0, "iiiiimagetag"},
		{"", 0, 3, "tag"},
		{"^[a-z]+$", 0, 0, "imagetag"},
		{"^[a-z]+$", 10, 0, "iiimagetag"},
		{"^(a|bb|ccc)$", 0, 0, "a"},
		{"^(a|bb|ccc)$", 3, 0, "ccc"},
		{"[0-9]+", 0, 0, "1"},
		{`^\d+(Gi|Mi)$`, 0, 0, "1Gi"},
		{`^s3://[a-z]+/$`, 9, 0, "s3://aaa/"},
		{`^(\d{1,3}\.){3}\d{1,3}/\d+$`, 0, 0, "10.1.0.0/16"},
		{`^[^@]+@[^@]+$`, 0, 0, "user@example.com"},
		{`\bfoo\b`, 0, 0, "foo"},
		{`^x`, 4, 0, "xaaa"},
		{"^$", 0, 0, ""},
		{"^[é-ü]{2}$", 0, 2, "éé"},
	} {
		schema := &apiextensionsv1.JSONSchemaProps{Type: "string", Pattern: test.pattern, MinLength: &test.low}
		if test.high > 0 {
			schema.MaxLength = &test.high
		}
		got := sampleString(diag.Path{"spec", "imageTag"}, schema, 0)
		if got != test.want {
			t.Errorf("%q of %d to %d: %q, want %q", test.pattern, test.low, test.high, got, test.want)
		}
		if n := int64(utf8.RuneCountInString(got)); n < test.low || test.high > 0 && n > test.high || !regexp.MustCompile(test.pattern).MatchString(got) {
			t.Errorf("%q does not satisfy %q of %d to %d", got, test.pattern, test.low, test.high)
		}
	}
}

func TestWordFor(t *testing.T) {
	for name, want := range map[string]string{
		"imageTag": "imagetag", "2fa": "x2fa", "a.b/c": "a-b-c", "-x-": "x", "é": "example", "example": "example",
		strings.Repeat("a", 70): strings.Repeat("a", 63),
	} {
		if got := wordFor(diag.Path{"spec", name}); got != want {
			t.Errorf("wordFor(%q) = %q, want %q", name, got, want)
		}
	}
}
