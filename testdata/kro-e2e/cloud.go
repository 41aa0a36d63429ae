package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// cloud gives objects the status that controllers would. What it makes up follows from the object's
// identity and its kind's schema alone, so two clusters get the same.
type cloud struct {
	*testCase
	done    map[types.UID]bool
	refused []string // statuses that the API server does not take
}

func newCloud(c *testCase) *cloud { return &cloud{testCase: c, done: map[types.UID]bool{}} }

// answer sets the status of objects that have not got theirs yet, and reports whether there were any.
func (c *cloud) answer(ctx context.Context, a *api, objects []*unstructured.Unstructured) (bool, error) {
	acted := false
	for _, o := range objects {
		if c.done[o.GetUID()] {
			continue
		}
		if status := c.statusOf(o); status != nil {
			err := c.set(ctx, a, o, status)
			if apierrors.IsNotFound(err) {
				continue
			}
			if err != nil {
				return acted, err
			}
			acted = true
		}
		c.done[o.GetUID()] = true
	}
	return acted, nil
}

// set sets a status; of one that the API server does not take, what it does take of it.
func (c *cloud) set(ctx context.Context, a *api, o *unstructured.Unstructured, status map[string]any) error {
	err := a.patchStatus(ctx, o, status)
	for range len(status) {
		if !apierrors.IsInvalid(err) || !withoutRefused(status, err) {
			break
		}
		err = a.patchStatus(ctx, o, status)
	}
	if apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) {
		c.refused = append(c.refused, fmt.Sprintf("%s: %v", identityOf(o), err))
		return nil
	}
	return err
}

// withoutRefused takes the fields off a status that an error names.
func withoutRefused(status map[string]any, err error) bool {
	var refusal apierrors.APIStatus
	if !errors.As(err, &refusal) || refusal.Status().Details == nil {
		return false
	}
	before := len(status)
	for _, cause := range refusal.Status().Details.Causes {
		path, found := strings.CutPrefix(cause.Field, "status.")
		if name, _, _ := strings.Cut(strings.ReplaceAll(path, "[", "."), "."); found {
			delete(status, name)
		}
	}
	return len(status) < before
}

// statusOf returns the status in the case's observed/ folder, else one made up; nil for none.
func (c *cloud) statusOf(o *unstructured.Unstructured) map[string]any {
	namespace := func(o *unstructured.Unstructured) string { return cmp.Or(o.GetNamespace(), "default") }
	for _, observed := range c.observed {
		if observed.GroupVersionKind() == o.GroupVersionKind() && observed.GetName() == o.GetName() && namespace(observed) == namespace(o) {
			status, _, _ := unstructured.NestedMap(observed.Object, "status")
			return status
		}
	}
	if status := builtinStatus(o); status != nil {
		return status
	}
	if properties := c.statusSchema(o.GroupVersionKind()); properties != nil {
		status, _ := madeUp(properties, identityOf(o).String()+" status", "status").(map[string]any)
		return status
	}
	return nil
}

// builtinStatus is the status of the built-in kinds whose status graphs read.
func builtinStatus(o *unstructured.Unstructured) map[string]any {
	replicas, found, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
	if !found {
		replicas = 1
	}
	switch o.GroupVersionKind().GroupKind() {
	case schema.GroupKind{Group: "apps", Kind: "Deployment"}:
		return map[string]any{
			"observedGeneration": o.GetGeneration(), "replicas": replicas, "updatedReplicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas,
			"conditions": []any{map[string]any{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": "available"}},
		}
	case schema.GroupKind{Group: "apps", Kind: "StatefulSet"}:
		return map[string]any{"observedGeneration": o.GetGeneration(), "replicas": replicas, "readyReplicas": replicas, "currentReplicas": replicas, "availableReplicas": replicas}
	case schema.GroupKind{Kind: "Service"}, schema.GroupKind{Group: "networking.k8s.io", Kind: "Ingress"}:
		if kind, _, _ := unstructured.NestedString(o.Object, "spec", "type"); o.GetKind() == "Service" && kind != "LoadBalancer" {
			return nil
		}
		return map[string]any{"loadBalancer": map[string]any{"ingress": []any{map[string]any{"hostname": o.GetName() + ".lb.example.com"}}}}
	}
	return nil
}

// statusSchema returns the schema of the status of one of the case's custom kinds.
func (c *cloud) statusSchema(gvk schema.GroupVersionKind) map[string]any {
	for _, crd := range c.crds {
		group, _, _ := unstructured.NestedString(crd.Object, "spec", "group")
		kind, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "kind")
		versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
		for _, entry := range versions {
			version, _ := entry.(map[string]any)
			if group == gvk.Group && kind == gvk.Kind && version["name"] == gvk.Version {
				status, _, _ := unstructured.NestedMap(version, "schema", "openAPIV3Schema", "properties", "status")
				return status
			}
		}
	}
	return nil
}

// madeUp returns a value that a schema accepts; seed makes it differ from others, name says what it is.
func madeUp(s map[string]any, seed, name string) any {
	sum := sha256.Sum256([]byte(seed))
	if enum, ok := s["enum"].([]any); ok && len(enum) > 0 {
		return enum[0]
	}
	switch s["type"] {
	case "object":
		properties, _ := s["properties"].(map[string]any)
		out := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(properties)) {
			if property, ok := properties[key].(map[string]any); ok {
				out[key] = madeUp(property, seed+"."+key, key)
			}
		}
		if more, ok := s["additionalProperties"].(map[string]any); ok {
			out["key"] = madeUp(more, seed+".key", "key")
		}
		return condition(out)
	case "array":
		items, _ := s["items"].(map[string]any)
		return []any{madeUp(items, seed+"[0]", name)}
	case "boolean":
		return true
	case "integer":
		return atLeast(s, int64(sum[0])+1)
	case "number":
		return float64(atLeast(s, int64(sum[0])+1))
	case "string":
		if s["format"] == "date-time" {
			return fmt.Sprintf("2026-01-02T03:04:%02dZ", sum[0]%60)
		}
		return strings.ToLower(fmt.Sprintf("%s-%x", name, sum[:4]))
	}
	if s["x-kubernetes-int-or-string"] == true {
		return int64(sum[0])
	}
	return map[string]any{} // of any type
}

func atLeast(s map[string]any, value int64) int64 {
	if minimum, ok := s["minimum"].(int64); ok {
		value = max(value, minimum)
	}
	if maximum, ok := s["maximum"].(int64); ok {
		value = min(value, maximum)
	}
	return value
}

// condition makes a good condition of what looks like one.
func condition(o map[string]any) map[string]any {
	if o["type"] != nil && o["status"] != nil {
		o["type"], o["status"] = "Ready", "True"
		if o["reason"] != nil {
			o["reason"] = "Done"
		}
	}
	return o
}
