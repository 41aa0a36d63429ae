package adopt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/render/object"
)

// rgds are the RGDs of a family, which are held like its objects, and stay so.
func (a *act) rgds() []known {
	var out []known
	for _, name := range a.family.RGDs {
		out = append(out, known{Ref: Ref{APIVersion: "kro.run/v1alpha1", Kind: "ResourceGraphDefinition", Name: name}})
	}
	return out
}

func (a *act) hold(ctx context.Context) error {
	list := slices.Concat(a.rgds(), a.Owners, a.Objects)
	if a.To == Kro {
		list = a.Objects
	}
	return a.each(ctx, list, func(_ known, obj *unstructured.Unstructured) map[string]any {
		return holdPatch(obj.Object)
	})
}

func (a *act) unhold(ctx context.Context) error {
	return a.each(ctx, slices.Concat(a.Owners, a.Objects), func(_ known, obj *unstructured.Unstructured) map[string]any {
		return unholdPatch(obj.Object)
	})
}

// concerned are the tools that have an object or instance of the family.
func (a *act) concerned(ctx context.Context) ([]tool, error) {
	tools, err := a.cluster.tools(ctx)
	return slices.DeleteFunc(tools, func(t tool) bool {
		return !slices.ContainsFunc(slices.Concat(a.Owners, a.Objects), func(k known) bool { return t.Has(k.Ref) })
	}), err
}

// seen asks every Application that has something of the family to look again, and
// waits until it has. Flux reads what it prunes.
func (a *act) seen(ctx context.Context) error {
	tools, err := a.concerned(ctx)
	if err != nil {
		return err
	}
	for _, t := range tools {
		if t.Kind != "Application" || a.looked[t.Ref] {
			continue
		}
		if err := a.cluster.patch(ctx, t.Ref, "", metadataPatch("annotations", map[string]any{argoRefresh: "normal"})); err != nil {
			return err
		}
		err := a.wait(ctx, func() (string, error) {
			live, err := a.cluster.Get(ctx, t.Ref)
			if err != nil || live == nil || live.GetAnnotations()[argoRefresh] == "" {
				return "", err
			}
			return fmt.Sprintf("%s has not refreshed yet", t), nil
		})
		if err != nil {
			return err
		}
		if a.looked != nil {
			a.looked[t.Ref] = true
		}
	}
	return nil
}

// fence waits until kro has answered the suspension.
func (a *act) fence(ctx context.Context) error {
	if a.Options.Stopped {
		return nil
	}
	err := a.wait(ctx, func() (string, error) {
		for _, k := range a.Owners {
			live, err := a.cluster.Get(ctx, k.Ref)
			if err != nil {
				return "", err
			}
			if live != nil && live.GetDeletionTimestamp() == nil && live.GetLabels()[ownedLabel] != "true" {
				return fmt.Sprintf("kro has not answered that %s is suspended", k.Ref), nil
			}
		}
		return "", nil
	})
	if errors.Is(err, errWaits) {
		return fmt.Errorf("%w: start kro, or stop it and use --kro-stopped", err)
	}
	return err
}

// releaseObjects takes kro's marks off the objects, and its ownership of their fields.
func (a *act) releaseObjects(ctx context.Context) error {
	if err := a.found(ctx); err != nil {
		return err
	}
	var uids []string
	for _, k := range a.Owners {
		uids = append(uids, k.UID)
	}
	w := look{Family: a.family}
	manager, op := newManager(a.To)
	err := a.each(ctx, a.Objects, func(k known, obj *unstructured.Unstructured) map[string]any {
		body := releasePatch(obj.Object, w.rendered(k.Ref), uids)
		entries := obj.GetManagedFields()
		if !slices.ContainsFunc(entries, func(m metav1.ManagedFieldsEntry) bool { return m.Manager == kroManager && m.Subresource == "" }) {
			return body
		}
		if body == nil {
			body = map[string]any{"metadata": map[string]any{}}
		}
		body["metadata"].(map[string]any)["managedFields"] = managedFields(handedOver(entries, manager, metav1.ManagedFieldsOperationType(op)))
		return body
	})
	if err != nil {
		return err
	}
	return a.instances(ctx, func(_ Ref, obj map[string]any) map[string]any { // those that are part of another one
		if object.Labels(obj)[partOfLabel] == "" {
			return nil
		}
		return metadataPatch("labels", map[string]any{partOfLabel: nil})
	})
}

// found adds objects that have the label of an instance now to those that are known.
func (a *act) found(ctx context.Context) error {
	labelled, err := a.labelled(ctx)
	for _, obj := range labelled {
		r := kubeapi.RefOf(obj)
		if !slices.ContainsFunc(slices.Concat(a.Owners, a.Objects), func(k known) bool { return k.Same(r) }) {
			a.Objects = append(a.Objects, known{r, string(obj.GetUID()), obj.GetLabels()[partOfLabel]})
		}
	}
	return err
}

// labelled lists the objects that have the label of an instance, of the kinds that
// its inventory has now or had before, and of those that are known.
func (a *act) labelled(ctx context.Context) ([]*unstructured.Unstructured, error) {
	var out []*unstructured.Unstructured
	for _, k := range a.Owners {
		live, err := a.cluster.Get(ctx, k.Ref)
		if err != nil {
			return nil, err
		}
		var kinds []schema.GroupKind
		var namespaces []string
		if live != nil {
			kinds, namespaces = inventory(live.Object)
			before := map[string]any{"metadata": map[string]any{"namespace": k.Namespace, "annotations": recalled(object.Annotation(live.Object, inventoryAnnotation), inventoryAnnotations()...)}}
			k0, n0 := inventory(before)
			kinds, namespaces = append(kinds, k0...), append(namespaces, n0...)
		}
		for _, o := range a.Objects {
			kinds = append(kinds, o.GVK().GroupKind())
			namespaces = append(namespaces, o.Namespace)
		}
		found, err := a.cluster.labelled(ctx, setID(k.Ref), distinct(kinds), distinct(namespaces))
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func distinct[T comparable](list []T) []T {
	var out []T
	for _, v := range list {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// handover waits until Git has the objects, and not the instance.
func (a *act) handover(ctx context.Context) error {
	return a.waitUntil(ctx, a.git, func() (string, error) { return a.notHandedOver(ctx) })
}

func (a *act) notHandedOver(ctx context.Context) (string, error) {
	tools, err := a.cluster.tools(ctx)
	if err != nil {
		return "", err
	}
	kind := "Application"
	if a.To == Flux {
		kind = "Kustomization"
	}
	for _, t := range tools {
		for _, k := range a.Owners {
			if l := t.Find(k.Ref); l != nil && !l.Gone {
				return fmt.Sprintf("%s still has %s from Git", t, k.Ref), nil
			}
		}
	}
	for _, want := range a.family.Objects {
		if want.ForKro {
			continue
		}
		r, err := a.cluster.Scoped(kubeapi.RefOf(&unstructured.Unstructured{Object: want.Object}), a.Instance.Namespace)
		if err != nil {
			return "", err
		}
		if left, err := a.notSynced(ctx, r, kind, tools); err != nil || left != "" {
			return left, err
		}
	}
	return "", nil
}

// notSynced says why an object is not handed over. One that an Application has, and
// that lacks its mark, gets it, so that it is in sync without a sync.
func (a *act) notSynced(ctx context.Context, r Ref, kind string, tools []tool) (string, error) {
	i := slices.IndexFunc(tools, func(t tool) bool {
		l := t.Find(r)
		return t.Kind == kind && l != nil && !l.Gone
	})
	if i < 0 {
		return fmt.Sprintf("no %s has %s from Git", kind, r), nil
	}
	t := tools[i]
	if kind == "Application" {
		err := a.change(ctx, known{Ref: r}, func(obj *unstructured.Unstructured) map[string]any {
			if obj.GetAnnotations()[argoTracking] != "" || !held(obj.Object) {
				return nil
			}
			return metadataPatch("annotations", map[string]any{argoTracking: t.TrackingID(r)})
		})
		if err != nil {
			return "", err
		}
	}
	if !t.Find(r).Synced {
		return fmt.Sprintf("%s is not in sync in %s", r, t), nil
	}
	return "", nil
}

// remove looks at everything again, and deletes the instances.
func (a *act) remove(ctx context.Context) error {
	for _, k := range a.Owners {
		live, err := a.cluster.Get(ctx, k.Ref)
		if err != nil {
			return err
		}
		if live == nil || live.GetDeletionTimestamp() != nil {
			continue
		}
		if string(live.GetUID()) != k.UID {
			return fmt.Errorf("%s was created again in the meantime: a GitOps tool still has it from Git", k.Ref)
		}
		if a.cluster.DryRun {
			continue // what makes it safe is not stored, so it is not even asked for
		}
		if err := a.check(ctx, k, live); err != nil {
			return err
		}
		if err := a.cluster.removeInstance(ctx, live); err != nil {
			if apierrors.IsConflict(err) {
				return errChanged
			}
			return err
		}
	}
	return nil
}

// check reports whether kro would delete nothing with an instance as it was read.
func (a *act) check(ctx context.Context, k known, live *unstructured.Unstructured) error {
	switch {
	case !isSuspended(live.Object), !isEmpty(k.Ref, live.Object), live.GetLabels()[ownedLabel] != "true" && !a.Options.Stopped:
		return fmt.Errorf("%s: %w", k.Ref, errChanged)
	}
	left, err := a.labelled(ctx)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("%s has kro's label again: %w", kubeapi.RefOf(left[0]), errChanged)
	}
	for _, o := range a.Objects {
		obj, err := a.cluster.Get(ctx, o.Ref)
		if err != nil {
			return err
		}
		if obj != nil && slices.ContainsFunc(obj.GetOwnerReferences(), func(r metav1.OwnerReference) bool { return string(r.UID) == k.UID }) {
			return fmt.Errorf("%s refers to the instance as its owner again: %w", o.Ref, errChanged)
		}
	}
	return nil
}

// gone waits until the instances are gone; where kro is stopped, it removes their
// finalizer.
func (a *act) gone(ctx context.Context) error {
	if a.Options.Stopped {
		err := a.each(ctx, a.Owners, func(k known, obj *unstructured.Unstructured) map[string]any {
			if obj.GetDeletionTimestamp() == nil || !isEmpty(k.Ref, obj.Object) {
				return nil
			}
			kept := []any{}
			for _, f := range obj.GetFinalizers() {
				if f != kroFinalizer {
					kept = append(kept, f)
				}
			}
			finalizers := map[string]any{"finalizers": kept}
			if len(kept) == 0 {
				finalizers["finalizers"] = nil
			}
			return map[string]any{"metadata": finalizers}
		})
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return a.wait(ctx, func() (string, error) {
		for _, k := range a.Owners {
			live, err := a.cluster.Get(ctx, k.Ref)
			if err != nil {
				return "", err
			}
			if live != nil && string(live.GetUID()) == k.UID {
				return fmt.Sprintf("%s is not gone: its finalizers are %s", k.Ref, strings.Join(live.GetFinalizers(), ", ")), nil
			}
		}
		return "", nil
	})
}
