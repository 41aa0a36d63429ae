package live

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/krowave/krowave/plugin/deployer"
	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/wave"
)

// pruned lists the objects that the owners have, and the render has not.
func (a *Asker) pruned(ctx context.Context, res *render.Result, slots []slot) ([]render.Object, []forbidden, error) {
	var out []render.Object
	var refused []forbidden
	for _, owner := range a.opts.Owners {
		for _, l := range owner.Listed {
			if slices.ContainsFunc(slots, func(s slot) bool { return s.ref.Same(l.Ref) }) {
				continue
			}
			if served, err := a.served(l.Ref); !served {
				if err != nil {
					return nil, nil, err
				}
				continue
			}
			live, err := a.get(ctx, l.Ref)
			if isDenied(err, "get") {
				f, err := a.missing(l.Ref, "get")
				if err != nil {
					return nil, nil, err
				}
				refused = append(refused, f)
				continue
			}
			if err != nil {
				return nil, nil, err
			}
			if live == nil || stays(live, owner) {
				continue
			}
			out = append(out, departing(res, live))
		}
	}
	return out, refused, nil
}

// stays reports whether an owner leaves an object in the cluster: it is held, or
// it belongs to another owner.
func stays(live *unstructured.Unstructured, owner deployer.Tool) bool {
	annotations, labels := live.GetAnnotations(), live.GetLabels()
	if owner.GVK().GroupKind() == deployer.Applications() {
		id := annotations[deployer.ArgoTracking]
		options := strings.Split(annotations[deployer.ArgoOptions], ",")
		held := annotations["helm.sh/resource-policy"] == "keep" || slices.ContainsFunc(options, func(o string) bool { return strings.TrimSpace(o) == "Prune=false" })
		return held || id != "" && id != owner.TrackingID(kubeapi.RefOf(live))
	}
	return annotations[deployer.FluxPrune] == "disabled" || labels[deployer.FluxName] != owner.Name || labels[deployer.FluxSpace] != owner.Namespace
}

// projectOf is the project of a render that has only one: its policies apply to what
// goes, too.
func projectOf(res *render.Result) string {
	name := ""
	for i, o := range res.Objects {
		if i > 0 && o.Project != name {
			return ""
		}
		name = o.Project
	}
	return name
}

// departing is an object that goes, as one of the instance that its annotations
// name. Of one that is of no instance of the render nobody knows which values come
// from Secrets, so only its metadata is compared.
func departing(res *render.Result, live *unstructured.Unstructured) render.Object {
	out := render.Object{Object: content(live.Object, false), Project: projectOf(res)}
	annotations := live.GetAnnotations()
	rgd, id, _ := strings.Cut(annotations[render.NodeAnnotation], "/")
	id, index, _ := strings.Cut(strings.TrimSuffix(id, "]"), "[")
	for _, i := range res.Instances {
		if i.Graph.RGD.Name != rgd || i.Origin() != annotations[render.InstanceAnnotation] {
			continue
		}
		for _, n := range i.Graph.Nodes {
			if n.ID == id {
				out.Instance, out.Node = i, n
				out.Index, _ = strconv.Atoi(index)                       // 0 when it is in no collection
				out.Wave, _ = strconv.Atoi(annotations[wave.Annotation]) // 0 without
				return out
			}
		}
	}
	meta := map[string]any{}
	for _, name := range []string{"name", "namespace", "labels", "annotations"} {
		if v, ok := object.Metadata(out.Object)[name]; ok {
			meta[name] = v
		}
	}
	out.Object = map[string]any{"apiVersion": live.GetAPIVersion(), "kind": live.GetKind(), "metadata": meta}
	return out
}
