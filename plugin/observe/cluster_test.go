package observe_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/krowave/krowave/plugin"
	"github.com/krowave/krowave/render/manifest"
)

// cluster is a real kube-apiserver with etcd, and nothing that reconciles.
type cluster struct {
	*envtest.Environment
	config  *rest.Config
	objects dynamic.Interface
}

// startCluster starts the binaries in the directory that KROWAVE_KUBERNETES
// names (etcd, kube-apiserver); make observe gets them.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	bin := os.Getenv("KROWAVE_KUBERNETES")
	if bin == "" {
		t.Skip("not run: KROWAVE_KUBERNETES names no directory with etcd and kube-apiserver; use make observe")
	}
	env := &envtest.Environment{BinaryAssetsDirectory: bin}
	config, err := env.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Errorf("stopping the cluster: %v", err)
		}
	})
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{env, config, objects}
}

// resources are the resources of the objects in these tests.
var resources = map[string]k8sschema.GroupVersionResource{
	"ConfigMap": {Version: "v1", Resource: "configmaps"}, "Secret": {Version: "v1", Resource: "secrets"}, "Service": {Version: "v1", Resource: "services"},
	"Deployment": {Group: "apps", Version: "v1", Resource: "deployments"}, "LimitRange": {Version: "v1", Resource: "limitranges"},
	"Ingress":            {Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"},
	"Namespace":          {Version: "v1", Resource: "namespaces"},
	"Database":           {Group: "example.com", Version: "v1", Resource: "databases"},
	"ClusterRole":        {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"},
	"ClusterRoleBinding": {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"},
}

// apply applies YAML as server-side apply does, and status where there is one.
func (c *cluster) apply(t *testing.T, text string) {
	t.Helper()
	docs, diags := manifest.Read("apply", []byte(text), manifest.Limits{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for _, d := range docs {
		obj := &unstructured.Unstructured{Object: runtime.DeepCopyJSON(d.Object)}
		namespace := obj.GetNamespace()
		client := c.objects.Resource(resources[obj.GetKind()])
		apply := func(subresources ...string) error {
			_, err := client.Namespace(namespace).Apply(t.Context(), obj.GetName(), obj, metav1.ApplyOptions{FieldManager: "test", Force: true}, subresources...)
			return err
		}
		if err := apply(); err != nil {
			t.Fatalf("%s: %v", d.Title(), err)
		}
		if d.Object["status"] != nil {
			if err := apply("status"); err != nil {
				t.Fatalf("status of %s: %v", d.Title(), err)
			}
		}
	}
}

// kubeconfig writes a kubeconfig of a user.
func (c *cluster) kubeconfig(t *testing.T, user string, groups ...string) string {
	t.Helper()
	u, err := c.AddUser(envtest.User{Name: user, Groups: groups}, c.config)
	if err != nil {
		t.Fatal(err)
	}
	data, err := u.KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

type answer struct {
	code           int
	stdout, stderr string
}

func krowave(t *testing.T, dir string, args ...string) answer {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := plugin.Main(t.Context(), plugin.Streams{Out: &stdout, Err: &stderr, Dir: dir}, args)
	return answer{code, stdout.String(), stderr.String()}
}

// files reads a directory: names and contents.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(data)
	}
	return out
}

var update = flag.Bool("update", false, "rewrite what the test against a cluster expects")

// golden compares files with those in a directory of testdata/observe. What a
// cluster makes up, such as uids, is in none of them.
func golden(t *testing.T, name string, got map[string]string) {
	t.Helper()
	dir := filepath.Join("../../testdata/observe", name)
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for file, text := range got {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(files(t, dir), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestObserve records a chain of objects from a real API server, renders with
// the record, follows the cluster as it moves on, and is refused what RBAC does
// not allow.
func TestObserve(t *testing.T) {
	c := startCluster(t)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/observe")); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if _, err := envtest.InstallCRDs(c.config, envtest.CRDInstallOptions{Paths: []string{filepath.Join(dir, "crd.yaml")}}); err != nil {
		t.Fatal(err)
	}
	admin := c.kubeconfig(t, "admin", "system:masters")
	observed := func(more ...string) answer {
		return krowave(t, dir, append([]string{"observe", "--kubeconfig", admin, "-o", "dir=observed", "rgd.yaml", "crd.yaml", "shop.yaml"}, more...)...)
	}
	render := func() answer {
		return krowave(t, dir, "render", "--observed", "observed", "rgd.yaml", "crd.yaml", "shop.yaml")
	}

	// Nothing is there yet.
	got := observed()
	if got.code != 0 || got.stdout != "no change in 0 objects\n" || !strings.Contains(got.stderr, "note: the cluster has no example.com/v1 Database shop/orders, which Shop shop/corner reads") {
		t.Fatalf("in an empty cluster: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}

	// What a controller would do: one object tells the name of the next.
	c.apply(t, read("cluster.yaml"))
	if got = observed(); got.code != 0 {
		t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	first := files(t, filepath.Join(dir, "observed"))
	golden(t, "want", first)
	for name, text := range first {
		if strings.Contains(text, "aHVudGVyMg") || strings.Contains(text, "hunter2") {
			t.Errorf("%s holds the value of a Secret", name)
		}
	}
	if !strings.Contains(got.stderr, "note: the values of v1 Secret shop/password are read, but not recorded") {
		t.Errorf("nothing is said of the Secret:\n%s", got.stderr)
	}

	// Again: the same bytes, and nothing to do.
	if got = observed("--check"); got.code != 0 || got.stdout != "no change in 5 objects\n" {
		t.Errorf("--check: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}

	// Only the Secret's value is missing now; with it everything renders.
	if got = render(); got.code != 1 || strings.Count(got.stderr, "[runtime-value]") != 1 || !strings.Contains(got.stderr, "password") {
		t.Errorf("render without the Secret: exit code %d\n%s", got.code, got.stderr)
	}
	got = observed("--include-secrets")
	if got.code != 0 || !strings.Contains(got.stderr, "WARNING: the values of v1 Secret shop/password are written in plain text") {
		t.Errorf("--include-secrets: exit code %d\n%s", got.code, got.stderr)
	}
	if strings.Contains(got.stdout+got.stderr, "hunter2") || strings.Contains(got.stdout+got.stderr, "aHVudGVyMg") {
		t.Errorf("the output holds the value of a Secret:\n%s%s", got.stdout, got.stderr)
	}
	got = render()
	if got.code != 0 {
		t.Errorf("render: exit code %d\n%s", got.code, got.stderr)
	}
	golden(t, "rendered", map[string]string{"objects.yaml": got.stdout})
	observed()

	// The cluster moves on.
	c.apply(t, strings.ReplaceAll(read("cluster.yaml"), "db-1.internal", "db-2.internal"))
	if err := c.objects.Resource(resources["ConfigMap"]).Namespace("shop").Delete(t.Context(), "street-2", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	before := files(t, filepath.Join(dir, "observed"))
	got = observed("--check")
	wantOut := "removed configmap_shop_street-2.yaml\nchanged database.example.com_shop_orders.yaml\n    status.endpoint: \"db-1.internal\" -> \"db-2.internal\"\n"
	if diff := cmp.Diff(wantOut, got.stdout); got.code != 1 || diff != "" {
		t.Errorf("--check: exit code %d\n%s(-want +got):\n%s", got.code, got.stderr, diff)
	}
	if diff := cmp.Diff(before, files(t, filepath.Join(dir, "observed"))); diff != "" {
		t.Errorf("--check has written (-before +after):\n%s", diff)
	}
	if err := os.WriteFile(filepath.Join(dir, "observed", "mine.yaml"), []byte("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got = observed(); got.code != 0 || got.stdout != wantOut {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	after := files(t, filepath.Join(dir, "observed"))
	if _, ok := after["configmap_shop_street-2.yaml"]; ok || after["mine.yaml"] == "" || len(after) != 5 {
		t.Errorf("files are now %v", after)
	}

	// A user who may not read is told what is missing, and nothing is written.
	nobody := c.kubeconfig(t, "nobody")
	got = krowave(t, dir, "observe", "--kubeconfig", nobody, "-o", "dir=observed", "rgd.yaml", "crd.yaml", "shop.yaml")
	if got.code != 1 || got.stdout != "" {
		t.Errorf("forbidden: exit code %d\n%s", got.code, got.stdout)
	}
	for _, rule := range []string{
		`missing in namespace shop: - {apiGroups: ["example.com"], resources: ["databases"], resourceNames: ["orders"], verbs: ["get"]}`,
		`missing in namespace shop: - {apiGroups: [""], resources: ["configmaps"], verbs: ["list"]}`,
		`missing in namespace shop: - {apiGroups: [""], resources: ["services"], resourceNames: ["corner"], verbs: ["get"]}`,
	} {
		if !strings.Contains(got.stderr, rule) {
			t.Errorf("no %s in\n%s", rule, got.stderr)
		}
	}
	if diff := cmp.Diff(after, files(t, filepath.Join(dir, "observed"))); diff != "" {
		t.Errorf("something was written (-before +after):\n%s", diff)
	}

	// With those rules, and through --as, the same is read as by an administrator.
	c.apply(t, read("rbac.yaml"))
	if got = krowave(t, dir, "observe", "--kubeconfig", admin, "--as", "reader", "-o", "dir=observed", "--check", "rgd.yaml", "crd.yaml", "shop.yaml"); got.code != 0 {
		t.Errorf("as reader: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
}
