package render

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/krowave/krowave/render/wave"
)

// Annotations that objects get beside wave.Annotation.
const (
	InstanceAnnotation = "krowave.dev/instance" // group/Kind/namespace/name
	NodeAnnotation     = "krowave.dev/node"     // rgd/id, with [index] in a collection
	syncOptions        = "argocd.argoproj.io/sync-options"
)

// skipDryRun lets a sync begin although a kind is not served yet. Argo CD
// dry-runs all objects of a sync before it applies the first.
const skipDryRun = "SkipDryRunOnMissingResource=true"

// annotated returns the object with the annotations that are asked for; the
// expansion's own object is not changed.
func (r *renderer) annotated(o Object) map[string]any {
	meta, _ := o.Object["metadata"].(map[string]any)
	annotations, _ := meta["annotations"].(map[string]any)
	add := map[string]any{}
	if r.opts.Annotate.Waves {
		if r.opts.WaveMode != wave.None && !wave.IsHook(o.Object) {
			add[wave.Annotation] = strconv.Itoa(o.Wave)
		}
		if authored, _ := annotations[syncOptions].(string); !r.served(gvkOf(o.Object)) && !strings.Contains(authored, "SkipDryRunOnMissingResource=") {
			add[syncOptions] = strings.TrimPrefix(authored+","+skipDryRun, ",")
		}
	}
	if r.opts.Annotate.Origin {
		id := o.Instance.Identity()
		add[InstanceAnnotation] = fmt.Sprintf("%s/%s/%s/%s", o.Instance.Graph.RGD.GVK.Group, id.Kind, id.Namespace, id.Name)
		add[NodeAnnotation] = o.Instance.Graph.RGD.Name + "/" + o.Node.ID
		if o.Node.IsList() {
			add[NodeAnnotation] = fmt.Sprintf("%s/%s[%d]", o.Instance.Graph.RGD.Name, o.Node.ID, o.Index)
		}
	}
	if len(add) == 0 {
		return o.Object
	}
	maps.Copy(add, withoutKeys(annotations, add))
	out, meta := maps.Clone(o.Object), maps.Clone(meta)
	meta["annotations"], out["metadata"] = add, meta
	return out
}

// withoutKeys returns the entries of m whose keys are not in other.
func withoutKeys(m, other map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		if _, ok := other[k]; !ok {
			out[k] = v
		}
	}
	return out
}

// served reports whether a destination is sure to know a kind before anything
// is applied: Kubernetes has it, the input brings its CRD, which Argo CD then
// applies first, or the destination says so.
func (r *renderer) served(kind gvk) bool {
	if k, ok := r.out.Catalog.Lookup(kind); ok && k.Builtin || r.brought[kind] {
		return true
	}
	return slices.Contains(r.opts.APIVersions, kind.GroupVersion().String()+"/"+kind.Kind)
}
