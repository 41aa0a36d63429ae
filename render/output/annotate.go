package output

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/directive"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/residual"
	"github.com/krowave/krowave/render/wave"
)

// Annotations that objects get beside wave.Annotation.
const (
	InstanceAnnotation = "krowave.dev/instance" // group/Kind/namespace/name
	NodeAnnotation     = "krowave.dev/node"     // rgd/id, with [index] in a collection

	// ResidualAnnotation of a residual RGD names the RGD that it is a part of.
	ResidualAnnotation = "krowave.dev/residual-of"

	syncOptions = "argocd.argoproj.io/sync-options"
)

// skipDryRun lets a sync begin although a kind is not served yet. Argo CD
// dry-runs all objects of a sync before it applies the first.
const skipDryRun = "SkipDryRunOnMissingResource=true"

// annotated returns an object of a node with the annotations that are asked for;
// the expansion's own object is not changed.
func (a *assembler) annotated(o Object) Object {
	o.Object = o.Instance.Top().Directives.Inherit(o.Object)
	add := a.waveAnnotations(o)
	if a.opts.Annotate.Origin {
		add[InstanceAnnotation] = o.Instance.Origin()
		add[NodeAnnotation] = o.Instance.Graph.RGD.Name + "/" + o.Node.ID
		if o.Node.Type.IsCollection() {
			add[NodeAnnotation] = fmt.Sprintf("%s/%s[%d]", o.Instance.Graph.RGD.Name, o.Node.ID, o.Index)
		}
	}
	o.Object = object.WithAnnotations(o.Object, add)
	return o
}

// delegated returns an object for kro with the annotations that are asked for.
func (a *assembler) delegated(o Object) Object {
	o.Object = o.For.Top().Directives.Inherit(o.Object)
	add := a.waveAnnotations(o)
	if a.opts.Annotate.Origin {
		add[InstanceAnnotation] = o.For.Origin()
	}
	o.Object = object.WithAnnotations(o.Object, add)
	return o
}

// defined returns an RGD for kro, made of g, with the annotations that are asked
// for, and with those that keep it: an RGD is cluster-scoped, so that other
// renders may have it too, and who deletes it deletes it under all of them.
func (a *assembler) defined(o Object, g *graph.Graph) Object {
	o.Object, o.Shared = directive.Shared().Inherit(o.Object), true
	add := a.waveAnnotations(o)
	if a.opts.Annotate.Origin && object.Name(o.Object) == g.RGD.Name+residual.NameSuffix {
		add[ResidualAnnotation] = g.RGD.Name
	}
	o.Object = object.WithAnnotations(o.Object, add)
	return o
}

// waveAnnotations are those that order a sync.
func (a *assembler) waveAnnotations(o Object) map[string]any {
	add := map[string]any{}
	if !a.opts.Annotate.Waves {
		return add
	}
	if a.opts.WaveMode != wave.None && !wave.IsHook(o.Object) {
		add[wave.Annotation] = strconv.Itoa(o.Wave)
	}
	if options := object.Annotation(o.Object, syncOptions); !a.served(object.GVK(o.Object)) && !strings.Contains(options, "SkipDryRunOnMissingResource=") {
		add[syncOptions] = strings.TrimPrefix(options+","+skipDryRun, ",")
	}
	return add
}

// served reports whether a destination is sure to know a kind before anything
// is applied, because of what it is or because the destination says so.
func (a *assembler) served(kind k8sschema.GroupVersionKind) bool {
	return a.Set.Serves(kind) || slices.Contains(a.opts.APIVersions, kind.GroupVersion().String()+"/"+kind.Kind)
}
