package expand

import "strings"

// identity tells objects apart as the API server does.
type identity struct{ apiVersion, kind, namespace, name string }

func identityOf(obj map[string]any) identity {
	id := identity{}
	id.apiVersion, _ = obj["apiVersion"].(string)
	id.kind, _ = obj["kind"].(string)
	id.namespace, _ = metaString(obj, "namespace")
	id.name, _ = metaString(obj, "name")
	return id
}

// String prints Kind namespace/name.
func (id identity) String() string {
	if id.namespace == "" {
		return id.kind + " " + id.name
	}
	return id.kind + " " + id.namespace + "/" + id.name
}

// checkTargets refuses two nodes that render the same object (S7.10).
func (ev *evaluator) checkTargets() {
	seen := make(map[identity]string, len(ev.out.Objects))
	for _, o := range ev.out.Objects {
		id := identityOf(o.Object)
		first, ok := seen[id]
		if !ok {
			seen[id] = o.Node.ID
			continue
		}
		ev.nodeErrorf(o.Node, "duplicate-object", "renders %s, as %s does", id, first)
	}
}

func metaString(obj map[string]any, key string) (string, bool) {
	meta, _ := obj["metadata"].(map[string]any)
	s, ok := meta[key].(string)
	return s, ok
}

// deepCopy copies a JSON value.
func deepCopy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = deepCopy(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = deepCopy(e)
		}
		return out
	}
	return v
}

func join(ids []string) string { return strings.Join(ids, ", ") }
