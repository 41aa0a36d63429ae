package expr_test

import (
	"strings"
	"testing"

	"github.com/google/cel-go/cel"

	"github.com/krowave/krowave/render/expr"
)

// TestAbsent has accesses to lists and maps that lack what is read: what is
// said, and the text that the finding points at.
func TestAbsent(t *testing.T) {
	vars := map[string]any{"schema": map[string]any{"spec": map[string]any{
		"zones": []any{"a", "b"}, "none": []any{}, "one": []any{"x"}, "i": int64(7), "env": "prod", "name": "web",
		"tags":  map[string]any{"dev": "x", "stage": "y"},
		"ports": []any{map[string]any{"name": "web", "hosts": []any{"h"}}, map[string]any{"name": "api", "hosts": []any{}}},
	}}}
	for _, tt := range []struct{ source, want, at string }{
		{`schema.spec.zones[2]`, `index 2 is out of range: schema.spec.zones has 2 elements`, `2]`},
		{`schema.spec.name + "-" + schema.spec.zones[2]`, `index 2 is out of range: schema.spec.zones has 2 elements`, `2]`},
		{`schema.spec.zones[-1]`, `index -1 is out of range: schema.spec.zones has 2 elements`, `-1]`},
		{`schema.spec.one[1]`, `index 1 is out of range: schema.spec.one has 1 element`, `1]`},
		{`schema.spec.none[0]`, `index 0 is out of range: schema.spec.none is empty`, `0]`},
		{`schema.spec.zones[schema.spec.i]`, `index 7 is out of range: schema.spec.zones has 2 elements`, `schema.spec.i]`},
		{`schema.spec.zones.filter(z, z.endsWith("z"))[0]`, `index 0 is out of range: the list is empty`, `0]`},
		{`schema.spec.zones.map(z, z + "x")[5].size()`, `index 5 is out of range: the list has 2 elements`, `5]`},
		{`schema.spec.tags["prod"]`, `schema.spec.tags has no key prod`, `"prod"]`},
		{`schema.spec.tags.prod`, `schema.spec.tags has no key prod`, `prod`},
		{`schema.spec.tags[schema.spec.env]`, `schema.spec.tags has no key prod`, `schema.spec.env]`},
		{`schema.spec.tags["dev"] + schema.spec.tags["prod"]`, `schema.spec.tags has no key prod`, `"prod"]`},
		{`schema.spec.ports[0].hosts[1]`, `index 1 is out of range: schema.spec.ports[0].hosts has 1 element`, `1]`},
		{`schema.spec.ports.map(p, p.hosts[0])`, `index 0 is out of range: p.hosts is empty`, `0])`},
		{`schema.spec.ports.filter(p, p.name == "api")[0].hosts[0]`, `index 0 is out of range: the list is empty`, `0]`},
		{`(schema.spec.zones[4] == "a" || true) ? schema.spec.zones[3] : ""`, `index 3 is out of range: schema.spec.zones has 2 elements`, `3]`},
		{`schema.spec.zones[?4].orValue(schema.spec.zones[9])`, `index 9 is out of range: schema.spec.zones has 2 elements`, `9]`},
		{`{"a": "b"}["c"]`, `the map has no key c`, `"c"]`},
		{`[1, 2][2]`, `index 2 is out of range: the list has 2 elements`, `2]`},
		{`1 / 0`, ``, ``},
		{`has(schema.spec.x) || schema.spec.name.startsWith(schema.spec.zones[1])`, ``, ``},
	} {
		t.Run(tt.source, func(t *testing.T) {
			env, err := expr.Typed(nil, map[string]*cel.Type{"schema": cel.DynType})
			if err != nil {
				t.Fatal(err)
			}
			parsed, errs := expr.ParseAST(tt.source)
			if errs != nil {
				t.Fatal(errs[0])
			}
			checked, errs := expr.Check(env, parsed)
			if errs != nil {
				t.Fatal(errs[0])
			}
			p, err := expr.NewProgram(env, checked, expr.ProgramOptions{})
			if err != nil {
				t.Fatal(err)
			}
			activation, err := cel.NewActivation(vars)
			if err != nil {
				t.Fatal(err)
			}
			_, failure := p.Eval(t.Context(), activation)
			if failure == nil {
				if tt.want != "" {
					t.Fatal("the evaluation has a value")
				}
				return
			}
			got := p.Absent(activation, failure)
			switch {
			case got == nil && tt.want != "":
				t.Errorf("nothing is found for %v, want %s", failure, tt.want)
			case got != nil && got.String() != tt.want:
				t.Errorf("got %s, want %s", got, tt.want)
			case got != nil && !strings.HasPrefix(tt.source[got.Offset:], tt.at):
				t.Errorf("points at %s, want %s", tt.source[got.Offset:], tt.at)
			}
		})
	}
}
