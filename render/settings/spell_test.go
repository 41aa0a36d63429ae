package settings_test

import (
	"testing"

	"github.com/krowave/krowave/render/settings"
)

func TestSpell(t *testing.T) {
	for _, tt := range []struct{ name, message, application, renderedSource string }{
		{"a word", "use --runtime=delegate", "use ARGOCD_ENV_KROWAVE_RUNTIME=delegate", "use spec.runtime: delegate"},
		{"a bool", "use --allow-empty to allow this", "use ARGOCD_ENV_KROWAVE_ALLOW_EMPTY to allow this", "use spec.allowEmpty to allow this"},
		{"a place", "provide the object with --observed FILE", "provide the object with ARGOCD_ENV_KROWAVE_OBSERVED", "provide the object with spec.observed"},
		{"a place that only krowave.yaml has", "provide the CRD with --crds", "provide the CRD with ARGOCD_ENV_KROWAVE_CRDS", "provide the CRD with crds in krowave.yaml"},
		{"a limit is raised by the operator", "too many (--max-objects)", "too many (--max-objects of krowave argocd cmp-server)", "too many (--max-objects of krowave flux controller)"},
		{"what a surface lacks", "--root and --schema=lenient", "--root and ARGOCD_ENV_KROWAVE_SCHEMA=lenient", "--root and --schema=lenient"},
		{"a flag of another program", "run git fetch --unshallow", "run git fetch --unshallow", "run git fetch --unshallow"},
		{"spelled already", "set it with --strict of krowave argocd cmp-server", "set it with --strict of krowave argocd cmp-server", "set it with --strict of krowave argocd cmp-server"},
		{"no flag", "a--runtime is a name", "a--runtime is a name", "a--runtime is a name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for on, want := range map[settings.Surface]string{settings.Application: tt.application, settings.RenderedSource: tt.renderedSource} {
				if got := settings.Spell(tt.message, on); got != want {
					t.Errorf("%s: got %q, want %q", on, got, want)
				}
			}
		})
	}
}
