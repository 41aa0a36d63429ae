//go:build ignore

package main

import (
	"context"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// outage kills the sidecar, changes the RGD, and starts the sidecar again: see
// "After an outage of the sidecar" in docs/argocd.md.
func (t *syncTest) outage(ctx context.Context) {
	pages := t.get(ctx, "ConfigMap", "site", "b-pages")
	t.sidecar.kill()
	if err := t.repo.commit(map[string]string{"definitions/site.yaml": strings.Replace(siteRGD, "first", "third", 1)}); err != nil {
		t.check("an edit during an outage", err.Error())
		return
	}
	head, err := t.repo.head()
	if err != nil {
		t.check("an edit during an outage", err.Error())
		return
	}
	t.check("without the sidecar the Application is Unknown", first(t.refresh(ctx, "normal"), func() string {
		return t.until(ctx, 60*time.Second, func() bool { return t.status(ctx, "sync", "status") == "Unknown" })
	}))
	const cached = "(cached)"
	problem := ""
	if !eventually(90*time.Second, func() bool { return t.refresh(ctx, "normal") == "" && strings.Contains(t.explain(ctx), cached) }) {
		problem = t.explain(ctx)
	}
	t.check("after some failures repo-server answers from its cache", problem)
	if t.sidecar, err = t.startSidecar("krowave"); err != nil {
		t.check("the sidecar starts again", err.Error())
		return
	}
	t.check("the sidecar alone does not bring it back", first(t.refresh(ctx, "normal"), func() string {
		time.Sleep(2 * time.Second)
		return lacks(t.explain(ctx), cached)
	}))
	after := t.get(ctx, "ConfigMap", "site", "b-pages")
	t.check("nothing was deleted meanwhile", first(unequal(pages != nil && after != nil, true), func() string { return unequal(after.GetUID(), pages.GetUID()) }))
	t.check("a hard refresh brings it back", first(t.refresh(ctx, "hard"), func() string {
		return t.until(ctx, 90*time.Second, func() bool {
			return t.status(ctx, "sync", "revision") == head && t.status(ctx, "sync", "status") == "Synced"
		})
	}))
	title := ""
	if o := t.get(ctx, "ConfigMap", "site", "d-settings"); o != nil {
		title, _, _ = unstructured.NestedString(o.Object, "data", "title")
	}
	t.check("and what changed meanwhile is synced", unequal(title, "third"))
}
