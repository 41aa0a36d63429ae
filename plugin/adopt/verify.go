package adopt

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/krowave/krowave/render/object"
)

// Verify says whether everything is as it was before, and whether somebody looks
// after it.
func (r *Run) Verify(ctx context.Context, families []Family) ([]Risk, error) {
	out := []Risk{}
	looks := make([]*verification, 0, len(families))
	for _, f := range families {
		v, found, err := r.verification(ctx, f)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
		if v != nil {
			looks = append(looks, v)
		}
	}
	for range 2 { // two reconciles
		looked := map[Ref]bool{}
		for _, v := range looks {
			v.looked = looked
			if err := v.reconcile(ctx); err != nil {
				return nil, err
			}
		}
		for _, v := range looks {
			found, err := v.changed(ctx)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
	}
	return out, nil
}

// verification is what the objects of a family were when it began.
type verification struct {
	*act
	before map[string]string // content by name
}

// verification compares the objects of a family with the journal. It is nil for one
// without.
func (r *Run) verification(ctx context.Context, f Family) (*verification, []Risk, error) {
	j, _, err := r.Cluster.openJournal(ctx, f.Instances[0])
	if err != nil {
		return nil, nil, err
	}
	if j == nil {
		return nil, []Risk{{Name: "no-journal", Unsafe: true, Object: f.Instances[0].String(), Message: "krowave adopt apply was never run for it, so nobody knows what was there before"}}, nil
	}
	var out []Risk
	add := func(name string, r Ref, format string, args ...any) {
		out = append(out, Risk{Unsafe: true, Name: name, Object: r.String(), Message: fmt.Sprintf(format, args...)})
	}
	if !j.Done {
		add("not-done", j.Instance, "steps are left: run krowave adopt apply again")
	}
	v := &verification{act: &act{Run: r, keeper: &keeper{cluster: r.Cluster, journal: *j, renewed: time.Now(), reads: true}, family: f}, before: map[string]string{}}
	for _, k := range j.Objects {
		live, err := r.Cluster.Get(ctx, k.Ref)
		switch {
		case err != nil:
			return nil, nil, err
		case live == nil:
			add("deleted", k.Ref, "it is gone")
		case string(live.GetUID()) != k.UID:
			add("made-anew", k.Ref, "it is another object: its uid is %s, and was %s", live.GetUID(), k.UID)
		case live.GetDeletionTimestamp() != nil:
			add("deleted", k.Ref, "it is being deleted: wait until it is gone")
		default:
			v.before[k.String()] = content(live)
		}
	}
	if j.To != Kro {
		left, err := v.notHandedOver(ctx)
		if err != nil {
			return nil, nil, err
		}
		if left != "" {
			add("not-synced", j.Instance, "%s", left)
		}
	}
	return v, out, nil
}

// changed says which objects are not as they were. Each is said once.
func (v *verification) changed(ctx context.Context) ([]Risk, error) {
	var out []Risk
	for _, k := range v.Objects {
		was := v.before[k.String()]
		if was == "" {
			continue
		}
		live, err := v.cluster.Get(ctx, k.Ref)
		if err != nil {
			return nil, err
		}
		if live != nil && was != content(live) {
			out = append(out, Risk{
				Unsafe: true, Name: "fought-over", Object: k.Ref.String(),
				Message: fmt.Sprintf("it changed although Git did not: see kubectl get %s --show-managed-fields -o yaml", arguments(k.Ref)),
			})
			delete(v.before, k.String())
		}
	}
	return out, nil
}

// reconcile asks the tools that have the objects to look again, and waits for them.
func (a *act) reconcile(ctx context.Context) error {
	if err := a.seen(ctx); err != nil {
		return err
	}
	tools, err := a.concerned(ctx)
	if err != nil {
		return err
	}
	for _, t := range tools {
		if t.Kind != "Kustomization" || a.looked[t.Ref] {
			continue
		}
		at := time.Now().UTC().Format(time.RFC3339Nano)
		if err := a.cluster.patch(ctx, t.Ref, "", metadataPatch("annotations", map[string]any{fluxRequest: at})); err != nil {
			return err
		}
		err := a.wait(ctx, func() (string, error) {
			live, err := a.cluster.Get(ctx, t.Ref)
			if err != nil || live == nil || object.Text(object.Map(live.Object, "status"), "lastHandledReconcileAt") == at {
				return "", err
			}
			return fmt.Sprintf("%s has not reconciled", t), nil
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

// content is what an object says, without what every write changes.
func content(obj *unstructured.Unstructured) string {
	c := obj.DeepCopy()
	delete(c.Object, "status")
	c.SetManagedFields(nil)
	c.SetResourceVersion("")
	text, err := json.Marshal(c.Object)
	if err != nil {
		return ""
	}
	return string(text)
}
