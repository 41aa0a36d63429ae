package adopt

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/object"
)

// Annotations of krowave on an object that is changing hands.
const (
	heldAnnotation      = "krowave.dev/held"      // the annotations that Hold replaced, as JSON
	inventoryAnnotation = "krowave.dev/inventory" // the inventory that Empty replaced, as JSON
	suspendedAnnotation = "krowave.dev/suspended" // suspended by Suspend
)

// holding are the annotations that keep an object from being pruned or deleted.
func holding(obj map[string]any) map[string]any {
	options := slices.DeleteFunc(split(object.Annotation(obj, argoOptions)), func(o string) bool {
		return strings.HasPrefix(o, "Prune=") || strings.HasPrefix(o, "Delete=")
	})
	return map[string]any{argoOptions: strings.Join(append(options, "Prune=false", "Delete=false"), ","), fluxPrune: "disabled"}
}

// held reports whether an object has what Hold gives it.
func held(obj map[string]any) bool {
	return strings.Contains(object.Annotation(obj, argoOptions), "Prune=false") && object.Annotation(obj, fluxPrune) == "disabled"
}

// wasHeld reports whether Hold has been here.
func wasHeld(obj map[string]any) bool { return object.Annotation(obj, heldAnnotation) != "" }

// mine reports whether an instance was suspended here.
func mine(obj map[string]any) bool { return object.Annotation(obj, suspendedAnnotation) != "" }

// isSuspended reports whether kro leaves an instance alone.
func isSuspended(obj map[string]any) bool {
	v := object.Annotation(obj, suspendAnnotation)
	return strings.EqualFold(v, suspended) || strings.EqualFold(v, "disabled")
}

// beforeHold is what the annotations that Hold changes are without it.
func beforeHold(obj map[string]any) map[string]string {
	out := map[string]string{}
	was := recalled(object.Annotation(obj, heldAnnotation), argoOptions, fluxPrune)
	for name, v := range was {
		out[name] = object.Annotation(obj, name)
		if text, ok := v.(string); ok || wasHeld(obj) && held(obj) {
			out[name] = text
		}
	}
	return out
}

// holdPatch holds an object; nil when it is.
func holdPatch(obj map[string]any) map[string]any {
	if held(obj) && wasHeld(obj) {
		return nil
	}
	set := holding(obj)
	if !wasHeld(obj) {
		set[heldAnnotation] = remembered(obj, argoOptions, fluxPrune)
	}
	return metadataPatch("annotations", set)
}

// unholdPatch takes back what holdPatch did; nil when there is nothing.
func unholdPatch(obj map[string]any) map[string]any {
	if !wasHeld(obj) {
		return nil
	}
	set := recalled(object.Annotation(obj, heldAnnotation), argoOptions, fluxPrune)
	set[heldAnnotation] = nil
	return metadataPatch("annotations", set)
}

// remembered is what some annotations are, as JSON: null where there is none.
func remembered(obj map[string]any, names ...string) string {
	was := map[string]any{}
	for _, name := range names {
		was[name] = object.Annotations(obj)[name]
	}
	text, err := json.Marshal(was)
	if err != nil {
		return "{}" // they are strings
	}
	return string(text)
}

// recalled is what remembered has written; an annotation that it does not name goes.
func recalled(text string, names ...string) map[string]any {
	var was map[string]any
	if json.Unmarshal([]byte(text), &was) != nil {
		was = nil
	}
	out := map[string]any{}
	for _, name := range names {
		out[name] = was[name]
	}
	return out
}

func metadataPatch(field string, set map[string]any) map[string]any {
	return map[string]any{"metadata": map[string]any{field: set}}
}

// suspendPatch stops kro for an instance, and takes off the label that it puts back;
// nil when that was done here. A suspension by somebody else does not count: Fence
// would take the label that is still there for kro's answer.
func suspendPatch(obj map[string]any) map[string]any {
	if isSuspended(obj) && mine(obj) {
		return nil
	}
	return map[string]any{"metadata": map[string]any{
		"annotations": map[string]any{suspendAnnotation: suspended, suspendedAnnotation: "true"}, "labels": map[string]any{ownedLabel: nil},
	}}
}

// releasePatch takes kro's labels off an object; nil when it has none. want is the
// object as rendered, or nil, and owners the UIDs of the instances.
func releasePatch(obj, want map[string]any, instances []string) map[string]any {
	labels, annotations := map[string]any{}, map[string]any{}
	for _, name := range kroLabels(obj) {
		labels[name] = nil
	}
	if object.Labels(obj)[managedByLabel] == "kro" {
		labels[managedByLabel] = nil
		if own, ok := object.Labels(want)[managedByLabel]; ok {
			labels[managedByLabel] = own
		}
	}
	if object.Annotation(obj, orderAnnotation) != "" {
		annotations[orderAnnotation] = nil
	}
	metadata := map[string]any{"labels": labels, "annotations": annotations}
	owners := object.List(object.Metadata(obj), "ownerReferences")
	kept := slices.DeleteFunc(slices.Clone(owners), func(o any) bool {
		m, _ := o.(map[string]any)
		return slices.Contains(instances, object.Text(m, "uid"))
	})
	if len(kept) < len(owners) {
		metadata["ownerReferences"] = kept
	}
	if len(labels)+len(annotations) == 0 && len(kept) == len(owners) {
		return nil
	}
	return map[string]any{"metadata": metadata}
}

// emptyPatch empties the inventory of an instance; nil when it is.
func emptyPatch(r Ref, obj map[string]any) map[string]any {
	if isEmpty(r, obj) {
		return nil
	}
	set := map[string]any{kindsAnnotation: "", namespacesAnnotation: "", hashAnnotation: emptyHash(setID(r))}
	if object.Annotation(obj, inventoryAnnotation) == "" {
		set[inventoryAnnotation] = remembered(obj, inventoryAnnotations()...)
	}
	return metadataPatch("annotations", set)
}

func isEmpty(r Ref, obj map[string]any) bool {
	return object.Annotation(obj, kindsAnnotation) == "" && object.Annotation(obj, namespacesAnnotation) == "" &&
		object.Annotation(obj, hashAnnotation) == emptyHash(setID(r))
}

// resumePatch gives an instance back to kro, with its inventory; nil when kro has it.
func resumePatch(obj map[string]any) map[string]any {
	set := map[string]any{}
	if text := object.Annotation(obj, inventoryAnnotation); text != "" {
		set = recalled(text, inventoryAnnotations()...)
		set[inventoryAnnotation] = nil
	}
	if mine(obj) {
		set[suspendAnnotation], set[suspendedAnnotation] = nil, nil
	}
	if len(set) == 0 {
		return nil
	}
	return metadataPatch("annotations", set)
}

// untrackPatch takes the marks of GitOps tools off an object; nil when it has none.
func untrackPatch(obj map[string]any) map[string]any {
	labels, annotations := map[string]any{}, map[string]any{}
	for _, name := range []string{fluxName, fluxSpace} {
		if _, ok := object.Labels(obj)[name]; ok {
			labels[name] = nil
		}
	}
	for _, name := range []string{argoTracking, object.LastApplied} {
		if object.Annotation(obj, name) != "" {
			annotations[name] = nil
		}
	}
	if len(labels)+len(annotations) == 0 {
		return nil
	}
	return map[string]any{"metadata": map[string]any{"labels": labels, "annotations": annotations}}
}
