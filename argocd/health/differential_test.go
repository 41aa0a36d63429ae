package health

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/repo"
	"github.com/krowave/krowave/render/schema"
)

// TestConditionsOfRealGraphs runs the CEL and the Lua of every readyWhen in the
// conformance cases, and of more cases in the folder that KROWAVE_CORPUS names,
// on the same objects.
func TestConditionsOfRealGraphs(t *testing.T) {
	folders, err := filepath.Glob("../../testdata/kro/*/rgd.yaml")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no conformance case: %v", err)
	}
	if corpus := os.Getenv("KROWAVE_CORPUS"); corpus != "" {
		more, err := filepath.Glob(filepath.Join(corpus, "cases/*/rgd.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		folders = append(folders, more...)
	}
	var total tally
	seen := map[string]bool{}
	for _, file := range folders {
		dir := filepath.Dir(file)
		for _, g := range compile(t, dir) {
			for _, n := range g.Nodes {
				for _, e := range n.ReadyWhen {
					if key := e.Source + n.Kind.GVK.String(); !seen[key] {
						seen[key] = true
						total.compare(t, subject{name: filepath.Base(dir) + "/" + n.ID, node: n, expression: e}, 60)
					}
				}
			}
		}
	}
	t.Logf("%d expressions, %d not carried over; %d comparisons, %d ready, %d with null where CEL says otherwise",
		total.expressions, total.refused, total.comparisons, total.ready, total.nulls)
	if total.expressions < 5 || total.comparisons < 200 || total.ready == 0 {
		t.Error("too few comparisons to mean anything")
	}
}

// compile compiles the RGDs of a case folder.
func compile(t *testing.T, dir string) []*graph.Graph {
	t.Helper()
	in := render.Input{Definitions: files(t, dir, "rgd.yaml"), CRDs: files(t, dir, "crds/*.yaml")}
	res, err := render.Render(t.Context(), in, render.Options{CELOmitFunction: true})
	if err != nil {
		t.Fatal(err)
	}
	return res.Graphs
}

func files(t *testing.T, dir, pattern string) []repo.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	var out []repo.File
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, repo.File{Name: filepath.Base(name), Data: data})
	}
	return out
}

// subject is an expression to compare.
type subject struct {
	name       string
	node       *graph.Node
	expression *graph.Expression
}

type tally struct{ expressions, refused, comparisons, ready, nulls int }

func (total *tally) compare(t *testing.T, s subject, rounds int) {
	t.Helper()
	total.expressions++
	self := s.node.ID
	if s.node.Type.IsCollection() {
		self = graph.EachVar
	}
	lua, err := translate(s.expression.Source, self, s.node.Kind.Schema)
	if err != nil {
		total.refused++
		t.Logf("%s: %s: %v", s.name, s.expression.Source, err)
		return
	}
	total.run(t, s.name, pair{s.expression.Source, self, s.expression.Program, lua}, rounds)
}

// pair is an expression in both languages.
type pair struct {
	source, self string
	program      *expr.Program
	lua          string
}

// run compares both verdicts on random objects.
func (total *tally) run(t *testing.T, name string, p pair, rounds int) {
	t.Helper()
	hash := fnv.New64a()
	hash.Write([]byte(p.source))
	makes := objectsFor(p.source, p.self, hash.Sum64())
	makes.counts = regexp.MustCompile(`\bsize\(`).MatchString(p.lua)
	text := script([]nodeCheck{{origin: "rgd/node", conditions: []condition{{text: p.source, lua: p.lua}}}})
	compiled, err := compileLua(text)
	if err != nil {
		t.Errorf("%s: %v\n%s", name, err, text)
		return
	}
	for range rounds {
		object := makes.next()
		annotate(object, "rgd/node")
		want := verdictOf(p, withoutNulls(object))
		got, message, err := runLua(compiled, object)
		if got == "Progressing" && message != p.source && !strings.Contains(message, "older generation") {
			t.Errorf("%s: message %q", name, message)
		}
		if stale(object) {
			want = "Progressing"
		}
		total.comparisons++
		if want == "Healthy" {
			total.ready++
		}
		if want != verdictOf(p, object) {
			total.nulls++
		}
		if err != nil || got != want {
			raw, _ := json.Marshal(object)
			t.Errorf("%s\n%s\n%s\nobject %s\ngot  %s %v\nwant %s", name, p.source, p.lua, raw, got, err, want)
			return
		}
	}
}

// verdictOf evaluates as kro does: the raw object is bound to its node.
func verdictOf(p pair, object any) string {
	v, err := p.program.Eval(context.Background(), map[string]any{p.self: object})
	if err == nil && v == true {
		return "Healthy"
	}
	return "Progressing"
}

// annotate makes an object one that a node made, whatever metadata it has.
func annotate(object map[string]any, origin string) {
	meta, ok := object["metadata"].(map[string]any)
	if !ok {
		meta = map[string]any{}
	}
	annotations, ok := meta["annotations"].(map[string]any)
	if !ok {
		annotations = map[string]any{}
	}
	annotations[render.NodeAnnotation] = origin
	meta["annotations"], object["metadata"] = annotations, meta
}

func stale(object map[string]any) bool {
	float := func(v any) (float64, bool) {
		if n, ok := v.(int64); ok {
			return float64(n), true
		}
		f, ok := v.(float64)
		return f, ok
	}
	status, _ := object["status"].(map[string]any)
	observed, ok := float(status["observedGeneration"])
	generation, has := float(object["metadata"].(map[string]any)["generation"])
	return ok && has && observed < generation
}

// pairOf compiles an expression about self, whose schema is kind.
func pairOf(t *testing.T, source, self string, kind *schema.Schema) (pair, error) {
	t.Helper()
	lua, err := translate(source, self, kind)
	if err != nil {
		return pair{}, err
	}
	parsed, errs := expr.ParseAST(source)
	if errs != nil {
		t.Fatalf("%s: %v", source, errs[0])
	}
	known := schema.NewTypes(map[string]*schema.Schema{self: kind})
	env, err := expr.Typed(known, known.Variables())
	if err != nil {
		t.Fatal(err)
	}
	checked, errs := expr.Check(env, parsed)
	if errs != nil {
		t.Fatalf("%s: %v", source, errs[0])
	}
	program, err := expr.NewProgram(env, checked, expr.ProgramOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return pair{source, self, program, lua}, nil
}
