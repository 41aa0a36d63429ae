package expand

import (
	"encoding/json"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/krowave/krowave/render/graph"
)

// Observed holds objects that stand in for those of a cluster. A nil Observed
// knows nothing; one without a matching object knows that a selector finds
// nothing, as in a cluster.
type Observed struct {
	byKind map[string][]map[string]any // "apiVersion Kind" -> objects by namespace and name
}

// NewObserved indexes objects. They are not changed; an object without a
// namespace counts as one in default.
func NewObserved(objects []map[string]any) *Observed {
	o := &Observed{byKind: map[string][]map[string]any{}}
	for _, obj := range objects {
		key := kindKey(obj)
		o.byKind[key] = append(o.byKind[key], obj)
	}
	for _, list := range o.byKind {
		slices.SortStableFunc(list, func(a, b map[string]any) int { return strings.Compare(listKey(a), listKey(b)) })
	}
	return o
}

func kindKey(obj map[string]any) string {
	apiVersion, _ := obj["apiVersion"].(string)
	kind, _ := obj["kind"].(string)
	return apiVersion + " " + kind
}

// listKey is the order in which an API server lists.
func listKey(obj map[string]any) string {
	ns, _ := metaString(obj, "namespace")
	name, _ := metaString(obj, "name")
	return ns + "/" + name
}

// external finds what an external reference refers to and binds it.
func (w *walk) external(n *graph.Node, ref map[string]any) bool {
	var found []map[string]any
	known := w.opts.Observed != nil
	if n.Type == graph.External {
		if known {
			found = w.opts.Observed.named(n, ref)
		}
		known = len(found) > 0
	} else if known {
		var err error
		if found, err = w.opts.Observed.selected(n, ref); err != nil {
			w.nodeErrorf(n, "selector", "not a label selector: %s", w.reasonOf(n, err))
			return false
		}
	}
	if !known {
		what := strings.TrimSpace(kindKey(ref) + " " + strings.Trim(listKey(ref), "/"))
		if n.Type == graph.ExternalCollection {
			what = "the list of " + kindKey(ref)
			if ns, _ := metaString(ref, "namespace"); ns != "" {
				what += " in namespace " + ns
			}
		}
		w.out.Pending = append(w.out.Pending, Pending{
			Node: n, Needs: what, Reason: "the external object is not given (--observed)",
		})
		return false
	}
	w.observe(n, found)
	return true
}

// named finds one object by name.
func (o *Observed) named(n *graph.Node, ref map[string]any) []map[string]any {
	name, _ := metaString(ref, "name")
	namespace, _ := metaString(ref, "namespace")
	for _, obj := range o.byKind[kindKey(ref)] {
		got, _ := metaString(obj, "name")
		if got == name && (!n.Kind.Namespaced || namespaceOf(obj) == namespace) {
			return []map[string]any{obj}
		}
	}
	return nil
}

// selected lists objects by label. Without a namespace it lists all (S1.7).
func (o *Observed) selected(n *graph.Node, ref map[string]any) ([]map[string]any, error) {
	selector := labels.Everything()
	meta, _ := ref["metadata"].(map[string]any)
	if raw, ok := meta["selector"].(map[string]any); ok {
		var sel metav1.LabelSelector
		text, err := json.Marshal(raw)
		if err == nil {
			err = json.Unmarshal(text, &sel)
		}
		if err == nil {
			selector, err = metav1.LabelSelectorAsSelector(&sel)
		}
		if err != nil {
			return nil, err
		}
	}
	namespace, _ := metaString(ref, "namespace")
	out := []map[string]any{}
	for _, obj := range o.byKind[kindKey(ref)] {
		inNamespace := !n.Kind.Namespaced || namespace == "" || namespaceOf(obj) == namespace
		if inNamespace && selector.Matches(labels.Set(labelsOf(obj))) {
			out = append(out, obj)
		}
	}
	return out, nil
}

func namespaceOf(obj map[string]any) string {
	if ns, _ := metaString(obj, "namespace"); ns != "" {
		return ns
	}
	return "default"
}

func labelsOf(obj map[string]any) map[string]string {
	meta, _ := obj["metadata"].(map[string]any)
	raw, _ := meta["labels"].(map[string]any)
	out := make(map[string]string, len(raw))
	for k, v := range raw {
		out[k], _ = v.(string)
	}
	return out
}
