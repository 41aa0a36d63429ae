package residual

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/diag"
)

// TestKindIsKept holds the rewriting of schema.kind: the literal stands where
// the kind is read, and nothing else changes.
func TestKindIsKept(t *testing.T) {
	for _, test := range []struct {
		name, text, want string
		dirty            bool
	}{
		{"select", "${schema.kind}", `${"App"}`, false},
		{"interpolated", "a-${schema.kind}-${schema.metadata.name}-${schema.kind}", `a-${"App"}-${schema.metadata.name}-${"App"}`, false},
		{"method", "${schema.kind.lowerAscii()}", `${"App".lowerAscii()}`, false},
		{"blanks and lines", "${ schema .\n kind + 'é' + schema.kind }", `${ "App" + 'é' + "App" }`, false},
		{"optional", "${schema.?kind.orValue('')}", `${optional.of("App").orValue('')}`, false},
		{"quoted", `${schema["kind"] + schema['kind']}`, `${"App" + "App"}`, false},
		{"macro that repeats it", "${schema.?kind.optMap(k, k + schema.kind).orValue('')}", `${optional.of("App").optMap(k, k + "App").orValue('')}`, false},
		{"bound", "${cel.bind(k, schema.kind, k + k)}", `${cel.bind(k, "App", k + k)}`, false},
		{"in a list and a map", "${[schema.kind].map(x, {'a': schema.kind}.size() > 0)}", `${["App"].map(x, {'a': "App"}.size() > 0)}`, false},
		{"has is true either way", "${has(schema.kind)}", "${has(schema.kind)}", false},
		{"another's kind", "${db.kind + schema.spec.kind}", "${db.kind + schema.spec.kind}", false},
		{"a variable of that name", "${[{'kind': 'x'}].map(schema, schema.kind)}", "${[{'kind': 'x'}].map(schema, schema.kind)}", false},
		{"in a string", `${"schema.kind"}`, `${"schema.kind"}`, false},
		{"no expression", "schema.kind", "schema.kind", false},
		{"no CEL", "${schema.kind +}", "${schema.kind +}", false},
		{"whole", "${json.marshal(schema)}", "${json.marshal(schema)}", true},
		{"through a variable", "${[schema].map(s, s.kind)}", "${[schema].map(s, s.kind)}", true},
		{"in parentheses", "${(schema).kind}", "${(schema).kind}", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var dirty []string
			got := namer{kind: "App"}.value([]any{test.text}, diag.Path{"x"}, func(at diag.Path) { dirty = append(dirty, at.String()) })
			if diff := cmp.Diff([]any{test.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (dirty != nil) != test.dirty {
				t.Errorf("dirty at %v, want %v", dirty, test.dirty)
			}
		})
	}
}

func TestTrackingIsNotCopied(t *testing.T) {
	annotations := map[string]any{
		"argocd.argoproj.io/tracking-id": "a", "argocd.argoproj.io/installation-id": "b", "argocd.argoproj.io/sync-wave": "1",
		"kubectl.kubernetes.io/last-applied-configuration": "{}", "kro.run/allow-breaking-changes": "true",
	}
	want := map[string]any{"argocd.argoproj.io/sync-wave": "1", "kro.run/allow-breaking-changes": "true"}
	if diff := cmp.Diff(want, withoutTracking(annotations, true)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	labels := map[string]any{"kustomize.toolkit.fluxcd.io/name": "x", "helm.toolkit.fluxcd.io/name": "y", "app.kubernetes.io/instance": "web"}
	if diff := cmp.Diff(map[string]any{"app.kubernetes.io/instance": "web"}, withoutTracking(labels, false)); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if len(annotations) != 5 || len(labels) != 3 {
		t.Error("what goes in was changed")
	}
}
