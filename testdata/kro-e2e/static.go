package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What there is counts when nothing has happened in a batch for settleLimit and as many looks, which
// take longer on a busy machine; batchLimit is how long all of it may take.
const (
	settleLimit = 45 * time.Second
	settleLooks = 30
	batchLimit  = 20 * time.Minute
)

type patience struct {
	seen  string
	looks int
	until time.Time
}

func (p *patience) ends(seen string) bool {
	if p.seen != seen || p.looks == 0 {
		*p = patience{seen: seen, until: time.Now().Add(settleLimit)}
	}
	p.looks++
	return p.looks > settleLooks && time.Now().After(p.until)
}

// static gives the graphs and instances of a batch to kro, and holds what it applies against what
// krowave rendered: the same objects, and applying krowave's with kro's hand changes nothing, neither
// a value nor which fields kro owns.
func (r *runner) static(ctx context.Context, b *batch, dir string) error {
	w, err := startWorld(ctx, dir, r.kro, b.cases[0].gates)
	if err != nil {
		return err
	}
	defer w.stop()
	var running []*prepared
	for i, result := range inParallel(b.cases, func(p *prepared) outcome { return w.startStatic(ctx, p) }) {
		if result.verdict == ok {
			running = append(running, b.cases[i])
			continue
		}
		r.report("static", b.cases[i].name, result)
	}
	kinds := b.kinds()
	wait := &patience{}
	return eventually(ctx, batchLimit, func() error {
		owned, err := w.owned(ctx, kinds)
		if err != nil {
			return err
		}
		last := wait.ends(fmt.Sprint(len(owned), len(running)))
		running = slices.DeleteFunc(running, func(p *prepared) bool {
			result, done := w.checkStatic(ctx, p, owned)
			if done || last {
				r.report("static", p.name, result)
			}
			return done || last
		})
		if len(running) > 0 {
			return fmt.Errorf("%d cases have not settled", len(running))
		}
		return nil
	})
}

// startStatic gives one case to kro.
func (w *world) startStatic(ctx context.Context, p *prepared) outcome {
	if err := w.prepare(ctx, p.testCase, p.objects); err != nil {
		return outcome{skipped, err.Error()}
	}
	if why := w.refuses(ctx, p.objects); why != "" {
		return outcome{skipped, why}
	}
	if err := w.define(ctx, p.rgds); err != nil {
		return outcome{failed, err.Error()}
	}
	if err := w.instantiate(ctx, p.instance); err != nil {
		return outcome{failed, err.Error()}
	}
	return outcome{verdict: ok}
}

// refuses says why the API server would not take an object; then kro cannot apply it either.
func (w *world) refuses(ctx context.Context, objects []*unstructured.Unstructured) string {
	for _, o := range objects {
		made := slices.ContainsFunc(objects, func(n *unstructured.Unstructured) bool { return isNamespace(n) && n.GetName() == o.GetNamespace() })
		if _, err := w.apply(ctx, o, "e2e", true); err != nil && !meta.IsNoMatchError(err) && !made {
			return fmt.Sprintf("the API server refuses %s: %v", identityOf(o), err)
		}
	}
	return ""
}

// checkStatic compares, and reports whether the result is final.
func (w *world) checkStatic(ctx context.Context, p *prepared, owned []*unstructured.Unstructured) (outcome, bool) {
	instance, err := w.live(ctx, p.instance)
	if err != nil || instance == nil {
		return outcome{failed, fmt.Sprintf("the instance is gone: %v", err)}, false
	}
	kinds := generatedKinds(p.rgds)
	kros := byIdentity(ownedBy(owned, []*unstructured.Unstructured{instance}, kinds), kinds, nil)
	ours := byIdentity(p.objects, nil, nil)
	var wrong []string
	if missing := onlyIn(kros, ours); len(missing) > 0 {
		wrong = append(wrong, "krowave does not render "+strings.Join(missing, ", "))
	}
	if missing := onlyIn(ours, kros); len(missing) > 0 {
		wrong = append(wrong, "kro does not apply "+strings.Join(missing, ", "))
	}
	summary := fmt.Sprintf("%d objects", len(p.objects))
	if len(wrong) == 0 {
		for _, o := range p.objects {
			values, owned := w.sameAsApplied(ctx, o)
			wrong = append(wrong, values...)
			if len(owned) > 0 {
				summary += "\nkro copied what the API server had filled in: " + strings.Join(owned, "\n")
			}
		}
	}
	state := fmt.Sprintf("state %q: %s", stateOf(instance), strings.Join(conditionsOf(instance), "; "))
	switch {
	case len(wrong) > 0:
		return outcome{failed, strings.Join(append(wrong, state), "\n")}, false
	case !settled(instance) && !p.declaresState():
		return outcome{ok, summary + "; the instance is not ACTIVE, " + state}, p.unchanged(state)
	}
	return outcome{ok, summary}, true
}

// sameAsApplied says what would change if kro applied krowave's object over its own. A template that
// copies a whole struct of another node copies what the API server filled in there, as kro has read
// it back; where krowave's object lacks it, the server fills it in again. Then values do not differ,
// and only the fields that kro owns do: owned, which must be fields that krowave's would lack.
func (w *world) sameAsApplied(ctx context.Context, rendered *unstructured.Unstructured) (values, owned []string) {
	id := identityOf(rendered).String()
	live, err := w.live(ctx, rendered)
	if err != nil || live == nil {
		return []string{fmt.Sprintf("%s is gone: %v", id, err)}, nil
	}
	would, err := w.apply(ctx, asKroApplies(rendered, live), kroManager, true)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", id, err)}, nil
	}
	values = differences(id+": ", withoutServerFields(live), withoutServerFields(would))
	before, after := fieldsOf(live, kroManager), fieldsOf(would, kroManager)
	owned = differences(id+": ", before, after)
	if len(values) == 0 && len(owned) > 0 && !within(after, before) {
		return owned, nil
	}
	return values, owned
}

// within reports whether a set of fields is part of another.
func within(some, all map[string]any) bool {
	for key, value := range some {
		inner, _ := value.(map[string]any)
		outer, ok := all[key].(map[string]any)
		if !ok || !within(inner, outer) {
			return false
		}
	}
	return true
}
