package adopt

import (
	"cmp"
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/render/object"
)

// Target is who looks after the objects afterwards.
type Target string

// Targets.
const (
	ArgoCD Target = "argocd"
	Flux   Target = "flux"
	Kro    Target = "kro"
)

// Family is an instance of the input, those chained into it, and what they render to.
type Family struct {
	Instances []Ref // the one of the input first
	RGDs      []string
	Objects   []Wanted
	WithKro   bool // kro goes on to render all of it
}

// Wanted is an object of a render.
type Wanted struct {
	Object    map[string]any
	Namespace string // where it is applied if it names none and is namespaced
	Secret    bool   // its values come from a Secret
	ForKro    bool   // kro renders more from it
}

// Options say how hands change.
type Options struct {
	To Target
	// Stopped says that kro does not run: nobody answers a fence or removes a finalizer.
	Stopped bool
}

// Plan says what has to be done, instance by instance.
type Plan struct {
	To        Target         `json:"to"`
	Instances []InstancePlan `json:"instances"`
}

// State says what a plan comes to.
type State string

// States.
const (
	Nothing State = "nothing"
	ToDo    State = "steps"
	Unsafe  State = "unsafe"
)

// InstancePlan is the plan of one instance and those chained into it.
type InstancePlan struct {
	Instance Ref          `json:"instance"`
	Chained  []Ref        `json:"chained,omitempty"`
	State    State        `json:"state"`
	Kro      string       `json:"kroVersion,omitempty"` // that last reconciled it
	Objects  []ObjectPlan `json:"objects"`
	Risks    []Risk       `json:"risks"`
	Steps    []StepPlan   `json:"steps"`
}

// Place says where an object is.
type Place string

// Places.
const (
	InBoth    Place = "both"
	InCluster Place = "cluster" // kro has it, the render does not
	InRender  Place = "render"  // it would be created
)

// ObjectPlan is one object of an instance.
type ObjectPlan struct {
	Ref
	UID        string         `json:"uid,omitempty"`
	Place      Place          `json:"place"`
	Labelled   bool           `json:"kroLabels"` // it has labels of kro
	Changes    []field.Change `json:"changes,omitempty"`
	Dropped    []string       `json:"dropped,omitempty"` // fields that kro manages and the render does not set
	Managers   []string       `json:"fieldManagers,omitempty"`
	Owners     []string       `json:"ownerReferences,omitempty"`
	Finalizers []string       `json:"finalizers,omitempty"`
	TrackedBy  []string       `json:"trackedBy,omitempty"`

	live *unstructured.Unstructured
}

// Risk is something to know before; an unsafe one refuses.
type Risk struct {
	Unsafe  bool   `json:"unsafe"`
	Name    string `json:"rule"`
	Object  string `json:"object,omitempty"`
	Message string `json:"message"`
}

// Code is the exit code: 0 nothing to do, 1 steps to do, 2 not safe.
func (p *Plan) Code() int {
	code := 0
	for _, i := range p.Instances {
		switch i.State {
		case ToDo:
			code = max(code, 1)
		case Unsafe:
			code = 2
		}
	}
	return code
}

// NewPlan reads a cluster and says what has to be done. It writes nothing.
func NewPlan(ctx context.Context, c *Cluster, families []Family, opts Options) (*Plan, error) {
	tools, err := c.tools(ctx)
	if err != nil {
		return nil, err
	}
	plan := &Plan{To: opts.To, Instances: []InstancePlan{}}
	for _, f := range families {
		p, err := c.planned(ctx, f, tools, opts)
		if err != nil {
			return nil, err
		}
		plan.Instances = append(plan.Instances, *p)
	}
	return plan, nil
}

// planned is the plan of one family.
func (c *Cluster) planned(ctx context.Context, f Family, tools []tool, opts Options) (*InstancePlan, error) {
	w, err := c.look(ctx, f, tools)
	if err != nil {
		return nil, err
	}
	lacking, err := c.rightsRisks(ctx, w, opts)
	if err != nil {
		return nil, err
	}
	p := &InstancePlan{
		Instance: f.Instances[0], Chained: f.Instances[1:], State: ToDo, Objects: w.objects, Risks: unsafeFirst(append(w.risks(opts), lacking...)), Steps: []StepPlan{},
	}
	if live := w.instances[0]; live != nil {
		p.Kro = kroVersion(live.Object)
	}
	switch {
	case slices.ContainsFunc(p.Risks, func(r Risk) bool { return r.Unsafe }):
		p.State = Unsafe
	case w.finished(opts.To):
		p.State = Nothing
		return p, nil
	}
	p.Steps = w.steps(opts)
	return p, nil
}

// look is what a family is in a cluster now.
type look struct {
	Family
	tools     []tool
	instances []*unstructured.Unstructured // nil where there is none
	rgds      []*unstructured.Unstructured
	objects   []ObjectPlan
	orphaned  bool // an object has kro's label of one of the instances
}

// look reads what belongs to a family.
func (c *Cluster) look(ctx context.Context, f Family, tools []tool) (*look, error) {
	w := &look{Family: f, tools: tools}
	for _, name := range f.RGDs {
		rgd, err := c.Get(ctx, Ref{APIVersion: "kro.run/v1alpha1", Kind: "ResourceGraphDefinition", Name: name})
		if err != nil {
			return nil, err
		}
		w.rgds = append(w.rgds, rgd)
	}
	for _, r := range f.Instances {
		live, err := c.Get(ctx, r)
		if err != nil {
			return nil, err
		}
		w.instances = append(w.instances, live)
	}
	for _, want := range f.Objects {
		o, err := c.wanted(ctx, f, want, tools)
		if err != nil {
			return nil, err
		}
		w.objects = append(w.objects, o)
	}
	for i, instance := range w.instances {
		if instance == nil {
			continue
		}
		members, err := c.members(ctx, f.Instances[i], instance)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			w.member(m)
		}
	}
	slices.SortFunc(w.objects, func(a, b ObjectPlan) int {
		return cmp.Or(cmp.Compare(a.APIVersion, b.APIVersion), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return w, nil
}

// wanted compares an object of the render with the cluster.
func (c *Cluster) wanted(ctx context.Context, f Family, want Wanted, tools []tool) (ObjectPlan, error) {
	obj := &unstructured.Unstructured{Object: want.Object}
	r, err := c.Scoped(kubeapi.RefOf(obj), cmp.Or(want.Namespace, f.Instances[0].Namespace, "default"))
	if err != nil {
		return ObjectPlan{}, err
	}
	live, err := c.Get(ctx, r)
	if err != nil {
		return ObjectPlan{}, err
	}
	if live == nil {
		return ObjectPlan{Ref: r, Place: InRender}, nil
	}
	out := described(r, live, tools)
	out.Place = InBoth
	out.Changes = changesIn(want.Object, live.Object, want.Secret)
	out.Dropped = dropped(live, object.AsStored(want.Object))
	return out, nil
}

func described(r Ref, live *unstructured.Unstructured, tools []tool) ObjectPlan {
	out := ObjectPlan{
		Ref: r, UID: string(live.GetUID()), Place: InCluster, Labelled: len(kroLabels(live.Object)) > 0, Managers: owners(live), Finalizers: live.GetFinalizers(), live: live,
	}
	for _, o := range live.GetOwnerReferences() {
		out.Owners = append(out.Owners, o.Kind+" "+o.Name)
	}
	for _, t := range tools {
		if t.Has(r) {
			out.TrackedBy = append(out.TrackedBy, t.String())
		}
	}
	return out
}

// members are the objects that kro would delete with an instance.
func (c *Cluster) members(ctx context.Context, r Ref, instance *unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	kinds, namespaces := inventory(instance.Object)
	return c.labelled(ctx, setID(r), kinds, namespaces)
}

func (c *Cluster) labelled(ctx context.Context, id string, kinds []schema.GroupKind, namespaces []string) ([]*unstructured.Unstructured, error) {
	var out []*unstructured.Unstructured
	for _, kind := range kinds {
		for _, namespace := range namespaces {
			found, err := c.List(ctx, kind, namespace, partOfLabel+"="+id)
			if err != nil {
				return nil, err
			}
			for i := range found {
				if !slices.ContainsFunc(out, func(o *unstructured.Unstructured) bool { return o.GetUID() == found[i].GetUID() }) {
					out = append(out, &found[i])
				}
			}
		}
	}
	return out, nil
}

// member adds an object with kro's label that the render does not have.
func (w *look) member(m *unstructured.Unstructured) {
	w.orphaned = true
	r := kubeapi.RefOf(m)
	if slices.ContainsFunc(w.Instances, r.Same) || slices.ContainsFunc(w.objects, func(o ObjectPlan) bool { return o.Same(r) }) {
		return
	}
	w.objects = append(w.objects, described(r, m, w.tools))
}

// finished reports whether nothing is left to do.
func (w *look) finished(to Target) bool {
	if w.WithKro {
		return true
	}
	if to == Kro {
		return w.instances[0] != nil && !slices.ContainsFunc(w.objects, func(o ObjectPlan) bool { return o.Place == InBoth && (!o.Labelled || len(o.TrackedBy) > 0) })
	}
	return w.gone() && !w.orphaned && !slices.ContainsFunc(w.objects, func(o ObjectPlan) bool { return o.live != nil && held(o.live.Object) && wasHeld(o.live.Object) })
}

func (w *look) gone() bool {
	return !slices.ContainsFunc(w.instances, func(i *unstructured.Unstructured) bool { return i != nil })
}
