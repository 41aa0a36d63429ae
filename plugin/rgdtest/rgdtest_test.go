package rgdtest_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/plugin/rgdtest"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
)

const definition = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: stand}
spec:
  schema:
    apiVersion: v1alpha1
    kind: Stand
    spec: {goods: string | default="apples", count: integer | default=1 minimum=1}
  resources:
    - id: sign
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: "${schema.metadata.name}"}
        data: {goods: "${schema.spec.goods}"}
`

// golden is what the instance of each case renders to.
const golden = `---
apiVersion: v1
data:
  goods: apples
kind: ConfigMap
metadata:
  name: market
  namespace: default
`

// read reads a test whose one case expects something of an instance with a spec.
func read(t *testing.T, spec, rest string) *rgdtest.Case {
	t.Helper()
	text := "apiVersion: krowave.dev/v1alpha1\nkind: Test\ncases:\n  - name: one\n    instance: {apiVersion: kro.run/v1alpha1, kind: Stand, metadata: {name: market}, spec: " +
		spec + "}\n" + rest
	file, diags := rgdtest.Read("stand.yaml", []byte(text))
	if file == nil || len(diags) > 0 {
		t.Fatalf("%v\n%s", diags, text)
	}
	return file.Cases[0]
}

func run(t *testing.T, c *rgdtest.Case, golden []byte, rewrite bool) *rgdtest.Outcome {
	t.Helper()
	var instance bytes.Buffer
	if err := manifest.EncodeYAML(&instance, []map[string]any{c.Instance.Object}); err != nil {
		t.Fatal(err)
	}
	in := rgdtest.Input{
		Input: render.Input{
			Files:       []manifest.File{{Name: "stand.yaml[one]", Data: instance.Bytes()}},
			Definitions: []manifest.File{{Name: "rgd.yaml", Data: []byte(definition)}},
		},
		Options: render.Options{Runtime: render.Withhold, AllowEmpty: true}, Golden: golden, Update: rewrite,
		Source: func(string) []byte { return nil },
	}
	out, err := rgdtest.Run(t.Context(), c, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRun(t *testing.T) {
	const asGolden = "    expect: {golden: stand.golden}\n"
	for _, tt := range []struct {
		name, spec, rest string
		golden           []byte
		update           bool
		status           rgdtest.Status
		problem          string // that one of the problems has
	}{
		{name: "a true assertion", spec: "{}", rest: "    expect: {assert: ['objects[0].data.goods == \"apples\"']}\n", status: rgdtest.Pass},
		{name: "a false assertion", spec: "{goods: pears}", rest: "    expect: {assert: ['objects[0].data.goods == \"apples\"']}\n", status: rgdtest.Fail, problem: "pears"},
		{name: "an assertion that fails", spec: "{}", rest: "    expect: {assert: ['objects[7].kind == \"x\"']}\n", status: rgdtest.Fail, problem: "index out of bounds"},
		{name: "the golden file", spec: "{}", rest: asGolden, golden: []byte(golden), status: rgdtest.Pass},
		{name: "another golden file", spec: "{goods: pears}", rest: asGolden, golden: []byte(golden), status: rgdtest.Fail, problem: "pears"},
		{name: "no golden file", spec: "{}", rest: asGolden, status: rgdtest.Fail, problem: "--update"},
		{name: "a golden file to write", spec: "{goods: pears}", rest: asGolden, golden: []byte(golden), update: true, status: rgdtest.Pass},
		{name: "the expected error", spec: "{count: 0}", rest: "    expect: {error: {message: invalid value, path: spec.count}}\n", status: rgdtest.Pass},
		{name: "another error", spec: "{count: 0}", rest: "    expect: {error: {message: goods}}\n", status: rgdtest.Fail, problem: "count"},
		{name: "no error", spec: "{}", rest: "    expect: {error: {message: count}}\n", status: rgdtest.Fail, problem: "error"},
		{name: "an error that nobody expects", spec: "{count: 0}", rest: "    expect: {assert: ['true']}\n", status: rgdtest.Fail, problem: "count"},
		{name: "skipped", spec: "{count: 0}", rest: "    skip: later\n    expect: {assert: ['true']}\n", status: rgdtest.Skip},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, read(t, tt.spec, tt.rest), tt.golden, tt.update)
			var text strings.Builder
			if err := rgdtest.Write(&text, []*rgdtest.Outcome{got}, rgdtest.Human); err != nil {
				t.Fatal(err)
			}
			if got.Status != tt.status || !strings.Contains(text.String(), tt.problem) {
				t.Errorf("%s, want %s with %q:\n%s", got.Status, tt.status, tt.problem, text.String())
			}
			if tt.update && !strings.Contains(string(got.Golden), "goods: pears") {
				t.Errorf("the golden file would be\n%s", got.Golden)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	const head = "apiVersion: krowave.dev/v1alpha1\nkind: Test\n"
	for _, tt := range []struct{ name, text, want string }{
		{"no cases", head, "cases"},
		{"a case without an instance", head + "cases: [{name: a, expect: {assert: ['true']}}]\n", "instance"},
		{"a broken assertion", head + "cases: [{name: a, instance: {path: a.yaml}, expect: {assert: ['objects[']}}]\n", "assert"},
		{"an unknown field", head + "cases: [{name: a, instances: {path: a.yaml}, expect: {assert: ['true']}}]\n", "instances"},
	} {
		_, diags := rgdtest.Read("a.yaml", []byte(tt.text))
		var all []string
		for _, d := range diags {
			all = append(all, d.Pos.String()+": "+d.Message+" "+d.Path)
		}
		if text := strings.Join(all, "\n"); !diags.HasErrors() || !strings.Contains(text, tt.want) {
			t.Errorf("%s: %q, want an error about %s", tt.name, text, tt.want)
		}
	}
	if file, diags := rgdtest.Read("a.yaml", []byte("apiVersion: v1\nkind: ConfigMap\n")); file != nil || len(diags) > 0 {
		t.Errorf("what is no test: %v, %v", file, diags)
	}
}

func TestWriteCounts(t *testing.T) {
	good, bad := read(t, "{}", "    expect: {assert: ['true']}\n"), read(t, "{}", "    expect: {assert: ['false']}\n")
	outcomes := []*rgdtest.Outcome{run(t, good, nil, false), run(t, bad, nil, false)}
	for format, want := range map[rgdtest.Format]string{
		rgdtest.Human: "1 passed, 1 failed, 0 skipped\n", rgdtest.JSON: "\"failed\": 1,", rgdtest.JUnit: `tests="2" failures="1" errors="0" skipped="0"`,
	} {
		var out bytes.Buffer
		if err := rgdtest.Write(&out, outcomes, format); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s lacks %q:\n%s", format, want, out.String())
		}
	}
	if diff := cmp.Diff("1 passed, 1 failed, 0 skipped", rgdtest.Summary(outcomes)); diff != "" {
		t.Error(diff)
	}
}
