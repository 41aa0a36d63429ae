package adopt_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// shop is an RGD with a collection, a Secret, a custom resource that stands for a
// database, an object that refers to the instance as its owner, and an instance of
// another RGD.
const shop = `
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: shop}
spec:
  schema: {apiVersion: v1alpha1, kind: Shop, group: example.com, spec: {size: "string | default=small"}}
  resources:
  - id: database
    template:
      apiVersion: example.com/v1
      kind: Database
      metadata: {name: "${schema.metadata.name}-db"}
      spec: {size: "${schema.spec.size}"}
  - id: password
    template:
      apiVersion: v1
      kind: Secret
      metadata: {name: "${schema.metadata.name}-password"}
      stringData: {password: hunter2}
  - id: shelves
    forEach: [{shelf: "${['a', 'b']}"}]
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: ${schema.metadata.name}-${shelf}
        labels: {app.kubernetes.io/managed-by: hand}
      data: {size: "${schema.spec.size}"}
  - id: cellar
    template:
      apiVersion: example.com/v1alpha1
      kind: Cellar
      metadata: {name: "${schema.metadata.name}-cellar"}
      spec: {of: "${schema.metadata.name}"}
`

const cellar = `
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: cellar}
spec:
  schema: {apiVersion: v1alpha1, kind: Cellar, group: example.com, spec: {of: string}}
  resources:
  - id: door
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.spec.of}-door"}
      data: {open: "false"}
`

func instanceOf(name string) string {
	return fmt.Sprintf("apiVersion: example.com/v1alpha1\nkind: Shop\nmetadata: {name: %s, namespace: default}\n", name)
}

// children are the objects of the shop called web.
var children = [][2]string{
	{"example.com/v1", "Database/web-db"}, {"v1", "Secret/web-password"}, {"v1", "ConfigMap/web-a"}, {"v1", "ConfigMap/web-b"}, {"v1", "ConfigMap/web-door"},
}

func (c *cluster) children(t *testing.T) map[string]*unstructured.Unstructured {
	t.Helper()
	out := map[string]*unstructured.Unstructured{}
	for _, child := range children {
		kind, name, _ := strings.Cut(child[1], "/")
		if live := c.get(t, child[0], kind, name); live != nil {
			out[child[1]] = live
		}
	}
	return out
}

func uids(objects map[string]*unstructured.Unstructured) map[string]string {
	out := map[string]string{}
	for name, obj := range objects {
		out[name] = string(obj.GetUID())
	}
	return out
}

// values are what the objects say, without metadata, and without status, which the API server goes on writing.
func values(objects map[string]*unstructured.Unstructured) map[string]any {
	out := map[string]any{}
	for name, obj := range objects {
		c := obj.DeepCopy().Object
		delete(c, "metadata")
		delete(c, "status")
		out[name] = c
	}
	return out
}

// shopOf starts a shop that kro has and, where Git has it, the tool.
func (c *cluster) shop(t *testing.T) {
	t.Helper()
	c.apply(t, cellar)
	eventually(t, "the RGD cellar", c.active(t, "cellar"))
	c.apply(t, shop)
	eventually(t, "the RGD shop", c.active(t, "shop"))
	c.write(t, "repo/rgds.yaml", shop+"---"+cellar)
	c.write(t, "repo/web.yaml", instanceOf("web"))
	c.write(t, "repo/crd.yaml", toolCRDs[strings.LastIndex(toolCRDs, "---")+4:])
}

func (c *cluster) active(t *testing.T, rgd string) func() error {
	return func() error {
		live := c.get(t, "kro.run/v1alpha1", "ResourceGraphDefinition", rgd)
		if state, _, _ := unstructured.NestedString(live.Object, "status", "state"); state != "Active" {
			return fmt.Errorf("its state is %q", state)
		}
		return nil
	}
}

func (c *cluster) complete(t *testing.T) {
	t.Helper()
	eventually(t, "kro", func() error {
		if have := c.children(t); len(have) < len(children) {
			return fmt.Errorf("kro has made %d of %d objects", len(have), len(children))
		}
		live := c.get(t, "example.com/v1alpha1", "Shop", "web")
		if state, _, _ := unstructured.NestedString(live.Object, "status", "state"); state != "ACTIVE" {
			return fmt.Errorf("the state of the instance is %q", state)
		}
		return nil
	})
}

// rendered is what krowave renders.
func (c *cluster) rendered(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	got := c.krowave(t, "render", "repo")
	if got.code != 0 {
		t.Fatalf("render: %s", got.stderr)
	}
	return slices.DeleteFunc(documents(t, got.stdout), func(obj *unstructured.Unstructured) bool {
		return obj.GetKind() == "CustomResourceDefinition" // it is somebody else's
	})
}

func TestAdoptToArgoCD(t *testing.T) {
	onClusters(t, func(t *testing.T, c *cluster) { adoptAndBack(t, c, "argocd") })
}

func TestAdoptToFlux(t *testing.T) {
	onClusters(t, func(t *testing.T, c *cluster) { adoptAndBack(t, c, "flux") })
}

func adoptAndBack(t *testing.T, c *cluster, to string) {
	c.shop(t)
	x := c.startTool(t, to == "flux")
	x.commit(documents(t, instanceOf("web")))
	c.complete(t)
	before := c.children(t)

	adopt := func(verb string, args ...string) answer { return c.adopt(t, verb, args...) }
	plan := adopt("plan", "--to", to)
	if plan.code != 1 {
		t.Fatalf("plan: exit code %d\n%s%s", plan.code, plan.stdout, plan.stderr)
	}
	t.Logf("%s", plan.stdout)
	if strings.Contains(plan.stdout, "hunter2") || strings.Contains(plan.stdout, "aHVudGVyMg") {
		t.Error("the plan shows a secret")
	}
	if got := adopt("apply", "--to", to, "--dry-run", "server"); got.code != 0 {
		t.Errorf("dry run: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if diff := cmp.Diff(resourceVersions(before), resourceVersions(c.children(t))); diff != "" {
		t.Errorf("the dry run wrote something (-before +after):\n%s", diff)
	}
	got := adopt("apply", "--to", to, "--timeout", "1s")
	if got.code != 1 || !strings.Contains(got.stdout, "still has Shop default/web from Git") {
		t.Fatalf("before the commit: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	x.commit(c.rendered(t))
	if got = adopt("apply", "--to", to); got.code != 0 {
		t.Fatalf("after the commit: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	t.Logf("%s", got.stdout)
	if got = adopt("verify"); got.code != 0 {
		t.Errorf("verify: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if c.get(t, "example.com/v1alpha1", "Shop", "web") != nil || c.get(t, "example.com/v1alpha1", "Cellar", "web-cellar") != nil {
		t.Error("an instance is still there")
	}
	after := c.children(t)
	if diff := cmp.Diff(uids(before), uids(after)); diff != "" {
		t.Errorf("uids (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(values(before), values(after)); diff != "" {
		t.Errorf("values (-before +after):\n%s", diff)
	}
	for name, obj := range after {
		for label := range obj.GetLabels() {
			if strings.Contains(label, "kro.run") || strings.Contains(label, "applyset") {
				t.Errorf("%s has the label %s", name, label)
			}
		}
		for _, m := range obj.GetManagedFields() {
			if m.Manager == "kro.run/applyset" {
				t.Errorf("kro has fields of %s", name)
			}
		}
	}
	if got = adopt("plan", "--to", to); got.code != 0 {
		t.Errorf("plan afterwards: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}

	// And back.

	if got = adopt("apply", "--to", "kro", "--timeout", "1s"); got.code != 1 {
		t.Fatalf("to kro, before the commit: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	x.commit(documents(t, instanceOf("web")))
	if got = adopt("apply", "--to", "kro"); got.code != 0 {
		t.Fatalf("to kro: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	c.complete(t)
	if diff := cmp.Diff(uids(before), uids(c.children(t))); diff != "" {
		t.Errorf("uids back with kro (-before +after):\n%s", diff)
	}
	c.nothingDeleted(t)
}

// adopt runs a verb of krowave adopt for the repository.
func (c *cluster) adopt(t *testing.T, verb string, args ...string) answer {
	t.Helper()
	return c.krowave(t, append([]string{"adopt", verb, "repo"}, args...)...)
}

func (c *cluster) nothingDeleted(t *testing.T) {
	t.Helper()
	if deleted := c.deletions(t, "shops", "cellars"); len(deleted) > 0 {
		t.Errorf("the audit log has deletions: %v", deleted)
	}
}

func resourceVersions(objects map[string]*unstructured.Unstructured) map[string]string {
	out := map[string]string{}
	for name, obj := range objects {
		out[name] = obj.GetResourceVersion()
	}
	return out
}
