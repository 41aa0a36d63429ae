package simpleschema

import (
	"maps"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Definition is what an RGD says about the kind that it defines (S2.7).
type Definition struct {
	Group, Version, Kind string
	ClusterScoped        bool
	Spec, Status         apiextensionsv1.JSONSchemaProps

	// PrinterColumns replace kro's State, Ready and Age when there are any.
	PrinterColumns         []apiextensionsv1.CustomResourceColumnDefinition
	ShortNames, Categories []string
	Labels, Annotations    map[string]string // of the CRD, not of instances
}

// CRD returns the CustomResourceDefinition that kro generates (S2.7), without
// the labels that its controller adds when it applies it.
func CRD(d Definition) *apiextensionsv1.CustomResourceDefinition {
	scope := apiextensionsv1.NamespaceScoped
	if d.ClusterScoped {
		scope = apiextensionsv1.ClusterScoped
	}
	columns := d.PrinterColumns
	if len(columns) == 0 {
		columns = defaultColumns()
	}
	plural := Plural(d.Kind)
	return &apiextensionsv1.CustomResourceDefinition{
		TypeMeta: metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"},
		ObjectMeta: metav1.ObjectMeta{
			Name: plural + "." + d.Group, Labels: d.Labels, Annotations: d.Annotations,
		},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: d.Group,
			Names: apiextensionsv1.CustomResourceDefinitionNames{
				Kind: d.Kind, ListKind: d.Kind + "List",
				Plural: plural, Singular: strings.ToLower(d.Kind),
				ShortNames: d.ShortNames, Categories: d.Categories,
			},
			Scope: scope,
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: d.Version, Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: rootSchema(d.Spec, d.Status)},
				Subresources: &apiextensionsv1.CustomResourceSubresources{
					Status: &apiextensionsv1.CustomResourceSubresourceStatus{},
				},
				AdditionalPrinterColumns: columns,
			}},
		},
	}
}

// rootSchema is the schema of the whole instance. Its spec is never required,
// even when fields in it are.
func rootSchema(spec, status apiextensionsv1.JSONSchemaProps) *apiextensionsv1.JSONSchemaProps {
	properties := maps.Clone(status.Properties)
	if properties == nil {
		properties = map[string]apiextensionsv1.JSONSchemaProps{}
	}
	if _, ok := properties["state"]; !ok {
		properties["state"] = apiextensionsv1.JSONSchemaProps{Type: "string"}
	}
	if _, ok := properties["conditions"]; !ok {
		properties["conditions"] = conditionsSchema()
	}
	status.Properties = properties
	return &apiextensionsv1.JSONSchemaProps{
		Type:     "object",
		Required: []string{},
		Properties: map[string]apiextensionsv1.JSONSchemaProps{
			"apiVersion": {Type: "string"},
			"kind":       {Type: "string"},
			"metadata":   {Type: "object"},
			"spec":       spec,
			"status":     status,
		},
	}
}

func conditionsSchema() apiextensionsv1.JSONSchemaProps {
	text := apiextensionsv1.JSONSchemaProps{Type: "string"}
	return apiextensionsv1.JSONSchemaProps{
		Type: "array",
		Items: &apiextensionsv1.JSONSchemaPropsOrArray{Schema: &apiextensionsv1.JSONSchemaProps{
			Type: "object",
			Properties: map[string]apiextensionsv1.JSONSchemaProps{
				"type": text, "status": text, "reason": text, "message": text, "lastTransitionTime": text,
				"observedGeneration": {Type: "integer"},
			},
		}},
	}
}

func defaultColumns() []apiextensionsv1.CustomResourceColumnDefinition {
	return []apiextensionsv1.CustomResourceColumnDefinition{
		{Name: "State", Type: "string", JSONPath: ".status.state",
			Description: "The state of a ResourceGraphDefinition instance"},
		{Name: "Ready", Type: "string", JSONPath: `.status.conditions[?(@.type=="Ready")].status`,
			Description: "Whether a ResourceGraphDefinition instance is ready"},
		{Name: "Age", Type: "date", JSONPath: ".metadata.creationTimestamp",
			Description: "Age of the resource"},
	}
}
