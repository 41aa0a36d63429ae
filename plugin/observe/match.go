package observe

import (
	"cmp"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/krowave/krowave/render"
)

// matching lists the live objects that are wanted.
func (o *observer) matching(w render.Wanted) []key {
	var out []key
	if w.Selector == nil {
		for _, namespace := range []string{cmp.Or(w.Namespace, "default"), ""} {
			k := key{w.GVK, namespace, w.Name}
			if o.live[k] != nil {
				out = append(out, k)
			}
		}
		return out
	}
	for k, obj := range o.live {
		if k.gvk == w.GVK && (k.namespace == "" || w.Namespace == "" || k.namespace == w.Namespace) && w.Selector.Matches(labelsOf(obj)) {
			out = append(out, k)
		}
	}
	return out
}

func labelsOf(obj map[string]any) labels.Set {
	meta, _ := obj["metadata"].(map[string]any)
	m, _ := meta["labels"].(map[string]any)
	out := labels.Set{}
	for k, v := range m {
		out[k], _ = v.(string)
	}
	return out
}
