package simpleschema

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/yaml"

	"github.com/krowave/krowave/render/diag"
)

var update = flag.Bool("update", false, "rewrite the expected files of testdata")

// TestBuild runs the archives of testdata/build: schema.yaml holds spec and
// types, want.txt the problems, and want.json the schema if none is an error.
func TestBuild(t *testing.T) {
	files, err := filepath.Glob("testdata/build/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in := parseSchema(t, archive.Files[0].Data)
			schema, problems := Build(in.Spec, in.Types)
			var got []txtar.File
			if len(problems) > 0 {
				got = append(got, txtar.File{Name: "want.txt", Data: []byte(printProblems(t, in, problems))})
			}
			if !slices.ContainsFunc(problems, isError) {
				got = append(got, txtar.File{Name: "want.json", Data: indent(t, schema)})
			}
			if *update {
				archive.Files = append(archive.Files[:1], got...)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want := string(txtar.Format(&txtar.Archive{Files: archive.Files[1:]}))
			if diff := cmp.Diff(want, string(txtar.Format(&txtar.Archive{Files: got}))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func isError(p Problem) bool { return p.Severity == diag.Error }

type schemaFile struct {
	Spec  map[string]any `json:"spec"`
	Types map[string]any `json:"types"`
}

func parseSchema(t testing.TB, data []byte) schemaFile {
	t.Helper()
	var in schemaFile
	if err := yaml.Unmarshal(data, &in); err != nil {
		t.Fatal(err)
	}
	return in
}

func indent(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

// printProblems shows each problem below the text that it is about.
func printProblems(t *testing.T, in schemaFile, problems []Problem) string {
	var b bytes.Buffer
	for _, p := range problems {
		message := p.Message
		if p.Severity != diag.Error {
			message = p.Severity.String() + ": " + message
		}
		fmt.Fprintf(&b, "%s: %s [%s]\n", p.Path, message, p.Rule)
		if text, ok := lookup(in, p).(string); ok {
			if p.Offset < 0 || p.Offset > len(text) {
				t.Errorf("%s: offset %d is outside %q", p.Path, p.Offset, text)
				continue
			}
			before := len([]rune(text[:p.Offset]))
			fmt.Fprintf(&b, "  %s\n  %s^\n", strings.TrimRight(text, " "), strings.Repeat(" ", before))
		}
		if p.Hint != "" {
			fmt.Fprintf(&b, "  hint: %s\n", p.Hint)
		}
	}
	return b.String()
}

func lookup(in schemaFile, p Problem) any {
	var at any = map[string]any{"spec": in.Spec, "types": in.Types}
	for _, step := range p.Path {
		at = at.(map[string]any)[step.(string)]
	}
	return at
}

// TestBuildField says which single fields kro accepts.
func TestBuildField(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[]", n) + "string" }
	for _, test := range []struct {
		field  string
		offset int // -1: accepted
	}{
		{"string", -1},
		{" string ", -1},
		{"[] string", -1},
		{"map[string] []object", -1},
		{nested(16), -1},
		{nested(17), 34},
		{"", 0},
		{"string | ", 7},
		{"string | required=true ", 22},
		{"string | required=true\n", 22},
		{"string |required =true", -1},
		{"string | requ ired=true", -1},
		{"string | required = true", 20},
		{"string | required=true | default=a", 23},
		{"string | default=", -1},
		{`string | default="`, 17},
		{`string | default='a'`, -1},
		{`string | default='a b'`, 20},
		{`string | default="a|b = c"`, -1},
		{`string | default="a\"b"`, -1},
		{`string | default=a"b c"d`, -1},
		{`[]string | default=["a", "b"]`, -1},
		{`[]string | default=["a"`, 19},
		{`[]string | default="a"]`, 22},
		{"boolean | default=True", -1},
		{"boolean | default=yes", 18},
		{"integer | default=007", -1},
		{"integer | default=1.0", 18},
		{"float | default=.5", -1},
		{"boolean | minimum=1", -1},
		{"boolean | enum=true", 10},
		{"integer | enum=1, 2", 18},
		{`integer | enum="1, x"`, 19},
		{"string | enum=a,,b", 16},
		{`string | pattern="a("`, 18},
		{"integer | pattern=a", 10},
		{"[]string | listType=bag", 20},
		{"[]object | listMapKey=a", 11},
		{"[]object | listMapKey=a listType=map", -1},
		{"[]object | listMapKey=a listMapKey=a listType=map", 35},
		{"[]string | uniqueItems=true listType=map", 37},
		{"[]string | listType=map uniqueItems=true", 24},
		{"[]string | uniqueItems=false listType=map", -1},
		{`string | validation=" "`, 21},
		{"map[integer]string", 4},
		{"map[string]", 0},
		{"[]int", 2},
		{"string required=true", 0},
	} {
		t.Run(test.field, func(t *testing.T) {
			_, problems := Build(map[string]any{"f": test.field}, nil)
			got := -1
			if i := slices.IndexFunc(problems, isError); i >= 0 {
				got = problems[i].Offset
			}
			if got != test.offset {
				t.Errorf("offset %d, want %d: %+v", got, test.offset, problems)
			}
		})
	}
}

func TestBuildRefusesExplodingTypes(t *testing.T) {
	types := map[string]any{"T0": map[string]any{"a": "string"}}
	for i := range 40 {
		prev := fmt.Sprintf("T%d", i)
		types[fmt.Sprintf("T%d", i+1)] = map[string]any{"a": prev, "b": prev}
	}
	if _, problems := Build(map[string]any{"f": "T4"}, types); len(problems) > 0 {
		t.Errorf("unused types count: %+v", problems)
	}
	_, problems := Build(map[string]any{"f": "T40"}, types)
	if len(problems) != 1 || problems[0].Rule != RuleSize {
		t.Errorf("want one %s, got %+v", RuleSize, problems)
	}
}

// TestBuildSharesNothing guards the shortcut of not copying custom types at
// every use.
func TestBuildSharesNothing(t *testing.T) {
	schema, _ := Build(
		map[string]any{"a": "T | immutable=true", "b": "T"},
		map[string]any{"T": `[]U | validation="true"`, "U": map[string]any{"x": "string"}},
	)
	schema.Properties["a"].Items.Schema.Properties["x"] = *unknownSchema()
	a, b := schema.Properties["a"], schema.Properties["b"]
	if got := b.Items.Schema.Properties["x"].Type; got != "string" {
		t.Errorf("writing to a changed b: type %q", got)
	}
	if len(a.XValidations) != 2 || len(b.XValidations) != 1 {
		t.Errorf("rules: a has %d, b has %d, want 2 and 1", len(a.XValidations), len(b.XValidations))
	}
}
