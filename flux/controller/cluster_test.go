package controller_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/fluxcd/pkg/runtime/logger"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/krowave/krowave/flux/controller"
)

// kubernetes names the directory with etcd and kube-apiserver, which
// testdata/kubernetes/build.sh makes.
const kubernetes = "KROWAVE_KUBERNETES"

// world is what the tests of this package share: one cluster, one controller.
var world struct {
	config *rest.Config
	client client.Client
	files  *fileServer

	conflicts conflicts // of all controllers
}

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	bin := os.Getenv(kubernetes)
	if bin == "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "krowave-controller-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	stop, err := startCluster(bin, dir)
	defer stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	logger.SetLogger(ctrl.Log.WithSink(nil))
	if level := os.Getenv("KROWAVE_LOG_LEVEL"); level != "" { // to look for what is wrong
		logger.SetLogger(logger.NewLogger(logger.Options{LogLevel: level, LogEncoding: "console"}))
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	world.files = newFileServer()
	defer world.files.server.Close()
	o := options(filepath.Join(dir, "storage"))
	o.Watch.LabelSelector = "!shard" // others belong to the controllers that tests start
	done, err := startController(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	cancel()
	if err := <-done; err != nil {
		fmt.Fprintln(os.Stderr, "the controller ended with", err)
		return 1
	}
	return code
}

// needsCluster says why a test is not run.
func needsCluster(t *testing.T) {
	t.Helper()
	if world.config == nil {
		t.Skipf("not run: needs a kube-apiserver; %s=$(testdata/kubernetes/build.sh), or make flux", kubernetes)
	}
}

// options are the options of a controller that listens on loopback.
func options(storage string) controller.Options {
	var o controller.Options
	o.MetricsAddr, o.HealthAddr, o.Concurrent = "0", "0", 4
	o.RequeueDependency = 500 * time.Millisecond
	o.CacheBytes = 64 << 20
	o.Watch.AllNamespaces = true
	o.Rates.MinRetryDelay, o.Rates.MaxRetryDelay = 50*time.Millisecond, time.Second
	o.Client.QPS, o.Client.Burst = -1, -1
	o.Storage.StoragePath, o.Storage.StorageAddress = storage, freeAddress()
	o.Storage.ArtifactRetentionRecords, o.Storage.ArtifactRetentionTTL, o.Storage.ArtifactDigestAlgo = 2, time.Minute, "sha256"
	o.Damping.Min, o.Damping.Max = 200*time.Millisecond, time.Second
	return o
}

func startController(ctx context.Context, o controller.Options) (<-chan error, error) {
	config := rest.CopyConfig(world.config)
	config.Wrap(world.conflicts.wrap)
	mgr, err := controller.NewManager(ctx, config, &o)
	if err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	return done, nil
}

// startShard starts a controller for the objects of a shard, with the options, until the
// test ends.
func startShard(t *testing.T, o controller.Options, selector string) {
	t.Helper()
	o.Watch.LabelSelector = selector
	ctx, cancel := context.WithCancel(context.Background())
	done, err := startController(ctx, o)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// startCluster starts etcd and kube-apiserver and installs the CRDs.
func startCluster(bin, dir string) (stop func(), err error) {
	var processes []*exec.Cmd
	stop = func() {
		for i := len(processes) - 1; i >= 0; i-- {
			_ = processes[i].Process.Signal(syscall.SIGTERM)
			_ = processes[i].Wait()
		}
	}
	start := func(name string, args ...string) error {
		log, err := os.Create(filepath.Join(dir, name+".log"))
		if err != nil {
			return err
		}
		defer log.Close()
		c := exec.Command(filepath.Join(bin, name), args...)
		c.Stdout, c.Stderr, c.Dir = log, log, dir
		if err := c.Start(); err != nil {
			return err
		}
		processes = append(processes, c)
		return nil
	}
	etcd, peer, api := freeAddress(), freeAddress(), freeAddress()
	if err := start("etcd", "--data-dir", filepath.Join(dir, "etcd"), "--unsafe-no-fsync", "--log-level", "error",
		"--listen-client-urls", "http://"+etcd, "--advertise-client-urls", "http://"+etcd, "--listen-peer-urls", "http://"+peer,
		"--initial-advertise-peer-urls", "http://"+peer, "--initial-cluster", "default=http://"+peer); err != nil {
		return stop, err
	}
	key, err := credentials(dir)
	if err != nil {
		return stop, err
	}
	_, port, _ := net.SplitHostPort(api)
	if err := start("kube-apiserver", "--etcd-servers", "http://"+etcd, "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1",
		"--secure-port", port, "--endpoint-reconciler-type", "none", "--cert-dir", dir, "--token-auth-file", filepath.Join(dir, "tokens"),
		"--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/16", "--disable-admission-plugins", "ServiceAccount",
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", key,
		"--service-account-signing-key-file", key); err != nil {
		return stop, err
	}
	world.config = &rest.Config{Host: "https://" + api, BearerToken: "admin", TLSClientConfig: rest.TLSClientConfig{Insecure: true}, QPS: -1}
	if err := eventually(2*time.Minute, func() error { return ready(world.config) }); err != nil {
		return stop, fmt.Errorf("kube-apiserver does not come up: %w", err)
	}
	return stop, install()
}

func install() error {
	scheme, err := controller.Scheme()
	if err != nil {
		return err
	}
	if err := apiextensionsv1.AddToScheme(scheme); err != nil {
		return err
	}
	if world.client, err = client.New(world.config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	names, err := filepath.Glob("testdata/crds/*.yaml")
	if err != nil {
		return err
	}
	for _, name := range append(names, "../install/manifests/krowave.dev_renderedsources.yaml") {
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(raw, crd); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := world.client.Create(context.Background(), crd); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := eventually(time.Minute, func() error { return established(crd) }); err != nil {
			return err
		}
	}
	return nil
}

func established(crd *apiextensionsv1.CustomResourceDefinition) error {
	if err := world.client.Get(context.Background(), client.ObjectKeyFromObject(crd), crd); err != nil {
		return err
	}
	for _, c := range crd.Status.Conditions {
		if c.Type == apiextensionsv1.Established && c.Status == apiextensionsv1.ConditionTrue {
			return discovered(crd)
		}
	}
	return fmt.Errorf("%s is not established", crd.Name)
}

// discovered reports whether the API server lists the kind of a CRD, which is a little
// after it is established. A manager that asks before ends with an error.
func discovered(crd *apiextensionsv1.CustomResourceDefinition) error {
	client, err := discovery.NewDiscoveryClientForConfig(world.config)
	if err != nil {
		return err
	}
	for _, v := range crd.Spec.Versions {
		if !v.Served {
			continue
		}
		list, err := client.ServerResourcesForGroupVersion(crd.Spec.Group + "/" + v.Name)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == crd.Spec.Names.Plural }) {
			return fmt.Errorf("%s/%s does not list %s yet", crd.Spec.Group, v.Name, crd.Spec.Names.Plural)
		}
	}
	return nil
}

func ready(c *rest.Config) error {
	h, err := rest.HTTPClientFor(c)
	if err != nil {
		return err
	}
	r, err := h.Get(c.Host + "/readyz")
	if err != nil {
		return err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", r.Status, body)
	}
	return err
}

// eventually asks until there is no error, or time is up.
func eventually(limit time.Duration, ask func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := ask()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func freeAddress() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	return l.Addr().String()
}
