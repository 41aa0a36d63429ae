//go:build ignore

package main

import (
	"context"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// instancesEdited changes every instance: what Git renders and what kro makes follow.
func (t *delegateTest) instancesEdited(ctx context.Context) error {
	before := t.uids(ctx)
	files := map[string]string{}
	for _, app := range t.apps {
		files["apps/"+app+"/shop.yaml"] = strings.Replace(shopInstance(app, ""), "size: 2", "size: 3", 1)
	}
	t.check("an edit of the instances arrives", first(t.changed(ctx, files), func() string {
		return t.each(func(app string) string { return unequal(t.data(ctx, app, "-config", "size"), "3") })
	}))
	for _, app := range t.apps {
		files["apps/"+app+"/shop.yaml"] = shopInstance(app, "")
	}
	t.check("and back", t.changed(ctx, files))
	t.check("no object is made anew by an edit", same(before, t.uids(ctx)))
	return nil
}

// restored changes and deletes objects in the cluster.
func (t *delegateTest) restored(ctx context.Context) error {
	problem := ""
	for _, app := range t.apps {
		problem = first(problem, func() string {
			_, err := t.of("ConfigMap", team(app)).Patch(ctx, app+"-config", types.MergePatchType, []byte(`{"data": {"size": "9"}}`), metav1.PatchOptions{})
			return text(err)
		}, func() string {
			return text(t.of("ConfigMap", team(app)).Delete(ctx, app+"-conn", metav1.DeleteOptions{}))
		}, func() string {
			return text(t.of("ShopResidual", team(app)).Delete(ctx, app, metav1.DeleteOptions{}))
		})
	}
	t.check("Argo CD undoes a change, and brings a residual instance back", first(problem, func() string {
		return t.each(func(app string) string {
			return first(unequal(t.data(ctx, app, "-config", "size"), "2"), func() string {
				if t.get(ctx, "ShopResidual", team(app), app) == nil {
					return "there is no ShopResidual " + app
				}
				return ""
			})
		})
	}))
	t.check("kro makes its objects again", first(problem, func() string { return t.made(ctx, "ConfigMap", "-conn") }))
	t.check("all are synced afterwards", t.settled(ctx))
	return nil
}

// each waits until there is no problem with any Application.
func (t *delegateTest) each(check func(app string) string) string {
	problem := ""
	eventually(3*time.Minute, func() bool {
		for _, app := range t.apps {
			if problem = check(app); problem != "" {
				problem = app + ": " + problem
				return false
			}
		}
		return true
	})
	return problem
}

// data is a value of a ConfigMap of an Application.
func (t *delegateTest) data(ctx context.Context, app, suffix, key string) string {
	o := t.get(ctx, "ConfigMap", team(app), app+suffix)
	if o == nil {
		return "there is no ConfigMap " + app + suffix
	}
	value, _, _ := unstructured.NestedString(o.Object, "data", key)
	return value
}
