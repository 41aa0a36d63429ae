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
	add := r.waveAnnotations(o, annotations)
	if r.opts.Annotate.Origin {
		add[InstanceAnnotation] = o.Instance.Origin()
		add[NodeAnnotation] = o.Instance.Graph.RGD.Name + "/" + o.Node.ID
		if o.Node.Type.IsCollection() {
			add[NodeAnnotation] = fmt.Sprintf("%s/%s[%d]", o.Instance.Graph.RGD.Name, o.Node.ID, o.Index)
		}
	}
	return withAnnotations(o.Object, add)
}

// waveAnnotations are those that order a sync. authored are the object's own.
func (r *renderer) waveAnnotations(o Object, authored map[string]any) map[string]any {
	add := map[string]any{}
	if !r.opts.Annotate.Waves {
		return add
	}
	if r.opts.WaveMode != wave.None && !wave.IsHook(o.Object) {
		add[wave.Annotation] = strconv.Itoa(o.Wave)
	}
	if options, _ := authored[syncOptions].(string); !r.served(gvkOf(o.Object)) && !strings.Contains(options, "SkipDryRunOnMissingResource=") {
		add[syncOptions] = strings.TrimPrefix(options+","+skipDryRun, ",")
	}
	return add
}

// Origin is the value of InstanceAnnotation.
func (i *Instance) Origin() string {
	id := i.Identity()
	return fmt.Sprintf("%s/%s/%s/%s", i.Graph.RGD.GVK.Group, id.Kind, id.Namespace, id.Name)
}

// withAnnotations returns an object with annotations added, in a copy.
func withAnnotations(obj, add map[string]any) map[string]any {
	if len(add) == 0 {
		return obj
	}
	meta := mapAt(obj, "metadata")
	maps.Copy(add, withoutKeys(mapAt(meta, "annotations"), add))
	out, meta := maps.Clone(obj), maps.Clone(meta)
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
