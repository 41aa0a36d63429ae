package output

import (
	"cmp"
	"maps"
	"strconv"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/krowave/krowave/render/expand"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/wave"
)

// placeGraphs gives Graphs that are handed over the wave behind the last object that they
// refer to and that is printed, too. Without one they stay as they are.
func (a *assembler) placeGraphs() {
	if a.opts.WaveMode == wave.None {
		return
	}
	p := &placer{assembler: a, kinds: map[string][]int{}, state: map[int]bool{}}
	for i, o := range a.objects {
		if o.Doc != nil && object.IsGraphKind(object.GVK(o.Object)) && !a.Set.Defines(object.GVK(o.Object)) {
			p.graphs = append(p.graphs, i)
		}
	}
	if len(p.graphs) == 0 {
		return
	}
	for i, o := range a.objects {
		kind := object.GVK(o.Object).GroupKind().String()
		p.kinds[kind] = append(p.kinds[kind], i)
	}
	for _, i := range p.graphs {
		p.place(i)
	}
}

type placer struct {
	*assembler
	graphs []int            // among the objects
	kinds  map[string][]int // objects by kind
	state  map[int]bool     // of graphs: false while it is placed, true once it is
}

// place gives a Graph its wave, after those that it refers to. Of Graphs that refer to each
// other, the first one follows.
func (p *placer) place(i int) {
	if _, seen := p.state[i]; seen {
		return
	}
	p.state[i] = false
	last, found := 0, false
	for _, ref := range graph.NativeRefs(p.objects[i].Object) {
		for _, n := range p.named(i, ref) {
			if object.IsGraphKind(object.GVK(p.objects[n].Object)) && p.objects[n].Doc != nil {
				if p.place(n); !p.state[n] {
					continue
				}
			}
			if at, ok := waveOf(p.objects[n]); ok && (!found || at > last) {
				last, found = at, true
			}
		}
	}
	p.state[i] = true
	if found {
		p.move(i, last+1)
	}
}

// move puts a Graph into a wave, unless its own annotation names a later one.
func (p *placer) move(i, to int) {
	o := &p.objects[i]
	if own, ok := waveOf(*o); !ok || own >= to && object.Annotation(o.Object, wave.Annotation) != "" {
		return
	}
	if o.Wave = to; p.opts.Annotate.Waves {
		o.Object = object.WithAnnotations(maps.Clone(o.Object), map[string]any{wave.Annotation: strconv.Itoa(to)})
	}
}

// waveOf is the wave of an object: the one that it was given, or that its own annotation
// names. Hooks have none.
func waveOf(o Object) (int, bool) {
	if wave.IsHook(o.Object) {
		return 0, false
	}
	if o.Doc == nil || o.Wave != 0 {
		return o.Wave, true
	}
	text := object.Annotation(o.Object, wave.Annotation)
	n, err := strconv.ParseInt(cmp.Or(text, "0"), 10, 32)
	return int(n), err == nil
}

// named lists the objects that a reference of a Graph names or selects. A namespace that the
// reference leaves out is that of the Graph; a selector without one selects everywhere.
func (p *placer) named(i int, ref map[string]any) []int {
	gvk := object.GVK(ref)
	kind, known := p.Set.Catalog.Lookup(gvk)
	name, meta := object.Name(ref), object.Metadata(ref)
	_, selects := meta["selector"]
	selector, err := expand.SelectorOf(ref)
	if err != nil || name == "" && !selects {
		return nil
	}
	namespace := cmp.Or(object.Namespace(ref), cmp.Or(object.Namespace(p.objects[i].Object), p.opts.Namespace))
	if selects {
		namespace = object.Namespace(ref)
	}
	var out []int
	for _, n := range p.kinds[gvk.GroupKind().String()] {
		o := p.objects[n].Object
		switch {
		case n == i, !selects && object.Name(o) != name:
		case selects && !selector.Matches(labels.Set(object.Labels(o))):
		case (!known || kind.Namespaced) && namespace != "" && cmp.Or(object.Namespace(o), p.opts.Namespace) != namespace:
		default:
			out = append(out, n)
		}
	}
	return out
}
