package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubernetes-sigs/kro/pkg/controller/instance/applyset"
	"github.com/kubernetes-sigs/kro/pkg/graph"
	"github.com/kubernetes-sigs/kro/pkg/metadata"
	"github.com/kubernetes-sigs/kro/pkg/runtime"
)

// maxNesting is how deep instances may hold instances.
const maxNesting = 8

// expander expands instances of a case's definitions.
type expander struct {
	definitions  map[schema.GroupVersionKind]*definition
	cluster      []*unstructured.Unstructured // what external references find, observed objects among them
	observed     []*unstructured.Unstructured
	knowsCluster bool
	mapper       meta.RESTMapper
	rejected     *rejection // the first there was
}

func (e *expander) reject(stage string, err error) {
	if e.rejected == nil {
		e.rejected = &rejection{Stage: stage, Message: err.Error()}
	}
}

// expand lets kro's runtime walk the nodes of one instance; the live object of what a node renders, or
// else the rendered object itself, is handed back as observed, so that later nodes see it.
func (e *expander) expand(d *definition, in *unstructured.Unstructured, depth int) *expansion {
	x := newExpansion(d)
	instance, err := d.instances.admit(in)
	if err != nil {
		e.reject("instance", err)
		return x
	}
	if depth > maxNesting {
		e.reject("instance", fmt.Errorf("instances nested deeper than %d", maxNesting))
		return x
	}
	haveMaps(instance)
	adoptServerFields(instance, e.live(instance))
	rt, err := runtime.FromGraph(d.graph, graphConfig, runtime.WithInstance(instance))
	if err != nil {
		e.reject("instance", err)
		return x
	}
	var applied []applyset.Resource
	for _, node := range rt.Nodes() {
		rendered, err := e.node(x, node)
		switch {
		case runtime.IsDataPending(err):
			x.Pending = append(x.Pending, node.Spec.Meta.ID)
		case err != nil:
			e.reject("evaluation", fmt.Errorf("%s: %w", node.Spec.Meta.ID, err))
		case node.Spec.Meta.Type != graph.NodeTypeExternal && node.Spec.Meta.Type != graph.NodeTypeExternalCollection:
			applied = append(applied, e.collect(x, node, rendered, depth)...)
		}
	}
	set := applyset.New(applyset.Config{RESTMapper: e.mapper, Log: logr.Discard(), ParentNamespace: instance.GetNamespace()}, instance)
	if _, err := set.Project(applied); err != nil {
		e.reject("apply", err)
	}
	slices.Sort(x.Skipped)
	slices.Sort(x.Pending)
	return x
}

// node renders or looks up one node and tells the runtime what there is.
func (e *expander) node(x *expansion, node *runtime.Node) ([]*unstructured.Unstructured, error) {
	ignored, err := node.IsIgnored()
	if err != nil {
		return nil, err
	}
	if ignored {
		x.Skipped = append(x.Skipped, node.Spec.Meta.ID)
		return nil, nil
	}
	desired, err := node.GetDesired()
	if err != nil {
		return nil, err
	}
	observed := make([]*unstructured.Unstructured, len(desired))
	for i, object := range desired {
		if observed[i] = e.live(object); observed[i] == nil {
			observed[i] = object.DeepCopy()
		}
	}
	if t := node.Spec.Meta.Type; t == graph.NodeTypeExternal || t == graph.NodeTypeExternalCollection {
		if observed, err = e.lookup(node.Spec.Meta, desired[0]); err != nil {
			return nil, err
		}
		if observed == nil {
			x.Pending = append(x.Pending, node.Spec.Meta.ID)
			return nil, nil
		}
	}
	node.SetObserved(observed)
	return desired, nil
}

// live returns the observed object that a rendered one became, nil when there is none.
func (e *expander) live(rendered *unstructured.Unstructured) *unstructured.Unstructured {
	inNamespace := func(object *unstructured.Unstructured) string {
		return cmp.Or(object.GetNamespace(), metav1.NamespaceDefault)
	}
	for _, object := range e.observed {
		if object.GroupVersionKind() == rendered.GroupVersionKind() && object.GetName() == rendered.GetName() &&
			inNamespace(object) == inNamespace(rendered) {
			out := object.DeepCopy()
			out.SetNamespace(rendered.GetNamespace())
			return out
		}
	}
	return nil
}

// haveMaps gives an instance the maps that it has when kro renders it: kro's controller puts labels and
// annotations of its own there first. They are empty here.
func haveMaps(instance *unstructured.Unstructured) {
	for _, name := range []string{"labels", "annotations"} {
		if _, found, err := unstructured.NestedMap(instance.Object, "metadata", name); !found || err != nil {
			_ = unstructured.SetNestedMap(instance.Object, map[string]any{}, "metadata", name)
		}
	}
}

// adoptServerFields gives an instance the metadata that only the API server can have set.
func adoptServerFields(instance, observed *unstructured.Unstructured) {
	if observed == nil {
		return
	}
	for _, name := range []string{"uid", "generation", "resourceVersion", "creationTimestamp"} {
		if value, found, _ := unstructured.NestedFieldNoCopy(observed.Object, "metadata", name); found {
			_ = unstructured.SetNestedField(instance.Object, value, "metadata", name)
		}
	}
}

// collect records the objects of a node and expands those that are instances themselves.
func (e *expander) collect(x *expansion, node *runtime.Node, rendered []*unstructured.Unstructured, depth int) []applyset.Resource {
	id := node.Spec.Meta.ID
	var applied []applyset.Resource
	for i, object := range rendered {
		out, applyID := located{Node: id}, id
		if node.Spec.Meta.Type == graph.NodeTypeCollection {
			out.Index, applyID = &i, fmt.Sprintf("%s-%d", id, i)
		}
		applied = append(applied, applyset.Resource{ID: applyID, Object: object.DeepCopy()})
		x.Objects = append(x.Objects, renderedObject{located: out, Object: withoutIndexLabel(object).Object})
		if child := e.definitions[object.GroupVersionKind()]; child != nil {
			x.Nested = append(x.Nested, nestedExpansion{located: out, expansion: e.expand(child, object.DeepCopy(), depth+1)})
		}
	}
	return applied
}

// withoutIndexLabel takes off the label that kro puts on members of a collection.
func withoutIndexLabel(in *unstructured.Unstructured) *unstructured.Unstructured {
	out := in.DeepCopy()
	all, found, err := unstructured.NestedMap(out.Object, "metadata", "labels")
	if _, labelled := all[metadata.CollectionIndexLabel]; !found || err != nil || !labelled {
		return out
	}
	delete(all, metadata.CollectionIndexLabel)
	if len(all) == 0 {
		unstructured.RemoveNestedField(out.Object, "metadata", "labels")
	} else if err := unstructured.SetNestedMap(out.Object, all, "metadata", "labels"); err != nil {
		return in
	}
	return out
}

// lookup finds the objects of an external reference; nil when they are not known.
func (e *expander) lookup(node graph.NodeMeta, reference *unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	if !e.knowsCluster {
		return nil, nil
	}
	selector, err := selectorOf(reference)
	if err != nil {
		return nil, err
	}
	byName := node.Type == graph.NodeTypeExternal
	found := []*unstructured.Unstructured{}
	for _, object := range e.cluster {
		namespace := object.GetNamespace()
		if namespace == "" {
			namespace = metav1.NamespaceDefault
		}
		anyNamespace := !node.Namespaced || !byName && reference.GetNamespace() == ""
		switch {
		case object.GroupVersionKind() != reference.GroupVersionKind():
		case !anyNamespace && namespace != reference.GetNamespace():
		case byName && object.GetName() != reference.GetName():
		case !byName && !selector.Matches(labels.Set(object.GetLabels())):
		case byName:
			return []*unstructured.Unstructured{object.DeepCopy()}, nil
		default:
			found = append(found, object.DeepCopy())
		}
	}
	if byName {
		return nil, nil
	}
	slices.SortStableFunc(found, func(a, b *unstructured.Unstructured) int { // as an API server lists
		return strings.Compare(a.GetNamespace()+"/"+a.GetName(), b.GetNamespace()+"/"+b.GetName())
	})
	return found, nil
}

func selectorOf(reference *unstructured.Unstructured) (labels.Selector, error) {
	raw, found, err := unstructured.NestedMap(reference.Object, "metadata", "selector")
	if err != nil || !found {
		return labels.Everything(), nil
	}
	text, err := json.Marshal(raw)
	if err != nil {
		return nil, err
	}
	var selector metav1.LabelSelector
	if err := json.Unmarshal(text, &selector); err != nil {
		return nil, err
	}
	return metav1.LabelSelectorAsSelector(&selector)
}
