package controller_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/krowave/krowave/flux/api/v1alpha1"
)

// TestToKro edits an RGD so that kro makes an object that Flux has applied: it is
// protected from pruning before it leaves the artifact. What the edit removes leaves at
// once.
func TestToKro(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", in(archive(t, "hands.txtar", "1"), ns))
	obj := create(t, ns, "stack", func(spec *v1alpha1.RenderedSourceSpec) {
		spec.Path, spec.Runtime, spec.Kustomizations = "", "delegate", &v1alpha1.KustomizationTemplate{}
	})
	rendered(t, obj, "c1")
	apply(t, ns, "stack", metav1.ConditionTrue, "Succeeded", obj.Status.Artifact.Revision)

	commit(t, ns, "shop", "c2", in(archive(t, "hands.txtar", "2"), ns))
	published := func(check func(files string) error) {
		t.Helper()
		await(t, obj, func() error {
			if obj.Status.LastAttemptedRevision != "main@sha1:c2" {
				return errors.New("the commit is not rendered")
			}
			var names []string
			for name, text := range download(t, obj.Status.Artifact) {
				if strings.Contains(text, "kustomize.toolkit.fluxcd.io/prune: disabled") {
					name += "*"
				}
				names = append(names, name)
			}
			return check(strings.Join(names, " "))
		})
	}
	has := func(files, name string, want bool) error {
		if strings.Contains(files, name) != want {
			return fmt.Errorf("%s in %s: %v", name, files, !want)
		}
		return nil
	}
	published(func(files string) error {
		return errors.Join(has(files, "one-config.yaml*", true), has(files, "one-extra.yaml", false), has(files, "site-residual.yaml", true))
	})
	step := obj.Status.Artifact.Revision
	for _, name := range []string{"stack", "stack-wave-1"} {
		apply(t, ns, name, metav1.ConditionTrue, "Succeeded", step)
	}
	published(func(files string) error { return has(files, "one-config.yaml", false) })
}
