package scaffold

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/object"
)

// served are the fields of an object that an API server or a controller sets. An owner
// is named by its UID: with another one, the garbage collector deletes the object.
var served = [][]string{
	{"status"},
	{"metadata", "uid"}, {"metadata", "resourceVersion"}, {"metadata", "generation"}, {"metadata", "creationTimestamp"},
	{"metadata", "deletionTimestamp"}, {"metadata", "deletionGracePeriodSeconds"}, {"metadata", "managedFields"}, {"metadata", "selfLink"},
	{"metadata", "ownerReferences"},
	{"metadata", "annotations", object.LastApplied}, {"metadata", "annotations", "deployment.kubernetes.io/revision"},
}

// authored are objects as somebody writes them, of objects that may be exports of a
// cluster, and the fields that were left out.
func authored(objects []map[string]any) (out []map[string]any, left []string) {
	seen := map[string]bool{}
	for _, obj := range objects {
		obj = maps.Clone(obj)
		for _, path := range served {
			if drop(obj, path) {
				seen[strings.Join(path, ".")] = true
			}
		}
		out = append(out, obj)
	}
	return out, slices.Sorted(maps.Keys(seen))
}

// drop removes a field of an object and what is empty then. It changes only copies of
// what is below the object.
func drop(obj map[string]any, path []string) bool {
	if len(path) == 1 {
		_, ok := obj[path[0]]
		delete(obj, path[0])
		return ok
	}
	below, ok := obj[path[0]].(map[string]any)
	if !ok {
		return false
	}
	below = maps.Clone(below)
	if !drop(below, path[1:]) {
		return false
	}
	if obj[path[0]] = below; len(below) == 0 {
		delete(obj, path[0])
	}
	return true
}

// sayLeft tells what authored left out.
func sayLeft(w io.Writer, left []string) error {
	if len(left) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "left out, since the cluster sets it: %s\n", strings.Join(left, ", "))
	return err
}
