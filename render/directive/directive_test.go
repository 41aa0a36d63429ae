package directive_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/directive"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// annotated is an object with annotations, "name: value" each.
func annotated(t *testing.T, annotations ...string) *manifest.Document {
	t.Helper()
	text := "kind: Web\nmetadata:\n  name: a\n  annotations: {}\n"
	if len(annotations) > 0 {
		text = "kind: Web\nmetadata:\n  name: a\n  annotations:\n    " + strings.Join(annotations, "\n    ") + "\n"
	}
	docs, diags := manifest.Read("web.yaml", []byte(text), manifest.Limits{})
	if len(docs) != 1 || len(diags) > 0 {
		t.Fatal(docs, diags)
	}
	return docs[0]
}

// TestInherit shows what an object gets of an annotation of its instance: what protects it
// from deletion, unless it says something else itself.
func TestInherit(t *testing.T) {
	const sync, prune, keep = "argocd.argoproj.io/sync-options", "kustomize.toolkit.fluxcd.io/prune", "helm.sh/resource-policy"
	for _, test := range []struct {
		name, instance, object string
		want                   string // annotations of the object
		warns                  bool
	}{
		{"pruning", sync + ": Prune=false", "", sync + "=Prune=false", false},
		{"both, with spaces", sync + ": Prune=false , Delete=confirm", "", sync + "=Delete=confirm,Prune=false", false},
		{"beside an option of the object", sync + ": Prune=false", sync + ": Replace=true", sync + "=Replace=true,Prune=false", false},
		{"the object decides itself", sync + ": Prune=false", sync + ": Prune=true", sync + "=Prune=true", false},
		{"an option that protects nothing", sync + ": Prune=true", "", "", true},
		{"an option that is for the instance", sync + ": Prune=false,Replace=true", "", sync + "=Prune=false", true},
		{"Flux", prune + ": disabled", "", prune + "=disabled", false},
		{"Flux, and the object decides", prune + ": disabled", prune + ": enabled", prune + "=enabled", false},
		{"Flux, what happens anyway", prune + ": enabled", "", "", false},
		{"Helm", keep + ": keep", "", keep + "=keep", false},
		{"nobody reads it", "example.org/a: b", "", "", false},
		{"a hook", "argocd.argoproj.io/hook: PreSync", "", "", true},
		{"kro is paused", "kro.run/reconcile: disabled", "", "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := directive.Read(annotated(t, test.instance))
			if d.Left != "" {
				t.Errorf("left out: %s", d.Left)
			}
			own := annotated(t).Object
			if test.object != "" {
				own = annotated(t, test.object).Object
			}
			before := fmt.Sprint(own)
			var got []string
			for name, value := range object.Annotations(d.Inherit(own)) {
				got = append(got, fmt.Sprintf("%s=%s", name, value))
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if fmt.Sprint(own) != before {
				t.Errorf("the object itself became %v", own)
			}
			if (len(d.Found) > 0) != test.warns || d.Found.HasErrors() {
				t.Errorf("findings: %v", d.Found)
			}
			for _, f := range d.Found {
				if f.Pos.File != "web.yaml" || f.Pos.Line != 5 || f.Rule != "instance-annotation" {
					t.Errorf("%v: not about the annotation", f)
				}
			}
		})
	}
}

// TestLeft shows which annotations take an instance out of the render, and which only
// look as if.
func TestLeft(t *testing.T) {
	for annotation, left := range map[string]bool{
		"argocd.argoproj.io/hook: Skip":                   true,
		"argocd.argoproj.io/hook: 'Sync, Skip'":           true,
		"argocd.argoproj.io/hook: Skipped":                false,
		"kustomize.toolkit.fluxcd.io/reconcile: disabled": true,
		"kustomize.toolkit.fluxcd.io/reconcile: enabled":  false,
		"config.kubernetes.io/local-config: 'true'":       true,
		"config.kubernetes.io/local-config: 'false'":      false,
		"config.kubernetes.io/local-config: 'true'\n    config.kubernetes.io/function: 'container: {image: krowave}'": false,
		"kro.run/reconcile: disabled": false,
	} {
		d := directive.Read(annotated(t, annotation))
		if (d.Left != "") != left {
			t.Errorf("%s: left out: %q", annotation, d.Left)
		}
		if left && (len(d.Found) != 1 || d.Found[0].Rule != "instance-left-out" || !strings.Contains(d.Found[0].Message, d.Left)) {
			t.Errorf("%s: nobody is told: %v", annotation, d.Found)
		}
	}
}

// TestShared protects an object from every tool that hands it over.
func TestShared(t *testing.T) {
	got := object.Annotations(directive.Shared().Inherit(annotated(t).Object))
	want := map[string]any{
		"argocd.argoproj.io/compare-options": "IgnoreExtraneous", "argocd.argoproj.io/sync-options": "Delete=false,Prune=false",
		"kustomize.toolkit.fluxcd.io/prune": "disabled", "helm.sh/resource-policy": "keep",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
