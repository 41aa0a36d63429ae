package outline

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want *Definition
	}{
		"an RGD": {`
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: app}
spec:
  schema: {apiVersion: v1alpha1, kind: App, scope: Cluster}
  resources:
  - {id: web, template: {apiVersion: apps/v1, kind: Deployment}}
  - {id: map, externalRef: {apiVersion: v1, kind: ConfigMap}}
  - {id: part, template: {apiVersion: kro.run/v1alpha1, kind: Part}}
  - {id: none}
  - none
`, &Definition{
			Name: "app", IsRGD: true, ClusterScoped: true, Kind: k8sschema.GroupVersionKind{Group: "kro.run", Version: "v1alpha1", Kind: "App"},
			Renders: []k8sschema.GroupVersionKind{
				{Group: "apps", Version: "v1", Kind: "Deployment"}, {Group: "kro.run", Version: "v1alpha1", Kind: "Part"},
			},
			Refers: []k8sschema.GroupVersionKind{{Version: "v1", Kind: "ConfigMap"}},
		}},
		"an RGD of another group": {`
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
spec: {schema: {apiVersion: v1, group: shop.example.com, kind: App}}
`, &Definition{IsRGD: true, Kind: k8sschema.GroupVersionKind{Group: "shop.example.com", Version: "v1", Kind: "App"}}},
		"a broken RGD": {`
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
spec: {schema: [], resources: {}}
`, &Definition{IsRGD: true, Kind: k8sschema.GroupVersionKind{Group: "kro.run"}}},
		"a CRD": {`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: dbs.example.com}
spec: {group: example.com, names: {kind: DB}, scope: Namespaced}
`, &Definition{Name: "dbs.example.com", Kind: k8sschema.GroupVersionKind{Group: "example.com", Kind: "DB"}}},
		"another kind":                        {"{apiVersion: v1, kind: ConfigMap}", nil},
		"the kind of an RGD in another group": {"{apiVersion: example.com/v1, kind: ResourceGraphDefinition}", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var obj map[string]any
			if err := yaml.Unmarshal([]byte(c.text), &obj); err != nil {
				t.Fatal(err)
			}
			got, ok := Read(obj)
			if ok != (c.want != nil) {
				t.Fatalf("got %v, %v", got, ok)
			}
			if c.want != nil {
				if diff := cmp.Diff(*c.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}
