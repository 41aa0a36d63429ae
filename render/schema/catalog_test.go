package schema

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func newCatalog(t testing.TB, version string) *Catalog {
	t.Helper()
	c, err := NewCatalog(version)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func gvk(group, version, kind string) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: group, Version: version, Kind: kind}
}

func TestVersions(t *testing.T) {
	if d := cmp.Diff([]string{"1.32", "1.33", "1.34", "1.35", "1.36", "1.37"}, Versions()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for text, want := range map[string]string{"": "1.37", "1.34": "1.34", "v1.34": "1.34", "1.34.2": "1.34"} {
		if got := newCatalog(t, text).Version(); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"1.30", "1", "34", "1.34.2.1", "latest"} {
		if _, err := NewCatalog(text); err == nil || !strings.Contains(err.Error(), "1.32, 1.33, 1.34, 1.35, 1.36, 1.37") {
			t.Errorf("%q: got error %v, which lists no versions", text, err)
		}
	}
}

func TestLookup(t *testing.T) {
	for _, version := range Versions() {
		c := newCatalog(t, version)
		for _, tc := range []struct {
			gvk        schema.GroupVersionKind
			plural     string
			namespaced bool
			builtin    bool
		}{
			{gvk("apps", "v1", "Deployment"), "deployments", true, true},
			{gvk("", "v1", "Namespace"), "namespaces", false, true},
			{gvk("networking.k8s.io", "v1", "NetworkPolicy"), "networkpolicies", true, true},
			{gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition"), "customresourcedefinitions", false, true},
			{gvk("kro.run", "v1alpha1", "ResourceGraphDefinition"), "resourcegraphdefinitions", false, false},
			{gvk("internal.kro.run", "v1alpha1", "GraphRevision"), "graphrevisions", false, false},
		} {
			k, ok := c.Lookup(tc.gvk)
			if !ok {
				t.Errorf("%s: no %s", version, tc.gvk)
				continue
			}
			want := &Kind{GVK: tc.gvk, Plural: tc.plural, Namespaced: tc.namespaced, Builtin: tc.builtin}
			got := &Kind{GVK: k.GVK, Plural: k.Plural, Namespaced: k.Namespaced, Builtin: k.Builtin}
			if *want != *got || k.Err != nil || k.Schema.Properties["metadata"].Properties["labels"] == nil {
				t.Errorf("%s: got %+v, want %+v", version, k, want)
			}
		}
		for _, none := range []schema.GroupVersionKind{
			gvk("apps", "v1", "DeploymentList"), gvk("autoscaling", "v1", "Scale"), gvk("policy", "v1", "Eviction"),
			gvk("", "v1", "DeleteOptions"), gvk("", "v1", "Deployment"),
		} {
			if _, ok := c.Lookup(none); ok || c.Has(none) {
				t.Errorf("%s: %s is no resource", version, none)
			}
		}
	}
}

func TestBuiltinSchema(t *testing.T) {
	c := newCatalog(t, "")
	pod, _ := c.Lookup(gvk("", "v1", "Pod"))
	deployment, _ := c.Lookup(gvk("apps", "v1", "Deployment"))
	template := deployment.Schema.Properties["spec"].Properties["template"]
	if template.Properties["spec"] != pod.Schema.Properties["spec"] {
		t.Error("a PodSpec is built twice")
	}
	if template.HasDefault {
		t.Error("a default beside a reference survived")
	}
	containers := template.Properties["spec"].Properties["containers"]
	port := containers.Items.Properties["ports"].Items
	want := &Schema{Type: "string", Default: "TCP", HasDefault: true, Enum: []any{"SCTP", "TCP", "UDP"}}
	if d := cmp.Diff(want, port.Properties["protocol"]); d != "" {
		t.Errorf("protocol (-want +got):\n%s", d)
	}
	if containers.ListType != "map" || containers.ListMapKeys[0] != "name" {
		t.Errorf("containers is a list of type %q with keys %v", containers.ListType, containers.ListMapKeys)
	}
	limits := containers.Items.Properties["resources"].Properties["limits"]
	if !limits.HasAdditional || !limits.AdditionalAllowed || limits.AdditionalProperties.Type != "" {
		t.Errorf("limits is %+v", limits)
	}
	quantity := []Branch{{Types: []string{"string"}}, {Types: []string{"number"}}}
	if d := cmp.Diff(quantity, limits.AdditionalProperties.OneOf); d != "" {
		t.Errorf("quantity (-want +got):\n%s", d)
	}
	crd, _ := c.Lookup(gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition"))
	props := crd.Schema.Properties["spec"].Properties["versions"].Items.Properties["schema"].Properties["openAPIV3Schema"]
	if d := cmp.Diff(&Schema{Type: "object"}, props.Properties["not"]); d != "" || props.Properties["type"] == nil {
		t.Errorf("a schema inside itself (-want +got):\n%s", d)
	}
}

func TestWith(t *testing.T) {
	base := newCatalog(t, "")
	crd := readCRD(t, "website-crd.yaml")
	one := base.With(crd)
	site := gvk("kro.run", "v1alpha1", "Website")
	if _, ok := base.Lookup(site); ok {
		t.Error("With changed its receiver")
	}
	first, ok := one.Lookup(site)
	if !ok || first.Builtin || !first.Namespaced || first.Plural != "websites" {
		t.Fatalf("got %+v", first)
	}
	again := crd.DeepCopy()
	again.Spec.Versions[0].Name = "v1"
	two := one.With(again)
	if _, ok := two.Lookup(site); ok {
		t.Error("a version that the later definition lacks is still served")
	}
	if d := cmp.Diff([]schema.GroupVersion{{Group: "kro.run", Version: "v1"}}, two.GroupVersions("Website")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	again.Spec.Group, again.Spec.Names.Kind = "apps", "Deployment"
	if k, _ := base.With(again).Lookup(gvk("apps", "v1", "Deployment")); k.Builtin {
		t.Error("a CRD does not take the place of a built-in kind")
	}
}

func TestKindsAreSorted(t *testing.T) {
	c := newCatalog(t, "").With(readCRD(t, "website-crd.yaml"))
	kinds := c.Kinds()
	for i := 1; i < len(kinds); i++ {
		if a, b := kinds[i-1], kinds[i]; a.Group+"\x00"+a.Version+"\x00"+a.Kind >= b.Group+"\x00"+b.Version+"\x00"+b.Kind {
			t.Errorf("%s comes before %s", a, b)
		}
	}
	want := []schema.GroupVersion{{Version: "v1"}, {Group: "events.k8s.io", Version: "v1"}}
	if d := cmp.Diff(want, c.GroupVersions("Event")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestLookupConcurrently(t *testing.T) {
	c := newCatalog(t, "1.35").With(readCRD(t, "website-crd.yaml"))
	var wg sync.WaitGroup
	seen := make([][]*Kind, 4)
	for i := range seen {
		wg.Go(func() {
			for _, k := range c.Kinds() {
				kind, _ := c.Lookup(k)
				seen[i] = append(seen[i], kind)
			}
		})
	}
	wg.Wait()
	for i := range seen[0] {
		for _, other := range seen[1:] {
			if seen[0][i] != other[i] {
				t.Fatalf("%s was built twice", seen[0][i].GVK)
			}
		}
	}
}

// BenchmarkColdLookup is what a process pays for its first built-in kind.
func BenchmarkColdLookup(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		loaded, err := loadBundle("1.37")
		if err != nil {
			b.Fatal(err)
		}
		loaded.component(loaded.kinds[gvk("apps", "v1", "Deployment")].component)
	}
}
