//go:build ignore

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// kept is an RGD whose config and db stay in the cluster when they leave Git.
func kept(rgd string) string {
	const annotations = "\n          annotations: {argocd.argoproj.io/sync-options: Prune=false, argocd.argoproj.io/compare-options: IgnoreExtraneous}"
	for _, name := range []string{"name: ${schema.metadata.name}-config", "kind: Database\n        metadata:\n          name: ${schema.metadata.name}"} {
		rgd = strings.Replace(rgd, name, name+annotations, 1)
	}
	return rgd
}

// needsCluster is an RGD whose config, and with it the db, needs a cluster.
func needsCluster(rgd string) string {
	return strings.Replace(rgd, "          size: \"${string(schema.spec.size)}\"\n", "          size: \"${string(schema.spec.size)}\"\n          ip: ${svc.spec.clusterIP}\n", 1)
}

// toKro lets objects change hands from Git to kro, as docs/diff.md says.
func (t *delegateTest) toKro(ctx context.Context) error {
	before := t.uids(ctx)
	t.check("1. the objects are kept when they leave Git", t.changed(ctx, map[string]string{"definitions/shop.yaml": kept(shopRGD)}))
	t.check("2. an edit leaves them to kro, and all are synced", t.changed(ctx, map[string]string{"definitions/shop.yaml": needsCluster(kept(shopRGD))}))
	t.check("kro adopts them", t.parts(ctx, func(label string) bool { return label != "" }))
	t.check("every object is the one that it was", same(before, t.uids(ctx)))
	t.check("no Application has a SharedResourceWarning afterwards", t.unshared(ctx))
	return nil
}

// toGit lets them change hands from kro to Git. The Application of the definitions and
// the others sync in any order.
func (t *delegateTest) toGit(ctx context.Context) error {
	before := t.uids(ctx)
	instances := func(annotations string) map[string]string {
		files := map[string]string{}
		for _, app := range t.apps {
			files["apps/"+app+"/shop.yaml"] = shopInstance(app, annotations)
		}
		return files
	}
	problem := t.changed(ctx, instances("  annotations: {kro.run/reconcile: suspended}\n"))
	for _, app := range t.apps {
		for kind, name := range map[string]string{"Database": app, "ConfigMap": app + "-config"} {
			problem = first(problem, func() string {
				_, err := t.of(kind, team(app)).Patch(ctx, name, types.MergePatchType, []byte(`{"metadata": {"labels": {"`+partOf+`": null}}}`), metav1.PatchOptions{})
				return text(err)
			})
		}
	}
	t.check("1. the instances are suspended, and the objects have no label of kro", first(problem, func() string {
		return t.parts(ctx, func(label string) bool { return label == "" })
	}))
	t.check("2. an edit lets Git render the objects", t.changed(ctx, map[string]string{"definitions/shop.yaml": kept(shopRGD)}))
	t.check("3. kro goes on", first(t.changed(ctx, instances("")), func() string { return t.active(ctx) }))
	t.check("kro leaves them alone", t.parts(ctx, func(label string) bool { return label == "" }))
	t.check("every object is still the one that it was", same(before, t.uids(ctx)))
	return nil
}

// parts waits until the labels with which kro finds its objects are as they should be.
func (t *delegateTest) parts(ctx context.Context, right func(label string) bool) string {
	problem := ""
	eventually(2*time.Minute, func() bool {
		problem = ""
		for _, app := range t.apps {
			for kind, name := range map[string]string{"Database": app, "ConfigMap": app + "-config"} {
				o := t.get(ctx, kind, team(app), name)
				if o == nil || !right(o.GetLabels()[partOf]) {
					problem = fmt.Sprintf("%s %s is there: %v, its labels are wrong", kind, name, o != nil)
					return false
				}
			}
		}
		return true
	})
	return problem
}

// active waits until kro has reconciled every instance that is left to it.
func (t *delegateTest) active(ctx context.Context) string {
	problem := ""
	eventually(2*time.Minute, func() bool {
		for _, app := range t.apps {
			o := t.get(ctx, "ShopResidual", team(app), app)
			if o == nil {
				problem = "there is no ShopResidual " + app
				return false
			}
			state, _, _ := unstructured.NestedString(o.Object, "status", "state")
			if problem = unequal(state, "ACTIVE"); problem != "" || o.GetAnnotations()["kro.run/reconcile"] != "" {
				return false
			}
		}
		return true
	})
	return problem
}

// goes deletes some Applications, and then the one of the definitions.
func (t *delegateTest) goes(ctx context.Context) error {
	gone := t.apps[:max(1, len(t.apps)/3)]
	t.apps = t.apps[len(gone):]
	before := t.uids(ctx)
	problem := ""
	for _, app := range gone {
		problem = first(problem, func() string { return text(t.of("Application", "argocd").Delete(ctx, app, metav1.DeleteOptions{})) })
	}
	t.check(fmt.Sprintf("%d Applications go with all that they have", len(gone)), first(problem, func() string {
		left := ""
		eventually(3*time.Minute, func() bool {
			left = ""
			for _, app := range gone {
				for _, name := range []string{"Database " + app, "ConfigMap " + app + "-config", "ConfigMap " + app + "-conn", "ShopResidual " + app} {
					kind, object, _ := strings.Cut(name, " ")
					if t.get(ctx, kind, team(app), object) != nil {
						left = name + " is still there"
						return false
					}
				}
				if t.get(ctx, "Application", "argocd", app) != nil {
					left = "the Application " + app + " is still there"
					return false
				}
			}
			return true
		})
		return left
	}))
	t.check("the others stay as they were", first(t.settled(ctx), func() string { return same(before, t.uids(ctx)) }))
	err := t.of("Application", "argocd").Delete(ctx, definitionsApp, metav1.DeleteOptions{})
	t.check("the owner of the definitions goes", first(text(err), func() string {
		if eventually(2*time.Minute, func() bool { return t.get(ctx, "Application", "argocd", definitionsApp) == nil }) {
			return ""
		}
		return t.explain(ctx)
	}))
	t.check("the definitions stay", same(before, t.uids(ctx)))
	if err := t.own(ctx); err != nil {
		return err
	}
	t.check("a new owner takes them over", first(t.settled(ctx), func() string { return same(before, t.uids(ctx)) }, func() string { return t.unshared(ctx) }))
	return nil
}
