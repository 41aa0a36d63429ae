package need_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/expr"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/need"
)

const wantedRGD = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: app
spec:
  schema:
    apiVersion: v1alpha1
    kind: App
    spec:
      name: string
  resources:
    - id: service
      template:
        apiVersion: v1
        kind: Service
        metadata: {name: "${schema.spec.name}"}
        spec: {ports: [{port: 80}]}
    - id: pods
      forEach: [{i: "${[0, 1]}"}]
      template:
        apiVersion: v1
        kind: Pod
        metadata: {name: "${schema.spec.name}-${string(i)}"}
        spec: {containers: [{name: web, image: nginx}]}
    - id: secret
      externalRef: {apiVersion: v1, kind: Secret, metadata: {name: "${service.metadata.name}-db"}}
    - id: all
      externalRef: {apiVersion: v1, kind: ConfigMap, metadata: {selector: {matchLabels: {team: web}}}}
    - id: config
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: "${schema.spec.name}"}
        data:
          ip: ${service.spec.clusterIP}
          ips: ${pods.map(p, p.status.podIP).join(",")}
          node: ${service.status.?loadBalancer.ingress[0].ip.orValue("")}
    - id: late
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: "${schema.spec.name}-late"}
        data:
          rev: ${config.metadata.resourceVersion}
          user: ${string(secret.data.user)}
          names: ${all.map(m, m.data.name).join(",")}
          uid: ${schema.metadata.uid}
`

func TestWanted(t *testing.T) {
	files := []manifest.File{
		{Name: "rgd.yaml", Data: []byte(wantedRGD)},
		{Name: "web.yaml", Data: []byte("apiVersion: kro.run/v1alpha1\nkind: App\nmetadata: {name: web, namespace: apps}\nspec: {name: web}\n")},
	}
	observed := []manifest.File{{Name: "service.yaml", Data: []byte("apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: apps}\nspec: {clusterIP: 10.0.0.1}\n")}}
	res, err := render.Render(t.Context(), render.Input{Files: files, Observed: observed}, render.Options{Runtime: render.Withhold})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range need.Of(res) {
		line := fmt.Sprintf("%s %s/%s", w.GVK.Kind, w.Namespace, w.Name)
		if w.Selector != nil {
			line += "?" + w.Selector.String()
		}
		for _, p := range w.Paths {
			line += " " + expr.Dotted(p)
		}
		got = append(got, fmt.Sprintf("%s secret=%v observed=%v for %s %s", line, w.Secret, w.Observed, w.Instance, w.Node))
	}
	want := []string{
		"ConfigMap /?team=web data.name metadata.name secret=false observed=true for App apps/web all",
		"Pod apps/web-0 status.podIP secret=false observed=false for App apps/web pods",
		"Pod apps/web-1 status.podIP secret=false observed=false for App apps/web pods",
		"Secret apps/web-db data.user metadata.name secret=true observed=false for App apps/web secret",
		"Service apps/web spec.clusterIP status.loadBalancer.ingress[].ip secret=false observed=true for App apps/web service",
		"App apps/web metadata.uid secret=false observed=false for App apps/web ",
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), strings.Join(got, "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
