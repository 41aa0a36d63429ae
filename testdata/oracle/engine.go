package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubernetes-sigs/kro/pkg/features"
)

// engine answers cases; clusters are shared by cases that bring the same CRDs.
type engine struct {
	base *cluster
	rgds *admission

	mu       sync.Mutex
	clusters map[string]*cluster
	gates    sync.RWMutex // kro's feature gates belong to the process
	current  string
}

func newEngine() (*engine, error) {
	base, err := newCluster()
	if err != nil {
		return nil, err
	}
	rgds, err := newAdmission(base.crds[schema.GroupKind{Group: "kro.run", Kind: "ResourceGraphDefinition"}], "v1alpha1")
	if err != nil {
		return nil, err
	}
	return &engine{base: base, rgds: rgds, clusters: map[string]*cluster{"": base}}, nil
}

func (e *engine) cluster(c *conformanceCase) (*cluster, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if known := e.clusters[c.crdText]; known != nil {
		return known, nil
	}
	made, err := e.base.withCRDs(c.crds)
	if err == nil {
		e.clusters[c.crdText] = made
	}
	return made, err
}

// withGates runs f while kro's feature gates are as the case wants them; cases that want the same
// run side by side.
func (e *engine) withGates(gates string, f func()) error {
	for {
		e.gates.RLock()
		if e.current == gates {
			defer e.gates.RUnlock()
			f()
			return nil
		}
		e.gates.RUnlock()
		e.gates.Lock()
		err := features.FeatureGate.Set("CELOmitFunction=false")
		if err == nil && gates != "" {
			err = features.FeatureGate.Set(gates)
		}
		e.current = gates
		e.gates.Unlock()
		if err != nil {
			return err
		}
	}
}

// answer expands a case. An error means that the case cannot be read; a refusal by kro is an answer.
func (e *engine) answer(files map[string]string) (*answer, error) {
	c, err := parseCase(files)
	if err != nil {
		return nil, err
	}
	var out *answer
	if gateErr := e.withGates(c.gates, func() { out, err = e.expandCase(c) }); gateErr != nil {
		return nil, gateErr
	}
	return out, err
}

func (e *engine) expandCase(c *conformanceCase) (out *answer, err error) {
	defer func() { // kro panics on some markers; a controller would log it and refuse the RGD
		if reason := recover(); reason != nil {
			out = &answer{expansion: newExpansion(&definition{}), Rejected: &rejection{Stage: "graph", Message: fmt.Sprint("panic: ", reason)}}
		}
	}()
	served, err := e.cluster(c)
	if err != nil {
		return nil, err
	}
	var definitions []*definition
	for _, rgd := range c.rgds {
		definitions = append(definitions, newDefinition(rgd, e.rgds))
	}
	if served, err = compileAll(served, definitions); err != nil {
		return nil, err
	}
	d := defining(definitions, c.instance)
	out = &answer{Rejected: d.refused, expansion: newExpansion(d)}
	x := &expander{
		definitions: map[schema.GroupVersionKind]*definition{}, mapper: served.mapper,
		cluster: slices.Concat(c.observed, c.cluster), observed: c.observed, knowsCluster: c.knowsCluster,
	}
	for _, other := range definitions {
		if other.refused == nil {
			x.definitions[other.gvk()] = other
		}
		switch {
		case other.graph == nil || other.refused != nil:
		case other == d:
			out.CRD = publishedCRD(other.crd)
		default:
			if out.OtherCRDs == nil {
				out.OtherCRDs = map[string]any{}
			}
			out.OtherCRDs[other.crd.Name] = publishedCRD(other.crd)
		}
	}
	switch {
	case out.Rejected != nil:
	case c.instance == nil:
		out.Rejected = &rejection{Stage: "instance", Message: errNoInstance.Error()}
	default:
		out.expansion = x.expand(d, c.instance, 0)
		out.Rejected = x.rejected
	}
	if out.Rejected != nil { // what was rendered before the refusal is not applied
		order, dependencies := out.TopologicalOrder, out.Dependencies
		out.expansion = newExpansion(&definition{})
		out.TopologicalOrder, out.Dependencies = order, dependencies
	}
	return out, nil
}

var errNoInstance = errors.New("instance.yaml holds no object")

// publishedCRD leaves out the status, which only a cluster fills.
func publishedCRD(crd *apiextensionsv1.CustomResourceDefinition) any {
	out := crd.DeepCopy()
	out.Status = apiextensionsv1.CustomResourceDefinitionStatus{}
	return out
}
