package expr_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/expr"
)

// TestOccurrences: every path that is read, with the byte at which each of its
// steps is written.
func TestOccurrences(t *testing.T) {
	for _, c := range []struct {
		source string
		want   []string
	}{
		{"schema.spec.name", []string{"schema.spec.name [0 7 12]"}},
		{"schema . spec .name + schema.spec.name", []string{"schema.spec.name [0 9 15]", "schema.spec.name [22 29 34]"}},
		{"has(db.status.url) ? db.status.?url.orValue(\"ü\") : schema.spec[\"n\"]",
			[]string{"db.status.url [4 7 14]", "db.status.url [21 24 32]", "schema.spec.n [52 59 65]"}},
		{"schema.spec.ports.map(p, p.name + \"x\")", []string{"schema.spec.ports [0 7 12]", "schema.spec.ports[].name [0 7 12 -1 27]"}},
		{"cel.bind(s, schema.spec, s.name)", []string{"schema.spec.name [12 19 27]"}},
		{"other.spec", nil},
	} {
		parsed, errs := expr.ParseAST(c.source)
		if errs != nil {
			t.Fatal(c.source, errs)
		}
		var got []string
		for _, o := range expr.Occurrences(parsed, []string{"schema", "db"}) {
			got = append(got, fmt.Sprint(expr.Dotted(o.Path), " ", o.At))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.source, diff)
		}
	}
}
