package tree

import (
	"cmp"
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/plugin/live"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
)

// externalItem is an external reference: an object that an instance reads, and that
// somebody else makes. It is nil for another node, and when what it looks for is not known.
func externalItem(i *render.Instance, n *graph.Node) *Item {
	ref := i.External[n.ID]
	if ref == nil || !n.Type.IsExternal() {
		return nil
	}
	x := &Item{Node: i.Graph.RGD.Name + "/" + n.ID, Wave: i.Top().First, Depth: depth(i), External: true, node: n, of: i, Position: position(i, n), looksFor: ref}
	x.APIVersion, x.Kind = object.APIVersion(ref), object.Kind(ref)
	x.Namespace, x.Name = object.Namespace(ref), object.Name(ref)
	if !n.Type.Selects() {
		return x
	}
	x.Selector = "everything"
	if s, err := expand.SelectorOf(ref); err == nil && !s.Empty() {
		x.Selector = s.String()
	}
	return x
}

// title names the objects of an item.
func (x *Item) title() string {
	switch {
	case x.External && x.Selector != "":
		text := x.Kind + " " + x.Selector
		if x.Namespace != "" {
			text += " in " + x.Namespace
		}
		return text
	case x.object == nil && !x.External:
		return x.Kind
	}
	return x.Ref.String()
}

// askExternal says whether what a reference looks for is there, and ready. kro waits for
// an object that a reference names, and not for those that it selects.
func (x *Item) askExternal(ctx context.Context, a *live.Asker) error {
	x.Ready, x.Message = nil, ""
	found, known, err := a.External(ctx, x.Ref, x.looksFor, cmp.Or(object.Namespace(x.of.Instance), object.Namespace(x.of.Top().Instance)))
	switch {
	case err != nil:
		return err
	case !known:
		x.Health, x.Message = NotKnown, "the cluster does not allow you to read it"
		return nil
	case x.Selector == "" && len(found) == 0:
		x.Health, x.Message = NotThere, "nobody has made it yet"
		return nil
	}
	x.Health = Healthy
	if x.Selector != "" {
		x.Message = fmt.Sprintf("%d objects", len(found))
		if len(found) == 1 {
			x.Message = "1 object"
		}
	}
	for n := range found {
		health, message, ready := x.externalHealth(ctx, &found[n])
		if x.Selector == "" {
			x.Ref = kubeapi.RefOf(&found[n])
		}
		if health != Healthy {
			x.Health, x.Message = health, message
			if x.Selector != "" {
				x.Message = diag.Line(found[n].GetName() + ": " + message)
			}
		}
		if x.Ready == nil || health != Healthy {
			x.Ready = ready
		}
		if health != Healthy {
			break
		}
	}
	return nil
}

// externalHealth is that of readyWhen alone: kro looks at nothing else.
func (x *Item) externalHealth(ctx context.Context, obj *unstructured.Unstructured) (Health, string, []Condition) {
	if len(x.node.ReadyWhen) == 0 {
		return Healthy, "", nil
	}
	return healthOf(ctx, x, obj)
}
