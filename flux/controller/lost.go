package controller

import (
	"context"
	"fmt"
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/flux/layout"
	"github.com/krowave/krowave/flux/source"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/graph"
)

// lostHands refuses a plan while the published artifact cannot be read, when an object
// that Flux would prune may be one of a node that is left to kro or waits for a value
// now. What was published is the only record of which node made an object: toKro and
// carryOver find nothing then.
func (s *reconcileScope) lostHands(ctx context.Context, res *render.Result, wanted *layout.Plan) error {
	a := s.obj.Status.Artifact
	if a == nil {
		return nil
	}
	kinds := leaving(res)
	if len(kinds) == 0 {
		return nil
	}
	if _, err := s.stored(); err == nil {
		return nil
	}
	list, err := s.readers(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, id := range layout.Pruned(wanted, list) {
		if kinds[k8sschema.GroupKind{Group: id.Group, Kind: id.Kind}] || kinds[anyKind] {
			names = append(names, id.String())
		}
	}
	if len(names) == 0 {
		return nil
	}
	const most = 5
	more := ""
	if len(names) > most {
		more = fmt.Sprintf(" and %d more", len(names)-most)
		names = names[:most]
	}
	before := "the revision before"
	if origin := a.Metadata[source.Originated]; origin != "" {
		before = origin
	}
	return newTerminalError(v1alpha1.PublishFailedReason, fmt.Errorf("%s%s: Flux would delete what is not rendered any longer. "+
		"kro may make these objects from now on, or they wait for a value; the published artifact, which says so, is lost. "+
		"Point the source to %s, wait until this RenderedSource is ready, and point it back", strings.Join(names, ", "), more, before))
}

// anyKind stands for nodes whose kind is an expression.
var anyKind = k8sschema.GroupKind{}

// leaving returns the kinds of objects that nodes make which are left to kro, or
// pending, with those of the RGDs that the nodes chain into.
func leaving(res *render.Result) map[k8sschema.GroupKind]bool {
	graphs := map[k8sschema.GroupKind]*graph.Graph{}
	for _, g := range res.Graphs {
		graphs[g.RGD.GVK.GroupKind()] = g
	}
	out := map[k8sschema.GroupKind]bool{}
	var add func(n *graph.Node)
	add = func(n *graph.Node) {
		kind := n.ObjectKind().GroupKind()
		if n.IsDynamic {
			kind = anyKind
		}
		if out[kind] || kind == anyKind && !n.IsDynamic {
			return
		}
		out[kind] = true
		if g := graphs[kind]; g != nil {
			for _, inner := range g.Nodes {
				add(inner)
			}
		}
	}
	for _, i := range res.Instances {
		for _, p := range i.Pending {
			add(p.Node)
		}
		for _, n := range leftToKro(i) {
			add(n)
		}
	}
	return out
}
