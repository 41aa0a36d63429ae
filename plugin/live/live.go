// Package live asks a cluster what applying a render would change. It takes a
// render and returns two renders to compare: the objects as the cluster has them,
// and as a server-side apply would leave them. The apply is a dry run, so
// admission, defaults and immutable fields count, and nothing is stored.
//
//	answer, err := live.New(cluster, live.Options{}).Ask(ctx, result)
//	report, err := compare.Compare(ctx, compare.Side{Result: answer.Live}, compare.Side{Result: answer.Applied}, compare.Options{Cluster: true, Dangers: answer.Dangers})
package live

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/krowave/krowave/plugin/compare"
	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/plugin/deployer"
	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/object"
)

// FieldManager is the field manager of a dry run over an object that no known
// tool has applied.
const FieldManager = "krowave-diff"

// Options say how a cluster is asked. The zero value is the default.
type Options struct {
	// FieldManager applies; "" stands for the tool that applied the object before,
	// else for FieldManager.
	FieldManager string
	Namespace    string // of objects that name none; default "default"
	Jobs         int    // requests at once; default 8
	// Owners are Applications and Kustomizations: what they have and the render has
	// not, they prune.
	Owners []deployer.Tool
}

// Answer is what a cluster says.
type Answer struct {
	Live    *render.Result // the objects of the render that the cluster has, and those that would be pruned
	Applied *render.Result // the objects of the render as they would be
	Dangers []compare.Danger
	// Findings are errors: what the cluster does not allow to ask.
	Findings diag.List
}

// Asker asks one cluster. It reads each object once, however many renders are
// asked for.
type Asker struct {
	cluster *kubeapi.Cluster
	opts    Options

	mu    sync.Mutex
	known map[kubeapi.Ref]*unstructured.Unstructured // nil for one that is not there
	none  map[string]bool                            // kinds that are not served
}

// New returns an Asker. Nothing is sent yet.
func New(c *kubeapi.Cluster, opts Options) *Asker {
	opts.Namespace = cmp.Or(opts.Namespace, "default")
	if opts.Jobs <= 0 {
		opts.Jobs = 8
	}
	return &Asker{cluster: c, opts: opts, known: map[kubeapi.Ref]*unstructured.Unstructured{}, none: map[string]bool{}}
}

// slot is what becomes of one object.
type slot struct {
	ref       kubeapi.Ref
	live      map[string]any // nil when it is not there
	after     map[string]any // nil when nobody can say
	dangers   []compare.Danger
	forbidden []forbidden
}

// Ask asks the cluster about each object of a render. It returns an error when
// the cluster does not answer; what it does not allow is a finding.
func (a *Asker) Ask(ctx context.Context, res *render.Result) (*Answer, error) {
	slots := make([]slot, len(res.Objects))
	defined, namespaces := comes(res)
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(a.opts.Jobs)
	for i := range res.Objects {
		group.Go(func() error {
			x := asked{Asker: a, ctx: inner, object: &res.Objects[i], defined: defined, namespaces: namespaces, slot: &slots[i]}
			return x.ask()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return a.answer(ctx, res, slots)
}

// answer puts the slots together.
func (a *Asker) answer(ctx context.Context, res *render.Result, slots []slot) (*Answer, error) {
	live, applied := *res, *res
	live.Objects, live.Instances, live.Diagnostics, applied.Objects = nil, nil, nil, nil
	out := &Answer{Live: &live, Applied: &applied}
	present := map[*render.Instance]bool{}
	var refused []forbidden
	for i, s := range slots {
		o := res.Objects[i]
		out.Dangers = append(out.Dangers, s.dangers...)
		for _, f := range s.forbidden {
			f.object = &res.Objects[i]
			refused = append(refused, f)
		}
		if s.live != nil && s.after != nil {
			before := o
			before.Object = s.live
			live.Objects = append(live.Objects, before)
			if top := topOf(&o); top != nil {
				present[top] = true
			}
		}
		if s.after != nil {
			o.Object = s.after
			applied.Objects = append(applied.Objects, o)
		}
	}
	pruned, more, err := a.pruned(ctx, res, slots)
	if err != nil {
		return nil, err
	}
	for _, o := range pruned {
		if top := topOf(&o); top != nil {
			present[top] = true
		}
	}
	live.Objects = append(live.Objects, pruned...)
	for _, i := range res.Instances {
		// One that has nothing in the cluster is new; one that renders to nothing is not.
		if present[i.Top()] || !slices.ContainsFunc(res.Objects, func(o render.Object) bool { return topOf(&o) == i.Top() }) {
			live.Instances = append(live.Instances, i)
		}
	}
	out.Findings = findings(append(refused, more...))
	return out, nil
}

// topOf is the instance of the input that an object belongs to; nil for none.
func topOf(o *render.Object) *render.Instance {
	switch {
	case o.Instance != nil:
		return o.Instance.Top()
	case o.For != nil && !object.IsRGDKind(object.GVK(o.Object)):
		return o.For.Top()
	}
	return nil
}

// get reads an object once; nil when there is none.
func (a *Asker) get(ctx context.Context, r kubeapi.Ref) (*unstructured.Unstructured, error) {
	a.mu.Lock()
	obj, ok := a.known[r]
	a.mu.Unlock()
	if ok {
		return obj, nil
	}
	return a.again(ctx, r)
}

// again reads an object although it is known.
func (a *Asker) again(ctx context.Context, r kubeapi.Ref) (*unstructured.Unstructured, error) {
	obj, err := a.cluster.Get(ctx, r)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	a.known[r] = obj
	a.mu.Unlock()
	return obj, nil
}

// served reports whether the cluster has a kind. A kind that it does not have is
// asked for once, since that reads all kinds anew.
func (a *Asker) served(r kubeapi.Ref) (bool, error) {
	kind := r.GVK().String()
	a.mu.Lock()
	none := a.none[kind]
	a.mu.Unlock()
	if none {
		return false, nil
	}
	mapping, err := a.cluster.Served(r.GVK().GroupKind(), r.GVK().Version)
	if err != nil {
		return false, err
	}
	a.mu.Lock()
	a.none[kind] = mapping == nil
	a.mu.Unlock()
	return mapping != nil, nil
}

// comes lists the kinds and namespaces that the render itself brings.
func comes(res *render.Result) (kinds, namespaces map[string]bool) {
	kinds, namespaces = map[string]bool{}, map[string]bool{}
	for _, o := range res.Objects {
		switch gvk := object.GVK(o.Object); {
		case object.IsCRDKind(gvk):
			spec := object.Map(o.Object, "spec")
			kinds[object.Text(spec, "group")+"/"+object.Text(object.Map(spec, "names"), "kind")] = true
		case object.IsRGDKind(gvk):
			s := object.Map(o.Object, "spec", "schema")
			kinds[cmp.Or(object.Text(s, "group"), "kro.run")+"/"+object.Text(s, "kind")] = true
		case gvk.Group == "" && gvk.Kind == "Namespace":
			namespaces[object.Name(o.Object)] = true
		}
	}
	return kinds, namespaces
}

// danger is a danger of an object of a render.
func danger(o *render.Object, severity diag.Severity, rule, format string, args ...any) compare.Danger {
	id := render.IdentityOf(o.Object)
	d := compare.Danger{Severity: severity, Rule: rule, Message: fmt.Sprintf(format, args...), Object: &id}
	if top := topOf(o); top != nil {
		owner := top.Identity()
		d.Instance = &owner
	}
	if o.Instance != nil && o.Node != nil {
		rgd := o.Instance.Graph.RGD
		at := rgd.Doc.Position(o.Node.At.With("id"))
		d.Node, d.Position = rgd.Name+"/"+o.Node.ID, &at
	}
	return d
}

// Object is an object of a render as the cluster has it, after Ask: nil when it is
// not there, and not known when it may not be read.
func (a *Asker) Object(ctx context.Context, o *render.Object) (obj *unstructured.Unstructured, known bool, err error) {
	r := kubeapi.RefOf(&unstructured.Unstructured{Object: o.Object})
	served, err := a.served(r)
	if err != nil || !served || r.Name == "" {
		return nil, true, err
	}
	if r, err = a.cluster.Scoped(r, cmp.Or(o.Default, a.opts.Namespace)); err != nil {
		return nil, false, err
	}
	obj, err = a.get(ctx, r)
	if isDenied(err, "get") {
		return nil, false, nil
	}
	return obj, err == nil, err
}

// External returns the objects that an external reference looks for: the one that it
// names, or those that it selects. known is false when they may not be read.
func (a *Asker) External(ctx context.Context, r kubeapi.Ref, ref map[string]any, namespace string) (found []unstructured.Unstructured, known bool, err error) {
	served, err := a.served(r)
	if err != nil || !served {
		return nil, true, err
	}
	if r.Name != "" {
		if r, err = a.cluster.Scoped(r, cmp.Or(namespace, a.opts.Namespace)); err != nil {
			return nil, false, err
		}
		obj, err := a.get(ctx, r)
		switch {
		case isDenied(err, "get"):
			return nil, false, nil
		case err != nil || obj == nil:
			return nil, true, err
		}
		return []unstructured.Unstructured{*obj}, true, nil
	}
	selector, err := expand.SelectorOf(ref)
	if err != nil {
		return nil, false, err
	}
	found, err = a.cluster.List(ctx, r.GVK().GroupKind(), r.Namespace, selector.String())
	if isDenied(err, "list") {
		return nil, false, nil
	}
	return found, true, err
}

// Differs reports whether an apply would change an object that the cluster has.
func (a *Answer) Differs(o *render.Object) bool {
	find := func(list []render.Object) map[string]any {
		i := slices.IndexFunc(list, func(x render.Object) bool {
			return x.Instance == o.Instance && x.Node == o.Node && x.Index == o.Index && object.Kind(x.Object) == object.Kind(o.Object) && object.Name(x.Object) == object.Name(o.Object)
		})
		if i < 0 {
			return nil
		}
		return list[i].Object
	}
	return len(field.Diff(find(a.Live.Objects), find(a.Applied.Objects), nil)) > 0
}
