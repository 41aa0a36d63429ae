package view

import (
	"encoding/json"
	"fmt"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/krowave/krowave/plugin/apidoc"
	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/compare/field"
)

// Definition is the API of an RGD.
type Definition struct {
	DefinitionRow
	Doc *apidoc.Document `json:"doc"`
}

// Definition describes an RGD.
func (v *View) Definition(id string) (*Definition, error) {
	d := v.byID.definitions[id]
	if d == nil {
		return nil, ErrUnknown
	}
	doc, err := apidoc.Of(d.graph)
	return &Definition{definitionRow(d), doc}, err
}

// Form is what a form for an instance is made from.
type Form struct {
	Definition string          `json:"definition"`
	Instance   string          `json:"instance,omitempty"`
	Schema     json.RawMessage `json:"schema"` // of spec
	YAML       string          `json:"yaml"`   // of the instance, or of an example
	Masks      bool            `json:"masks"`  // values are not shown
}

// Form returns the form for a new instance of an RGD, or for one that is there.
func (v *View) Form(definition, instance string) (*Form, error) {
	d := v.byID.definitions[definition]
	i := v.byID.instances[instance]
	if i != nil {
		d = v.byID.definitions[v.definitionID(i.top, i.made)]
	}
	if d == nil || instance != "" && i == nil {
		return nil, ErrUnknown
	}
	out := &Form{Definition: d.id, Instance: instance, Schema: json.RawMessage("{}")}
	if schema := specOf(d.graph.CRD); schema != nil {
		own := schema.DeepCopy()
		for _, path := range compare.SecretInputs(d.graph) {
			hideDefault(own, path[1:])
		}
		raw, err := json.Marshal(own)
		if err != nil {
			return nil, fmt.Errorf("the schema of %s: %w", d.id, err)
		}
		out.Schema = raw
	}
	if i == nil || i.top.Doc == nil {
		doc, err := apidoc.Of(d.graph)
		if err != nil {
			return nil, err
		}
		out.YAML = doc.Example
		return out, nil
	}
	shown := i.made.masks.Instance(i.top.Graph, i.top.Doc.Object)
	out.Masks = !field.Equal(shown, i.top.Doc.Object)
	var err error
	out.YAML, err = yamlOf(shown)
	return out, err
}

func specOf(crd *apiextensionsv1.CustomResourceDefinition) *apiextensionsv1.JSONSchemaProps {
	for _, v := range crd.Spec.Versions {
		if v.Schema != nil && v.Schema.OpenAPIV3Schema != nil {
			if spec, ok := v.Schema.OpenAPIV3Schema.Properties["spec"]; ok {
				return &spec
			}
		}
	}
	return nil
}

// hideDefault takes the defaults away on the way to a field, and below it.
func hideDefault(s *apiextensionsv1.JSONSchemaProps, path []string) {
	s.Default = nil
	if len(path) == 0 {
		for name, p := range s.Properties {
			hideDefault(&p, nil)
			s.Properties[name] = p
		}
		return
	}
	if p, ok := s.Properties[path[0]]; ok {
		hideDefault(&p, path[1:])
		s.Properties[path[0]] = p
	}
}
