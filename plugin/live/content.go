package live

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/krowave/krowave/plugin/deployer"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/wave"
)

// content is an object without what the API server and controllers keep about it:
// what remains is what an apply decides.
func content(obj map[string]any, status bool) map[string]any {
	out := maps.Clone(obj)
	if !status {
		delete(out, "status")
	}
	meta := maps.Clone(object.Metadata(obj))
	for _, name := range []string{"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"} {
		delete(meta, name)
	}
	if annotations, ok := meta["annotations"].(map[string]any); ok {
		annotations = maps.Clone(annotations)
		delete(annotations, object.LastApplied)
		meta["annotations"] = annotations
		if len(annotations) == 0 {
			delete(meta, "annotations")
		}
	}
	out["metadata"] = meta
	return out
}

// skipDryRun is what krowave adds to the sync options of a rendered object when it
// annotates for Argo CD.
const skipDryRun = "SkipDryRunOnMissingResource=true"

// keepMarks adds to an object what its deployer adds to all that it applies, as
// the cluster has it: how it finds the object again is no difference. rendered says
// that krowave made the object.
func keepMarks(obj, live *unstructured.Unstructured, rendered bool) {
	annotations, have := obj.GetAnnotations(), live.GetAnnotations()
	keep := func(name string) {
		if v, ok := have[name]; ok {
			if annotations == nil {
				annotations = map[string]string{}
			}
			if _, set := annotations[name]; !set {
				annotations[name] = v
			}
		}
	}
	for name := range have {
		if rendered && (name == wave.Annotation || strings.HasPrefix(name, "krowave.dev/")) {
			keep(name)
		}
	}
	keep(deployer.ArgoTracking)
	keep(deployer.ArgoInstallation)
	if options := annotations[deployer.ArgoOptions]; rendered && have[deployer.ArgoOptions] == strings.TrimPrefix(options+","+skipDryRun, ",") {
		delete(annotations, deployer.ArgoOptions)
		keep(deployer.ArgoOptions)
	}
	if len(annotations) > 0 {
		obj.SetAnnotations(annotations)
	}
	labels, on := obj.GetLabels(), live.GetLabels()
	for _, name := range []string{deployer.FluxName, deployer.FluxSpace, deployer.ArgoLabel} {
		_, set := labels[name]
		v, ok := on[name]
		if set || !ok || name == deployer.ArgoLabel && (have[deployer.ArgoTracking] != "" || managerOf(live) != deployer.ArgoManager) {
			continue
		}
		if labels == nil {
			labels = map[string]string{}
		}
		labels[name] = v
	}
	if len(labels) > 0 {
		obj.SetLabels(labels)
	}
}

// withoutDeparted is an object without the fields that a client-side apply removes:
// those that the annotation of the last one has, and the render has not.
func withoutDeparted(after map[string]any, live *unstructured.Unstructured, rendered map[string]any) map[string]any {
	var last map[string]any
	if json.Unmarshal([]byte(live.GetAnnotations()[object.LastApplied]), &last) != nil {
		return after
	}
	delete(last, "status")
	for _, name := range []string{deployer.ArgoTracking, deployer.ArgoInstallation, deployer.ArgoOptions} {
		delete(object.Annotations(last), name)
	}
	delete(object.Map(last, "metadata", "labels"), deployer.ArgoLabel)
	delete(object.Metadata(last), "creationTimestamp")
	delete(object.Metadata(last), "namespace")
	out, _ := departed(after, object.AsStored(last), object.AsStored(rendered)).(map[string]any)
	return out
}

func departed(v, was, now any) any {
	switch w := was.(type) {
	case map[string]any:
		have, ok := v.(map[string]any)
		n, both := now.(map[string]any)
		if !ok || !both && now != nil {
			return v
		}
		out := maps.Clone(have)
		for name, item := range w {
			next, stays := n[name]
			current, there := out[name]
			switch {
			case !there:
			case !stays && (name == "annotations" || name == "labels"):
				out[name] = departed(current, item, nil)
			case !stays:
				delete(out, name)
			default:
				out[name] = departed(current, item, next)
			}
			if m, ok := out[name].(map[string]any); ok && there && len(m) == 0 && !stays {
				delete(out, name)
			}
		}
		return out
	case []any:
		have, ok := v.([]any)
		n, both := now.([]any)
		if !ok || !both {
			return v
		}
		var out []any
		for _, item := range have {
			old, next := named(w, item), named(n, item)
			if old != nil && next == nil {
				continue
			}
			if old != nil {
				item = departed(item, old, next)
			}
			out = append(out, item)
		}
		return out
	}
	return v
}

// named is the item of a list with the name of another one; nil for none.
func named(list []any, item any) any {
	m, _ := item.(map[string]any)
	name, _ := m["name"].(string)
	i := slices.IndexFunc(list, func(other any) bool {
		o, _ := other.(map[string]any)
		return name != "" && o["name"] == name
	})
	if i < 0 {
		return nil
	}
	return list[i]
}

// overlaid is an object with the fields of another one over its own, as far as
// that can be said without the API server.
func overlaid(under, over any) any {
	u, ok := under.(map[string]any)
	o, both := over.(map[string]any)
	if !ok || !both {
		return over
	}
	out := maps.Clone(u)
	for name, v := range o {
		if have, ok := out[name]; ok {
			v = overlaid(have, v)
		}
		out[name] = v
	}
	return out
}
