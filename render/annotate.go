package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/krowave/krowave/render/object"
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
	add := r.waveAnnotations(o)
	if r.opts.Annotate.Origin {
		add[InstanceAnnotation] = o.Instance.Origin()
		add[NodeAnnotation] = o.Instance.Graph.RGD.Name + "/" + o.Node.ID
		if o.Node.Type.IsCollection() {
			add[NodeAnnotation] = fmt.Sprintf("%s/%s[%d]", o.Instance.Graph.RGD.Name, o.Node.ID, o.Index)
		}
	}
	return object.WithAnnotations(o.Object, add)
}

// waveAnnotations are those that order a sync.
func (r *renderer) waveAnnotations(o Object) map[string]any {
	add := map[string]any{}
	if !r.opts.Annotate.Waves {
		return add
	}
	if r.opts.WaveMode != wave.None && !wave.IsHook(o.Object) {
		add[wave.Annotation] = strconv.Itoa(o.Wave)
	}
	if options := object.Annotation(o.Object, syncOptions); !r.served(object.GVK(o.Object)) && !strings.Contains(options, "SkipDryRunOnMissingResource=") {
		add[syncOptions] = strings.TrimPrefix(options+","+skipDryRun, ",")
	}
	return add
}

// Origin is the value of InstanceAnnotation.
func (i *Instance) Origin() string {
	id := i.Identity()
	return fmt.Sprintf("%s/%s/%s/%s", i.Graph.RGD.GVK.Group, id.Kind, id.Namespace, id.Name)
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
