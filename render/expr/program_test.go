package expr_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/cel-go/cel"
	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/expr"
)

// compile plans an expression over dyn variables.
func compile(t *testing.T, source string, opts expr.ProgramOptions) *expr.Program {
	t.Helper()
	env, err := expr.Typed(nil, map[string]*cel.Type{"schema": cel.DynType})
	if err != nil {
		t.Fatal(err)
	}
	parsed, errs := expr.ParseAST(source)
	if errs != nil {
		t.Fatalf("parse %s: %v", source, errs)
	}
	checked, errs := expr.Check(env, parsed)
	if errs != nil {
		t.Fatalf("check %s: %v", source, errs)
	}
	p, err := expr.NewProgram(env, checked, opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func instance() map[string]any {
	labels := map[string]any{}
	for i := range 20 {
		labels[fmt.Sprintf("k%02d", i)] = int64(i)
	}
	return map[string]any{"schema": map[string]any{"spec": map[string]any{
		"name": "demo", "replicas": int64(3), "labels": labels, "ports": []any{int64(80), int64(443)}, "html": "<&>",
	}}}
}

func TestEval(t *testing.T) {
	for _, tc := range []struct {
		source string
		want   any
	}{
		{"schema.spec.name + '-x'", "demo-x"},
		{"schema.spec.ports", []any{int64(80), int64(443)}},
		{"[1u, 1.5, true, null]", []any{int64(1), 1.5, true, nil}},
		{"{'a': schema.?spec.?nope, ?'b': schema.?spec.?nope}", map[string]any{"a": nil}},
		{"[duration('90m'), timestamp('2024-01-02T03:04:05.9+02:00'), timestamp('0001-01-01T00:00:00Z')]",
			[]any{"1h30m0s", "2024-01-02T01:04:05Z", nil}},
		{"[omit(), {'a': omit()}]", []any{expr.Omit{}, map[string]any{"a": expr.Omit{}}}},
		{"random.seededString(20, 'q')", "93c72hmj93c72hmj93c7"},
		{"random.seededInt(0, 100, 'q')", int64(31)},
		{"json.marshal({'b': [1.0, b'abc', 2u], 'a': schema.spec.html})", `{"a":"\u003c\u0026\u003e","b":[1,"YWJj",2]}`},
		{"json.unmarshal('{\"n\": 1}').n", 1.0},
		{"base64.encode(hash.md5('a'))", "DMF1ucDxtqgxw5niaXcmYQ=="},
		{"{'a': 1}.merge({'a': 2, 'b': 3})", map[string]any{"a": int64(2), "b": int64(3)}},
		{"{'a': {'x': 1}, 'l': [1]}.deepMerge({'a': {'y': 2}, 'l': [2]})",
			map[string]any{"a": map[string]any{"x": int64(1), "y": int64(2)}, "l": []any{int64(2)}}},
		{"lists.insertAtIndex(lists.removeAtIndex(lists.setAtIndex([1, 2, 3], 0, 9), 1), 2, 7)", []any{int64(9), int64(3), int64(7)}},
		{"runtime.newCondition({type: 'X', status: 'True'}).status", "True"},
		{"runtime.condition({'status': {'conditions': [{'type': 'A', 'reason': 'R'}]}}, 'A').reason", "R"},
	} {
		vars := instance()
		vars[expr.RuntimeVar] = expr.Runtime()
		got, err := compile(t, tc.source, expr.ProgramOptions{}).Eval(context.Background(), vars)
		if err != nil {
			t.Errorf("%s: %v", tc.source, err)
			continue
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.source, diff)
		}
	}
}

func TestEvalErrors(t *testing.T) {
	for _, tc := range []struct {
		source  string
		pending bool
	}{
		{"schema.status.ready", true},
		{"schema.spec.ports[5]", true},
		{"[3, 1].sortBy(x, schema.spec.nope)", true}, // a cost tracker that panics here makes it fatal
		{"dyn(schema.spec.nope).distinct()", true},
		{"1 / 0 == 1 || 'no such key' == schema.spec.name", true}, // kro searches the quoted expression too
		{"1 / 0", false},
		{"'a' + schema.spec.replicas", false},
		{"lists.setAtIndex([1], 5, 1)", false},
		{"optional.none().value()", false},
		{"omit() == 1", false},
		{"b'abc'", false},
		{"18446744073709551615u", false},
		{"{1: 'a'}", false},
		{"[quantity('1')]", false},
	} {
		v, err := compile(t, tc.source, expr.ProgramOptions{}).Eval(context.Background(), instance())
		if err == nil {
			t.Errorf("%s = %v, want an error", tc.source, v)
			continue
		}
		if got := expr.IsPending(err); got != tc.pending {
			t.Errorf("%s: %v: pending = %v, want %v", tc.source, err, got, tc.pending)
		}
	}
}

func TestMapsIterateSorted(t *testing.T) {
	for source, want := range map[string]string{
		"schema.spec.labels.map(k, k).join('')":                                    "k00k01k02k03k04k05k06k07k08k09k10k11k12k13k14k15k16k17k18k19",
		"schema.spec.labels.transformList(k, v, string(v)).join('')":               "012345678910111213141516171819",
		"{'d': 1, 'b': 2, 'a': 3, 'c': 4}.map(k, k).join('')":                      "abcd",
		"{2: 'x', 10: 'y', 1: 'z', 'a': 'w'}.map(k, string(k)).join(' ')":          "1 2 10 a",
		"schema.spec.labels.transformMap(k, v, v).map(k, k)[0]":                    "k00",
		"schema.spec.labels.filter(k, k > 'k17').join('')":                         "k18k19",
		"schema.spec.labels.merge({'j': 1}).map(k, k)[0]":                          "j",
		"[1].map(x, schema.spec.labels.map(k, k).join('')).join('').substring(54)": "k18k19",
	} {
		p := compile(t, source, expr.ProgramOptions{})
		for range 200 {
			got, err := p.Eval(context.Background(), instance())
			if err != nil || got != want {
				t.Fatalf("%s = %v, %v, want %s", source, got, err, want)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	big := "'" + strings.Repeat("x", 5000) + "'"
	for _, source := range []string{
		"lists.range(1000000).map(i, lists.range(1000).exists(j, i + j < 0))",
		big + ".replace('x', " + big + ").replace('x', " + big + ")",
		"random.seededString(1000000000000, 'x')",
		"lists.range(100000).map(i, " + big + ").join()",
		"lists.range(100000).map(i, " + big + ")",
		"json.marshal(lists.range(100000).map(i, " + big + "))",
		"lists.range(1000000).distinct()",
		strings.Repeat("cel.bind(a, ", 30) + "[1]" + strings.Repeat(", a + a)", 30),
	} {
		_, err := compile(t, source, expr.ProgramOptions{CostLimit: 200_000}).Eval(context.Background(), instance())
		if !errors.Is(err, expr.ErrCost) || expr.IsPending(err) {
			t.Errorf("%.80s: error = %v, want ErrCost", source, err)
		}
	}
}

func TestEvalCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := compile(t, "[1].map(x, x)", expr.ProgramOptions{}).Eval(ctx, instance())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want context.Canceled", err)
	}
}

func TestStripOmit(t *testing.T) {
	in := map[string]any{"a": expr.Omit{}, "b": []any{expr.Omit{}, int64(1), map[string]any{"c": expr.Omit{}}}}
	want := map[string]any{"b": []any{int64(1), map[string]any{}}}
	if diff := cmp.Diff(want, expr.StripOmit(in)); diff != "" {
		t.Errorf("StripOmit (-want +got):\n%s", diff)
	}
}
