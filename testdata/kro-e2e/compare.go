package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// ofKro reports whether a label or annotation is one that kro puts on objects by itself.
func ofKro(key string) bool {
	return key == "app.kubernetes.io/managed-by" || strings.HasPrefix(key, "kro.run/") ||
		strings.HasPrefix(key, "internal.kro.run/") || strings.HasPrefix(key, "applyset.kubernetes.io/")
}

// asKroApplies adds to a rendered object the labels and annotations that kro gave the live one.
func asKroApplies(rendered, live *unstructured.Unstructured) *unstructured.Unstructured {
	out := rendered.DeepCopy()
	fields := fieldsOf(live, kroManager)
	for _, place := range []string{"labels", "annotations"} {
		have, _, _ := unstructured.NestedStringMap(live.Object, "metadata", place)
		owned, _, _ := unstructured.NestedMap(fields, "f:metadata", "f:"+place)
		for _, key := range slices.Sorted(maps.Keys(have)) {
			if _, mine := owned["f:"+key]; mine && ofKro(key) {
				_ = unstructured.SetNestedField(out.Object, have[key], "metadata", place, key)
			}
		}
	}
	return out
}

// fieldsOf returns the fields that a manager applied.
func fieldsOf(live *unstructured.Unstructured, manager string) map[string]any {
	for _, entry := range live.GetManagedFields() {
		var fields map[string]any
		if entry.Manager == manager && entry.Operation == "Apply" && entry.Subresource == "" && entry.FieldsV1 != nil &&
			json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) == nil {
			return fields
		}
	}
	return nil
}

// withoutServerFields takes off what an apply that changes nothing may still touch.
func withoutServerFields(in *unstructured.Unstructured) map[string]any {
	out := in.DeepCopy()
	unstructured.RemoveNestedField(out.Object, "metadata", "resourceVersion")
	unstructured.RemoveNestedField(out.Object, "metadata", "managedFields")
	return out.Object
}

// content is what an object asks for, without what the server and kro write on it. Values that only this
// cluster knows are replaced by what they stand for.
func content(in *unstructured.Unstructured, names map[string]string) (map[string]any, error) {
	out := in.DeepCopy()
	for _, field := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "finalizers"} {
		unstructured.RemoveNestedField(out.Object, "metadata", field)
	}
	delete(out.Object, "status") // the test's own, or the server's
	for _, place := range []string{"labels", "annotations"} {
		kept, _, _ := unstructured.NestedMap(out.Object, "metadata", place)
		maps.DeleteFunc(kept, func(key string, _ any) bool {
			return ofKro(key) || strings.HasPrefix(key, "argocd.argoproj.io/") || strings.HasPrefix(key, "krowave.dev/")
		})
		unstructured.RemoveNestedField(out.Object, "metadata", place)
		if len(kept) > 0 {
			_ = unstructured.SetNestedMap(out.Object, kept, "metadata", place)
		}
	}
	ports, _, _ := unstructured.NestedSlice(out.Object, "spec", "ports")
	for _, port := range ports {
		if port, ok := port.(map[string]any); ok {
			delete(port, "nodePort") // the server picks one
		}
	}
	if ports != nil {
		_ = unstructured.SetNestedSlice(out.Object, ports, "spec", "ports")
	}
	raw, err := json.Marshal(out.Object)
	if err != nil {
		return nil, err
	}
	var object map[string]any
	err = json.Unmarshal([]byte(renamed(string(raw), names)), &object)
	return object, err
}

// renamed replaces what the server made up by what it stands for, the longest first: 10.0.0.12 is not
// 10.0.0.1 and a 2.
func renamed(text string, names map[string]string) string {
	longest := func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }
	for _, value := range slices.SortedFunc(maps.Keys(names), longest) {
		text = strings.ReplaceAll(text, value, names[value])
	}
	return text
}

// nameServersOwn adds to names what the values stand for that the server made up for objects.
func nameServersOwn(objects []*unstructured.Unstructured, names map[string]string) {
	for _, o := range objects {
		if _, known := names[string(o.GetUID())]; !known {
			names[string(o.GetUID())] = "uid of " + renamed(identityOf(o).String(), names)
		}
		if address, _, _ := unstructured.NestedString(o.Object, "spec", "clusterIP"); address != "" && address != "None" {
			names[address] = "address of " + renamed(identityOf(o).String(), names)
		}
	}
}

// byIdentity indexes objects, without those of some kinds, by their names as renamed.
func byIdentity(objects []*unstructured.Unstructured, without map[schema.GroupKind]bool, names map[string]string) map[identity]*unstructured.Unstructured {
	out := map[identity]*unstructured.Unstructured{}
	for _, o := range objects {
		if !without[o.GroupVersionKind().GroupKind()] {
			id := identityOf(o)
			id.name, id.namespace = renamed(id.name, names), renamed(id.namespace, names)
			out[id] = o
		}
	}
	return out
}

// onlyIn names the objects of one set that another lacks.
func onlyIn(a, b map[identity]*unstructured.Unstructured) []string {
	var out []string
	for id := range a {
		if b[id] == nil {
			out = append(out, id.String())
		}
	}
	slices.Sort(out)
	return out
}

// differences lists the paths at which two values differ, a few at most.
func differences(path string, want, got any) []string {
	const most = 5
	wantMap, ok1 := want.(map[string]any)
	gotMap, ok2 := got.(map[string]any)
	wantList, ok3 := want.([]any)
	gotList, ok4 := got.([]any)
	var out []string
	switch {
	case reflect.DeepEqual(want, got):
	case ok1 && ok2:
		all := maps.Clone(wantMap)
		maps.Copy(all, gotMap)
		for _, key := range slices.Sorted(maps.Keys(all)) {
			out = append(out, differences(path+"."+key, wantMap[key], gotMap[key])...)
		}
	case ok3 && ok4 && len(wantList) == len(gotList):
		for i := range wantList {
			out = append(out, differences(fmt.Sprintf("%s[%d]", path, i), wantList[i], gotList[i])...)
		}
	default:
		out = append(out, fmt.Sprintf("%s: kro has %s, krowave %s", strings.TrimPrefix(path, "."), short(want), short(got)))
	}
	return out[:min(len(out), most)]
}

func short(v any) string {
	if v == nil {
		return "nothing"
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	if len(raw) > 200 {
		return string(raw[:200]) + "..."
	}
	return string(raw)
}
