package adopt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Run does the steps, and says each before it does it.
type Run struct {
	Cluster *Cluster
	Options Options
	Timeout time.Duration // of each wait; for Git to change, of all instances together
	Poll    time.Duration // between two looks, at most: the first ones follow sooner
	Max     int           // instances at a time; 0: all
	Say     func(format string, args ...any)
}

// errWaits is a wait that lasted too long.
var errWaits = errors.New("not yet")

// errChanged is something that changed under a step.
var errChanged = errors.New("somebody else changed it meanwhile")

// act is the run for one family.
type act struct {
	*Run
	*keeper
	family Family
	git    time.Time    // when the wait for Git to change ends
	others []*act       // of the same run: their journals are kept while this one waits
	looked map[Ref]bool // Applications that have looked at the cluster since the step before; nil asks each
}

// Apply does what the plan says, and returns the exit code: 0 all is done, 1 steps
// are left, 2 something is not safe.
func (r *Run) Apply(ctx context.Context, families []Family) (int, error) {
	tools, err := r.Cluster.tools(ctx)
	if err != nil {
		return 0, err
	}
	code := 0
	var acts []*act
	for _, f := range families {
		if r.Max > 0 && len(acts) == r.Max {
			r.Say("%d instances at a time: run again for the others", r.Max)
			code = max(code, 1)
			break
		}
		a, refused, err := r.begin(ctx, f, tools)
		switch {
		case err != nil:
			return 0, errors.Join(err, release(ctx, acts))
		case refused:
			code = 2
		case a != nil:
			acts = append(acts, a)
		}
	}
	done, err := r.all(ctx, acts)
	if !done {
		code = max(code, 1)
	}
	return code, errors.Join(err, release(ctx, acts))
}

func release(ctx context.Context, acts []*act) error {
	var failed error
	for _, a := range acts {
		failed = errors.Join(failed, a.let(context.WithoutCancel(ctx)))
	}
	return failed
}

// begin takes the journal of a family that has something to do.
func (r *Run) begin(ctx context.Context, f Family, tools []tool) (a *act, refused bool, err error) {
	plan, err := r.Cluster.planned(ctx, f, tools, r.Options)
	if err != nil {
		return nil, false, err
	}
	old, _, err := r.Cluster.openJournal(ctx, f.Instances[0])
	if err != nil {
		return nil, false, err
	}
	switch {
	case plan.State == Unsafe:
		for _, risk := range plan.Risks {
			if risk.Unsafe {
				r.Say("%s: not safe: %s: %s", plan.Instance, risk.Object, risk.Message)
			}
		}
		return nil, true, nil
	case plan.State == Nothing && (old == nil || old.Done):
		r.Say("%s: nothing to do", plan.Instance)
		return nil, false, nil
	case old != nil && !old.Done && old.To != r.Options.To:
		r.Say("%s: not safe: it is on the way to %s: go on with that, or take it back", plan.Instance, old.To)
		return nil, true, nil
	}
	k, err := r.Cluster.take(ctx, f.Instances[0], func() journal { return r.first(ctx, f, plan) })
	if err != nil {
		return nil, false, err
	}
	return &act{Run: r, keeper: k, family: f}, false, nil
}

// first is the journal before anything was done.
func (r *Run) first(ctx context.Context, f Family, plan *InstancePlan) journal {
	j := journal{To: r.Options.To, Instance: f.Instances[0]}
	for _, o := range plan.Objects {
		if o.live != nil {
			j.Objects = append(j.Objects, known{o.Ref, o.UID, o.live.GetLabels()[partOfLabel]})
		}
	}
	for _, i := range f.Instances {
		if live, err := r.Cluster.Get(ctx, i); err == nil && live != nil {
			j.Owners = append(j.Owners, known{i, string(live.GetUID()), live.GetLabels()[partOfLabel]})
		}
	}
	return j
}

// all does the steps of all families: those before Git changes, then those after it,
// so that one commit can change all of them. While one of them is not ready for the
// commit, nothing is done that follows it.
func (r *Run) all(ctx context.Context, acts []*act) (done bool, err error) {
	for _, a := range acts {
		a.others = acts
	}
	steps := stepsTo(r.Options.To)
	at := slices.IndexFunc(steps, func(s Step) bool { return s == Handover || s == Returned })
	ready, err := r.together(ctx, acts, steps[:at], "do not change Git yet, and run again")
	if err != nil || len(ready) < len(acts) {
		return false, err
	}
	git := time.Now().Add(r.Timeout)
	for _, a := range acts {
		a.git = git
	}
	ready, err = r.together(ctx, acts, steps[at:], "run again when that is done")
	if err != nil {
		return false, err
	}
	for _, a := range ready {
		if a.Done = !r.Cluster.DryRun; a.Done {
			if err := a.save(ctx); err != nil {
				return false, err
			}
			r.Say("%s: done: %d objects, none deleted", a.Instance, len(a.Objects))
		}
	}
	return len(ready) == len(acts), nil
}

// together does each step for all families before the next one, so that what is waited
// for is waited for once. It returns those that did not wait in vain.
func (r *Run) together(ctx context.Context, acts []*act, steps []Step, advice string) ([]*act, error) {
	acts = slices.Clone(acts)
	for i, s := range steps {
		looked := map[Ref]bool{}
		for _, a := range acts {
			a.looked = looked
		}
		var left []*act
		for _, a := range acts {
			err := a.step(ctx, s)
			if errors.Is(err, errChanged) && s != Suspend {
				err = a.again(ctx, steps[:i+1])
			}
			switch {
			case errors.Is(err, errWaits):
				r.Say("%s: %v: %s", a.Instance, err, advice)
				continue
			case err != nil:
				return nil, a.why(err)
			}
			if err := a.save(ctx); err != nil {
				return nil, err
			}
			left = append(left, a)
		}
		acts = left
	}
	return acts, nil
}

func (a *act) why(err error) error { return fmt.Errorf("%s: %w", a.Instance, err) }

// steps does steps, one after the other.
func (a *act) steps(ctx context.Context, steps []Step) error {
	for i, s := range steps {
		err := a.step(ctx, s)
		if errors.Is(err, errChanged) && s != Suspend {
			err = a.again(ctx, steps[:i+1])
		}
		if err != nil {
			return err
		}
		if err := a.save(ctx); err != nil {
			return err
		}
	}
	return nil
}

// again does steps anew, a few times, after something changed between a look and the
// last of them.
func (a *act) again(ctx context.Context, steps []Step) error {
	if slices.Contains(steps, Handover) { // what was taken from kro before Git changed may be back
		steps = slices.Concat([]Step{Suspend, Fence, Release, Empty}, steps)
	}
	a.looked = nil
	var err error
	for range 5 {
		a.Say("%s: somebody else changed something: look again", a.Instance)
		for _, s := range steps {
			if err = a.step(ctx, s); err != nil {
				break
			}
		}
		if !errors.Is(err, errChanged) {
			return err
		}
	}
	return err
}

// step does one step.
func (a *act) step(ctx context.Context, s Step) error {
	gone, err := a.instancesGone(ctx)
	if err != nil {
		return err
	}
	if gone && slices.Contains([]Step{Suspend, Fence, Release, Empty, Handover, Check, Remove}, s) && a.To != Kro {
		return nil // a run before this one came that far
	}
	a.Say("%s: %s", a.Instance, s)
	switch s {
	case Hold:
		return a.hold(ctx)
	case Seen:
		return a.seen(ctx)
	case Suspend:
		return a.instances(ctx, func(_ Ref, obj map[string]any) map[string]any { return suspendPatch(obj) })
	case Fence:
		return a.fence(ctx)
	case Release:
		return a.releaseObjects(ctx)
	case Empty:
		return a.instances(ctx, emptyPatch)
	case Handover:
		return a.handover(ctx)
	case Check:
		return nil // Remove does it, object by object
	case Remove:
		return a.remove(ctx)
	case Gone:
		return a.gone(ctx)
	case Unhold:
		return a.unhold(ctx)
	case Returned:
		return a.returned(ctx)
	case Untrack:
		return a.untrack(ctx)
	case Resume:
		return a.instances(ctx, func(_ Ref, obj map[string]any) map[string]any { return resumePatch(obj) })
	case Restore:
		return nil // in one write with Resume
	case Adopted:
		return a.adopted(ctx)
	case Finalize:
	}
	return nil
}

// instancesGone reports whether all instances are gone or going.
func (a *act) instancesGone(ctx context.Context) (bool, error) {
	for _, i := range a.family.Instances {
		live, err := a.cluster.Get(ctx, i)
		if err != nil {
			return false, err
		}
		if live != nil && live.GetDeletionTimestamp() == nil {
			return false, nil
		}
	}
	return true, nil
}

// change writes what a function makes of an object, if it is the one that is known;
// nil writes nothing. An object that is not there is left out.
func (a *act) change(ctx context.Context, k known, patch func(*unstructured.Unstructured) map[string]any) error {
	for range 10 {
		live, err := a.cluster.Get(ctx, k.Ref)
		if err != nil || live == nil {
			return err
		}
		if k.UID != "" && string(live.GetUID()) != k.UID {
			return fmt.Errorf("%s was replaced: its uid is %s, and was %s", k.Ref, live.GetUID(), k.UID)
		}
		body := patch(live)
		if body == nil {
			return nil
		}
		err = a.cluster.patch(ctx, k.Ref, live.GetResourceVersion(), body)
		if !apierrors.IsConflict(err) {
			return err
		}
	}
	return fmt.Errorf("%s: %w", k.Ref, errChanged)
}

func (a *act) each(ctx context.Context, list []known, patch func(known, *unstructured.Unstructured) map[string]any) error {
	for _, k := range list {
		if err := a.change(ctx, k, func(obj *unstructured.Unstructured) map[string]any { return patch(k, obj) }); err != nil {
			return err
		}
		if err := a.renewAll(ctx); err != nil {
			return err
		}
	}
	return nil
}

// renewAll keeps other runs away from all that this one has.
func (a *act) renewAll(ctx context.Context) error {
	for _, o := range a.others {
		if err := o.renew(ctx); err != nil {
			return err
		}
	}
	return a.renew(ctx)
}

// instances changes those that are there.
func (a *act) instances(ctx context.Context, patch func(Ref, map[string]any) map[string]any) error {
	return a.each(ctx, a.Owners, func(k known, obj *unstructured.Unstructured) map[string]any {
		if obj.GetDeletionTimestamp() != nil {
			return nil
		}
		return patch(k.Ref, obj.Object)
	})
}

// wait looks until a function has nothing left to wait for.
func (a *act) wait(ctx context.Context, what func() (string, error)) error {
	return a.waitUntil(ctx, time.Now().Add(a.Timeout), what)
}

// waitUntil is wait with its own end. It looks at least once.
func (a *act) waitUntil(ctx context.Context, end time.Time, what func() (string, error)) error {
	if a.cluster.DryRun {
		return nil
	}
	for pause := a.Poll / 16; ; pause = min(2*pause, a.Poll) {
		left, err := what()
		if err != nil || left == "" {
			return err
		}
		if err := a.renewAll(ctx); err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: %w", left, errWaits)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
