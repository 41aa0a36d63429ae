package main

import (
	"encoding/json"
	"fmt"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubernetes-sigs/kro/api/v1alpha1"
	"github.com/kubernetes-sigs/kro/pkg/graph"
)

// graphConfig holds the defaults of the controller's flags.
var graphConfig = graph.Config{MaxCollectionSize: 1000, MaxCollectionDimensionSize: 10}

// definition is one ResourceGraphDefinition and what kro and the API server make of it.
type definition struct {
	rgd       v1alpha1.ResourceGraphDefinition
	graph     *graph.Graph
	crd       *apiextensionsv1.CustomResourceDefinition // as the API server receives it
	instances *admission
	refused   *rejection
}

func (d *definition) gvk() schema.GroupVersionKind {
	if d.rgd.Spec.Schema == nil {
		return schema.GroupVersionKind{}
	}
	return schema.GroupVersionKind{Group: d.rgd.Spec.Schema.Group, Version: d.rgd.Spec.Schema.APIVersion, Kind: d.rgd.Spec.Schema.Kind}
}

// newDefinition creates an RGD in the cluster.
func newDefinition(in *unstructured.Unstructured, rgds *admission) *definition {
	d := &definition{}
	stored, err := rgds.admit(in)
	if err != nil {
		d.refused = &rejection{Stage: "graph", Message: err.Error()}
		stored = in // its kind still says which instances are its own
	}
	raw, err := json.Marshal(stored.Object)
	if err == nil {
		err = json.Unmarshal(raw, &d.rgd)
	}
	if err != nil && d.refused == nil {
		d.refused = &rejection{Stage: "graph", Message: err.Error()}
	}
	return d
}

// compile builds kro's graph and admits the CRD it generates.
func (d *definition) compile(c *cluster) {
	var err error
	if d.graph, err = c.builder.NewResourceGraphDefinition(&d.rgd, graphConfig); err != nil {
		d.refused = &rejection{Stage: "graph", Message: err.Error()}
		return
	}
	d.refused = nil
	for _, node := range d.graph.Nodes {
		node.ReadyWhen = nil // a rendered node is ready: readiness is a matter of time, not of content
	}
	if d.crd, err = received(d.graph.CRD); err == nil {
		if err = validateCRD(d.crd); err == nil {
			d.instances, err = newAdmission(d.crd, d.rgd.Spec.Schema.APIVersion)
		}
	}
	if err != nil {
		d.refused = &rejection{Stage: "crd", Message: err.Error()}
	}
}

// compileAll compiles definitions in whatever order works: one that instantiates another needs the
// other's CRD. It returns the cluster that serves the CRDs of all.
func compileAll(c *cluster, definitions []*definition) (*cluster, error) {
	todo := slices.DeleteFunc(slices.Clone(definitions), func(d *definition) bool { return d.refused != nil })
	for len(todo) > 0 {
		before := len(todo)
		var failing []*definition
		for _, d := range todo {
			d.compile(c)
			switch {
			case d.graph == nil:
				failing = append(failing, d)
			case d.refused == nil && len(definitions) > 1:
				var err error
				if c, err = c.withCRDs([]*apiextensionsv1.CustomResourceDefinition{d.crd}); err != nil {
					return nil, fmt.Errorf("serve the CRD of %s: %w", d.rgd.Name, err)
				}
			}
		}
		if todo = failing; len(todo) == before {
			break
		}
	}
	return c, nil
}

// defining finds the definition that an instance belongs to: by kind alone when its group or version
// is wrong, and the first when nothing fits.
func defining(definitions []*definition, instance *unstructured.Unstructured) *definition {
	if instance != nil {
		for _, d := range definitions {
			if d.gvk() == instance.GroupVersionKind() {
				return d
			}
		}
		for _, d := range definitions {
			if d.gvk().Kind == instance.GetKind() {
				return d
			}
		}
	}
	return definitions[0]
}
