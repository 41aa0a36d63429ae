package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// side is a case in one of two clusters: kro has the original in one, and in the other what krowave
// leaves to it, beside the manifests that krowave rendered.
type side struct {
	*world
	*cloud
	plain     []*unstructured.Unstructured // applied by hand
	instances []*unstructured.Unstructured // that kro works on
	kinds     map[schema.GroupKind]bool    // of instances, which are not compared
}

// pair is a case in both clusters.
type pair struct {
	*prepared
	original, divided side
}

// delegated lets kro work on the original graph in one cluster and on krowave's residual of it in
// another, sets every status in both as a cloud's controllers would, and compares what there is then.
func (r *runner) delegated(ctx context.Context, b *batch, dir string) error {
	original, err := startWorld(ctx, filepath.Join(dir, "original"), r.kro, b.cases[0].gates)
	if err != nil {
		return err
	}
	defer original.stop()
	divided, err := startWorld(ctx, filepath.Join(dir, "divided"), r.kro, b.cases[0].gates)
	if err != nil {
		return err
	}
	defer divided.stop()
	pairs := make([]*pair, len(b.cases))
	for i, p := range b.cases {
		pairs[i] = newPair(p, original, divided)
	}
	var running []*pair
	for i, result := range inParallel(pairs, func(p *pair) outcome { return p.start(ctx) }) {
		if result.verdict == ok {
			running = append(running, pairs[i])
			continue
		}
		r.report("delegate", pairs[i].name, result)
	}
	return r.watch(ctx, running, b.kinds(), original, divided)
}

// watch answers and compares until every case has settled, or time is up.
func (r *runner) watch(ctx context.Context, running []*pair, kinds []schema.GroupVersionKind, original, divided *world) error {
	wait := &patience{}
	return eventually(ctx, batchLimit, func() error {
		inOriginal, err := original.owned(ctx, kinds)
		if err != nil {
			return err
		}
		inDivided, err := divided.owned(ctx, kinds)
		if err != nil {
			return err
		}
		last := wait.ends(fmt.Sprint(len(inOriginal), len(inDivided), len(running)))
		var failure error
		running = slices.DeleteFunc(running, func(p *pair) bool {
			result, done, err := p.check(ctx, inOriginal, inDivided)
			if err != nil {
				failure = fmt.Errorf("%s: %w", p.name, err)
			}
			if (done || last) && err == nil {
				r.report("delegate", p.name, result)
			}
			return (done || last) && err == nil
		})
		if failure == nil && len(running) > 0 {
			failure = fmt.Errorf("%d cases have not settled", len(running))
		}
		return failure
	})
}

func newPair(p *prepared, original, divided *world) *pair {
	kinds := generatedKinds(p.rgds)
	out := &pair{prepared: p, original: side{
		world: original, cloud: newCloud(p.testCase), instances: []*unstructured.Unstructured{p.instance}, kinds: kinds,
	}, divided: side{world: divided, cloud: newCloud(p.testCase), kinds: maps.Clone(kinds)}}
	for _, o := range p.objects {
		if isRGD(o) {
			out.divided.kinds[generatedKind(o)] = true
		}
	}
	for _, o := range p.objects {
		switch {
		case isRGD(o):
		case out.divided.kinds[o.GroupVersionKind().GroupKind()]:
			out.divided.instances = append(out.divided.instances, o)
		default:
			out.divided.plain = append(out.divided.plain, o)
		}
	}
	return out
}

// start puts the case into both clusters, krowave's part in the order of its waves.
func (p *pair) start(ctx context.Context) outcome {
	if err := p.original.prepare(ctx, p.testCase, p.objects); err != nil {
		return outcome{skipped, err.Error()}
	}
	if err := p.divided.prepare(ctx, p.testCase, p.objects); err != nil {
		return outcome{skipped, err.Error()}
	}
	if why := p.divided.refuses(ctx, p.divided.plain); why != "" {
		return outcome{skipped, why}
	}
	if err := p.original.define(ctx, p.rgds); err != nil {
		return outcome{skipped, "the original: " + err.Error()}
	}
	if err := p.original.instantiate(ctx, p.instance); err != nil {
		return outcome{skipped, "the original: " + err.Error()}
	}
	var rgds, others []*unstructured.Unstructured
	for _, o := range p.objects {
		if isRGD(o) {
			rgds = append(rgds, o)
		} else {
			others = append(others, o)
		}
	}
	slices.SortStableFunc(others, func(a, b *unstructured.Unstructured) int { return cmp.Compare(waveOf(a), waveOf(b)) })
	if err := p.divided.define(ctx, rgds); err != nil {
		return outcome{failed, "the residual graph: " + err.Error()}
	}
	for _, o := range others {
		err := eventually(ctx, 20*time.Second, func() error {
			if p.divided.kinds[o.GroupVersionKind().GroupKind()] {
				return p.divided.create(ctx, o)
			}
			_, err := p.divided.apply(ctx, o, "argocd-controller", false)
			return err
		})
		if err != nil {
			return outcome{failed, fmt.Sprintf("%s: %v", identityOf(o), err)}
		}
	}
	return outcome{verdict: ok}
}

func waveOf(o *unstructured.Unstructured) int {
	wave, _ := strconv.Atoi(o.GetAnnotations()["argocd.argoproj.io/sync-wave"])
	return wave
}

// found is what is there of a case in one cluster.
type found struct {
	objects  map[identity]*unstructured.Unstructured
	names    map[string]string
	settled  bool
	answered bool // a status was set just now
	state    string
}

// look collects the case's objects in a cluster and answers those without a status.
func (s *side) look(ctx context.Context, owned []*unstructured.Unstructured) (found, error) {
	var all, live []*unstructured.Unstructured
	f := found{settled: true, names: map[string]string{}}
	for _, o := range s.instances {
		instance, err := s.live(ctx, o)
		if err != nil {
			return found{}, err
		}
		live = append(live, instance)
		f.settled = f.settled && settled(instance)
		f.state += fmt.Sprintf("%s %q %s ", identityOf(o), stateOf(instance), strings.Join(conditionsOf(instance), "; "))
	}
	for _, o := range s.plain {
		object, err := s.live(ctx, o)
		if err != nil {
			return found{}, err
		}
		if object != nil {
			all = append(all, object)
		}
	}
	all = append(all, ownedBy(owned, live, s.kinds)...)
	for _, instance := range live {
		if instance != nil {
			f.names[string(instance.GetUID())] = "uid of the instance"
		}
	}
	nameServersOwn(all, f.names)
	f.objects = byIdentity(all, s.kinds, f.names)
	var err error
	f.answered, err = s.answer(ctx, s.api, slices.Collect(maps.Values(f.objects)))
	return f, err
}

// check compares both clusters, and reports whether the result is final.
func (p *pair) check(ctx context.Context, inOriginal, inDivided []*unstructured.Unstructured) (outcome, bool, error) {
	want, err := p.original.look(ctx, inOriginal)
	if err != nil {
		return outcome{}, false, err
	}
	got, err := p.divided.look(ctx, inDivided)
	if err != nil {
		return outcome{}, false, err
	}
	var wrong []string
	if missing := onlyIn(want.objects, got.objects); len(missing) > 0 {
		wrong = append(wrong, "only the original has "+strings.Join(missing, ", "))
	}
	if missing := onlyIn(got.objects, want.objects); len(missing) > 0 {
		wrong = append(wrong, "the original does not have "+strings.Join(missing, ", "))
	}
	for _, id := range slices.SortedFunc(maps.Keys(want.objects), func(a, b identity) int { return strings.Compare(a.String(), b.String()) }) {
		if other := got.objects[id]; other != nil {
			one, err := content(want.objects[id], want.names)
			if err != nil {
				return outcome{}, false, err
			}
			two, err := content(other, got.names)
			if err != nil {
				return outcome{}, false, err
			}
			wrong = append(wrong, differences(id.String()+": ", one, two)...)
		}
	}
	summary := fmt.Sprintf("%d manifests and %d objects of kro's, as %d of kro's", len(p.divided.plain), len(got.objects)-len(p.divided.plain), len(want.objects))
	for _, refused := range p.original.refused {
		summary += "\nno status for " + refused
	}
	if want.answered || got.answered {
		p.unchanged("")
	}
	switch {
	case len(wrong) > 0:
		return outcome{failed, strings.Join(append(wrong, "original: "+want.state, "divided: "+got.state), "\n")}, false, nil
	case want.answered || got.answered:
		return outcome{ok, summary}, false, nil
	case !want.settled && !p.declaresState():
		return outcome{ok, summary + "; both wait: " + want.state}, p.unchanged(summary + want.state + got.state), nil
	case want.settled && !got.settled && !p.declaresState():
		return outcome{failed, "kro has done all of the original, but of the residual: " + got.state}, false, nil
	}
	return outcome{ok, summary}, true, nil
}
