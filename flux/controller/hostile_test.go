package controller_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"

	"github.com/krowave/krowave/flux/api/v1alpha1"
)

const hostileInstance = "apiVersion: kro.run/v1alpha1\nkind: App\nmetadata: {name: a, namespace: n}\nspec: {}\n"

// hostileRGD has one node with a text, for each i of a loop.
func hostileRGD(loop, text string) string {
	name := "a"
	if loop != "" {
		name = `"a-${string(i)}"`
	}
	return "apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata: {name: app}\nspec:\n  schema: {apiVersion: v1alpha1, kind: App, spec: {}}\n  resources:\n" +
		"  - id: a\n" + loop + "    template: {apiVersion: v1, kind: ConfigMap, metadata: {name: " + name + "}, data: {a: " + text + "}}\n"
}

// TestHostileRepositories gives one controller hostile repositories at once, some of
// those of testdata/torture. Each object is told why it is refused, no condition has
// what none may have, and an object beside them is rendered as before.
func TestHostileRepositories(t *testing.T) {
	needsCluster(t)
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), i-1)
	}
	repositories := map[string]struct {
		files map[string]string
		says  string
	}{
		"aliases":    {map[string]string{"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" + bomb}, "max-yaml-nodes"},
		"levels":     {map[string]string{"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: " + strings.Repeat("[", 100_000) + "\n"}, "a.yaml"},
		"documents":  {map[string]string{"a.yaml": strings.Repeat("---\na: b\n", 60_000)}, "nothing is rendered"},
		"cost":       {map[string]string{"rgd.yaml": hostileRGD("", "\"${string(lists.range(3000).map(a, lists.range(3000).map(b, a + b)).size())}\""), "a.yaml": hostileInstance}, "cost"},
		"collection": {map[string]string{"rgd.yaml": hostileRGD("    forEach:\n    - i: ${lists.range(100000)}\n", "x"), "a.yaml": hostileInstance}, "1000"},
		"program":    {map[string]string{"kustomization.yaml": "generators: [g.yaml]\n", "g.yaml": "apiVersion: v1\nkind: X\nmetadata: {name: x, annotations: {config.kubernetes.io/function: \"exec: {path: ./run}\"}}\n", "run": "#!/bin/sh\necho CANARY\n"}, ""},
		"remote":     {map[string]string{"kustomization.yaml": "resources: [\"https://user:CANARY@127.0.0.1:1/x.yaml\"]\n"}, ""},
		"outside":    {map[string]string{"kustomization.yaml": "resources: [../../../../etc/passwd]\n"}, ""},
	}
	ns := namespace(t)
	objects := map[string]*v1alpha1.RenderedSource{}
	for name, r := range repositories {
		files := map[string]string{}
		for file, text := range r.files {
			files["apps/"+file] = text
		}
		commit(t, ns, name, "c1", files)
		objects[name] = create(t, ns, name, func(spec *v1alpha1.RenderedSourceSpec) { spec.SourceRef.Name = name })
	}
	commit(t, ns, "shop", "c1", archive(t, "shop.txtar", "1"))
	good := create(t, ns, "shop", nil)
	for name, obj := range objects {
		await(t, obj, func() error {
			return condition(obj, meta.ReadyCondition, "False", v1alpha1.RenderFailedReason, repositories[name].says)
		})
		for _, c := range obj.GetConditions() {
			if strings.Contains(c.Message, "CANARY") || strings.Contains(c.Message, "root:x:0") || strings.Contains(c.Message, "goroutine ") {
				t.Errorf("%s: condition %s says %s", name, c.Type, c.Message)
			}
		}
		if obj.Status.Artifact != nil {
			t.Errorf("%s: published %+v", name, obj.Status.Artifact)
		}
	}
	rendered(t, good, "c1")
	await(t, good, func() error {
		if conditions.IsStalled(good) {
			return errors.New("stalled")
		}
		return nil
	})
}
