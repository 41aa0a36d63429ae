package layout

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/google/go-cmp/cmp"
)

// planOf places objects by name, as "a b / c" for a and b in the first wave and
// c in the second. A plus marks what kro makes from now on.
func planOf(t *testing.T, text string) *Plan {
	t.Helper()
	p := &Plan{ToKro: map[ID]bool{}}
	for i, names := range strings.Split(text, "/") {
		w := Wave{Name: waveName(i), Dir: waveName(i)}
		for _, name := range strings.Fields(names) {
			name, toKro := strings.CutPrefix(name, "+")
			obj := map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name, "namespace": "shop"}}
			data, err := encode(obj)
			if err != nil {
				t.Fatal(err)
			}
			id := IDOf(obj)
			if toKro {
				p.ToKro[id] = true
				continue
			}
			w.Entries = append(w.Entries, Entry{ID: id, Path: id.path(), Data: data})
			w.Objects++
		}
		w.Entries = sorted(w.Entries)
		p.Waves = append(p.Waves, w)
	}
	return p
}

// textOf is the inverse of planOf, with handovers in parentheses after the rest.
// A star marks what is protected from pruning.
func textOf(p *Plan) string {
	if p == nil {
		return ""
	}
	var waves []string
	for _, w := range p.Waves {
		var names, leaving []string
		for _, e := range w.Entries {
			name := e.Name
			if strings.Contains(string(e.Data), "prune: disabled") {
				name += "*"
			}
			if e.Handover {
				leaving = append(leaving, "("+name+")")
			} else {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		slices.Sort(leaving)
		waves = append(waves, strings.Join(append(names, leaving...), " "))
	}
	return strings.Join(waves, " / ")
}

func TestNext(t *testing.T) {
	for _, tt := range []struct {
		name   string
		from   string
		wanted []string // one after the other, each published before all waves have applied the one before
		want   []string // what is published, until nothing is left to do
	}{
		{"first", "", []string{"a / b"}, []string{"a / b"}},
		{"same", "a / b", []string{"a / b"}, []string{"a / b"}},
		{"added and removed", "a / b", []string{"a c / d"}, []string{"a c / d"}},
		{"later", "a b / c", []string{"a / b c"}, []string{"a (b) / b c", "a / b c"}},
		{"earlier", "a / b c", []string{"a b / c"}, []string{"a b / c (b)", "a b / c"}},
		{"a new wave", "a b", []string{"a / b"}, []string{"a (b) / b", "a / b"}},
		{"one wave less", "a / b", []string{"a b"}, []string{"a b / (b)", "a b / ", "a b"}},
		{"a wave whose objects go", "a / b / c", []string{"a"}, []string{"a /  / ", "a"}},
		{"there and back", "a / b", []string{"a b / ", "a / b"}, []string{"a b / (b)", "a (b) / b", "a / b"}},
		{"on and on", "a b / c", []string{"a / b c", "a / c / b"}, []string{"a (b) / b c", "a (b) / c (b) / b", "a / c / b"}},
		{"to kro", "a b / c", []string{"a +b / c"}, []string{"a b* / c", "a / c"}},
		{"to kro, with its wave", "a / b", []string{"a +b"}, []string{"a / b*", "a / ", "a"}},
		{"to kro and back at once", "a b", []string{"a +b", "a b"}, []string{"a b*", "a b"}},
		{"to kro, and gone on the way", "a b", []string{"a +b", "a"}, []string{"a b*", "a"}},
		{"to kro while it moves", "a b / c", []string{"a / b c", "a +b / c"}, []string{"a (b) / b c", "a (b*) / b* c", "a / c"}},
		{"gone on the way", "a b / c", []string{"a / b c", "a / c"}, []string{"a (b) / b c", "a / c"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var published *Plan
			if tt.from != "" {
				published = planOf(t, tt.from)
			}
			var got []string
			for i, text := range tt.wanted {
				published, _ = next(t, published, i == 0, planOf(t, text))
				got = append(got, textOf(published))
			}
			wanted := planOf(t, tt.wanted[len(tt.wanted)-1])
			for range 5 {
				step, done := next(t, published, true, wanted)
				if published = step; textOf(step) != got[len(got)-1] {
					got = append(got, textOf(step))
				}
				if done {
					break
				}
			}
			want := slices.Clone(tt.want)
			for i := range want {
				want[i] = textOf(planOf2(want[i]))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// planOf2 reads what textOf writes, for its spaces to be the same.
func planOf2(text string) *Plan {
	p := &Plan{}
	for i, names := range strings.Split(text, "/") {
		w := Wave{Name: waveName(i)}
		for _, name := range strings.Fields(names) {
			trimmed := strings.Trim(name, "()")
			e := Entry{ID: ID{Name: strings.TrimSuffix(trimmed, "*")}, Handover: trimmed != name}
			if strings.HasSuffix(trimmed, "*") {
				e.Data = []byte("prune: disabled")
			}
			w.Entries = append(w.Entries, e)
		}
		p.Waves = append(p.Waves, w)
	}
	return p
}

// next publishes a step: what is published is read back from its files.
func next(t *testing.T, published *Plan, settled bool, wanted *Plan) (*Plan, bool) {
	t.Helper()
	step, done, err := Next(published, settled, wanted)
	if err != nil {
		t.Fatal(err)
	}
	read, err := Read(step.Files())
	if err != nil {
		t.Fatal(err)
	}
	if textOf(read) != textOf(step) {
		t.Fatalf("%s is read back as %s", textOf(step), textOf(read))
	}
	return read, done
}

// cluster does what kustomize-controller does with Kustomizations that prune.
type cluster struct {
	owner     map[ID]string // by its labels
	protected map[ID]bool   // by its annotation
	uid       map[ID]int
	inventory map[string]map[ID]bool
	applied   map[string]int // revision, by wave
	revision  int
	created   int
	begun     int // waves of the last revision that could begin, from 0
}

// reconcile applies a wave and prunes what is gone from it.
func (c *cluster) reconcile(w Wave) {
	c.apply(w)
	c.prune(w)
}

func (c *cluster) apply(w Wave) {
	for _, e := range w.Entries {
		if _, ok := c.uid[e.ID]; ok && e.Handover {
			continue
		} else if !ok {
			c.created++
			c.uid[e.ID] = c.created
		}
		c.owner[e.ID] = w.Name
		c.protected[e.ID] = strings.Contains(string(e.Data), "prune: disabled")
	}
}

func (c *cluster) prune(w Wave) {
	now := map[ID]bool{}
	for _, e := range w.Entries {
		now[e.ID] = true
	}
	for id := range c.inventory[w.Name] {
		if !now[id] && c.owner[id] == w.Name && !c.protected[id] {
			delete(c.uid, id)
			delete(c.owner, id)
		}
	}
	c.inventory[w.Name] = now
}

// TestObjectsKeepTheirUID walks random plans, with waves that apply a step late,
// twice, or never: what every plan wants, or leaves to kro, is never deleted, and in
// the end each wave owns what it wants.
func TestObjectsKeepTheirUID(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	moves, left := 0, 0
	for round := range 300 {
		c := &cluster{owner: map[ID]string{}, protected: map[ID]bool{}, uid: map[ID]int{}, inventory: map[string]map[ID]bool{}, applied: map[string]int{}}
		var published *Plan
		settled := true
		before := map[ID]int{}   // UIDs of what the last plan wanted
		withKro := map[ID]bool{} // what plans have left to kro
		var history []string
		for range 6 {
			wanted := randomPlan(t, random)
			homes := wanted.homes()
			maps.DeleteFunc(withKro, func(id ID, _ bool) bool { _, ok := homes[id]; return ok })
			for _, id := range ids(published) {
				if _, ok := homes[id]; !ok && (withKro[id] || random.IntN(3) == 0) {
					wanted.ToKro[id], withKro[id] = true, true
				}
			}
			for steps := 0; ; steps++ {
				observed, isSettled := Observe(published, wanted, fmt.Sprint(c.revision), c.kustomizations())
				if len(c.inventory) > 0 && isSettled != settled {
					t.Fatalf("round %d: settled is %v, want %v:\n%s", round, isSettled, settled, strings.Join(history, "\n"))
				}
				step, done := next(t, observed, isSettled, wanted)
				history = append(history, textOf(step))
				late := published
				published = step
				if len(c.inventory) > 0 && textOf(step) != textOf(late) {
					observed, isSettled := Observe(published, wanted, fmt.Sprint(c.revision+1), c.kustomizations())
					if again, _ := next(t, observed, isSettled, wanted); textOf(again) != textOf(step) {
						t.Fatalf("round %d: looked at again, %s became %s:\n%s", round, textOf(step), textOf(again), strings.Join(history, "\n"))
					}
				}
				settled = c.reconcileAll(published, late, random)
				if done && settled || !settled && random.IntN(3) == 0 || steps > 20 {
					break
				}
			}
			for id, uid := range before {
				if _, ok := homes[id]; (ok || withKro[id]) && c.uid[id] != uid {
					t.Fatalf("round %d: %s was deleted:\n%s", round, id.Name, strings.Join(history, "\n"))
				}
			}
			before = map[ID]int{}
			for id := range homes {
				if uid, ok := c.uid[id]; ok {
					before[id] = uid
				}
			}
			for id := range withKro {
				if uid, ok := c.uid[id]; ok {
					before[id] = uid
					left++
				}
			}
			if strings.Contains(strings.Join(history, ""), "(") {
				moves++
			}
			if settled {
				c.check(t, wanted, history)
			}
		}
	}
	if moves < 300 || left < 150 {
		t.Errorf("only %d plans moved anything, and %d left something to kro", moves, left)
	}
}

// ids are the objects of a plan, in order.
func ids(p *Plan) []ID {
	var out []ID
	if p != nil {
		for _, w := range p.Waves {
			for _, e := range w.Entries {
				if !e.Handover {
					out = append(out, e.ID)
				}
			}
		}
	}
	return out
}

// reconcileAll reconciles the waves in order, as their dependencies have them,
// and reports whether all got their turn. A wave that had its turn in the
// revision before, or could have had it, may still be at work on that until its
// turn comes.
func (c *cluster) reconcileAll(p, late *Plan, random *rand.Rand) bool {
	var stragglers, applied []int
	for i := 0; late != nil && i <= c.begun; i++ {
		stragglers = append(stragglers, i)
	}
	straggle := func() {
		switch {
		case len(applied) > 0 && random.IntN(2) == 0:
			c.prune(late.Waves[applied[0]])
			applied = applied[1:]
		case len(stragglers) > 0 && random.IntN(3) == 0:
			n := random.IntN(len(stragglers))
			c.apply(late.Waves[stragglers[n]])
			applied = append(applied, stragglers[n])
			stragglers = slices.Delete(stragglers, n, n+1)
		}
	}
	c.revision++
	for _, name := range slices.Sorted(maps.Keys(c.inventory)) {
		if i, _ := waveIndex(name); i >= len(p.Waves) { // its Kustomization is deleted, with what it has
			c.prune(Wave{Name: name})
			delete(c.inventory, name)
		}
	}
	begun := 0
	defer func() {
		c.begun = begun
		for _, i := range applied {
			c.prune(late.Waves[i])
		}
	}()
	for i, w := range p.Waves {
		if begun = i; random.IntN(6) == 0 {
			return false
		}
		straggle()
		straggle()
		if n := slices.Index(applied, i); n >= 0 {
			c.prune(late.Waves[i])
			applied = slices.Delete(applied, n, n+1)
		}
		stragglers = slices.DeleteFunc(stragglers, func(n int) bool { return n == i })
		c.apply(w)
		straggle()
		c.prune(w)
		c.applied[w.Name] = c.revision
		if random.IntN(4) == 0 {
			c.reconcile(p.Waves[random.IntN(i+1)])
		}
	}
	return true
}

// kustomizations are what the API server would say.
func (c *cluster) kustomizations() []kustomizev1.Kustomization {
	var out []kustomizev1.Kustomization
	for _, name := range slices.Sorted(maps.Keys(c.inventory)) {
		k := kustomizev1.Kustomization{}
		k.Spec.Path = "./" + name
		k.Status.LastAppliedRevision = fmt.Sprint(c.applied[name])
		k.Status.Inventory = &kustomizev1.ResourceInventory{}
		for id := range c.inventory[name] {
			k.Status.Inventory.Entries = append(k.Status.Inventory.Entries, kustomizev1.ResourceRef{ID: fmt.Sprintf("%s_%s_%s_%s", id.Namespace, id.Name, id.Group, id.Kind), Version: "v1"})
		}
		out = append(out, k)
	}
	return out
}

// check compares the owners with a plan. What kro has got keeps Flux's labels until Flux
// applies it again.
func (c *cluster) check(t *testing.T, wanted *Plan, history []string) {
	t.Helper()
	want := map[ID]string{}
	for id, owner := range c.owner {
		if c.protected[id] {
			want[id] = owner
		}
	}
	for id, h := range wanted.homes() {
		want[id] = wanted.Waves[h.wave].Name
	}
	if !maps.Equal(want, c.owner) {
		t.Fatalf("want %v, got %v:\n%s", want, c.owner, strings.Join(history, "\n"))
	}
}

func randomPlan(t *testing.T, random *rand.Rand) *Plan {
	t.Helper()
	waves := make([]string, 1+random.IntN(3))
	for i := range 4 {
		if random.IntN(8) > 0 {
			at := random.IntN(len(waves))
			waves[at] += fmt.Sprintf(" %c", 'a'+i)
		}
	}
	return planOf(t, strings.Join(waves, "/"))
}
