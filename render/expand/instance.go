package expand

import (
	"maps"

	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/schema"
)

// instanceSeen returns the instance as expressions see it. kro labels and
// annotates an instance before it renders it (S7.2), so that both maps are
// always there; what kro writes into them is not part of what Git renders. An
// observed instance gives the fields of metadata that an API server set.
func (ev *evaluator) instanceSeen(instance map[string]any) map[string]any {
	meta, _ := instance["metadata"].(map[string]any)
	merged := maps.Clone(meta)
	if merged == nil {
		merged = map[string]any{}
	}
	for _, key := range []string{"labels", "annotations"} {
		if _, ok := merged[key].(map[string]any); !ok {
			merged[key] = map[string]any{}
		}
	}
	if l := ev.observedInstance(instance); l != nil {
		ev.out.InstanceObserved = true
		from, _ := l.Object["metadata"].(map[string]any)
		for _, key := range []string{"uid", "resourceVersion", "generation", "creationTimestamp"} {
			if v, ok := from[key]; ok {
				merged[key] = v
			}
		}
	}
	out := maps.Clone(instance)
	out["metadata"] = merged
	return out
}

func (ev *evaluator) observedInstance(instance map[string]any) *Live {
	return ev.opts.Observed.named(&graph.Node{Kind: &schema.Kind{Namespaced: ev.namespace != ""}}, instance)
}

// present stands for the values of fields that a cluster always sets, for
// expressions that only ask whether they are there.
var present = map[string]any{
	"uid": "", "resourceVersion": "", "generation": int64(1), "creationTimestamp": "1970-01-01T00:00:00Z",
	"managedFields": []any{}, "finalizers": []any{},
}

// withPresent returns an object that has the given fields of metadata.
func withPresent(obj map[string]any, fields []string) map[string]any {
	meta, _ := obj["metadata"].(map[string]any)
	merged := maps.Clone(meta)
	if merged == nil {
		merged = map[string]any{}
	}
	for _, f := range fields {
		if _, ok := merged[f]; !ok {
			merged[f] = present[f]
		}
	}
	out := maps.Clone(obj)
	out["metadata"] = merged
	return out
}

// presentValue is the value of a variable for an expression that asks for the
// presence of fields only; false when it is not bound.
func (ev *evaluator) presentValue(name string) (any, bool) {
	if ev.g.IsInstance(name) {
		return schema.Value(withPresent(ev.instanceSeen(ev.out.Instance), graph.PresentInstance), ev.g.Seen), true
	}
	seen, ok := ev.seen[name]
	if !ok {
		v, bound := ev.values[name]
		return v, bound
	}
	items := make([]any, len(seen.objects))
	for i, obj := range seen.objects {
		items[i] = schema.Value(withPresent(obj, graph.PresentObject), ev.kindOf(seen.node, obj).Schema)
	}
	if !seen.node.Type.IsCollection() {
		return items[0], true
	}
	return items, true
}
