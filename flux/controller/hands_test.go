package controller_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fluxcd/pkg/apis/meta"
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

// TestToKroLost has another controller take over, with an empty storage, while the edit
// arrives: it does not know what was published, and refuses what Flux would delete. With
// the commit before, it knows again.
func TestToKroLost(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", in(archive(t, "hands.txtar", "1"), ns))
	obj := create(t, ns, "stack", func(spec *v1alpha1.RenderedSourceSpec) {
		spec.Path, spec.Runtime, spec.Kustomizations = "", "delegate", &v1alpha1.KustomizationTemplate{}
	})
	rendered(t, obj, "c1")
	first := obj.Status.Artifact.Revision
	apply(t, ns, "stack", metav1.ConditionTrue, "Succeeded", first, ns+"_one__Service", ns+"_one-config__ConfigMap", ns+"_one-extra__ConfigMap")

	edit(t, obj, func() { obj.Spec.Suspend = true })
	commit(t, ns, "shop", "c2", in(archive(t, "hands.txtar", "2"), ns))
	startShard(t, options(t.TempDir()), "shard=lost")
	edit(t, obj, func() { obj.Spec.Suspend, obj.Labels = false, map[string]string{"shard": "lost"} })
	await(t, obj, func() error {
		return condition(obj, meta.StalledCondition, "True", v1alpha1.PublishFailedReason, "ConfigMap "+ns+"/one-config, ConfigMap "+ns+"/one-extra: Flux would delete ")
	})
	if a := external(t, obj).Status.Artifact; a.Revision != first {
		t.Errorf("%s is advertised, want %s", a.Revision, first)
	}

	commit(t, ns, "shop", "c1", in(archive(t, "hands.txtar", "1"), ns))
	await(t, obj, func() error {
		return errors.Join(condition(obj, meta.ReadyCondition, "True", v1alpha1.PublishedReason, ""), served(obj))
	})
	commit(t, ns, "shop", "c2", in(archive(t, "hands.txtar", "2"), ns))
	await(t, obj, func() error {
		if err := served(obj); err != nil || obj.Status.Artifact.Revision == first {
			return errors.Join(err, errors.New("the edit is not published"))
		}
		for name, text := range download(t, obj.Status.Artifact) {
			if strings.Contains(name, "one-config.yaml") && strings.Contains(text, "kustomize.toolkit.fluxcd.io/prune: disabled") {
				return nil
			}
		}
		return errors.New("one-config is not protected")
	})
}

// served reports whether the artifact of an object can be downloaded.
func served(obj *v1alpha1.RenderedSource) error {
	if obj.Status.Artifact == nil {
		return errors.New("nothing is published")
	}
	r, err := http.Get(obj.Status.Artifact.URL)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", obj.Status.Artifact.URL, r.Status)
	}
	return nil
}
