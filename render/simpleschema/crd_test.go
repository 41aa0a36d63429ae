package simpleschema

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

func TestCRD(t *testing.T) {
	text := apiextensionsv1.JSONSchemaProps{Type: "string"}
	for _, test := range []struct {
		file       string
		definition Definition
	}{
		{"minimal", Definition{
			Group: "kro.run", Version: "v1alpha1", Kind: "WebApp",
			Spec:   apiextensionsv1.JSONSchemaProps{Type: "object"},
			Status: apiextensionsv1.JSONSchemaProps{Type: "object"},
		}},
		{"everything", Definition{
			Group: "example.com", Version: "v1", Kind: "Index", ClusterScoped: true,
			Spec: apiextensionsv1.JSONSchemaProps{Type: "object", Required: []string{"name"},
				Properties: map[string]apiextensionsv1.JSONSchemaProps{"name": text}},
			Status: apiextensionsv1.JSONSchemaProps{Type: "object",
				Properties: map[string]apiextensionsv1.JSONSchemaProps{"state": {Type: "integer"}, "host": text}},
			PrinterColumns: []apiextensionsv1.CustomResourceColumnDefinition{
				{Name: "Host", Type: "string", JSONPath: ".status.host", Priority: 1}},
			ShortNames: []string{"ix"}, Categories: []string{"all"},
			Labels:      map[string]string{"team": "search"},
			Annotations: map[string]string{"example.com/owner": "ops"},
		}},
	} {
		t.Run(test.file, func(t *testing.T) {
			file := "testdata/crd/" + test.file + ".json"
			got := indent(t, CRD(test.definition))
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
			if n := len(test.definition.Status.Properties); n != 0 && n != 2 {
				t.Errorf("the definition's status was changed: %d properties", n)
			}
		})
	}
}

func TestPlural(t *testing.T) {
	for kind, want := range map[string]string{
		"WebApp": "webapps", "Index": "indices", "Media": "media", "News": "news", "Policy": "policies",
		"Octopus": "octupuses", "Redis": "redis", "Gateway": "gateways",
	} {
		if got := Plural(kind); got != want {
			t.Errorf("Plural(%q) = %q, want %q", kind, got, want)
		}
	}
}
