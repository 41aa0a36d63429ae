package expand

import (
	"sync"

	"github.com/krowave/krowave/render/graph"
)

// Spare keeps objects that nobody needs any more, so that later instances are
// written into them: each value that a node writes replaces the one before. It is
// for those who turn an instance into text before they expand the next one.
type Spare struct {
	nodes sync.Map // of *sync.Pool of map[string]any, by *graph.Node
}

// take returns an object of a node to write into, nil for none.
func (s *Spare) take(n *graph.Node) map[string]any {
	if pool, ok := s.nodes.Load(n); ok {
		obj, _ := pool.(*sync.Pool).Get().(map[string]any)
		return obj
	}
	return nil
}

// Give hands over the objects of an expansion, which must not be used after it.
func (s *Spare) Give(x *Expansion) {
	for _, o := range x.spare {
		if _, named := metaString(o.Node.Template, "namespace"); !named {
			delete(o.Object["metadata"].(map[string]any), "namespace") // that of the instance
		}
		pool, ok := s.nodes.Load(o.Node)
		if !ok {
			pool, _ = s.nodes.LoadOrStore(o.Node, new(sync.Pool))
		}
		pool.(*sync.Pool).Put(o.Object)
	}
	x.spare = nil
}

// isSpare reports whether the objects of a node differ in nothing but the values
// that the node writes, and in the namespace of the instance, which an object gets
// that names none. An item of a collection gets other labels.
func isSpare(n *graph.Node) bool {
	namespace, named := metaString(n.Template, "namespace")
	return n.Type == graph.Single && len(n.Workarounds) == 0 && (namespace != "" || !named)
}
