package healthcheck

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/fluxcd/pkg/apis/kustomize"
	fluxcel "github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/graph"
	"github.com/krowave/krowave/render/repo"
	"github.com/krowave/krowave/render/schema"
)

// TestConditionsOfRealGraphs asks the engine and Flux's own evaluator about the
// same objects, for every readyWhen in the conformance cases, and in those of
// the folder that KROWAVE_CORPUS names.
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
		for _, g := range compile(t, filepath.Dir(file)) {
			for _, n := range g.Nodes {
				for _, e := range n.ReadyWhen {
					if key := e.Source + n.Kind.GVK.String(); !seen[key] {
						seen[key] = true
						self := n.ID
						if n.Type.IsCollection() {
							self = graph.EachVar
						}
						total.compare(t, subject{e.Source, self, n.Kind.Schema, e.Program}, 200)
					}
				}
			}
		}
	}
	t.Logf("%d expressions, %d not carried over; %d comparisons, %d ready", total.expressions, total.refused, total.comparisons, total.ready)
	if total.expressions < 5 || total.comparisons < 1000 || total.ready < 50 {
		t.Error("too few comparisons to mean anything")
	}
}

// TestConditionsCompared is the same for expressions that are harder than those
// that people write.
func TestConditionsCompared(t *testing.T) {
	var total tally
	for _, source := range []string{
		`db.status.ready == true`, `has(db.status)`, `has(db.status) && db.spec.a == 1`, `has(db.status) && has(db.spec) && db.spec.a == db.status.a`,
		`has(db.status.ready) && db.status.ready == "True"`, `!has(db.status.error) && db.status.a == 1`, `"a" in db.status && db.status.a == 1`,
		`db.?status.?ready.orValue(false)`, `db.?status.ready.orValue(false)`, `db.?status == optional.of(1)`, `db.status.?ready`, `db.?status.?ready`,
		`db.?status.?items.orValue([]).exists(i, i.ready == true)`, `db.status.items.all(i, i.ready == true)`, `db.status.items.all(status, status.ready == db.status.ready)`,
		`db.status.items.filter(i, i.ready == true).size() > 0`, `db.status.items.exists_one(i, i.a == 1)`, `db.status.items.map(i, i.a).exists(a, a == 1)`,
		`size(db.status.items) >= 1 && db.status.items[0].a == 1`, `db.status["a"] == 1`, `db.status[?"a"].orValue(0) == 1`, `db.status.a in [1, 2]`,
		`db.status.a == 1 || db.status.b == 1`, `db.status.a == 1 ? true : db.status.b == 1`, `string(db.status.a) == "1"`, `int(db.status.a) == 1`,
		`db.status.name.startsWith("a") || db.status.name.endsWith("x")`, `db.status.name.matches("^a")`, `db.status.a >= 1`, `db.status.a + 1 == 2`,
		`db.status.a != null`, `db.status.a == null`, `db.metadata.name == "a" && db.kind == "a"`, `db.status.items == []`, `db.status.a != 1 && db.status.b != 1`,
		`db.?status.?name.orValue("") == "a"`, `db.?status.?items[?0].?ready.orValue(false) == true`, `has(db.status) ? db.status.a == 1 : false`, `db.?spec.?a.orValue(0) == 1 && has(db.status)`,
		`db.status.items.exists(db, db.ready == true)`, `db.?status.hasValue()`, `db.?status.optMap(s, s.a == 1).orValue(false)`, `[db.status.a, db.spec.a].all(x, x == 1)`,
	} {
		total.compare(t, subject{source, "db", &schema.Schema{Type: "object", PreserveUnknown: true}, program(t, source)}, 400)
	}
	t.Logf("%d expressions, %d not carried over; %d comparisons, %d ready", total.expressions, total.refused, total.comparisons, total.ready)
	if total.refused > 2 || total.ready < 100 {
		t.Error("too few comparisons to mean anything")
	}
}

// program compiles an expression about db, of which nothing is known.
func program(t *testing.T, source string) *expr.Program {
	t.Helper()
	parsed, errs := expr.ParseAST(source)
	if errs != nil {
		t.Fatalf("%s: %v", source, errs[0])
	}
	known := schema.NewTypes(map[string]*schema.Schema{"db": {Type: "object", PreserveUnknown: true}})
	env, err := expr.Typed(known, known.Variables())
	if err != nil {
		t.Fatal(err)
	}
	checked, errs := expr.Check(env, parsed)
	if errs != nil {
		t.Fatalf("%s: %v", source, errs[0])
	}
	p, err := expr.NewProgram(env, checked, expr.ProgramOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
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
	source, self string
	kind         *schema.Schema
	program      *expr.Program
}

type tally struct{ expressions, refused, comparisons, ready int }

func (total *tally) compare(t *testing.T, s subject, rounds int) {
	t.Helper()
	total.expressions++
	text, err := translate(s.source, s.self, s.kind)
	if err != nil {
		total.refused++
		t.Logf("%s: %v", s.source, err)
		return
	}
	evaluator, err := fluxcel.NewStatusEvaluator(&kustomize.HealthCheckExpressions{Current: text})
	if err != nil {
		t.Errorf("%s: %s: %v", s.source, text, err)
		return
	}
	m := newMaker(t, s)
	for range rounds {
		object := m.object()
		want := false
		if v, err := s.program.Eval(context.Background(), map[string]any{s.self: object}); err == nil {
			want = v == true
		}
		result, err := evaluator.Evaluate(context.Background(), &unstructured.Unstructured{Object: object})
		got := err == nil && result.Status == "Current" // of kstatus
		total.comparisons++
		if want {
			total.ready++
		}
		if got != want {
			raw, _ := json.Marshal(object)
			t.Errorf("%s\n%s\nobject %s\nFlux %v %v, the engine %v", s.source, text, raw, got, err, want)
			return
		}
	}
}

// maker makes random objects that an expression can say something about.
type maker struct {
	random *rand.Rand
	paths  [][]string
	values []any
}

var literal = regexp.MustCompile(`"[^"]*"|'[^']*'|\b\d+\b`)

func newMaker(t *testing.T, s subject) *maker {
	t.Helper()
	parsed, errs := expr.ParseAST(s.source)
	if errs != nil {
		t.Fatal(errs[0])
	}
	hash := fnv.New64a()
	hash.Write([]byte(s.source))
	m := &maker{random: rand.New(rand.NewPCG(hash.Sum64(), 1))}
	m.values = []any{"", "a", "True", "False", true, true, false, int64(0), int64(1), 0.5, nil, []any{}, map[string]any{}}
	for _, l := range literal.FindAllString(s.source, -1) {
		if n, err := strconv.ParseInt(l, 10, 64); err == nil {
			m.values = append(m.values, n, n, n, n+1)
		} else {
			m.values = append(m.values, l[1:len(l)-1], l[1:len(l)-1], l[1:len(l)-1])
		}
	}
	for _, r := range expr.Reads(parsed, []string{s.self}) {
		if path := r.Path[1:]; len(path) > 0 {
			m.paths = append(m.paths, path)
		}
	}
	return m
}

// object fills most of the paths, and cuts some short.
func (m *maker) object() map[string]any {
	out := map[string]any{}
	for _, path := range m.paths {
		if m.random.IntN(6) > 0 {
			m.put(out, path)
		}
	}
	return out
}

func (m *maker) put(into map[string]any, path []string) {
	if m.random.IntN(12) == 0 {
		path = path[:1]
	}
	switch {
	case len(path) == 1:
		if _, ok := into[path[0]]; !ok {
			into[path[0]] = m.value()
		}
	case path[1] == expr.Item:
		list, ok := into[path[0]].([]any)
		if !ok || len(list) == 0 {
			list = make([]any, m.random.IntN(3))
			for i := range list {
				list[i] = map[string]any{}
			}
			into[path[0]] = list
		}
		for i := range list {
			item, ok := list[i].(map[string]any)
			switch {
			case len(path) == 2:
				list[i] = m.value()
			case ok:
				m.put(item, path[2:])
			}
		}
	default:
		inner, ok := into[path[0]].(map[string]any)
		if !ok {
			inner = map[string]any{}
			into[path[0]] = inner
		}
		m.put(inner, path[1:])
	}
}

func (m *maker) value() any { return m.values[m.random.IntN(len(m.values))] }
