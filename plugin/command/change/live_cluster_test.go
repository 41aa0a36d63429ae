package change_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/pkg/ssa/normalize"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/krowave/krowave/plugin"
	"github.com/krowave/krowave/plugin/internal/clitest"
	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/render/manifest"
)

// apiServer is a real kube-apiserver, and a repository.
type apiServer struct {
	env        *envtest.Environment
	config     *rest.Config
	objects    *kubeapi.Cluster
	kubeconfig string
	dir        string
}

// startServer starts the programs in the directory that KROWAVE_KUBERNETES names.
func startServer(t *testing.T) *apiServer {
	t.Helper()
	bin := os.Getenv("KROWAVE_KUBERNETES")
	if bin == "" {
		t.Skip("not run: KROWAVE_KUBERNETES names no directory with etcd and kube-apiserver; use make observe")
	}
	c := &apiServer{env: &envtest.Environment{BinaryAssetsDirectory: bin, ControlPlaneStartTimeout: 2 * time.Minute}, dir: t.TempDir()}
	var err error
	if c.config, err = c.env.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.env.Stop(); err != nil {
			t.Errorf("stopping the cluster: %v", err)
		}
	})
	c.config.QPS = -1
	c.kubeconfig = c.user(t, "admin", "system:masters")
	c.connect(t)
	return c
}

// connect forgets which kinds the server has.
func (c *apiServer) connect(t *testing.T) {
	t.Helper()
	var err error
	if c.objects, err = kubeapi.Connect(c.config, "test"); err != nil {
		t.Fatal(err)
	}
}

func (c *apiServer) user(t *testing.T, name string, groups ...string) string {
	t.Helper()
	u, err := c.env.AddUser(envtest.User{Name: name, Groups: groups}, c.config)
	if err != nil {
		t.Fatal(err)
	}
	data, err := u.KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// put applies an object, once its kind is served.
func (c *apiServer) put(t *testing.T, obj *unstructured.Unstructured, manager string) error {
	t.Helper()
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		var r kubeapi.Ref
		if r, err = c.objects.Scoped(kubeapi.RefOf(obj), "default"); err == nil {
			apply := obj.DeepCopy()
			apply.SetNamespace(r.Namespace)
			client, failed := c.objects.Client(r)
			if err = failed; err == nil {
				_, err = client.Apply(t.Context(), r.Name, apply, metav1.ApplyOptions{FieldManager: manager, Force: true})
			}
		}
		if err == nil || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsForbidden(err) {
			return err
		}
		c.connect(t) // what is served is known from the first look
	}
	return err
}

func (c *apiServer) apply(t *testing.T, text, manager string) {
	t.Helper()
	for _, obj := range objectsIn(t, text) {
		if err := c.put(t, obj, manager); err != nil {
			t.Fatalf("%s %s: %v", obj.GetKind(), obj.GetName(), err)
		}
	}
}

func objectsIn(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	docs, diags := manifest.Read("objects", []byte(text), manifest.Limits{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var out []*unstructured.Unstructured
	for _, d := range docs {
		out = append(out, (&unstructured.Unstructured{Object: d.Object}).DeepCopy())
	}
	return out
}

func (c *apiServer) run(t *testing.T, args ...string) liveAnswer {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := plugin.Main(t.Context(), plugin.Streams{Out: &stdout, Err: &stderr, Dir: c.dir}, args)
	return liveAnswer{code, stdout.String(), stderr.String()}
}

func (c *apiServer) diff(t *testing.T, kubeconfig string, args ...string) liveAnswer {
	t.Helper()
	got := c.run(t, append([]string{"diff", "--live", "--kubeconfig", kubeconfig}, args...)...)
	for _, secret := range []string{"hunter2", "aHVudGVyMg", "swordfish"} {
		if strings.Contains(got.stdout+got.stderr, secret) {
			t.Errorf("a value of a Secret is shown: %s", secret)
		}
	}
	return got
}

// shopFiles is a repository whose objects are defaulted, immutable in parts and
// checked by policies.
func shopFiles(replicas, label, extra string) map[string]string {
	return map[string]string{
		"krowave.yaml": `crds: [crd.yaml]
policies:
- {name: no-scale-down, when: "old != null && object != null && object.kind == 'Deployment'", expression: object.spec.replicas >= old.spec.replicas, message: replicas must not shrink}
- {name: nothing-goes, kinds: [ConfigMap], operations: [DELETE], expression: "false", message: it must stay}
`,
		"crd.yaml": liveCRD,
		"app/shop.yaml": `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: shop}
spec:
  schema: {apiVersion: v1alpha1, kind: Shop, group: example.com, spec: {password: string}}
  resources:
  - id: web
    template:
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: "${schema.metadata.name}"}
      spec:
        replicas: ` + replicas + `
        selector: {matchLabels: {app: ` + label + `}}
        template:
          metadata: {labels: {app: ` + label + `}}
          spec: {containers: [{name: web, image: "example.org/web:1", ports: [{containerPort: 80}], resources: {requests: {cpu: 1000m}}}]}
  - id: service
    template:
      apiVersion: v1
      kind: Service
      metadata: {name: "${schema.metadata.name}"}
      spec: {selector: {app: web}, ports: [{port: 80}]}
  - id: database
    template:
      apiVersion: example.com/v1
      kind: Database
      metadata: {name: "${schema.metadata.name}"}
      spec: {size: small}
  - id: password
    template:
      apiVersion: v1
      kind: Secret
      metadata: {name: "${schema.metadata.name}"}
      stringData: {password: "${schema.spec.password}"}
` + extra,
		"app/web.yaml": "apiVersion: example.com/v1alpha1\nkind: Shop\nmetadata: {name: web, namespace: default}\nspec: {password: hunter2}\n",
	}
}

// TestDiffLiveOnAServer compares with a real kube-apiserver in known states.
func TestDiffLiveOnAServer(t *testing.T) {
	c := startServer(t)
	write := func(files map[string]string) { clitest.WriteTree(t, c.dir, files) }
	write(shopFiles("3", "web", ""))

	// The kind is not served yet.
	c.diff(t, c.kubeconfig, "app").says(t, 1, "Plan: 4 to add", "error [kind-not-served] Database default/web")
	c.apply(t, liveCRD, "test")
	c.connect(t)

	// As rendered, but for what the API server defaults and allocates.
	sync := func() {
		t.Helper()
		rendered := c.run(t, "render", "app")
		if rendered.code != 0 {
			t.Fatal(rendered.stderr)
		}
		c.apply(t, rendered.stdout, "argocd-controller")
	}
	sync()
	c.diff(t, c.kubeconfig, "app").says(t, 0, "Plan: 0 to add, 0 to change, 0 to delete")

	// A controller sets fields of its own, which is no difference, and one of ours.
	patch := func(kind, apiVersion, text string) {
		t.Helper()
		obj := objectsIn(t, "{apiVersion: "+apiVersion+", kind: "+kind+", metadata: {name: web, namespace: default}, "+text+"}")[0]
		if err := c.put(t, obj, "some-controller"); err != nil {
			t.Fatal(err)
		}
	}
	patch("Deployment", "apps/v1", "spec: {minReadySeconds: 7, template: {metadata: {annotations: {restarted: now}}}}")
	c.diff(t, c.kubeconfig, "app").says(t, 0)
	patch("Deployment", "apps/v1", "spec: {replicas: 9}")
	got := c.diff(t, c.kubeconfig, "app")
	got.says(t, 1, "0 to add, 1 to change", "spec.replicas", "error [policy] Deployment default/web: policy no-scale-down: replicas must not shrink")
	sync()

	// A Secret that somebody changed.
	patch("Secret", "v1", "stringData: {password: swordfish}")
	c.diff(t, c.kubeconfig, "app").says(t, 1, "0 to add, 1 to change", "Secret default/web")
	sync()

	// A field that cannot change.
	write(shopFiles("3", "shop", ""))
	c.diff(t, c.kubeconfig, "app").says(t, 1, "error [refused] Deployment default/web", "field is immutable", "1 to change")
	write(shopFiles("3", "web", ""))

	// RBAC: who may read, and who may not even read Secrets.
	c.apply(t, `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules:
- {apiGroups: ["", apps, example.com], resources: [deployments, services, databases], verbs: [get, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: reader}]
`, "test")
	reader := c.user(t, "reader")
	patch("Deployment", "apps/v1", "spec: {replicas: 2}")
	c.diff(t, reader, "app").says(t, 2, "does not allow you to get secrets in namespace default", `{apiGroups: [""], resources: ["secrets"], verbs: ["get"]}`, "1 to change", "spec.replicas")
	sync()

	// What an Application has, and the render has not.
	c.apply(t, `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: applications.argoproj.io, annotations: {api-approved.kubernetes.io: unapproved}}
spec:
  group: argoproj.io
  scope: Namespaced
  names: {kind: Application, plural: applications, singular: application, listKind: ApplicationList}
  versions: [{name: v1alpha1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`, "test")
	c.connect(t)
	c.apply(t, `
apiVersion: v1
kind: ConfigMap
metadata: {name: old, namespace: default, annotations: {"argocd.argoproj.io/tracking-id": "shop:/ConfigMap:default/old"}}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: default}
status: {resources: [{version: v1, kind: ConfigMap, namespace: default, name: old}, {version: v1, kind: Secret, namespace: default, name: web}]}
`, "argocd-controller")
	c.diff(t, c.kubeconfig, "app").says(t, 0)
	c.diff(t, c.kubeconfig, "--application", "default/shop", "app").says(t, 1, "1 to delete", "ConfigMap default/old (pruned)", "policy nothing-goes: it must stay")
}

// TestDiffLiveCorpus applies what cases of testdata/kro render to, and asks what an
// apply would change: nothing. With the folder KROWAVE_ADOPT_CORPUS it takes all
// cases, and those of the folder too, else a sample.
func TestDiffLiveCorpus(t *testing.T) {
	c := startServer(t)
	const least = 20
	roots, sample := []string{"../../../testdata/kro"}, least
	if more := os.Getenv("KROWAVE_ADOPT_CORPUS"); more != "" {
		roots, sample = append(roots, more), 1<<20
	}
	cases, objects := 0, 0
	for _, root := range roots {
		folders, err := filepath.Glob(filepath.Join(root, "*", "instance.yaml"))
		if err != nil || len(folders) == 0 {
			t.Fatalf("%s has no cases: %v", root, err)
		}
		const prime = 7919 // an order that has nothing to do with names
		for i := range folders {
			file := folders[i*prime%len(folders)]
			if n := c.noDifference(t, filepath.Dir(file), fmt.Sprintf("case-%d", cases)); n > 0 {
				cases, objects = cases+1, objects+n
			}
			if cases == sample {
				break
			}
		}
	}
	t.Logf("%d cases, %d objects", cases, objects)
	if cases < least {
		t.Errorf("only %d cases were compared", cases)
	}
}

// noDifference applies a case, and returns how many objects it compared; 0 for a case
// that does not render in full, or that the API server refuses.
func (c *apiServer) noDifference(t *testing.T, dir, namespace string) int {
	t.Helper()
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{filepath.Join(dir, "rgd.yaml"), filepath.Join(dir, "instance.yaml"), "--root", dir, "-n", namespace}
	if crds := filepath.Join(dir, "crds"); isDir(crds) {
		args = append(args, "--crds", crds)
		files, _ := filepath.Glob(filepath.Join(crds, "*.yaml")) // the pattern is right
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, obj := range objectsIn(t, string(text)) {
				if err := c.put(t, obj, "test"); err != nil {
					return 0
				}
			}
		}
		c.connect(t)
	}
	rendered := c.run(t, append([]string{"render", "--annotate", "waves,origin"}, args...)...)
	if rendered.code != 0 {
		return 0
	}
	list := objectsIn(t, rendered.stdout)
	spaces := map[string]bool{namespace: true}
	for _, obj := range list {
		if obj.GetNamespace() != "" {
			spaces[obj.GetNamespace()] = true
		}
	}
	for name := range spaces {
		if err := c.put(t, objectsIn(t, "{apiVersion: v1, kind: Namespace, metadata: {name: "+name+"}}")[0], "test"); err != nil {
			return 0
		}
	}
	for _, obj := range list {
		if err := c.put(t, obj, "argocd-controller"); err != nil {
			return 0
		}
	}
	if got := c.diff(t, c.kubeconfig, args...); got.code != 0 {
		t.Errorf("%s: exit code %d\n%s%s", dir, got.code, got.stdout, got.stderr)
	}
	return len(list)
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// TestDiffLiveAfterFlux compares with objects that are applied as kustomize-controller
// does it, which gives built-in kinds all fields that their Go types always have.
func TestDiffLiveAfterFlux(t *testing.T) {
	c := startServer(t)
	clitest.WriteTree(t, c.dir, map[string]string{"app/job.yaml": `apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: default}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: once, image: "example.org/once:1"}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "example.org/web:1", ports: [{containerPort: 80}]}]}}
---
apiVersion: v1
kind: Secret
metadata: {name: web, namespace: default}
stringData: {password: hunter2}
`})
	for _, obj := range objectsIn(t, c.run(t, "render", "app").stdout) {
		if err := normalize.Unstructured(obj); err != nil {
			t.Fatal(err)
		}
		if err := c.put(t, obj, "kustomize-controller"); err != nil {
			t.Fatal(err)
		}
	}
	c.diff(t, c.kubeconfig, "app").says(t, 0, "Plan: 0 to add, 0 to change, 0 to delete")
}
