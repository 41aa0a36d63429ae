package expr_test

import (
	"testing"

	"github.com/google/cel-go/cel"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/expr"
)

func TestInspect(t *testing.T) {
	in := expr.NewInspector([]string{"schema", "pod", "json"})
	for _, tc := range []struct {
		source string
		want   expr.Inspection
	}{
		{"schema.spec.name", expr.Inspection{References: []string{"schema"}}},
		{`schema.?spec['a-b'].size()`, expr.Inspection{References: []string{"schema"}}},
		{"json.marshal(pod)", expr.Inspection{References: []string{"pod"}}},
		{"json.metadata.name", expr.Inspection{References: []string{"json"}}},
		{"pod.spec.containers.map(pod, pod.name)", expr.Inspection{}},
		{"[1].map(c, nope.x + c)", expr.Inspection{Unknown: []expr.Mention{{Name: "nope", Offset: 11}}}},
		{"type(1) == int", expr.Inspection{Unknown: []expr.Mention{{Name: "int", Offset: 11}}}},
		{"'é' + foo (1)", expr.Inspection{UnknownFunctions: []expr.Mention{{Name: "foo", Offset: 7}}}},
		{"schema.nope() ? 1 : omit()", expr.Inspection{References: []string{"schema"}, UsesOmit: true, OmitOffset: 20}},
	} {
		got, errs := in.Inspect(tc.source)
		if errs != nil {
			t.Errorf("%s: %v", tc.source, errs)
			continue
		}
		if diff := cmp.Diff(&tc.want, got, cmpopts.IgnoreFields(expr.Inspection{}, "Mentions")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.source, diff)
		}
	}
}

func TestErrorsHaveOffsets(t *testing.T) {
	env, err := expr.Typed(nil, map[string]*cel.Type{"i": cel.IntType})
	if err != nil {
		t.Fatal(err)
	}
	parsed, errs := expr.ParseAST("'é' +\n i + nope")
	if errs != nil {
		t.Fatal(errs)
	}
	_, errs = expr.Check(env, parsed)
	want := []*expr.Error{
		{Kind: expr.CheckError, Message: "+ does not take string and integer", Hint: "write string(i)", Fix: diag.Replace("i", "string(i)"), Offset: 8},
		{Kind: expr.CheckError, Message: "undeclared reference to 'nope'", Offset: 12},
	}
	if diff := cmp.Diff(want, errs); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	if _, errs := expr.ParseAST("1 +"); len(errs) == 0 || errs[0].Offset != 3 {
		t.Errorf("parse errors = %v, want one at 3", errs)
	}
}

func TestCheckConditions(t *testing.T) {
	var entries []*cel.Ast
	for _, source := range []string{
		"runtime.newCondition({type: 'A', status: 'Yes'})",
		"true ? runtime.newCondition({type: 'A', status: 'True'}) : runtime.newCondition({type: 'A', status: 'False'})",
		"runtime.newCondition({type: '', status: runtime.condition(schema, 'A').status})",
		"runtime.newCondition({type: 'B', status: runtime.condition(schema, 'Redy').status})",
		"runtime.newCondition({type: 'C', status: runtime.condition(pod, 'Any').status})",
	} {
		parsed, errs := expr.ParseAST(source)
		if errs != nil {
			t.Fatal(errs)
		}
		entries = append(entries, parsed)
	}
	var got []string
	for _, f := range expr.CheckConditions(append(entries, nil)) {
		got = append(got, f.Error.Message)
	}
	want := []string{
		`condition type "A" is declared by another entry too`,
		`condition status must be True, False or Unknown, got "Yes"`,
		"condition type must not be empty",
		`condition "A" is declared here too; conditions cannot refer to each other`,
		`unknown condition "Redy" of schema, want Ready, InstanceManaged, GraphResolved or ResourcesReady`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestTypes(t *testing.T) {
	for _, tc := range []struct {
		t    *cel.Type
		want bool
	}{
		{cel.BoolType, true}, {cel.OptionalType(cel.BoolType), true}, {cel.DynType, false}, {cel.OptionalType(cel.DynType), false}, {cel.StringType, false},
	} {
		if got := expr.IsBool(tc.t); got != tc.want {
			t.Errorf("IsBool(%s) = %v", tc.t, got)
		}
	}
	if elem, ok := expr.ListElem(cel.ListType(cel.IntType)); !ok || !elem.IsExactType(cel.IntType) {
		t.Errorf("ListElem(list(int)) = %v, %v", elem, ok)
	}
	if _, ok := expr.ListElem(cel.OptionalType(cel.IntType)); ok {
		t.Error("ListElem(optional(int)) is a list")
	}
}
