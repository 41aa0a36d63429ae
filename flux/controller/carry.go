package controller

import (
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/flux/artifact"
	"github.com/krowave/krowave/flux/layout"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/wave"
)

// published returns the plan of the artifact that is advertised. It is nil when
// there is none, or when its file is lost; then only the number of waves is
// known, from the Kustomizations.
func (s *reconcileScope) published() *layout.Plan {
	if s.obj.Status.Artifact == nil {
		return nil
	}
	if plan, err := s.stored(); err == nil {
		return plan
	}
	plan := &layout.Plan{}
	for _, w := range s.obj.Status.Waves {
		plan.Waves = append(plan.Waves, layout.Wave{Name: w.Name, Dir: w.Path})
	}
	if len(plan.Waves) == 0 {
		return nil
	}
	return plan
}

// stored reads the plan of the artifact that is advertised from the storage.
func (s *reconcileScope) stored() (*layout.Plan, error) {
	files, err := s.Store.Read(s.obj.Status.Artifact)
	if err != nil {
		return nil, err
	}
	var converted []layout.File
	for _, f := range files {
		converted = append(converted, layout.File(f))
	}
	return layout.Read(converted)
}

// carryOver returns the published objects of nodes that are pending now: their
// values were there before, and being unknown is no reason to delete anything.
func (s *reconcileScope) carryOver(res *render.Result) ([]render.Object, error) {
	if !pending(res) {
		return nil, nil
	}
	return s.publishedOf(res, func(i *render.Instance) []*graph.Node {
		var out []*graph.Node
		for _, p := range i.Pending {
			out = append(out, p.Node)
		}
		return out
	})
}

// toKro returns which published objects are of nodes that are left to kro now.
func (s *reconcileScope) toKro(res *render.Result) (map[layout.ID]bool, error) {
	if !slices.ContainsFunc(res.Instances, func(i *render.Instance) bool { return i.Residual != nil }) {
		return nil, nil
	}
	objects, err := s.publishedOf(res, func(i *render.Instance) []*graph.Node {
		return leftToKro(i)
	})
	out := map[layout.ID]bool{}
	for _, o := range objects {
		out[layout.IDOf(o.Object)] = true
	}
	return out, err
}

// leftToKro returns the nodes of an instance that kro makes.
func leftToKro(i *render.Instance) []*graph.Node {
	if i.Residual == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(i.Graph.Nodes), func(n *graph.Node) bool { return !slices.Contains(i.Residual.Nodes, n.ID) })
}

// publishedOf returns the published objects that are not rendered now, of the
// nodes of an instance that nodes names.
func (s *reconcileScope) publishedOf(res *render.Result, nodes func(*render.Instance) []*graph.Node) ([]render.Object, error) {
	plan := s.published()
	if plan == nil {
		return nil, nil
	}
	known := map[object.Key]bool{}
	for _, o := range res.Objects {
		known[object.KeyOf(o.Object)] = true
	}
	c := carrier{map[string]*render.Instance{}, nodes}
	for _, i := range res.Instances {
		c.instances[originOf(i)] = i
	}
	var out []render.Object
	for _, w := range plan.Waves {
		for _, e := range w.Entries {
			if e.Handover {
				continue
			}
			documents, diags := manifest.Read(e.Path, e.Data, manifest.Limits{})
			if diags.HasErrors() || len(documents) != 1 {
				return nil, fmt.Errorf("reading %s of the published artifact: it holds %d objects, want 1", e.Path, len(documents))
			}
			obj := documents[0].Object
			if o, ok := c.carry(obj); ok && !known[object.KeyOf(obj)] {
				out = append(out, o)
			}
		}
	}
	return out, nil
}

// originOf is the annotation render.InstanceAnnotation of an instance's objects.
func originOf(i *render.Instance) string {
	id := i.Identity()
	return strings.Join([]string{i.Graph.RGD.GVK.Group, id.Kind, id.Namespace, id.Name}, "/")
}

// carrier finds the published objects of some nodes.
type carrier struct {
	instances map[string]*render.Instance // by origin
	nodes     func(*render.Instance) []*graph.Node
}

// carry reports whether one of the nodes has made a published object.
func (c *carrier) carry(obj map[string]any) (render.Object, bool) {
	origin, from := object.Annotation(obj, render.InstanceAnnotation), object.Annotation(obj, render.NodeAnnotation)
	_, id, ok := strings.Cut(from, "/")
	if origin == "" || !ok {
		return render.Object{}, false
	}
	id, _, _ = strings.Cut(id, "[")
	if i := c.instances[origin]; i != nil {
		for _, n := range c.nodes(i) {
			if n.ID == id {
				return render.Object{Object: obj, Instance: i, Node: n, Wave: waveOf(i, n)}, true
			}
		}
		return render.Object{}, false
	}
	return c.chained(obj, origin)
}

// chained is carry for an object of an instance that is not there itself, since
// the node that chains into it is one of those that are asked for. Which one that
// was is not known, so its kind decides.
func (c *carrier) chained(obj map[string]any, origin string) (render.Object, bool) {
	parts := strings.Split(origin, "/")
	if len(parts) != 4 {
		return render.Object{}, false
	}
	var names []string
	for name := range c.instances {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		i := c.instances[name]
		for _, n := range c.nodes(i) {
			if n.Kind.GVK.Group == parts[0] && n.Kind.GVK.Kind == parts[1] {
				return render.Object{Object: obj, Instance: i, Node: n, Wave: waveOf(i, n)}, true
			}
		}
	}
	return render.Object{}, false
}

// waveOf is the wave that a pending node's objects would have.
func waveOf(i *render.Instance, n *graph.Node) int {
	nodes := wave.Nodes(i.Graph, wave.Gated)
	for at, o := range i.Objects {
		return i.Waves[at] - nodes[o.Node.ID] + nodes[n.ID]
	}
	return nodes[n.ID]
}

// toFiles are the files of a plan as the store takes them.
func toFiles(p *layout.Plan) []artifact.File {
	var out []artifact.File
	for _, f := range p.Files() {
		out = append(out, artifact.File(f))
	}
	return out
}
