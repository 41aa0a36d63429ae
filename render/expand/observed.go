package expand

import (
	"encoding/json"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/schema"
)

// Live is an object as a cluster has it, whole or in part.
type Live struct {
	Object map[string]any
	At     diag.Position // where it is given
}

// Observed holds objects that stand in for those of a cluster. A nil Observed
// knows nothing; one without a matching object knows that a selector finds
// nothing, as in a cluster.
type Observed struct {
	byKind map[string][]Live // "apiVersion Kind" -> objects by namespace and name
}

// NewObserved indexes objects. They are not changed; an object without a
// namespace counts as one in default.
func NewObserved(objects []Live) *Observed {
	o := &Observed{byKind: map[string][]Live{}}
	for _, l := range objects {
		key := kindKey(l.Object)
		o.byKind[key] = append(o.byKind[key], l)
	}
	for _, list := range o.byKind {
		slices.SortStableFunc(list, func(a, b Live) int { return strings.Compare(listKey(a.Object), listKey(b.Object)) })
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
func (ev *evaluator) external(n *graph.Node, ref map[string]any) bool {
	var found []map[string]any
	known := false
	if !n.Type.Selects() {
		kind := ev.kindOf(n, ref)
		l := ev.opts.Observed.find(kind, ref)
		if l == nil {
			l = ev.opts.FromInput.find(kind, ref)
		}
		if l == nil && ev.g.Native != nil {
			l = ev.opts.Rendered.find(kind, ref)
		}
		if known = l != nil; known {
			found = []map[string]any{withoutRecord(l.Object)}
		}
	} else if known = ev.opts.Observed != nil; known {
		var err error
		if found, err = ev.opts.Observed.selected(ev.kindOf(n, ref), ref); err != nil {
			ev.nodeErrorf(n, "selector", "not a label selector: %s", ev.reasonOf(n, err))
			return false
		}
	}
	ev.out.External[n.ID] = ref
	if !known {
		what := strings.TrimSpace(kindKey(ref) + " " + strings.Trim(listKey(ref), "/"))
		if n.Type.Selects() {
			what = "the list of " + kindKey(ref)
			if ns, _ := metaString(ref, "namespace"); ns != "" {
				what += " in namespace " + ns
			}
		}
		ev.out.Pending = append(ev.out.Pending, Pending{
			Node: n, Needs: what, Reason: "the external object is not provided (--observed)",
		})
		if ev.opts.Placeholder && !n.Type.Selects() {
			ev.observe(n, []map[string]any{ref})
			ev.observed[n.ID] = false
		}
		return ev.opts.Placeholder
	}
	ev.observe(n, found)
	return true
}

// Lacks reports whether nobody knows the object that a ref by name of a Graph looks for.
func (x *Expansion) Lacks(n *graph.Node, ref map[string]any) bool {
	return !slices.ContainsFunc([]*Observed{x.opts.Observed, x.opts.FromInput, x.opts.Rendered}, func(o *Observed) bool { return o.Has(n, ref) })
}

// Has reports whether an object is there that a ref by name looks for.
func (o *Observed) Has(n *graph.Node, ref map[string]any) bool { return o.named(n, ref) != nil }

// named finds one object by name; nil when there is none.
func (o *Observed) named(n *graph.Node, obj map[string]any) *Live { return o.find(n.Kind, obj) }

func (o *Observed) find(kind *schema.Kind, obj map[string]any) *Live {
	if o == nil {
		return nil
	}
	name, _ := metaString(obj, "name")
	for i, l := range o.byKind[kindKey(obj)] {
		got, _ := metaString(l.Object, "name")
		if got == name && (!kind.Namespaced || namespaceOf(l.Object) == namespaceOf(obj)) {
			return &o.byKind[kindKey(obj)][i]
		}
	}
	return nil
}

// Resembling lists the kinds of objects of the same name and namespace, for
// those who named another.
func (o *Observed) Resembling(obj map[string]any) []string {
	if o == nil {
		return nil
	}
	name, _ := metaString(obj, "name")
	var out []string
	for key, list := range o.byKind {
		if key != kindKey(obj) && slices.ContainsFunc(list, func(l Live) bool {
			got, _ := metaString(l.Object, "name")
			return got == name && namespaceOf(l.Object) == namespaceOf(obj)
		}) {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// selected lists objects by label. Without a namespace it lists all (S1.7).
func (o *Observed) selected(kind *schema.Kind, ref map[string]any) ([]map[string]any, error) {
	selector, err := SelectorOf(ref)
	if err != nil {
		return nil, err
	}
	namespace, _ := metaString(ref, "namespace")
	out := []map[string]any{}
	for _, l := range o.byKind[kindKey(ref)] {
		inNamespace := !kind.Namespaced || namespace == "" || namespaceOf(l.Object) == namespace
		if inNamespace && selector.Matches(labels.Set(labelsOf(l.Object))) {
			out = append(out, withoutRecord(l.Object))
		}
	}
	return out, nil
}

// SelectorOf reads the label selector of a resolved external reference; without
// one, everything is selected.
func SelectorOf(ref map[string]any) (labels.Selector, error) {
	meta, _ := ref["metadata"].(map[string]any)
	raw, ok := meta["selector"].(map[string]any)
	if !ok {
		return labels.Everything(), nil
	}
	text, err := json.Marshal(raw)
	if err != nil {
		return nil, err
	}
	var sel metav1.LabelSelector
	if err := json.Unmarshal(text, &sel); err != nil {
		return nil, err
	}
	return metav1.LabelSelectorAsSelector(&sel)
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
