package graph

import "strings"

// NativeRefs lists what the nodes of a Graph refer to, or write to as patches: objects with
// the apiVersion, kind and metadata that the Graph names them by, in its order. Nodes
// whose kind is an expression are left out.
func NativeRefs(obj map[string]any) []map[string]any { return nativeRefs(mapAt(obj, "spec"), nil) }

func nativeRefs(spec map[string]any, out []map[string]any) []map[string]any {
	for _, item := range listAt(spec, "nodes") {
		node, _ := item.(map[string]any)
		for _, key := range []string{"ref", "patch"} {
			if ref := mapAt(node, key); ref != nil && !strings.Contains(stringAt(ref, "apiVersion")+stringAt(ref, "kind"), "${") {
				out = append(out, ref)
			}
		}
		out = nativeRefs(mapAt(node, "graph"), out)
	}
	return out
}
