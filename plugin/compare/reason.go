package compare

import (
	"slices"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
)

// reasons are the words for why only one side has an object.
type reasons struct {
	instance, mended, node, include, kro, pending, collection Reason
}

var (
	arrivals   = reasons{InstanceAdded, InstanceMended, NodeAdded, NodeIncluded, NodeReturned, NodeResolved, CollectionGrew}
	departures = reasons{InstanceRemoved, InstanceRemoved, NodeRemoved, NodeExcluded, NodeDelegated, NodePending, CollectionLost}
)

// reason says why an object of one side is not on the other.
func (c *comparison) reason(o *render.Object, here, there *side, words reasons) Reason {
	switch {
	case c.cluster && here == c.new:
		return NotInCluster
	case c.cluster:
		return Pruned
	case o.Instance == nil:
		return ""
	}
	if t := there.byKey[here.owners[o.Instance].topKey]; t != nil && len(t.broken) > 0 {
		return words.mended
	}
	for i, n := o.Instance, o.Node; ; {
		other := there.chain[here.places[i]]
		if other != nil {
			return nodeReason(other, n, words)
		}
		if i.Parent == nil {
			return words.instance
		}
		// The instance that this one is chained into says why it is not there.
		n = nodeByID(i.Parent.Graph, i.Node)
		if i = i.Parent; n == nil {
			return words.instance
		}
	}
}

// nodeReason says why an instance has not the object that a node of the same id
// makes on the other side.
func nodeReason(i *render.Instance, n *graph.Node, words reasons) Reason {
	switch there := nodeByID(i.Graph, n.ID); {
	case there == nil:
		return words.node
	case slices.Contains(i.Skipped, n.ID):
		return words.include
	case delegates(i, n.ID):
		return words.kro
	case isPending(i, n.ID):
		return words.pending
	case n.Type.IsCollection() || there.Type.IsCollection():
		return words.collection
	}
	return Renamed
}

func nodeByID(g *graph.Graph, id string) *graph.Node {
	for _, n := range g.Nodes {
		if n.ID == id {
			return n
		}
	}
	return nil
}

func isPending(i *render.Instance, id string) bool {
	return slices.ContainsFunc(i.Pending, func(p expand.Pending) bool { return p.Node.ID == id })
}
