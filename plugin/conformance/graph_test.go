package conformance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/internal/randomcase"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// TestGraphOfInstance renders random RGDs, and Graphs that are translations of their
// instances: the instance is a def with the name schema, and every resource a node. Both
// render the same objects. A def has no fields but those that are there, so that
// expressions may ask of an instance what they may not ask of a def.
func TestGraphOfInstance(t *testing.T) {
	same, untyped := 0, 0
	for seed := range uint64(150) {
		c := randomcase.New(seed)
		opts := render.Options{KroVersion: "0.10", Runtime: render.Withhold, CELOmitFunction: c.Files["feature-gates"] != ""}
		in := inputOf(c.Files)
		want := rendered(t, in, opts)
		if len(want.Instances) != 1 || want.Diagnostics.HasErrors() || want.Instances[0].Graph.RGD.ClusterScoped {
			continue
		}
		in.Definitions = in.Files[:1] // which may define kinds of its templates
		in.Files = []manifest.File{{Name: "graph.yaml", Objects: []map[string]any{translated(want.Instances[0])}}}
		opts.Graphs = render.ExpandGraphs
		got := rendered(t, in, opts)
		if slices.ContainsFunc(got.Diagnostics, func(d diag.Diagnostic) bool {
			return d.Severity == diag.Error && (d.Rule == "cel-type" || d.Rule == "condition-type")
		}) {
			untyped++
			continue
		}
		if diff := cmp.Diff(texts(t, want), texts(t, got)); diff != "" {
			t.Errorf("seed %d (-RGD +Graph):\n%s%v", seed, diff, got.Diagnostics)
		}
		same++
	}
	if same < 30 {
		t.Errorf("only %d Graphs were compared, which tests little; %d have expressions that need a schema", same, untyped)
	}
}

func inputOf(files map[string]string) render.Input {
	in := render.Input{}
	for _, name := range []string{"rgd.yaml", "instance.yaml"} {
		in.Files = append(in.Files, manifest.File{Name: name, Data: []byte(files[name])})
	}
	if crd, ok := files["crds/widgets.yaml"]; ok {
		in.CRDs = []manifest.File{{Name: "crd.yaml", Data: []byte(crd)}}
	}
	if text, ok := files["cluster/objects.yaml"]; ok {
		in.Observed = []manifest.File{{Name: "objects.yaml", Data: []byte(text)}}
	}
	return in
}

func rendered(t *testing.T, in render.Input, opts render.Options) *render.Result {
	t.Helper()
	res, err := render.Render(context.Background(), in, opts)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// translated is the Graph of an instance.
func translated(i *render.Instance) map[string]any {
	stored := i.Instance
	meta := map[string]any{"labels": map[string]any{}, "annotations": map[string]any{}}
	for key, v := range object.Metadata(stored) {
		meta[key] = v
	}
	def := map[string]any{"apiVersion": stored["apiVersion"], "kind": stored["kind"], "metadata": meta}
	if spec, ok := stored["spec"]; ok {
		def["spec"] = spec
	}
	nodes := []any{map[string]any{"id": "schema", "def": def}}
	for _, item := range object.List(object.Map(i.Graph.RGD.Doc.Object, "spec"), "resources") {
		node := map[string]any{}
		for key, v := range item.(map[string]any) {
			if key == "externalRef" {
				key = "ref"
			}
			node[key] = v
		}
		nodes = append(nodes, node)
	}
	return map[string]any{
		"apiVersion": "kro.run/v1alpha1", "kind": "Graph", "spec": map[string]any{"nodes": nodes},
		"metadata": map[string]any{"name": object.Name(stored), "namespace": object.Namespace(stored)},
	}
}

// texts are the objects of a render in their order.
func texts(t *testing.T, res *render.Result) []string {
	t.Helper()
	var out []string
	for _, o := range res.Objects {
		text, err := manifest.CanonicalJSON(o.Object)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
	}
	return out
}

// TestRandomGraphs renders random Graphs with nested graphs, shadowed and captured names,
// collections of defs, and kinds that are expressions, of which one is known to nobody. Handed over and expanded, the same ones are accepted; the order of
// nodes in the file changes no object.
func TestRandomGraphs(t *testing.T) {
	accepted, refused, dynamic := 0, 0, 0
	for seed := range uint64(300) {
		g := &graphs{Rand: rand.New(rand.NewPCG(seed, 1))}
		doc := map[string]any{
			"apiVersion": "kro.run/v1alpha1", "kind": "Graph", "metadata": map[string]any{"name": "random", "namespace": "team"},
			"spec": map[string]any{"nodes": g.nodes(nil, 0)},
		}
		in := render.Input{Files: []manifest.File{{Name: "graph.yaml", Objects: []map[string]any{doc}}}}
		passed := rendered(t, in, render.Options{})
		opts := render.Options{Graphs: render.ExpandGraphs, Runtime: render.Withhold, AllowEmpty: true}
		expanded := rendered(t, in, opts)
		if passed.Diagnostics.HasErrors() {
			refused++
			if diff := cmp.Diff(messages(passed), messages(expanded)); diff != "" {
				t.Errorf("seed %d: findings (-pass +expand):\n%s", seed, diff)
			}
			continue
		}
		accepted++
		if expanded.Diagnostics.HasErrors() {
			t.Errorf("seed %d: accepted by pass and refused by expand: %v", seed, messages(expanded))
		}
		dynamic += len(expanded.Instances[0].Pending)
		before := texts(t, expanded)
		if diff := cmp.Diff(before, texts(t, rendered(t, in, opts))); diff != "" {
			t.Errorf("seed %d: two runs (-first +second):\n%s", seed, diff)
		}
		g.turn(doc["spec"].(map[string]any))
		after := texts(t, rendered(t, in, opts))
		slices.Sort(before)
		slices.Sort(after)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("seed %d: with the nodes in reverse (-before +after):\n%s", seed, diff)
		}
	}
	if accepted < 100 || refused < 20 || dynamic < 10 {
		t.Errorf("%d Graphs are accepted and %d refused, and %d nodes wait for their kind, which tests little", accepted, refused, dynamic)
	}
}

func messages(res *render.Result) []string {
	var out []string
	for _, d := range res.Diagnostics {
		if d.Severity == diag.Error {
			out = append(out, d.Path+": "+d.Message)
		}
	}
	return out
}

// graphs makes random Graphs.
type graphs struct {
	*rand.Rand
	objects int
}

// name is a node that expressions may read.
type name struct {
	id       string
	list     bool
	hasAKind bool // in its field kind
}

var ids = []string{"alpha", "beta", "schema", "Gamma", "delta"}

// nodes makes the nodes of a frame, which sees the names of the frames around it.
func (g *graphs) nodes(outer []name, depth int) []any {
	var out []any
	var own []name
	for i, id := range ids[:2+g.IntN(len(ids)-2)] {
		see := own
		if len(outer) > 0 && g.IntN(4) == 0 {
			see = slices.DeleteFunc(slices.Clone(outer), func(n name) bool { return slices.Contains(ids[:i+1], n.id) })
		}
		node := map[string]any{"id": id}
		switch g.IntN(5) {
		case 0, 1:
			node["def"] = map[string]any{"text": g.text(see), "plain": "p", "kind": []string{"ConfigMap", "Gadget"}[g.IntN(6)/4]}
			repeat := g.IntN(3) == 0
			if repeat {
				node["forEach"] = []any{map[string]any{"each1": "${['x', 'y']}"}}
				node["def"].(map[string]any)["item"] = "${each1}"
			}
			own = append(own, name{id, repeat, !repeat})
		case 2, 3:
			g.objects++
			node["template"] = map[string]any{
				"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": fmt.Sprintf("o%d", g.objects)},
				"data": map[string]any{"text": g.text(see)},
			}
			if of := single(see); of != "" && g.IntN(3) == 0 {
				node["template"].(map[string]any)["kind"] = "${" + of + ".kind}"
			}
			if g.IntN(5) == 0 {
				node["includeWhen"] = []any{fmt.Sprintf("${%v}", g.IntN(2) == 0)}
			}
			if g.IntN(12) == 0 {
				node["template"].(map[string]any)["data"].(map[string]any)["mixed"] = "${undefined" + strings.Repeat("x", g.IntN(3)) + "}"
			}
		default:
			if depth < 3 {
				node["graph"] = map[string]any{"nodes": g.nodes(slices.Concat(own, outer), depth+1)}
			} else {
				node["def"] = map[string]any{"text": "deep"}
			}
		}
		out = append(out, node)
	}
	return out
}

// text is a text that may read one of the names.
func (g *graphs) text(see []name) string {
	if len(see) == 0 || g.IntN(3) == 0 {
		return "literal"
	}
	n := see[g.IntN(len(see))]
	if n.list {
		return "${string(size(" + n.id + "))}-${" + n.id + "[0].plain}"
	}
	return "${" + n.id + ".plain}"
}

// single is a name whose field kind is a kind; "" for none.
func single(see []name) string {
	for _, n := range see {
		if n.hasAKind {
			return n.id
		}
	}
	return ""
}

// turn reverses the nodes of all frames.
func (g *graphs) turn(spec map[string]any) {
	list := object.List(spec, "nodes")
	slices.Reverse(list)
	for _, item := range list {
		if inner := object.Map(item.(map[string]any), "graph"); inner != nil {
			g.turn(inner)
		}
	}
}
