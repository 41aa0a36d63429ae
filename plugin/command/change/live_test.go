package change_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/krowave/krowave/plugin"
	"github.com/krowave/krowave/plugin/internal/clitest"
	"github.com/krowave/krowave/plugin/internal/standin"
	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/render/manifest"
)

const liveShop = `
apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: shop}
spec:
  schema: {apiVersion: v1alpha1, kind: Shop, group: example.com, spec: {size: "string | default=small", password: string}}
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
      stringData: {password: "${schema.spec.password}"}
  - id: door
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}-door"}
      data: {size: "${schema.spec.size}"}
`

const liveCRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: databases.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Database, plural: databases, singular: database, listKind: DatabaseList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: string}, color: {type: string, default: blue}}}}}}
`

// liveCase is a repository with an instance, and a stand-in for a cluster.
type liveCase struct {
	api        *standin.API
	objects    *kubeapi.Cluster
	dir        string
	files      map[string]string
	kubeconfig string
}

// edit changes a file of the repository.
func (c *liveCase) edit(t *testing.T, name, text string) {
	t.Helper()
	c.files[name] = text
	clitest.WriteTree(t, c.dir, c.files)
}

func newLiveCase(t *testing.T) *liveCase {
	t.Helper()
	c := &liveCase{}
	var address string
	c.api, address = standin.Start(t)
	c.api.Admit = func(obj, before map[string]any) error {
		spec, _ := obj["spec"].(map[string]any)
		if obj["kind"] != "Database" || spec == nil {
			return nil
		}
		spec["color"] = "blue" // a default
		if was, _ := before["spec"].(map[string]any); was != nil && was["size"] != spec["size"] {
			return fmt.Errorf("Database.example.com is invalid: spec.size: field is immutable, not %s", spec["size"])
		}
		return nil
	}
	c.files = map[string]string{"rgd.yaml": liveShop, "crd.yaml": liveCRD, "web.yaml": liveInstance("small"), "krowave.yaml": "crds: [crd.yaml]\n"}
	c.dir = clitest.Repository(t, c.files)
	c.kubeconfig = standin.Kubeconfig(t, address)
	var err error
	if c.objects, err = kubeapi.Connect(&rest.Config{Host: address, QPS: -1}, "test"); err != nil {
		t.Fatal(err)
	}
	return c
}

func liveInstance(size string) string {
	return "apiVersion: example.com/v1alpha1\nkind: Shop\nmetadata: {name: web, namespace: default}\nspec: {size: " + size + ", password: hunter2}\n"
}

// sync applies what krowave renders, as Argo CD does.
func (c *liveCase) sync(t *testing.T) {
	t.Helper()
	got := c.run(t, "render", "--annotate", "waves,origin", "web.yaml", "crd.yaml")
	if got.code != 0 {
		t.Fatal(got.stderr)
	}
	docs, _ := manifest.Read("objects", []byte(got.stdout), manifest.Limits{})
	for _, d := range docs {
		obj := (&unstructured.Unstructured{Object: d.Object}).DeepCopy()
		r := kubeapi.RefOf(obj)
		annotations := obj.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations["argocd.argoproj.io/tracking-id"] = "shop:" + r.GVK().Group + "/" + r.Kind + ":" + r.Namespace + "/" + r.Name
		obj.SetAnnotations(annotations)
		c.apply(t, obj, "argocd-controller")
	}
}

func (c *liveCase) apply(t *testing.T, obj *unstructured.Unstructured, manager string) {
	t.Helper()
	client, err := c.objects.Client(kubeapi.RefOf(obj))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Apply(t.Context(), obj.GetName(), obj, metav1.ApplyOptions{FieldManager: manager, Force: true}); err != nil {
		t.Fatal(err)
	}
}

type liveAnswer struct {
	code           int
	stdout, stderr string
}

func (c *liveCase) run(t *testing.T, args ...string) liveAnswer {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := plugin.Main(t.Context(), plugin.Streams{Out: &stdout, Err: &stderr, Dir: c.dir}, args)
	return liveAnswer{code, stdout.String(), stderr.String()}
}

// diff runs krowave diff --live, and checks that nothing is written and no Secret is
// shown, in every format.
func (c *liveCase) diff(t *testing.T, args ...string) liveAnswer {
	t.Helper()
	before := c.api.Writes()
	args = append([]string{"diff", "--live", "--kubeconfig", c.kubeconfig}, args...)
	got := c.run(t, args...)
	for _, format := range []string{"human", "json", "markdown", "html", "patch"} {
		other := c.run(t, append(args, "-o", format)...)
		if other.code != got.code {
			t.Errorf("-o %s: exit code %d, not %d\n%s", format, other.code, got.code, other.stderr)
		}
		for _, text := range []string{"hunter2", "aHVudGVyMg", "swordfish", "c3dvcmRmaXNo"} {
			if strings.Contains(other.stdout+other.stderr, text) {
				t.Errorf("-o %s shows a value of a Secret: %s", format, text)
			}
		}
	}
	if c.api.Writes() != before {
		t.Error("diff wrote to the cluster")
	}
	return got
}

// says checks an answer.
func (a liveAnswer) says(t *testing.T, code int, texts ...string) {
	t.Helper()
	if a.code != code {
		t.Errorf("exit code %d, not %d", a.code, code)
	}
	for _, text := range texts {
		if !strings.Contains(a.stdout+a.stderr, text) {
			t.Errorf("the answer lacks %q", text)
		}
	}
	if t.Failed() || testing.Verbose() {
		t.Logf("\n%s%s", a.stdout, a.stderr)
	}
}

func TestDiffLive(t *testing.T) {
	const paths = "web.yaml"
	for name, test := range map[string]func(t *testing.T, c *liveCase){
		"nothing is there": func(t *testing.T, c *liveCase) {
			c.api.Objects = map[string]map[string]any{}
			c.diff(t, paths).says(t, 1, "Comparing cluster staging with work tree", "Plan: 3 to add, 0 to change, 0 to delete", "not-in-cluster", "Shop default/web: added")
		},
		"as rendered, with defaults, marks and waves": func(t *testing.T, c *liveCase) {
			c.diff(t, paths, "crd.yaml").says(t, 0, "Plan: 0 to add, 0 to change, 0 to delete")
		},
		"changed by hand": func(t *testing.T, c *liveCase) {
			c.change(t, "v1", "ConfigMap", "web-door", "data", map[string]any{"size": "broken", "by": "hand"})
			got := c.diff(t, paths)
			got.says(t, 1, "Plan: 0 to add, 1 to change, 0 to delete", "data.size", "broken", "small")
			if strings.Contains(got.stdout, "hand") {
				t.Errorf("a field that the apply leaves is a difference:\n%s", got.stdout)
			}
		},
		"a Secret changed by hand": func(t *testing.T, c *liveCase) {
			c.change(t, "v1", "Secret", "web-password", "data", map[string]any{"password": "c3dvcmRmaXNo"})
			c.diff(t, paths).says(t, 1, "0 to add, 1 to change", "Secret default/web-password")
		},
		"immutable": func(t *testing.T, c *liveCase) {
			c.edit(t, "web.yaml", liveInstance("large"))
			c.diff(t, paths).says(t, 1, "0 to add, 2 to change", "error [refused] Database default/web-db", "field is immutable", "node shop/database", "spec.size")
		},
		"refused Secret": func(t *testing.T, c *liveCase) {
			c.api.Admit = func(obj, _ map[string]any) error {
				if obj["kind"] == "Secret" {
					return errors.New("swordfish and hunter2 are no passwords")
				}
				return nil
			}
			c.diff(t, paths).says(t, 1, "[refused]", "Invalid; its message may hold values of Secrets")
		},
		"kind not served": func(t *testing.T, c *liveCase) {
			delete(c.api.Kinds, "example.com/v1")
			c.diff(t, paths).says(t, 1, "1 to add", "error [kind-not-served] Database default/web-db")
			c.diff(t, paths, "crd.yaml").says(t, 1, "1 to add")
		},
		"forbidden to read": func(t *testing.T, c *liveCase) {
			c.api.Denied = []string{"get secrets"}
			c.change(t, "v1", "ConfigMap", "web-door", "data", map[string]any{"size": "broken"})
			c.diff(t, paths).says(t, 2, "does not allow you to get secrets in namespace default: one object is not compared", `{apiGroups: [""], resources: ["secrets"], verbs: ["get"]}`, "web.yaml:1:1", "1 to change", "broken")
		},
		"forbidden to apply": func(t *testing.T, c *liveCase) {
			c.api.Denied = []string{"patch configmaps"}
			c.change(t, "v1", "ConfigMap", "web-door", "data", map[string]any{"size": "broken"})
			c.diff(t, paths).says(t, 2, "does not allow you to patch configmaps in namespace default", "compared without admission", "1 to change", "broken")
		},
		"pruned": func(t *testing.T, c *liveCase) {
			c.apply(t, object(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: old, namespace: default, annotations: {argocd.argoproj.io/tracking-id: 'shop:/ConfigMap:default/old'}}, data: {password: swordfish}}"), "argocd-controller")
			c.apply(t, object(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: held, namespace: default, annotations: {argocd.argoproj.io/sync-options: Prune=false}}}"), "argocd-controller")
			c.apply(t, object(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: other, namespace: default, annotations: {argocd.argoproj.io/tracking-id: 'other:/ConfigMap:default/other'}}}"), "argocd-controller")
			c.apply(t, object(t, `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
status:
  resources:
  - {version: v1, kind: ConfigMap, namespace: default, name: web-door}
  - {version: v1, kind: ConfigMap, namespace: default, name: old}
  - {version: v1, kind: ConfigMap, namespace: default, name: held}
  - {version: v1, kind: ConfigMap, namespace: default, name: other}
`), "test")
			c.diff(t, paths).says(t, 0)
			got := c.diff(t, paths, "--application", "argocd/shop")
			got.says(t, 1, "0 to add, 0 to change, 1 to delete", "ConfigMap default/old (pruned)")
			c.diff(t, paths, "--application", "argocd/none").says(t, 2, "the cluster has no Application argocd/none")
			c.diff(t, paths, "--application", "shop").says(t, 2, "is not NAMESPACE/NAME")
			c.diff(t, paths, "--kustomization", "flux/shop").says(t, 2, "has no Kustomization flux/shop")
		},
		"drift apart from change": func(t *testing.T, c *liveCase) {
			c.change(t, "v1", "Secret", "web-password", "data", map[string]any{"password": "c3dvcmRmaXNo"})
			c.diff(t, paths, "--base", "HEAD").says(t, 1, "Plan: 0 to add, 0 to change, 0 to delete", "Drift: the cluster differs from HEAD", "Plan: 0 to add, 1 to change")
			c.edit(t, "rgd.yaml", strings.Replace(liveShop, `data: {size: "${schema.spec.size}"}`, `data: {size: new}`, 1))
			got := c.diff(t, paths, "--base", "HEAD")
			change, drift, _ := strings.Cut(got.stdout, "Drift:")
			got.says(t, 1)
			if !strings.Contains(change, "web-door") || strings.Contains(change, "web-password") || strings.Contains(drift, "web-door") || !strings.Contains(drift, "web-password") {
				t.Errorf("change and drift are mixed up:\n%s", got.stdout)
			}
		},
		"client-side apply": func(t *testing.T, c *liveCase) {
			obj := object(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: web-door, namespace: default}, data: {size: small, gone: \"yes\"}}")
			obj.SetAnnotations(map[string]string{"kubectl.kubernetes.io/last-applied-configuration": standin.Text(obj.Object)})
			delete(c.api.Objects, "configmaps/default/web-door")
			client, err := c.objects.Client(kubeapi.RefOf(obj))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.Create(t.Context(), obj, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			c.diff(t, paths).says(t, 1, "1 to change", "gone")
		},
		"wrong usage": func(t *testing.T, c *liveCase) {
			c.run(t, "diff", "--application", "a/b").says(t, 2, "--application needs --live")
			c.diff(t, "--no-index", "a", "b").says(t, 2, "--no-index compares two paths")
			c.kubeconfig = "none"
			c.diff(t, paths).says(t, 2, "no cluster")
		},
		"the cluster is not there": func(t *testing.T, c *liveCase) {
			c.run(t, "diff", "--live", "--server", "http://127.0.0.1:1", paths).says(t, 3, "connection refused")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newLiveCase(t)
			c.sync(t)
			test(t, c)
		})
	}
}

// change sets a field as somebody would by hand.
func (c *liveCase) change(t *testing.T, apiVersion, kind, name, field string, value any) {
	t.Helper()
	r := kubeapi.Ref{APIVersion: apiVersion, Kind: kind, Namespace: "default", Name: name}
	live, err := c.objects.Get(t.Context(), r)
	if err != nil || live == nil {
		t.Fatal(r, err)
	}
	live.Object[field] = value
	client, err := c.objects.Client(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Update(t.Context(), live, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	docs, diags := manifest.Read("object", []byte(text), manifest.Limits{})
	if diags.HasErrors() || len(docs) != 1 {
		t.Fatal(diags)
	}
	return (&unstructured.Unstructured{Object: docs[0].Object}).DeepCopy()
}
