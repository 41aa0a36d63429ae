package adopt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// returned waits until no tool has one of the objects from Git.
func (a *act) returned(ctx context.Context) error {
	return a.waitUntil(ctx, a.git, func() (string, error) {
		tools, err := a.cluster.tools(ctx)
		if err != nil {
			return "", err
		}
		for _, t := range tools {
			for _, k := range a.Objects {
				if l := t.Find(k.Ref); l != nil && !l.Gone {
					return fmt.Sprintf("%s still has %s from Git", t, k.Ref), nil
				}
			}
		}
		return "", nil
	})
}

// untrack takes off what GitOps tools know the objects by, and their fields.
func (a *act) untrack(ctx context.Context) error {
	return a.each(ctx, a.Objects, func(_ known, obj *unstructured.Unstructured) map[string]any {
		body := untrackPatch(obj.Object)
		entries := obj.GetManagedFields()
		kept := slices.DeleteFunc(slices.Clone(entries), func(m metav1.ManagedFieldsEntry) bool {
			return m.Subresource == "" && (m.Manager == argoManager || m.Manager == fluxManager)
		})
		if len(kept) == len(entries) || len(kept) == 0 {
			return body
		}
		if body == nil {
			body = map[string]any{"metadata": map[string]any{}}
		}
		body["metadata"].(map[string]any)["managedFields"] = managedFields(kept)
		return body
	})
}

// adopted waits until kro has put its label on every object that is rendered.
func (a *act) adopted(ctx context.Context) error {
	var ids []string
	for _, r := range a.family.Instances {
		ids = append(ids, setID(r))
	}
	w := look{Family: a.family}
	return a.wait(ctx, func() (string, error) {
		for _, k := range a.Objects {
			live, err := a.cluster.Get(ctx, k.Ref)
			if err != nil {
				return "", err
			}
			if live == nil || w.rendered(k.Ref) == nil || slices.Contains(ids, live.GetLabels()[partOfLabel]) {
				continue
			}
			return fmt.Sprintf("kro has not taken %s", k.Ref), nil
		}
		return "", nil
	})
}

// Rollback takes back what Apply did, until an instance is removed.
func (r *Run) Rollback(ctx context.Context, families []Family) (int, error) {
	code := 0
	git := time.Now().Add(r.Timeout)
	for _, f := range families {
		back, err := r.rollback(ctx, f, git)
		if err != nil {
			return 0, err
		}
		code = max(code, back)
	}
	return code, nil
}

func (r *Run) rollback(ctx context.Context, f Family, git time.Time) (int, error) {
	j, _, err := r.Cluster.openJournal(ctx, f.Instances[0])
	if err != nil {
		return 0, err
	}
	if j == nil || j.Done || j.To == Kro {
		r.Say("%s: nothing to take back", f.Instances[0])
		return 0, nil
	}
	k, err := r.Cluster.take(ctx, f.Instances[0], func() journal { return *j })
	if err != nil {
		return 0, err
	}
	a := &act{Run: r, keeper: k, family: f, git: git}
	defer func() { _ = a.let(context.WithoutCancel(ctx)) }() // it ends by itself
	gone, err := a.instancesGone(ctx)
	if err != nil {
		return 0, err
	}
	if gone {
		r.Say("%s: not safe: the instance is removed; krowave adopt apply --to kro gives its objects to kro again", a.Instance)
		return 2, nil
	}
	err = a.steps(ctx, Rollback())
	if errors.Is(err, errWaits) {
		r.Say("%s: %v: run again when that is done", a.Instance, err)
		return 1, nil
	}
	if err != nil {
		return 0, a.why(err)
	}
	a.Done = !r.Cluster.DryRun
	r.Say("%s: taken back: kro has it", a.Instance)
	return 0, a.save(ctx)
}
