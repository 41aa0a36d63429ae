package layout

import (
	"cmp"
	"slices"

	"github.com/fluxcd/pkg/apis/meta"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/flux/healthcheck"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/wave"
)

// Options configure Files. The zero value is the default.
type Options struct {
	// Impersonated says that the Kustomizations have a service account or a
	// kubeconfig, with which Flux lets a health check of a Job be replaced.
	Impersonated bool
}

// Files lays out a render's objects. The files are those of the plan. When a
// finding is an error, neither is fit to be published.
func Files(res *render.Result, opts Options) ([]File, *Plan, diag.List) {
	l := &layout{options: opts, seen: map[ID]render.Object{}, conditions: map[*graph.Node]condition{}}
	l.withoutObjects(res)
	objects := l.accepted(res.Objects)
	slices.SortStableFunc(objects, func(a, b placed) int { return cmp.Compare(a.Wave, b.Wave) })
	p := &Plan{}
	for i, o := range objects {
		if i == 0 || o.Wave > objects[i-1].Wave && l.gated {
			l.begin(p)
		}
		l.add(&p.Waves[len(p.Waves)-1], o)
	}
	if len(p.Waves) == 0 {
		l.begin(p)
	}
	l.finish(p)
	return p.Files(), p, l.diags.Sorted()
}

// placed is an object to lay out.
type placed struct {
	render.Object
	ID
}

type layout struct {
	options    Options
	diags      diag.List
	seen       map[ID]render.Object
	conditions map[*graph.Node]condition // carried over

	gated  bool                  // the wave being filled has a gate
	checks [][]healthcheck.Check // by wave
}

// accepted returns the objects that Flux can apply, and reports the others.
func (l *layout) accepted(objects []render.Object) []placed {
	var out []placed
	for _, o := range objects {
		id := IDOf(o.Object)
		if other, ok := l.seen[id]; ok {
			l.duplicate(id, o, other)
			continue
		}
		l.seen[id] = o
		if l.applicable(id, o) {
			out = append(out, placed{o, id})
		}
	}
	return out
}

func (l *layout) begin(p *Plan) {
	name := waveName(len(p.Waves))
	p.Waves = append(p.Waves, Wave{Name: name, Dir: name})
	l.checks = append(l.checks, nil)
	l.gated = false
}

func (l *layout) add(w *Wave, o placed) {
	data, err := encode(escaped(o.Object.Object))
	if err != nil {
		l.errorf(o.Object, ruleUnwritable, "%v", err)
		return
	}
	w.Entries = append(w.Entries, Entry{ID: o.ID, Path: o.path(), Data: data})
	w.Objects++
	if definesForKro(o) {
		l.wait(o, definitionReady)
		return
	}
	if !isGate(o.Object) {
		return
	}
	l.gated = true
	if current, wait := l.condition(o.Object); wait {
		l.wait(o, current)
	}
}

// wait makes the next wave wait for an object.
func (l *layout) wait(o placed, current string) {
	l.gated = true
	last := len(l.checks) - 1
	l.checks[last] = append(l.checks[last], healthcheck.Check{
		APIVersion: (&manifest.Document{Object: o.Object.Object}).APIVersion(), Kind: o.Kind,
		Namespace: o.Namespace, Name: o.Name, Current: current,
	})
}

// definitionReady is when kro serves the kind of an RGD. Flux's own check would
// take one that kro has not looked at yet for ready, since it has no status.
const definitionReady = `status.conditions.exists(c, c.type == "Ready" && c.status == "True")`

// definesForKro reports whether an object is an RGD that is left to kro: Flux
// cannot apply an instance of it before kro has made its CRD.
func definesForKro(o placed) bool {
	return o.Shared && o.Group == "kro.run" && o.ID.Kind == "ResourceGraphDefinition"
}

// finish gives the waves what the next one waits for. Nothing waits for the last.
func (l *layout) finish(p *Plan) {
	for i := range p.Waves {
		w := &p.Waves[i]
		w.Entries = sorted(w.Entries)
		if i == len(p.Waves)-1 {
			return
		}
		w.Gate = true
		w.HealthChecks, w.HealthCheckExprs = references(l.checks[i]), healthcheck.Join(l.checks[i])
	}
}

func references(checks []healthcheck.Check) []meta.NamespacedObjectKindReference {
	var out []meta.NamespacedObjectKindReference
	for _, c := range checks {
		out = append(out, meta.NamespacedObjectKindReference{APIVersion: c.APIVersion, Kind: c.Kind, Namespace: c.Namespace, Name: c.Name})
	}
	slices.SortFunc(out, func(a, b meta.NamespacedObjectKindReference) int {
		return cmp.Or(cmp.Compare(a.APIVersion, b.APIVersion), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// isGate reports whether something waits for an object to become ready: its
// node has readyWhen and dependents. What depends on a chained instance with
// readyWhen waits for the objects in it that have readyWhen, since there is no
// object of the instance itself. In an object of kind Graph, readyWhen holds nobody back (G31),
// unless its templates ask for waves.
func isGate(o render.Object) bool {
	if o.Node == nil || o.Instance == nil || len(o.Node.ReadyWhen) == 0 {
		return false
	}
	if o.Instance.Graph.Native != nil && asksForWaves(o.Instance) || o.Instance.Graph.Native == nil && o.Node.IsRead {
		return true
	}
	for i := o.Instance; i.Parent != nil; i = i.Parent {
		if i.Parent.Graph.Native != nil {
			continue
		}
		for _, n := range i.Parent.Graph.Nodes {
			if n.ID == i.Node && n.IsRead && len(n.ReadyWhen) > 0 {
				return true
			}
		}
	}
	return false
}

// asksForWaves reports whether an object of a Graph has a wave by its template.
func asksForWaves(i *render.Instance) bool {
	return slices.ContainsFunc(i.Graph.Nodes, func(n *graph.Node) bool {
		return n.Type.Creates() && object.Annotation(n.Template, wave.Annotation) != ""
	})
}

// condition returns the node's conditions as Flux evaluates them, and whether
// Flux is to wait. What is not translated is reported once.
func (l *layout) condition(o render.Object) (current string, wait bool) {
	if c, ok := l.conditions[o.Node]; ok {
		return c.current, c.wait
	}
	current, wait, diags := healthcheck.Node(o.Instance.Graph, o.Node, healthcheck.Options{Impersonated: l.options.Impersonated})
	l.conditions[o.Node] = condition{current, wait}
	l.diags = append(l.diags, diags...)
	return current, wait
}

type condition struct {
	current string
	wait    bool
}

// withoutObjects reports conditions that dependents wait for under kro, and for
// which Flux has no object to look at.
func (l *layout) withoutObjects(res *render.Result) {
	expanded := map[k8sschema.GroupVersionKind]bool{}
	for _, g := range res.Graphs {
		expanded[g.RGD.GVK] = true
	}
	seen := map[*graph.Graph]bool{}
	for _, i := range res.Instances {
		if seen[i.Graph] {
			continue
		}
		seen[i.Graph] = true
		for _, n := range i.Graph.Nodes {
			switch {
			case !n.IsRead || len(n.ReadyWhen) == 0:
			case n.Type.IsExternal():
				_, _, diags := healthcheck.Node(i.Graph, n, healthcheck.Options{})
				l.diags = append(l.diags, diags...)
			case expanded[n.Kind.GVK]:
				l.diags = append(l.diags, healthcheck.NotCarried(i.Graph, n,
					"the node is expanded in place, so what depends on it waits for the nodes in it that have readyWhen")...)
			}
		}
	}
}
