package graph

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/diag"
)

func TestKroSteps(t *testing.T) {
	tests := []struct {
		name string
		path diag.Path
		want diag.Path // nil: kro cannot read its own text
	}{
		{"plain", diag.Path{"spec", "replicas"}, diag.Path{"spec", "replicas"}},
		{"index", diag.Path{"spec", "ports", 0, "name"}, diag.Path{"spec", "ports", 0, "name"}},
		{"two indices", diag.Path{"a", 0, 1}, diag.Path{"a", 0, 1}},
		{"key with a dot", diag.Path{"data", "a.b"}, diag.Path{"data", "a.b"}},
		{"keys with dots in a row", diag.Path{"a.b", "c.d"}, diag.Path{"a.b", "c.d"}},
		{"list below a key with a dot", diag.Path{"data", "a.b", 2}, diag.Path{"data", "a.b", 2}},
		{"slash and dash", diag.Path{"labels", "a/b-c"}, diag.Path{"labels", "a/b-c"}},
		{"empty key", diag.Path{"data", ""}, diag.Path{"data", ""}},
		{"brackets with a number mean an index", diag.Path{"data", "a[0]"}, diag.Path{"data", "a", 0}},
		{"brackets with text", diag.Path{"data", "a[b]"}, nil},
		{"open bracket", diag.Path{"data", "a["}, nil},
		{"brackets only", diag.Path{"data", "[b]"}, nil},
		{"quote beside a dot", diag.Path{"data", `a.b"c`}, nil},
		{"quote alone", diag.Path{"data", `a"b`}, diag.Path{"data", `a"b`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, kroSteps(tt.path)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.path, diff)
			}
		})
	}
}

// TestParsePath reads texts of any sort without stopping for good.
func TestParsePath(t *testing.T) {
	for text, want := range map[string]diag.Path{
		"":                       {},
		"spec.ports[0].name":     {"spec", "ports", 0, "name"},
		`metadata.labels["a.b"]`: {"metadata", "labels", "a.b"},
	} {
		if diff := cmp.Diff(want, ParsePath(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	for _, text := range []string{".", "[", "[]", "a..b", `["`, `[""`, "a[99999999999999999999]", "a[-1]"} {
		ParsePath(text)
	}
}
