package adopt_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/krowave/krowave/plugin"
	"github.com/krowave/krowave/plugin/internal/standin"
	"github.com/krowave/krowave/render/manifest"
)

// cluster is a real kube-apiserver with its garbage collector and a real kro, or
// stand-ins for both.
type cluster struct {
	fake    *standin.API
	fakeKro *fakeKro

	dir        string
	kubeconfig string
	objects    dynamic.Interface
	mapper     meta.ResettableRESTMapper
	kro        *exec.Cmd
}

// onClusters runs a test on the stand-ins, and on the real programs where they are built.
func onClusters(t *testing.T, test func(t *testing.T, c *cluster)) {
	t.Helper()
	if !haveReal() {
		t.Parallel() // stand-ins wait for each other most of the time
	}
	t.Run("fake", func(t *testing.T) {
		t.Parallel()
		test(t, startFakeCluster(t))
	})
	t.Run("real", func(t *testing.T) { test(t, startCluster(t)) })
}

// haveReal reports whether the real programs are built. They are run one test at a time.
func haveReal() bool {
	return os.Getenv("KROWAVE_KUBERNETES") != "" && os.Getenv("KROWAVE_KRO") != ""
}

func startFakeCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{dir: t.TempDir()}
	var server string
	c.fake, server = standin.Start(t)
	c.kubeconfig = c.write(t, "kubeconfig", "apiVersion: v1\nkind: Config\nclusters: [{name: fake, cluster: {server: '"+server+"'}}]\n"+
		"contexts: [{name: fake, context: {cluster: fake}}]\ncurrent-context: fake\n")
	c.connect(t, &rest.Config{Host: server, QPS: -1})
	c.startFakeKro(t)
	return c
}

func (c *cluster) connect(t *testing.T, config *rest.Config) {
	t.Helper()
	var err error
	if c.objects, err = dynamic.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	c.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco))
}

// startCluster starts etcd, kube-apiserver and kube-controller-manager of the directory
// KROWAVE_KUBERNETES, and the controller KROWAVE_KRO with the CRDs in KROWAVE_KRO_CRDS.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	bin := os.Getenv("KROWAVE_KUBERNETES")
	if !haveReal() {
		t.Skip("not run: KROWAVE_KUBERNETES names no directory with a kube-apiserver, or KROWAVE_KRO no controller of kro; use make adopt")
	}
	c := &cluster{dir: t.TempDir()}
	policy := filepath.Join(c.dir, "policy.yaml")
	c.write(t, "policy.yaml", "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n"+
		"- {level: None, resources: [{group: coordination.k8s.io, resources: [leases]}]}\n- level: Metadata\n  verbs: [delete, deletecollection]\n- level: None\n")
	env := &envtest.Environment{BinaryAssetsDirectory: bin, ControlPlaneStartTimeout: 2 * time.Minute}
	env.ControlPlane.GetAPIServer().Configure().Set("audit-policy-file", policy).Set("audit-log-path", c.audit())
	config, err := env.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Errorf("stopping the cluster: %v", err)
		}
	})
	user, err := env.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, config)
	if err != nil {
		t.Fatal(err)
	}
	data, err := user.KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	c.kubeconfig = c.write(t, "kubeconfig", string(data))
	c.connect(t, config)
	c.run(t, filepath.Join(bin, "kube-controller-manager"), "--kubeconfig", c.kubeconfig, "--leader-elect=false", "--controllers", "garbage-collector-controller",
		"--authentication-skip-lookup", "--secure-port", port(t), "--cert-dir", c.dir)
	crds, err := filepath.Glob(filepath.Join(os.Getenv("KROWAVE_KRO_CRDS"), "*.yaml"))
	if err != nil || len(crds) == 0 {
		t.Fatalf("KROWAVE_KRO_CRDS: %v", err)
	}
	for _, file := range crds {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c.apply(t, string(text))
	}
	c.apply(t, toolCRDs)
	c.startKro(t)
	return c
}

func (c *cluster) audit() string { return filepath.Join(c.dir, "audit.log") }

func (c *cluster) startKro(t *testing.T) {
	t.Helper()
	if c.fake != nil {
		c.startFakeKro(t)
		return
	}
	c.kro = c.run(t, os.Getenv("KROWAVE_KRO"), "--metrics-bind-address", "0", "--health-probe-bind-address", "127.0.0.1:"+port(t),
		"--instance-requeue-interval", "500ms", "--rgd-progress-requeue-delay", "500ms", "--client-qps", "1000", "--client-burst", "1000")
}

func (c *cluster) stopKro(t *testing.T) {
	t.Helper()
	if c.fake != nil {
		c.fakeKro.stop()
		return
	}
	if err := c.kro.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _ = c.kro.Process.Wait()
}

// run starts a program that ends with the test.
func (c *cluster) run(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	log, err := os.CreateTemp(c.dir, filepath.Base(program)+"-*.log")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_, _ = cmd.Process.Wait()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			lines := strings.Split(strings.TrimSpace(string(text)), "\n")
			t.Logf("%s:\n%s", filepath.Base(program), strings.Join(lines[max(0, len(lines)-15):], "\n"))
		}
		_ = log.Close()
	})
	return cmd
}

func port(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, p, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (c *cluster) write(t *testing.T, name, text string) string {
	t.Helper()
	name = filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func (c *cluster) client(obj *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	gvk := obj.GroupVersionKind()
	mapping, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		c.mapper.Reset()
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		namespace := obj.GetNamespace()
		if namespace == "" {
			namespace = "default"
		}
		return c.objects.Resource(mapping.Resource).Namespace(namespace), nil
	}
	return c.objects.Resource(mapping.Resource), nil
}

// apply applies YAML, and waits for kinds that are new.
func (c *cluster) apply(t *testing.T, text string) {
	t.Helper()
	for _, obj := range documents(t, text) {
		eventually(t, "applying "+obj.GetKind()+" "+obj.GetName(), func() error {
			client, err := c.client(obj)
			if err != nil {
				return err
			}
			_, err = client.Apply(t.Context(), obj.GetName(), obj, metav1.ApplyOptions{FieldManager: "test", Force: true})
			return err
		})
	}
}

func documents(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	docs, diags := manifest.Read("objects", []byte(text), manifest.Limits{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var out []*unstructured.Unstructured
	for _, d := range docs {
		out = append(out, &unstructured.Unstructured{Object: runtime.DeepCopyJSON(d.Object)})
	}
	return out
}

// get reads an object that is named by kind and name; nil when there is none.
func (c *cluster) get(t *testing.T, apiVersion, kind, name string) *unstructured.Unstructured {
	t.Helper()
	obj := &unstructured.Unstructured{Object: map[string]any{"apiVersion": apiVersion, "kind": kind}}
	client, err := c.client(obj)
	if err != nil {
		return nil
	}
	live, err := client.Get(t.Context(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return live
}

// deletions lists what was deleted, instances and journals apart.
func (c *cluster) deletions(t *testing.T, instances ...string) []string {
	t.Helper()
	var out []string
	if c.fake != nil {
		c.fake.Mu.Lock()
		defer c.fake.Mu.Unlock()
		for _, name := range c.fake.Deleted {
			if resource, _, _ := strings.Cut(name, "/"); !slices.Contains(instances, resource) {
				out = append(out, name)
			}
		}
		return out
	}
	file, err := os.Open(c.audit())
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var event struct {
			ObjectRef      struct{ Resource, Name string }
			User           struct{ Username string }
			ResponseStatus struct{ Code int }
		}
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(instances, event.ObjectRef.Resource) && event.ResponseStatus.Code < 300 {
			out = append(out, fmt.Sprintf("%s/%s by %s", event.ObjectRef.Resource, event.ObjectRef.Name, event.User.Username))
		}
	}
	return out
}

func eventually(t *testing.T, what string, f func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err = f(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

type answer struct {
	code           int
	stdout, stderr string
}

func (c *cluster) krowave(t *testing.T, args ...string) answer {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if args[0] == "adopt" {
		args = append(slices.Clone(args), "--kubeconfig", c.kubeconfig)
	}
	code := plugin.Main(t.Context(), plugin.Streams{Out: &stdout, Err: &stderr, Dir: c.dir}, args)
	return answer{code, stdout.String(), stderr.String()}
}

// killed runs krowave in a process of its own, and kills it when it has printed a
// number of lines. It reports whether it ended before.
func (c *cluster) killed(t *testing.T, lines int, args ...string) (ended bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "KROWAVE_TEST_ARGS="+strings.Join(append(slices.Clone(args), "--kubeconfig", c.kubeconfig), "\n"))
	cmd.Dir = c.dir
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := bufio.NewScanner(out)
	n := 0
	for n < lines && read.Scan() {
		n++
	}
	if n == lines {
		_ = cmd.Process.Kill() // SIGKILL
	}
	_, _ = cmd.Process.Wait()
	return n < lines
}

// TestMain is krowave itself when a test asks for it.
func TestMain(m *testing.M) {
	if args := os.Getenv("KROWAVE_TEST_ARGS"); args != "" {
		dir, err := os.Getwd()
		if err != nil {
			os.Exit(3)
		}
		os.Exit(plugin.Main(context.Background(), plugin.Streams{Out: os.Stdout, Err: os.Stderr, Dir: dir}, strings.Split(args, "\n")))
	}
	os.Exit(m.Run())
}

// forget lets the lock of a killed run expire.
func (c *cluster) forget(t *testing.T) {
	t.Helper()
	maps := c.objects.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"})
	list, err := maps.List(t.Context(), metav1.ListOptions{LabelSelector: "krowave.dev/adopt"})
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range list.Items {
		annotations := j.GetAnnotations()
		annotations["krowave.dev/renewed"] = time.Now().Add(-time.Hour).UTC().Format(time.RFC3339Nano)
		j.SetAnnotations(annotations)
		if _, err := maps.Namespace(j.GetNamespace()).Update(t.Context(), &j, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}
