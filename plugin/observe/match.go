package observe

import (
	"cmp"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/krowave/krowave/render/need"
	"github.com/krowave/krowave/render/object"
)

// matching lists the live objects that are wanted.
func (o *observer) matching(w need.Need) []key {
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
		if k.gvk == w.GVK && (k.namespace == "" || w.Namespace == "" || k.namespace == w.Namespace) && w.Selector.Matches(labels.Set(object.Labels(obj))) {
			out = append(out, k)
		}
	}
	return out
}
