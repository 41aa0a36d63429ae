package adopt

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/render/object"
)

// risks lists what may go wrong.
func (w *look) risks(opts Options) []Risk {
	out := []Risk{}
	add := func(unsafe bool, name string, object any, format string, args ...any) {
		text := ""
		if object != nil {
			text = fmt.Sprint(object)
		}
		out = append(out, Risk{unsafe, name, text, fmt.Sprintf(format, args...)})
	}
	if w.WithKro {
		return out
	}
	if opts.To == Kro {
		w.risksToKro(add)
	} else if !w.gone() {
		w.risksOfInstances(opts, add)
	}
	for _, o := range w.objects {
		w.risksOf(o, opts, add)
	}
	return out
}

// unsafeFirst sorts risks.
func unsafeFirst(out []Risk) []Risk {
	slices.SortStableFunc(out, func(a, b Risk) int {
		switch {
		case a.Unsafe == b.Unsafe:
			return 0
		case a.Unsafe:
			return -1
		}
		return 1
	})
	return out
}

type addRisk func(unsafe bool, name string, object any, format string, args ...any)

func (w *look) risksOfInstances(opts Options, add addRisk) {
	for i, live := range w.instances {
		r := w.Instances[i]
		if live == nil {
			continue
		}
		version := kroVersion(live.Object)
		switch {
		case version == "":
			add(true, "kro-never-seen", r, "kro has not reconciled it: the cluster has no kro, or its RGD is not accepted")
		case !deletesByLabel(version):
			add(true, "kro-version", r, "kro %s reconciled it; before v0.9.4 kro deletes what its graph names, with or without labels: install v0.9.4 or newer first", version)
		}
		switch {
		case live.GetDeletionTimestamp() != nil && w.orphaned:
			add(true, "deleted", r, "it is being deleted, and kro deletes its objects with it: krowave cannot stop that")
		case opts.Stopped:
		case isSuspended(live.Object) && !mine(live.Object):
			add(true, "suspended", r, "somebody else suspended it, so kro's answer to the suspension cannot be told from an older one: "+
				"remove its annotation %s, or stop kro and use --kro-stopped", suspendAnnotation)
		}
	}
	for i, rgd := range w.rgds {
		if opts.Stopped {
			break
		}
		switch state := stateOf(rgd); {
		case rgd == nil:
			add(true, "rgd-missing", "ResourceGraphDefinition "+w.RGDs[i], "the cluster does not have it, so kro does not reconcile its instances, and nobody removes their finalizers: "+
				"apply it, or stop kro and use --kro-stopped")
		case state != "Active":
			add(true, "rgd-inactive", "ResourceGraphDefinition "+w.RGDs[i], "it is %s, so kro does not answer: repair it, or stop kro and use --kro-stopped", orUnknown(state))
		}
	}
}

func orUnknown(state string) string {
	if state == "" {
		return "not reconciled"
	}
	return state
}

func stateOf(obj *unstructured.Unstructured) string {
	if obj == nil {
		return ""
	}
	return object.Text(object.Map(obj.Object, "status"), "state")
}

// risksOf are the risks of one object.
func (w *look) risksOf(o ObjectPlan, opts Options, add addRisk) {
	if o.Place == InRender {
		if !w.rendersForKro(o.Ref) && !w.gone() {
			add(false, "created", o.Ref, "the cluster does not have it: it would be created")
		}
		return
	}
	if o.live.GetDeletionTimestamp() != nil {
		add(true, "object-deleted", o.Ref, "it is being deleted: wait until it is gone")
	}
	if o.Place == InCluster {
		add(false, "left-over", o.Ref, "the render does not have it: it stays in the cluster, and no tool manages it")
	}
	for _, name := range o.Dropped {
		add(false, "dropped", o.Ref, "kro sets %s, and the render does not", name)
	}
	if opts.To == Kro {
		w.heldBack(o, add)
		return
	}
	if text := object.Annotation(w.rendered(o.Ref), argoOptions); text != "" && !strings.Contains(text, "Prune=false") {
		add(false, "not-held", o.Ref, "the render sets %s, which replaces the protection at the first sync: do not revert the change in Git before the handover is complete", argoOptions)
	}
	if other := o.live.GetLabels()[partOfLabel]; other != "" && !w.isOurs(other) {
		add(true, "other-instance", o.Ref, "it belongs to another kro instance: remove it from one of them")
	}
}

// heldBack finds objects that Git itself gives an annotation that Hold changes: the tool
// that has the object writes it back, and would prune what leaves Git.
func (w *look) heldBack(o ObjectPlan, add addRisk) {
	for _, t := range w.tools {
		l := t.Find(o.Ref)
		if l == nil || l.Gone {
			continue
		}
		was := beforeHold(o.live.Object)
		switch options, prune := was[argoOptions], was[fluxPrune]; {
		case t.Kind == "Application" && options != "" && !strings.Contains(options, "Prune=false"):
			add(true, "not-held", o.Ref, "%s sets %s to %s, so it replaces the protection and deletes the object when it leaves Git: "+
				"add Prune=false to the annotation in Git and let it sync first", t, argoOptions, options)
		case t.Kind != "Application" && prune != "" && prune != "disabled":
			add(true, "not-held", o.Ref, "%s sets %s to %s, so it replaces the protection and deletes the object when it leaves Git: "+
				"set it to disabled in Git and let it sync first", t, fluxPrune, prune)
		}
	}
}

func (w *look) isOurs(id string) bool {
	return slices.ContainsFunc(w.Instances, func(r Ref) bool { return setID(r) == id })
}

// rendered is an object as it is rendered.
func (w *look) rendered(r Ref) map[string]any {
	for _, want := range w.Objects {
		obj := &unstructured.Unstructured{Object: want.Object}
		if have := kubeapi.RefOf(obj); have.GVK().GroupKind() == r.GVK().GroupKind() && have.Name == r.Name && (have.Namespace == r.Namespace || have.Namespace == "") {
			return want.Object
		}
	}
	return nil
}

func (w *look) rendersForKro(r Ref) bool {
	return slices.ContainsFunc(w.Objects, func(o Wanted) bool {
		return o.ForKro && kubeapi.RefOf(&unstructured.Unstructured{Object: o.Object}).Name == r.Name && object.Kind(o.Object) == r.Kind
	})
}

func (w *look) risksToKro(add addRisk) {
	for i, rgd := range w.rgds {
		if rgd != nil && stateOf(rgd) != "Active" {
			add(true, "rgd-inactive", "ResourceGraphDefinition "+w.RGDs[i], "it is %s: repair it first", orUnknown(stateOf(rgd)))
		}
	}
}
